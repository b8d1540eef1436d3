// One reconcile of one Node: observe (cache, cloud if needed), converge, tell. The node controller runs it for every change of a Node.
import { backoff, checkAgain, dispositionOf, messageOf, OperatorError, settled } from '@longshore/reconciler-core';
import type { Disposition, Logger, Outcome, Reconcile } from '@longshore/reconciler-core';
import type { EventRecorder, KubeNode, Lister } from '@longshore/k8s-runtime';
import { describeNodeStep } from './describe-node-step.ts';
import type { EarlyLookups } from './early-lookups.ts';
import type { InitFailures } from './init-failures.ts';
import { convergeNode } from './node-convergence.ts';
import type { NodeConvergenceDeps } from './node-convergence.ts';
import { ageMs, isUninitialized, nameOf } from './node-facts.ts';
import type { NodeMemory } from './node-memory.ts';
import type { NodeMetrics } from './node-metrics.ts';
import { needsFinding, planNode } from './node-plan.ts';
import type { NodeFinding, NodePlan, NodeStep } from './node-plan.ts';

/** What a reconcile of a Node needs. */
export interface NodeReconcileDeps extends NodeConvergenceDeps {
  readonly nodes: Lister<KubeNode>;
  readonly lookups: EarlyLookups;
  readonly memory: NodeMemory;
  readonly failures: InitFailures;
  readonly events: EventRecorder;
  readonly metrics: NodeMetrics;
  readonly isDryRun: boolean;
}

/** The reconcile function of the node controller; keys are Node names. */
export function reconcileNode(deps: NodeReconcileDeps): Reconcile<string> {
  return async (name, { signal, log }) => {
    const node = deps.nodes.get(name);
    if (!node) return forgetNode(name, deps);
    const settlingMs = deps.memory.settlingMs(node);
    if (settlingMs > 0) return checkAgain(settlingMs, 'the cache has not seen our own write yet');
    const finding = await observeFinding(node, deps, signal);
    if (deps.isDryRun) return printPlan(planNode(node, finding, deps.planOptions), node, deps, log);
    const plan = await writePlan(node, finding, deps, { signal, log });
    if (plan) concludePlan({ node, finding, plan }, deps, log);
    return settled;
  };
}

async function observeFinding(node: KubeNode, deps: NodeReconcileDeps, signal: AbortSignal): Promise<NodeFinding> {
  const isAsked = needsFinding(node, deps.planOptions) && !deps.memory.isAnsweredRecently(node);
  if (isAsked) return deps.lookups.finding(node, signal);
  deps.lookups.forget(nameOf(node));
  return { state: 'not-asked' };
}

async function writePlan(
  node: KubeNode,
  finding: NodeFinding,
  deps: NodeReconcileDeps,
  run: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<NodePlan | undefined> {
  try {
    return await convergeNode({ node, finding }, deps, {
      ...run,
      beforeWrite: () => deps.memory.writing(node),
      afterWrite: (step, written) => tellWritten(step, written, deps),
    });
  } catch (error) {
    deps.memory.writeFailed(node);
    if (isUninitialized(node)) deps.failures.report(node, { message: messageOfWrite(error), isLasting: false });
    throw error;
  }
}

function tellWritten(step: NodeStep, node: KubeNode, deps: NodeReconcileDeps): void {
  if (step.kind !== 'initialize') return;
  const age = ageMs(node, deps.clock.nowMs());
  deps.metrics.taintRemoved(age);
  deps.metrics.initialized(age);
  deps.events.normal(node, 'Synced', 'Node synced successfully');
  deps.failures.forget(nameOf(node));
}

// A problem of a fresh Node is a failure: the queue brings it back. An initialized one works without us.
function concludePlan(
  { node, finding, plan }: { readonly node: KubeNode; readonly finding: NodeFinding; readonly plan: NodePlan },
  deps: NodeReconcileDeps,
  log: Logger,
): void {
  for (const warning of plan.warnings) log.warn('a label of the cloud was not set', { node: nameOf(node), warning });
  if (plan.ignoredBecause) log.verbose(4, 'node is left alone', { node: nameOf(node), reason: plan.ignoredBecause });
  const { problem } = plan;
  const isFresh = isUninitialized(node);
  if (!isFresh && finding.state !== 'unknown') {
    if (finding.state !== 'not-asked') deps.memory.answered(node);
    if (problem) log.verbose(2, 'node is not repaired', { node: nameOf(node), problem: problem.message });
    return;
  }
  if (!problem) return;
  if (isFresh) deps.failures.report(node, problem);
  throw new OperatorError('NODE_NOT_INITIALIZED', problem.message, dispositionFor(finding));
}

// A cloud that says when to come back is obeyed; nothing that a look-up finds may end the process.
function dispositionFor(finding: NodeFinding): Disposition {
  const wanted = finding.state === 'unknown' ? dispositionOf(finding.error) : backoff;
  return wanted.retry === 'never' ? backoff : wanted;
}

function printPlan(plan: NodePlan, node: KubeNode, deps: NodeReconcileDeps, log: Logger): Outcome {
  for (const step of plan.steps) {
    const text = `would ${describeNodeStep(step)}`;
    if (deps.memory.isNewInDryRun(node, text))
      log.info('dry run: node is not changed', { node: nameOf(node), step: text });
  }
  if (plan.problem) log.warn('node cannot be initialized', { node: nameOf(node), problem: plan.problem.message });
  return settled;
}

function forgetNode(name: string, { memory, failures, lookups }: NodeReconcileDeps): Outcome {
  memory.forget(name);
  failures.forget(name);
  lookups.forget(name);
  return settled;
}

function messageOfWrite(error: unknown): string {
  return `writing to the node failed: ${messageOf(error)}`;
}
