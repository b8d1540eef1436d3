// The cloud node controller: initializes fresh Nodes and keeps addresses and labels in line. run.ts wires it.
import { Controller } from '@longshore/reconciler-core';
import type { Change, Clock, Logger, Metrics, RateLimiter, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import { controllerHealth } from '../instances/controller-health.ts';
import type { CloudController } from '../instances/health-report.ts';
import type { Instances } from '../provider.ts';
import { addressLoop } from './address-loop.ts';
import { EarlyLookups } from './early-lookups.ts';
import { InitFailures } from './init-failures.ts';
import { isUninitialized, nameOf } from './node-facts.ts';
import { NodeMemory } from './node-memory.ts';
import { nodeMetrics } from './node-metrics.ts';
import type { NodeMetrics } from './node-metrics.ts';
import { needsFinding } from './node-plan.ts';
import type { NodePlanOptions } from './node-plan.ts';
import { reconcileNode } from './node-reconcile.ts';
import type { NodeReconcileDeps } from './node-reconcile.ts';

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
  /** `--concurrent-node-syncs`; 20 by default. */
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

// A burst of thousands of Nodes may keep the last one waiting for minutes; a look-up is given up after one.
const LONGEST_WAIT_MS = 5 * 60_000;

/** Makes the cloud node controller. */
export function createNodeController(options: NodeControllerOptions): NodeController {
  const { workers = 20, statusWorkers = 0, statusFrequencyMs = 300_000, isDryRun = false } = options;
  const planOptions: NodePlanOptions = {
    repairsProviderIds: options.repairProviderIds ?? true,
    refreshesLabels: options.refreshLabels ?? false,
    providerIdSchemes: options.providerIdSchemes,
  };
  const metrics = nodeMetrics(options);
  const deps = reconcileDeps(options, { planOptions, metrics, isDryRun, answerLastsMs: statusFrequencyMs });
  return {
    controller: nodeController(options, deps, workers),
    statusLoop: addressLoop({
      ...options,
      metrics,
      planOptions,
      isDryRun,
      workers: statusWorkers > 0 ? statusWorkers : workers,
      everyMs: statusFrequencyMs,
    }),
  };
}

function reconcileDeps(
  options: NodeControllerOptions,
  own: {
    readonly planOptions: NodePlanOptions;
    readonly metrics: NodeMetrics;
    readonly isDryRun: boolean;
    readonly answerLastsMs: number;
  },
): NodeReconcileDeps {
  const { nodes, client, events, clock } = options;
  return {
    nodes,
    client,
    events,
    clock,
    ...own,
    lookups: new EarlyLookups(options),
    memory: new NodeMemory({ clock, answerLastsMs: own.answerLastsMs }),
    failures: new InitFailures(options),
  };
}

function nodeController(options: NodeControllerOptions, deps: NodeReconcileDeps, workers: number): CloudController {
  const { nodes, clock, log, metrics, limiter } = options;
  const controller = new Controller<string>({
    name: 'cloud-node',
    queueName: 'Nodes',
    reconcile: reconcileNode(deps),
    workers,
    clock,
    log,
    metrics,
    limiter,
  });
  // Look-ups run ahead only while the controller runs, and end with it.
  let running: AbortSignal | undefined;
  controller.watch(nodes, (change) => {
    if (running && mayLookUpEarly(change, deps)) deps.lookups.start(change.object, running);
    return [nameOf(change.object)];
  });
  return {
    name: controller.name,
    check: () => controllerHealth(controller, LONGEST_WAIT_MS),
    run(signal) {
      running = signal;
      return controller.run(signal);
    },
  };
}

function mayLookUpEarly(change: Change<KubeNode>, { planOptions, memory }: NodeReconcileDeps): boolean {
  const node = change.object;
  return (
    change.kind !== 'deleted' &&
    isUninitialized(node) &&
    needsFinding(node, planOptions) &&
    memory.settlingMs(node) === 0
  );
}
