// Asks the cloud for the commands: machines, plans of balancers and of other things, routes. Each question has a deadline. Reads only:
// a provider's plans promise not to write, and nothing else of LoadBalancers is called here but the pure `problems`.
import { parallelUntil } from '@longshore/reconciler-core';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { withDeadline } from '../instances/with-deadline.ts';
import type { ClusterView, InstanceFinding, LoadBalancers, Route } from '../provider.ts';
import type { CommandContext } from './command.ts';
import type { OthersAnswer } from './plan-others.ts';
import type { BalancerAnswer } from './plan-services.ts';

const TIMEOUT_MS = 60_000;
const PLANS_AT_ONCE = 5;

/** A Service and the Nodes that its balancer shall send traffic to. */
export interface BalancerQuestion {
  readonly service: KubeService;
  readonly nodes: readonly KubeNode[];
}

/** Rejects when the provider can tell that the cloud cannot be reached. */
export async function pingCloud({ provider, clock, signal }: CommandContext): Promise<void> {
  if (!provider.ping) return;
  const deadline = { what: 'reaching the cloud', timeoutMs: TIMEOUT_MS, clock };
  await withDeadline(deadline, signal, async (either) => provider.ping?.(either));
}

/** The machines of these Nodes, in one question; none where the provider knows no machines. */
export async function lookUpMachines(
  { provider, clock, signal }: CommandContext,
  nodes: readonly KubeNode[],
): Promise<ReadonlyMap<string, InstanceFinding>> {
  const { instances } = provider;
  if (!instances || nodes.length === 0) return new Map();
  const deadline = { what: `looking up the machines of ${nodes.length} nodes`, timeoutMs: TIMEOUT_MS, clock };
  return withDeadline(deadline, signal, (either) => instances.lookup(nodes, either));
}

/** The provider's plan for each Service, in the order of the questions; a failure is the answer to its own question only. */
export async function askForPlans(
  loadBalancers: LoadBalancers,
  questions: readonly BalancerQuestion[],
  { clock, signal }: Pick<CommandContext, 'clock' | 'signal'>,
): Promise<readonly BalancerAnswer[]> {
  const answers: BalancerAnswer[] = [];
  const ask = async ({ service, nodes }: BalancerQuestion, index: number): Promise<void> => {
    const deadline = { what: 'planning the load balancer', timeoutMs: TIMEOUT_MS, clock };
    try {
      const plan = await withDeadline(deadline, signal, (either) => loadBalancers.plan(service, nodes, either));
      answers[index] = { kind: 'planned', plan };
    } catch (error) {
      signal.throwIfAborted();
      answers[index] = { kind: 'failed', error };
    }
  };
  await parallelUntil(questions, PLANS_AT_ONCE, ask, signal);
  return answers;
}

/** The cloud's routes; none where routes are not configured. */
export async function listRoutes(context: CommandContext): Promise<readonly Route[]> {
  const { provider, clock, signal, clusterName } = context;
  const { routes } = provider;
  if (!routes || !context.routes) return [];
  const deadline = { what: 'listing the routes', timeoutMs: TIMEOUT_MS, clock };
  return withDeadline(deadline, signal, (either) => routes.list(clusterName, either));
}

/** The provider's plans for what is neither a balancer nor a route; a failure hides nothing else. */
export async function askForOtherPlans(context: CommandContext, cluster: ClusterView): Promise<OthersAnswer> {
  const { provider, clock, signal } = context;
  const deadline = { what: 'planning what is neither a balancer nor a route', timeoutMs: TIMEOUT_MS, clock };
  try {
    const plans = await withDeadline(
      deadline,
      signal,
      async (either) => (await provider.otherPlans?.(cluster, either)) ?? [],
    );
    return { kind: 'planned', plans };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', provider: provider.name, error };
  }
}
