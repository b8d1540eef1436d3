// The cloud node lifecycle controller: removes Nodes whose machine is gone, taints those whose machine is off. run.ts wires it.
// One key stands for a pass over all Nodes: one look-up serves them all, and only a pass can see that too many are gone at once.
import { checkAgain, Controller } from '@longshore/reconciler-core';
import type { Change, Clock, Logger, Metrics, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import { controllerHealth } from '../instances/controller-health.ts';
import type { CloudController } from '../instances/health-report.ts';
import { isReady, nameOf, taintsOf } from '../node/node-facts.ts';
import { reasonToIgnore } from '../node/ownership.ts';
import type { Instances } from '../provider.ts';
import { isNews } from './check-schedule.ts';
import { lifecycleMetrics } from './lifecycle-metrics.ts';
import { LifecyclePass } from './lifecycle-pass.ts';
import { USUAL_REMOVAL_LIMIT } from './node-lifecycle-plan.ts';
import type { RemovalLimit } from './node-lifecycle-plan.ts';
import { withoutShutdownTaint } from './shutdown-taint.ts';

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
  /** I10: how many Nodes may be gone at once; max(5, 20 %) by default, and two minutes where more than max(1, 20 %) are. */
  readonly removalLimit?: RemovalLimit | undefined;
  /** I12, as in NodeControllerOptions. */
  readonly providerIdSchemes?: readonly string[] | undefined;
  readonly isDryRun?: boolean | undefined;
}

const PASS = 'pass';
// I11: the longest pause between two checks of a Node that stays not ready.
const LONGEST_PAUSE_MS = 60_000;
// Nodes that fail together are asked about together.
const GATHER_MS = 50;
const LONGEST_PASS_MS = 2 * 60_000;

/** Makes the cloud node lifecycle controller. */
export function createNodeLifecycleController(options: NodeLifecycleControllerOptions): CloudController {
  const { nodes, clock, log, periodMs = 5000, graceMs = 120_000, providerIdSchemes } = options;
  const pass = new LifecyclePass({
    ...options,
    graceMs,
    providerIdSchemes,
    metrics: lifecycleMetrics(options.metrics),
    pauses: { periodMs, longestMs: Math.max(periodMs, LONGEST_PAUSE_MS) },
    limit: options.removalLimit ?? USUAL_REMOVAL_LIMIT,
    isDryRun: options.isDryRun ?? false,
  });
  const controller = new Controller<string>({
    name: 'cloud-node-lifecycle',
    workers: 1,
    clock,
    log,
    reconcile: async (_key, { signal }) => {
      await pass.run(signal);
      return checkAgain(periodMs, 'the next period');
    },
  });
  controller.watch(nodes, (change) => {
    if (needsPass(change, { pass, providerIdSchemes })) {
      controller.enqueueAfter(PASS, GATHER_MS);
    }
    return [];
  });
  controller.enqueue(PASS);
  return {
    name: controller.name,
    check: () => controllerHealth(controller, LONGEST_PASS_MS),
    run: (signal) => controller.run(signal),
  };
}

// The watch-driven first check (I11): a Node that just stopped being ready, or whose trouble changed, does not wait for the period.
// Nodes that have never been ready do: a burst of fresh ones would otherwise cause pass after pass.
function needsPass(
  change: Change<KubeNode>,
  {
    pass,
    providerIdSchemes,
  }: { readonly pass: LifecyclePass; readonly providerIdSchemes: readonly string[] | undefined },
): boolean {
  const node = change.object;
  const isOver = change.kind === 'deleted' || isReady(node);
  if (isOver) pass.forget(nameOf(node));
  if (change.kind !== 'updated' || reasonToIgnore(node, providerIdSchemes) !== undefined) return false;
  if (isReady(node)) return withoutShutdownTaint(taintsOf(node)) !== undefined;
  const record = pass.records.get(nameOf(node));
  return isReady(change.before) || (record !== undefined && isNews(node, record));
}
