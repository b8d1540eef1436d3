// Tells about balancers that carry this cluster's mark and belong to no Service (I19). Reports only: a balancer costs money, but
// it may also be somebody's; `orphans` lists them. What is new is looked at twice: a list of the cloud may be older than a removal.
import { messageOf, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { EventRecorder, KubeObject, KubeService, Lister } from '@longshore/k8s-runtime';
import type { LoadBalancers, OrphanedBalancer } from '../provider.ts';
import { mayOwnBalancer } from './service-ownership.ts';

/** What the report is made with. */
export interface OrphanReportOptions {
  readonly loadBalancers: LoadBalancers;
  readonly services: Lister<KubeService>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly count: (orphans: number) => void;
}

// There is no Service to write the event about; the namespace of the controllers is where operators look.
const ABOUT: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };
/** Longer than providers keep a list of the cloud. */
const CONFIRM_MS = 30_000;

/** Returns the round: each orphan is told once by log line and event, the number goes to the metric each time. */
export function orphanReport(options: OrphanReportOptions): (signal: AbortSignal) => Promise<void> {
  let told: ReadonlySet<string> = new Set();
  return async (signal) => {
    const orphans = await findOrphans(options, told, signal);
    if (orphans === undefined) return;
    for (const orphan of orphans) if (!told.has(orphan.id)) tellOrphan(orphan, options);
    told = new Set(orphans.map(({ id }) => id));
    options.count(orphans.length);
  };
}

async function findOrphans(
  options: OrphanReportOptions,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly OrphanedBalancer[] | undefined> {
  try {
    const first = await askForOrphans(options, signal);
    if (first.every(({ id }) => known.has(id))) return first;
    await sleep(options.clock, CONFIRM_MS, signal);
    const seen = new Set(first.map(({ id }) => id));
    return (await askForOrphans(options, signal)).filter(({ id }) => seen.has(id));
  } catch (error) {
    if (!signal.aborted) {
      options.log.warn('orphaned load balancers could not be looked for', { reason: messageOf(error) });
    }
    return undefined;
  }
}

async function askForOrphans(
  { loadBalancers, services }: OrphanReportOptions,
  signal: AbortSignal,
): Promise<readonly OrphanedBalancer[]> {
  return (await loadBalancers.orphans?.(services.list(mayOwnBalancer), signal)) ?? [];
}

function tellOrphan({ id, name, reason }: OrphanedBalancer, { log, events, loadBalancers }: OrphanReportOptions): void {
  log.warn('load balancer belongs to no service', { id, balancer: name, reason });
  const how = loadBalancers.removeOrphan ? 'the command orphans --delete removes it' : 'remove it by hand';
  const message = `Load balancer ${name} (${id}) of this cluster belongs to no Service: ${reason}; if nothing needs it, ${how}`;
  events.warning(ABOUT, 'OrphanedLoadBalancer', message);
}
