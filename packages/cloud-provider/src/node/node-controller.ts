// The cloud node controller: initializes fresh Nodes and keeps addresses and labels in line. run.ts wires it.
import type { Clock, Logger, Metrics, RateLimiter, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import type { CloudController } from '../instances/health-report.ts';
import type { Instances } from '../provider.ts';

/** What the cloud node controller needs. `instances` should be a BatchedInstances shared with the lifecycle controller. */
export interface NodeControllerOptions {
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly instances: Instances;
  readonly client: KubeClient;
  /** Component `cloud-node-controller`. */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** `--concurrent-node-syncs`; 10 by default. */
  readonly workers?: number | undefined;
  /** `--concurrent-node-status-updates`; 0 and absent mean `workers`. */
  readonly statusWorkers?: number | undefined;
  /** `--node-status-update-frequency`; 300000 by default. */
  readonly statusFrequencyMs?: number | undefined;
  /** I8: type, zone, region and additional labels follow the cloud also after initialization; false by default. */
  readonly refreshLabels?: boolean | undefined;
  /** I6: initialized Nodes without a provider ID get one; true by default. */
  readonly repairProviderIds?: boolean | undefined;
  /** I12: a Node whose provider ID has another scheme is ignored; absent leaves that to the provider. */
  readonly providerIdSchemes?: readonly string[] | undefined;
  readonly isDryRun?: boolean | undefined;
  /** Pauses after failures; Kubernetes' default limiter when absent. */
  readonly limiter?: RateLimiter<string> | undefined;
}

/** The two loops of the cloud node controller; both run while leading. */
export interface NodeController {
  readonly controller: CloudController;
  readonly statusLoop: CloudController;
}

/** Makes the cloud node controller. */
export function createNodeController(_options: NodeControllerOptions): NodeController {
  throw new Error('being written');
}
