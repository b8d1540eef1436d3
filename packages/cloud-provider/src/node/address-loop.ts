// Compares all initialized Nodes with the cloud, again and again: addresses, and labels where that is switched on (I8). One look-up
// for all Nodes, one write for each that differs, none for the others. A Node that fails does not keep the others from being done.
import { messageOf, parallelUntil, periodic } from '@longshore/reconciler-core';
import type { Clock, Logger, Source } from '@longshore/reconciler-core';
import type { KubeNode, Lister } from '@longshore/k8s-runtime';
import { loopHealth } from '../instances/loop-health.ts';
import type { CloudController } from '../instances/health-report.ts';
import type { InstanceFinding, Instances } from '../provider.ts';
import { describeNodeStep } from './describe-node-step.ts';
import { convergeNode } from './node-convergence.ts';
import type { NodeConvergenceDeps } from './node-convergence.ts';
import { isUninitialized, nameOf } from './node-facts.ts';
import type { NodeMetrics } from './node-metrics.ts';
import { planNode } from './node-plan.ts';
import type { NodePlan } from './node-plan.ts';
import { reasonToIgnore } from './ownership.ts';
import { SaidBefore } from './said-before.ts';

/** What the address loop needs. */
export interface AddressLoopDeps extends NodeConvergenceDeps {
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly instances: Instances;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly workers: number;
  readonly everyMs: number;
  readonly isDryRun: boolean;
}

/** The loop: first at once, then `everyMs` after the end of each round. */
export function addressLoop(deps: AddressLoopDeps): CloudController {
  const name = 'cloud-node-addresses';
  const health = loopHealth({ clock: deps.clock, everyMs: deps.everyMs });
  const said = new SaidBefore();
  const work = (signal: AbortSignal): Promise<void> => health.during(() => addressRound(deps, said, signal));
  const loop = periodic({ name, everyMs: deps.everyMs, clock: deps.clock, log: deps.log, work, countFrom: 'end' });
  return {
    name,
    check: () => health.check(),
    async run(signal) {
      await deps.nodes.synced(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await loop.run(signal);
    },
  };
}

async function addressRound(deps: AddressLoopDeps, said: SaidBefore, signal: AbortSignal): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const concerned = deps.nodes.list((node) => isConcerned(node, deps));
  const findings: ReadonlyMap<string, InstanceFinding> =
    concerned.length === 0 ? new Map() : await deps.instances.lookup(concerned, signal);
  const work = (node: KubeNode): Promise<void> => alignNode(node, findings.get(nameOf(node)), { deps, said, signal });
  await parallelUntil(concerned, deps.workers, work, signal);
  const unknown = [...findings.values()].filter(({ state }) => state === 'unknown').length;
  if (unknown < concerned.length || concerned.length === 0) deps.metrics.addressLoopSucceeded();
  const tookMs = deps.clock.monotonicMs() - startedMs;
  deps.log.verbose(2, 'addresses compared with the cloud', { nodes: concerned.length, unknown, tookMs });
}

async function alignNode(
  listed: KubeNode,
  finding: InstanceFinding | undefined,
  { deps, said, signal }: { readonly deps: AddressLoopDeps; readonly said: SaidBefore; readonly signal: AbortSignal },
): Promise<void> {
  const name = nameOf(listed);
  // The look-up took a while: what counts is the Node as it is now.
  const node = deps.nodes.get(name);
  if (!node || !finding || !isConcerned(node, deps)) return;
  try {
    if (deps.isDryRun) return printPlan(planNode(node, finding, deps.planOptions), name, { deps, said });
    const plan = await convergeNode({ node, finding }, deps, { signal, log: deps.log });
    if (plan?.problem)
      deps.log.warn('addresses of a node cannot be compared', { node: name, problem: plan.problem.message });
  } catch (error) {
    if (!signal.aborted) deps.log.error('updating a node failed', { node: name, error: messageOf(error) });
  }
}

// Fresh Nodes are the node controller's; without machine facts there is nothing to compare.
function isConcerned(node: KubeNode, { planOptions }: AddressLoopDeps): boolean {
  return !isUninitialized(node) && reasonToIgnore(node, planOptions.providerIdSchemes) === undefined;
}

function printPlan(
  plan: NodePlan,
  name: string,
  { deps, said }: { readonly deps: AddressLoopDeps; readonly said: SaidBefore },
): void {
  for (const step of plan.steps) {
    const text = `would ${describeNodeStep(step)}`;
    if (said.isNew(name, text)) deps.log.info('dry run: node is not changed', { node: name, step: text });
  }
}
