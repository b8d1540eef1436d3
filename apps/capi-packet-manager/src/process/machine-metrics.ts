// Time from a Machine's making to its Node, and Machines by phase: what nobody else can tell from one place.
import type { Clock, Metrics } from '@longshore/reconciler-core';
import type { Informer } from '@longshore/k8s-runtime';
import type { Machine } from '../api/objects.ts';

const BUCKETS = [30, 60, 120, 240, 300, 420, 600, 900, 1200, 1800, 3600];

/** Adds the metrics; values come from the cache of Machines. */
export function addMachineMetrics(
  machines: Pick<Informer<Machine>, 'subscribe' | 'list'>,
  { metrics, clock }: { metrics: Metrics; clock: Clock },
): void {
  const seconds = metrics.histogram({
    name: 'packet_machine_time_to_node_seconds',
    help: 'Time from the creation of a Machine to its Node.',
    buckets: BUCKETS,
  });
  const phases = metrics.gauge({ name: 'packet_machines', help: 'Machines by phase.', labels: ['phase'] });
  const shown = new Set<string>();
  machines.subscribe((change) => {
    if (change.kind !== 'updated' || change.before.status?.nodeRef || !change.object.status?.nodeRef) return;
    const madeMs = Date.parse(change.object.metadata?.creationTimestamp ?? '');
    if (!Number.isNaN(madeMs)) seconds.observe(Math.max(0, clock.nowMs() - madeMs) / 1_000);
  });
  metrics.onScrape(() => {
    const counts = new Map<string, number>([...shown].map((phase) => [phase, 0]));
    for (const { status } of machines.list()) {
      const phase = status?.phase ?? 'Pending';
      shown.add(phase);
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
    for (const [phase, count] of counts) phases.set(count, { phase });
  });
}
