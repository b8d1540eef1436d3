// How a Service is said to be wrong: all of it at once, before anything is built.
import type { Problem } from '@longshore/cloud-provider';
import { onChange, OperatorError } from '@longshore/reconciler-core';

/** A problem that stops the sync of the Service. */
export function wrong(field: string, message: string): Problem {
  return { field, message, severity: 'error' };
}

/** The problems that stop a sync. */
export function errorsAmong(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

/** Problems as the error of a sync: the running balancer stays as it is until the Service changes. */
export function serviceInvalid(problems: readonly Problem[]): OperatorError {
  return new OperatorError('SERVICE_INVALID', problems.map(({ message }) => message).join('; '), onChange);
}
