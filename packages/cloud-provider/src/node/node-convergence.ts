// Brings one Node into line with a finding: plans, applies the first step, plans again from the API server's answer. The answer is
// newer than any cache, so the second write's resourceVersion fits, and a fresh Node costs two writes and no read. On a conflict the
// Node is read again. Nothing follows an initialization, so its answer is not read. The node controller and the status loop share this.
import { backoff, jitter, OperatorError, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { isConflict, nodes } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { describeNodeStep } from './describe-node-step.ts';
import { applyNodeStep } from './node-apply.ts';
import { nameOf, uidOf } from './node-facts.ts';
import { planNode } from './node-plan.ts';
import type { NodeFinding, NodePlan, NodePlanOptions, NodeStep } from './node-plan.ts';

// Upstream's numbers for the write of a fresh Node.
const MOST_ROUNDS = 20;
const CONFLICT_PAUSE_MS = 50;

/** What convergence needs. */
export interface NodeConvergenceDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly planOptions: NodePlanOptions;
}

/** One try at one Node; `beforeWrite` and `afterWrite` tell about each step, the latter with the Node as far as it is known then. */
export interface NodeConvergenceRun {
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly beforeWrite?: (step: NodeStep) => void;
  readonly afterWrite?: (step: NodeStep, node: KubeNode) => void;
}

/** The plan that had no more steps; undefined when the Node is gone, or is another one by now. */
export async function convergeNode(
  observed: { readonly node: KubeNode; readonly finding: NodeFinding },
  deps: NodeConvergenceDeps,
  run: NodeConvergenceRun,
): Promise<NodePlan | undefined> {
  const name = nameOf(observed.node);
  const done: NodeStep[] = [];
  try {
    return await writeUntilDone(observed, deps, { ...run, done });
  } finally {
    // One line for a Node, not one for each step: in a burst of Nodes lines are a tenth of the work.
    if (done.length > 0) run.log.info('node changed', { node: name, step: done.map(describeNodeStep).join(', then ') });
  }
}

type RecordedRun = NodeConvergenceRun & { readonly done: NodeStep[] };

async function writeUntilDone(
  observed: { readonly node: KubeNode; readonly finding: NodeFinding },
  deps: NodeConvergenceDeps,
  run: RecordedRun,
): Promise<NodePlan | undefined> {
  let node = observed.node;
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const plan = planNode(node, observed.finding, deps.planOptions);
    const [step] = plan.steps;
    if (!step) return plan;
    const next = await writeOrReread(step, node, deps, run);
    if (next === 'initialized') return { ...plan, steps: [] };
    if (!next || uidOf(next) !== uidOf(observed.node)) return undefined;
    node = next;
  }
  const message = `node ${nameOf(node)} was changed by others during each of ${MOST_ROUNDS} writes; will try again`;
  throw new OperatorError('NODE_WRITE_CONFLICTS', message, backoff);
}

async function writeOrReread(
  step: NodeStep,
  node: KubeNode,
  { client, clock }: NodeConvergenceDeps,
  run: RecordedRun,
): Promise<KubeNode | 'initialized' | undefined> {
  const { signal, log } = run;
  const isLast = step.kind === 'initialize';
  try {
    run.beforeWrite?.(step);
    const written = await applyNodeStep(step, node, {
      client,
      signal,
      ...(isLast ? { discardAnswer: true } : {}),
    });
    if (!written) return undefined;
    run.done.push(step);
    run.afterWrite?.(step, isLast ? node : written);
    return isLast ? 'initialized' : written;
  } catch (error) {
    if (!isConflict(error)) throw error;
    log.verbose(2, 'node was changed meanwhile, reading it again', { node: nameOf(node) });
  }
  await sleep(clock, jitter(CONFLICT_PAUSE_MS, 1), signal);
  return client.get(nodes, { name: nameOf(node) }, { signal });
}
