// The route controller: one route in the cloud's network for each pod CIDR of each Node. run.ts wires it.
import type { Clock, Logger, Metrics, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import type { CloudController } from '../instances/health-report.ts';
import type { Routes } from '../provider.ts';

/** What the route controller needs. */
export interface RouteControllerOptions {
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly routes: Routes;
  readonly client: KubeClient;
  /** Component `route_controller` (underscore). */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** `--cluster-name`. */
  readonly clusterName: string;
  /** `--cluster-cidr` as given; a wrong one makes createRouteController throw an OperatorError with disposition `never`. */
  readonly clusterCidr: string;
  /** `--route-reconciliation-period`; 10000 by default. */
  readonly periodMs?: number | undefined;
  /** Gate CloudControllerManagerWatchBasedRoutesReconciliation; false by default: every period. */
  readonly isWatchBased?: boolean | undefined;
  /** Route operations in flight; 200 by default. */
  readonly operationsInFlight?: number | undefined;
  /** I12, as in NodeControllerOptions. */
  readonly providerIdSchemes?: readonly string[] | undefined;
  readonly isDryRun?: boolean | undefined;
}

/** Makes the route controller; throws when the cluster CIDRs are wrong (the process must end). */
export function createRouteController(_options: RouteControllerOptions): CloudController {
  throw new Error('being written');
}
