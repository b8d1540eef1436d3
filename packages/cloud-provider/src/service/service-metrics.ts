// The metrics of the service controller: upstream's four (spec §4.11), and what upstream lacks (I19, I25).
import type { Clock, Metrics } from '@longshore/reconciler-core';
import type { Progress, ServiceMemory } from './service-memory.ts';

/** What the controller reports. */
export interface ServiceMetrics {
  /** A balancer was told new targets, in `ms`. */
  targetsTold(ms: number): void;
  targetsFailed(): void;
  /** All balancers have been told of one burst of Node changes. */
  nodeSyncEnded(ms: number): void;
  orphans(count: number): void;
}

const BUCKETS_SECONDS = Array.from({ length: 15 }, (_, exponent) => 2 ** exponent);
const REPORTED: readonly Progress[] = ['pending', 'ready', 'failed', 'refused', 'not-mine', 'leaving'];

/** Registers the metrics; the gauge of Services is read from `memory` at each scrape. */
export function serviceMetrics(metrics: Metrics, memory: ServiceMemory): ServiceMetrics {
  const told = metrics.counter({
    name: 'service_controller_loadbalancer_sync_total',
    help: 'A metric counting the amount of times any load balancer has been configured, as an effect of service/node changes on the cluster',
  });
  const failed = metrics.counter({
    name: 'service_controller_nodesync_error_total',
    help: 'A metric counting the amount of times any load balancer has been configured and errored, as an effect of node changes on the cluster',
  });
  const nodeSync = metrics.histogram({
    name: 'service_controller_nodesync_latency_seconds',
    help: 'A metric measuring the latency for nodesync which updates loadbalancer hosts on cluster node updates.',
    buckets: BUCKETS_SECONDS,
  });
  const update = metrics.histogram({
    name: 'service_controller_update_loadbalancer_host_latency_seconds',
    help: 'A metric measuring the latency for updating each load balancer hosts.',
    buckets: BUCKETS_SECONDS,
  });
  const states = metrics.gauge({
    name: 'service_controller_services',
    help: 'Services of type LoadBalancer by how far their balancer is: pending, ready, failed, refused, not-mine, leaving.',
    labels: ['state'],
  });
  const orphaned = metrics.gauge({
    name: 'service_controller_orphaned_loadbalancers',
    help: 'Load balancers of this cluster that belong to no Service.',
  });
  metrics.onScrape(() => {
    const counts = new Map<Progress, number>(REPORTED.map((progress) => [progress, 0]));
    for (const [, { progress }] of memory.entries()) counts.set(progress, (counts.get(progress) ?? 0) + 1);
    for (const progress of REPORTED) states.set(counts.get(progress) ?? 0, { state: progress });
  });
  return {
    targetsTold(ms) {
      told.inc();
      update.observe(ms / 1000);
    },
    targetsFailed: () => failed.inc(),
    nodeSyncEnded: (ms) => nodeSync.observe(ms / 1000),
    orphans: (count) => orphaned.set(count),
  };
}

/** Measures from a burst of Node changes to the last balancer that was told of it. */
export class NodeSyncMeter {
  readonly #clock: Clock;
  readonly #ended: (ms: number) => void;
  #startedMs = 0;
  readonly #open = new Set<string>();

  constructor(clock: Clock, ended: (ms: number) => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  /** These Services are told; a burst while another is open counts from the first. */
  begin(keys: readonly string[]): void {
    if (keys.length === 0) return;
    if (this.#open.size === 0) this.#startedMs = this.#clock.monotonicMs();
    for (const key of keys) this.#open.add(key);
  }

  /** One Service was worked on, whatever came of it. */
  end(key: string): void {
    if (this.#open.delete(key) && this.#open.size === 0) this.#ended(this.#clock.monotonicMs() - this.#startedMs);
  }
}
