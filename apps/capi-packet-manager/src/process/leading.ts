// Each set of controllers runs while this process holds the Lease of that set, so two sets in one process, or in two, never wait for each
// other. A lost Lease ends the process: what the set was doing must not go on beside the next leader.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Runnable } from '@longshore/reconciler-core';
import { LeaseElector, newIdentity } from '@longshore/k8s-runtime';
import type { EventRecorder, HealthChecks, KubeClient } from '@longshore/k8s-runtime';
import { Manager } from '@longshore/k8s-runtime/process';
import type { ManagerFlagValues } from './flags.ts';
import { leaseOf } from './leases.ts';
import type { ControllerSet } from './leases.ts';

/** What a set runs with. */
export interface LeadingOptions {
  readonly flags: ManagerFlagValues;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly health: HealthChecks;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The set as one part of the process. */
export function leadingSet(set: ControllerSet, work: readonly Runnable[], options: LeadingOptions): Runnable {
  const { flags, clock, log } = options;
  const elector = flags['leader-elect'] ? electorOf(set, options) : undefined;
  if (elector !== undefined) options.health.add({ name: `leaderElection-${set}`, check: () => elector.check() });
  return {
    name: `controllers ${set}`,
    async run(signal) {
      const manager = new Manager({ clock, log });
      for (const part of work) manager.add(part, 'leading');
      if ((await manager.run(signal, elector)) === 'stopped') return;
      throw new OperatorError(
        'LEASE_LOST',
        `the Lease of the ${set} controllers was lost: another process has it`,
        backoff,
      );
    },
  };
}

function electorOf(set: ControllerSet, { flags, client, events, clock, log, metrics }: LeadingOptions): LeaseElector {
  const prefix = flags['leader-elect-resource-name'];
  const namespace = flags['leader-elect-resource-namespace'];
  return new LeaseElector({
    ...leaseOf(set, { prefix, namespace }),
    leaseDurationMs: flags['leader-elect-lease-duration'],
    renewDeadlineMs: flags['leader-elect-renew-deadline'],
    retryPeriodMs: flags['leader-elect-retry-period'],
    client: client.named('leader-election'),
    identity: newIdentity(),
    clock,
    log: log.child({ name: 'lease' }),
    events,
    metrics,
  });
}
