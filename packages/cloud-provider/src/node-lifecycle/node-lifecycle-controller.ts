// The cloud node lifecycle controller: removes Nodes whose machine is gone, taints those whose machine is off. run.ts wires it.
import type { Clock, Logger, Metrics, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import type { CloudController } from '../instances/health-report.ts';
import type { Instances } from '../provider.ts';

/** What the lifecycle controller needs. */
export interface NodeLifecycleControllerOptions {
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly instances: Instances;
  readonly client: KubeClient;
  /** Component `cloud-node-lifecycle-controller`. */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** `--node-monitor-period`; 5000 by default. */
  readonly periodMs?: number | undefined;
  /** I10: uninitialized Nodes younger than this are never removed; 120000 by default. */
  readonly graceMs?: number | undefined;
  /** I10: at most max(atLeast, percent of all Nodes) may be gone at once; 5 and 20 by default. */
  readonly removalLimit?: { readonly atLeast: number; readonly percent: number } | undefined;
  /** I12, as in NodeControllerOptions. */
  readonly providerIdSchemes?: readonly string[] | undefined;
  readonly isDryRun?: boolean | undefined;
}

/** Makes the cloud node lifecycle controller. */
export function createNodeLifecycleController(_options: NodeLifecycleControllerOptions): CloudController {
  throw new Error('being written');
}
