// Tells about balancers that carry this cluster's mark and belong to no Service (I19). Reports only: a balancer costs money, but
// it may also be somebody's; `orphans` lists them.
import { messageOf } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import type { EventRecorder, KubeObject, KubeService, Lister } from '@longshore/k8s-runtime';
import type { LoadBalancers, OrphanedBalancer } from '../provider.ts';
import { mayOwnBalancer } from './service-ownership.ts';

/** What the report is made with. */
export interface OrphanReportOptions {
  readonly loadBalancers: LoadBalancers;
  readonly services: Lister<KubeService>;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly count: (orphans: number) => void;
}

// There is no Service to write the event about; the namespace of the controllers is where operators look.
const ABOUT: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };

/** Returns the round: each orphan is told once by log line and event, the number goes to the metric each time. */
export function orphanReport(options: OrphanReportOptions): (signal: AbortSignal) => Promise<void> {
  let told: ReadonlySet<string> = new Set();
  return async (signal) => {
    const orphans = await findOrphans(options, signal);
    if (orphans === undefined) return;
    for (const orphan of orphans) if (!told.has(orphan.id)) tellOrphan(orphan, options);
    told = new Set(orphans.map(({ id }) => id));
    options.count(orphans.length);
  };
}

async function findOrphans(
  { loadBalancers, services, log }: OrphanReportOptions,
  signal: AbortSignal,
): Promise<readonly OrphanedBalancer[] | undefined> {
  try {
    return (await loadBalancers.orphans?.(services.list(mayOwnBalancer), signal)) ?? [];
  } catch (error) {
    if (!signal.aborted) log.warn('orphaned load balancers could not be looked for', { reason: messageOf(error) });
    return undefined;
  }
}

function tellOrphan({ id, name, reason }: OrphanedBalancer, { log, events }: OrphanReportOptions): void {
  log.warn('load balancer belongs to no service', { id, balancer: name, reason });
  const message = `Load balancer ${name} (${id}) of this cluster belongs to no Service: ${reason}; remove it by hand if nothing needs it`;
  events.warning(ABOUT, 'OrphanedLoadBalancer', message);
}
