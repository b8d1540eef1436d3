// With METAL_EIP_SWEEP elastic IPs that no Service owns are not only reported (the service controller does that), but released: those that
// two rounds in a row found without owner. Services are read from the API server, because a cache that is not full makes orphans of all.
import { mayOwnBalancer } from '@longshore/cloud-provider';
import type { LoadBalancers, OrphanedBalancer } from '@longshore/cloud-provider';
import { services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import { periodic } from '@longshore/reconciler-core';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';

/** Pause between two rounds. */
export const SWEEP_EVERY_MS = 600_000;

/** What the sweep works with. */
export interface OrphanSweepOptions {
  readonly loadBalancers: Required<Pick<LoadBalancers, 'orphans' | 'removeOrphan'>>;
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The loop. */
export function orphanSweep(options: OrphanSweepOptions): Runnable {
  const { clock, log } = options;
  let seen: ReadonlySet<string> = new Set();
  const work = async (signal: AbortSignal): Promise<void> => {
    const found = await options.loadBalancers.orphans(await owners(options, signal), signal);
    for (const orphan of found.filter(({ id }) => seen.has(id))) await removeOne(orphan, options, signal);
    seen = new Set(found.map(({ id }) => id));
  };
  return periodic({ name: 'elastic IP sweep', everyMs: SWEEP_EVERY_MS, countFrom: 'end', clock, log, work });
}

async function removeOne(orphan: OrphanedBalancer, options: OrphanSweepOptions, signal: AbortSignal): Promise<void> {
  const outcome = await options.loadBalancers.removeOrphan(orphan, await owners(options, signal), signal);
  options.log.warn('elastic IP without service', { id: orphan.id, name: orphan.name, outcome: outcome.kind });
}

async function owners({ client }: OrphanSweepOptions, signal: AbortSignal): Promise<readonly KubeService[]> {
  return (await client.list(services, { signal })).items.filter(mayOwnBalancer);
}
