// Metrics of the node controller: upstream's two histograms, and what it lacks (I25). Names are contracts (docs/metrics.md).
import type { Clock, Histogram, Metrics } from '@longshore/reconciler-core';
import type { KubeNode, Lister } from '@longshore/k8s-runtime';
import { ageMs, isUninitialized } from './node-facts.ts';

const DELAY_BUCKETS = [1, 4, 16, 64, 256, 1024];
// A Node that is tainted for longer is worth an alert.
const LONG_MS = 60_000;

/** What the node controller measures. */
export interface NodeMetrics {
  /** The taint of a Node of this age was removed. */
  taintRemoved(ageMs: number): void;
  /** A Node of this age is initialized. */
  initialized(ageMs: number): void;
  /** An address loop has ended that got answers from the cloud. */
  addressLoopSucceeded(): void;
}

/** Registers the metrics; the gauges are computed when they are read. */
export function nodeMetrics(deps: {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly nodes: Lister<KubeNode>;
}): NodeMetrics {
  const { metrics, clock, nodes } = deps;
  const taintRemoval = delays(metrics, {
    name: 'node_controller_cloud_provider_taint_removal_delay_seconds',
    help: 'Seconds from the creation of a node until its uninitialized taint was removed',
  });
  const initialSync = delays(metrics, {
    name: 'node_controller_initial_node_sync_delay_seconds',
    help: 'Seconds from the creation of a node until it was initialized',
  });
  const sinceAddresses = metrics.gauge({
    name: 'node_controller_seconds_since_address_loop',
    help: 'Seconds since the addresses of all nodes were last compared with the cloud; since the start before the first time',
  });
  const uninitialized = metrics.gauge({
    name: 'node_controller_nodes_uninitialized_over_minute',
    help: 'Nodes that have carried the uninitialized taint since their creation more than a minute ago',
  });
  let lastLoopMs = clock.monotonicMs();
  metrics.onScrape(() => {
    sinceAddresses.set((clock.monotonicMs() - lastLoopMs) / 1000);
    const nowMs = clock.nowMs();
    uninitialized.set(nodes.list((node) => isUninitialized(node) && ageMs(node, nowMs) > LONG_MS).length);
  });
  return {
    taintRemoved: (age) => taintRemoval.observe(age / 1000),
    initialized: (age) => initialSync.observe(age / 1000),
    addressLoopSucceeded: () => (lastLoopMs = clock.monotonicMs()),
  };
}

function delays(metrics: Metrics, spec: { readonly name: string; readonly help: string }): Histogram {
  return metrics.histogram({ ...spec, buckets: DELAY_BUCKETS });
}
