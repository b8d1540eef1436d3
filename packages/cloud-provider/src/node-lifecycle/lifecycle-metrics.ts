// Metrics of the lifecycle controller; upstream has none. Names are contracts (docs/metrics.md).
import type { Counter, Gauge, Metrics } from '@longshore/reconciler-core';

/** What the lifecycle controller counts. */
export interface LifecycleMetrics {
  readonly unknown: Counter;
  readonly deleted: Counter;
  readonly gone: Gauge;
  readonly held: Gauge;
}

/** Registers the metrics. */
export function lifecycleMetrics(metrics: Metrics): LifecycleMetrics {
  return {
    unknown: metrics.counter({
      name: 'node_lifecycle_controller_unknown_instances_total',
      help: 'Checks of nodes that are not ready in which the cloud could not say whether the machine exists',
    }),
    deleted: metrics.counter({
      name: 'node_lifecycle_controller_deleted_nodes_total',
      help: 'Nodes removed because their machine does not exist any more',
    }),
    gone: metrics.gauge({
      name: 'node_lifecycle_controller_gone_nodes',
      help: 'Nodes that are not ready and whose machine does not exist as far as the cloud says',
    }),
    held: metrics.gauge({
      name: 'node_lifecycle_controller_removals_held',
      help: '1 while no node is removed because suspiciously many machines are gone at once, else 0',
    }),
  };
}
