// Steps of the node planner in words: dry run, `plan` and `explain` print these.
import { assertNever } from '@longshore/reconciler-core';
import { TAINT_UNINITIALIZED } from '../well-known.ts';
import { addressesInWords } from './addresses.ts';
import type { LabelSet } from './labels.ts';
import type { NodeStep } from './node-plan.ts';

/** The step as a verb phrase without subject: `set the addresses InternalIP 10.0.0.1`. */
export function describeNodeStep(step: NodeStep): string {
  switch (step.kind) {
    case 'set-addresses':
      return `set the addresses ${addressesInWords(step.addresses)}`;
    case 'initialize':
      return phrase([...fields(step), `remove the taint ${TAINT_UNINITIALIZED}`]);
    case 'repair':
      return phrase(fields(step));
    default:
      return assertNever(step);
  }
}

function fields({
  providerId,
  labels,
}: {
  readonly providerId?: string;
  readonly labels: LabelSet;
}): readonly string[] {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [
    ...(providerId === undefined ? [] : [`set the provider ID ${providerId}`]),
    ...(pairs.length === 0 ? [] : [`set the label${pairs.length > 1 ? 's' : ''} ${pairs.join(', ')}`]),
  ];
}

function phrase(parts: readonly string[]): string {
  const last = parts.at(-1) ?? 'change nothing';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
