// How the deciders of this folder say that a Service is wrong: a value with its problems beside it, so that all are told at once.
import type { Problem } from '@longshore/cloud-provider';
import { onChange, OperatorError } from '@longshore/reconciler-core';

/** A decision and what is wrong with what it was made of. */
export interface Decided<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** A problem that stops the sync of the Service. */
export function wrong(field: string, message: string, value?: string): Problem {
  return { field, message, severity: 'error', ...(value === undefined ? {} : { value }) };
}

/** A problem that is told, and nothing more. */
export function doubtful(field: string, message: string): Problem {
  return { field, message, severity: 'warning' };
}

/** The problems that stop a sync. */
export function errorsAmong(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

/** Problems as the error of a sync: the running balancer stays as it is until the Service changes. */
export function serviceInvalid(problems: readonly Problem[]): OperatorError {
  return new OperatorError('SERVICE_INVALID', problems.map(({ message }) => message).join('; '), onChange);
}
