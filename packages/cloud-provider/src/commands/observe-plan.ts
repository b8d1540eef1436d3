// Observes everything that a plan is made of and has the parts planned: Nodes, Services, routes, what else the provider keeps. `plan` takes
// all of them, `explain` one object.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { nodes as nodeType, services as serviceType } from '@longshore/k8s-runtime';
import type { ClusterView, InstanceFinding, LoadBalancers } from '../provider.ts';
import { parseClusterCidrs } from '../route/cidr.ts';
import { isWanted } from '../service/service-ownership.ts';
import { traitsOf } from '../service/service-steps.ts';
import { selectTargets } from '../service/targets.ts';
import type { CommandContext } from './command.ts';
import { askForOtherPlans, askForPlans, listRoutes, lookUpMachines } from './observe-cloud.ts';
import { listAll } from './observe-cluster.ts';
import { planAllLifecycles } from './plan-lifecycle.ts';
import { ownNodes, planAllNodes, unknownMachines } from './plan-nodes.ts';
import { planOthers } from './plan-others.ts';
import { emptyReport, mergeReports } from './plan-report.ts';
import type { PlanReport } from './plan-report.ts';
import { planAllRoutes } from './plan-routes.ts';
import { decideService, planOneService } from './plan-services.ts';
import type { BalancerAnswer, ServicePlanFacts } from './plan-services.ts';
import { usualSettings } from './plan-settings.ts';
import type { PlanSettings } from './plan-settings.ts';

/** The settings of this run. */
export function settingsOf({ settings, provider }: CommandContext): PlanSettings {
  return { ...usualSettings, ...settings, providerIdSchemes: provider.providerIdSchemes };
}

/** All Nodes of the cluster. */
export async function observeNodes({ client, signal }: CommandContext): Promise<readonly KubeNode[]> {
  return listAll(client, nodeType, { signal });
}

/** What the cloud says of the Nodes' machines; nobody is asked when no controller would ask. */
export async function observeMachines(
  context: CommandContext,
  nodes: readonly KubeNode[],
): Promise<ReadonlyMap<string, InstanceFinding>> {
  return runsNodeControllers(context) ? lookUpMachines(context, ownNodes(nodes, settingsOf(context))) : new Map();
}

/** The plans of the node and the lifecycle controller. */
export function planNodeControllers(
  context: CommandContext,
  nodes: readonly KubeNode[],
  findings: ReadonlyMap<string, InstanceFinding>,
): PlanReport {
  if (!runsNodeControllers(context)) return emptyReport;
  const settings = settingsOf(context);
  const facts = { nodes, findings, nowMs: context.clock.nowMs(), settings };
  return mergeReports([
    settings.controllers.has('cloud-node-controller') ? planAllNodes(facts) : emptyReport,
    settings.controllers.has('cloud-node-lifecycle-controller') ? planAllLifecycles(facts) : emptyReport,
    unknownMachines(facts),
  ]);
}

/** The plan of the route controller. Rejects when the routes cannot be listed, or the cluster's ranges are wrong. */
export async function planRouteController(context: CommandContext, nodes: readonly KubeNode[]): Promise<PlanReport> {
  const { provider, routes } = context;
  if (!provider.routes || !routes || !settingsOf(context).controllers.has('node-route-controller')) return emptyReport;
  const clusterCidrs = parseClusterCidrs(routes.clusterCidrs.join(','));
  return planAllRoutes({
    nodes,
    routes: await listRoutes(context),
    clusterCidrs,
    providerIdSchemes: provider.providerIdSchemes,
  });
}

/** All Services of the cluster; none where nobody has a use for them. */
export async function observeServices(context: CommandContext): Promise<readonly KubeService[]> {
  const isAnyUsed = balancersOf(context) !== undefined || context.provider.otherPlans !== undefined;
  return isAnyUsed ? listAll(context.client, serviceType, { signal: context.signal }) : [];
}

/** The decision about each of these Services, with the provider's plan where it takes one. */
export async function observeServicePlans(
  context: CommandContext,
  services: readonly KubeService[],
  nodes: readonly KubeNode[],
): Promise<readonly ServicePlanFacts[]> {
  const loadBalancers = balancersOf(context);
  if (!loadBalancers) return [];
  const targets = selectTargets(nodes);
  const traits = traitsOf(loadBalancers);
  const decided = services.map((service) => {
    const problems = isWanted(service) ? loadBalancers.problems(service) : [];
    return { service, problems, decision: decideService(service, targets, problems, traits) };
  });
  const questions = decided.flatMap(({ service, decision }) =>
    decision.kind === 'ensure' || decision.kind === 'remove'
      ? [{ service, nodes: decision.kind === 'ensure' ? decision.nodes : [] }]
      : [],
  );
  const answers = await askForPlans(loadBalancers, questions, context);
  const answerOf = new Map<KubeService, BalancerAnswer | undefined>(
    questions.map(({ service }, index) => [service, answers[index]]),
  );
  return decided.map((facts) => ({ ...facts, answer: answerOf.get(facts.service) }));
}

/** The plan of the service controller. */
export function planServiceController(facts: readonly ServicePlanFacts[]): PlanReport {
  return mergeReports(facts.map(planOneService));
}

/** What the provider does beside balancers and routes. */
export async function planOtherThings(context: CommandContext, cluster: ClusterView): Promise<PlanReport> {
  return context.provider.otherPlans ? planOthers(await askForOtherPlans(context, cluster)) : emptyReport;
}

/** The provider's balancers, unless the service controller does not run. */
export function balancersOf(context: CommandContext): LoadBalancers | undefined {
  return settingsOf(context).controllers.has('service-lb-controller') ? context.provider.loadBalancers : undefined;
}

function runsNodeControllers(context: CommandContext): boolean {
  const { controllers } = settingsOf(context);
  const isAnyChosen = controllers.has('cloud-node-controller') || controllers.has('cloud-node-lifecycle-controller');
  return isAnyChosen && context.provider.instances !== undefined;
}
