// Carries a step out. No decisions.
import { assertNever } from '@longshore/reconciler-core';
import type { Firewall } from '@longshore/digitalocean-api';
import type { FirewallCalls } from './measured-calls.ts';
import type { FirewallStep } from './plan.ts';

/** The firewall as the API shows it then; undefined when the one to change is gone. */
export async function applyFirewallStep(
  step: FirewallStep,
  calls: Pick<FirewallCalls, 'create' | 'update'>,
  signal: AbortSignal,
): Promise<Firewall | undefined> {
  switch (step.kind) {
    case 'create-firewall':
      return calls.create(step.spec, signal);
    case 'update-firewall':
      return calls.update(step.id, step.spec, signal);
    default:
      return assertNever(step);
  }
}
