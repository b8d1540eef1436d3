// What every controller of the manager is given. Each folder of controllers exports functions that make a Runnable of these parts and of
// what else it needs; process/ puts them together.
import type { EventRecorder, InformerSet, KubeClient } from '@longshore/k8s-runtime';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';

/** Shared by all controllers of one process. */
export interface ControllerParts {
  /** Of the cluster in which Clusters and Machines are kept. */
  readonly client: KubeClient;
  /** Shared informers on it, limited to `--namespace` when that is given. */
  readonly informers: InformerSet;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Keys that are worked on at the same time (`--concurrency`). */
  readonly concurrency: number;
}
