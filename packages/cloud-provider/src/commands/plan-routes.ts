// What the route controller would do now: routes in the cloud, and the condition that tells Nodes about them. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import { nameOf } from '../node/node-facts.ts';
import type { Route } from '../provider.ts';
import type { Cidr } from '../route/cidr.ts';
import { describeNetworkConditionStep, planNetworkConditions } from '../route/network-condition-plan.ts';
import type { NetworkConditionStep } from '../route/network-condition-plan.ts';
import { describeRouteStep, planRoutes } from '../route/route-plan.ts';
import type { RouteStep } from '../route/route-plan.ts';
import { ownNodes } from './plan-nodes.ts';
import { nodeReference } from './plan-report.ts';
import type { PlanReport, ReportedStep } from './plan-report.ts';

/** All Nodes, and the cloud's routes. */
export interface AllRoutesFacts {
  readonly nodes: readonly KubeNode[];
  readonly routes: readonly Route[];
  readonly clusterCidrs: readonly Cidr[];
  readonly providerIdSchemes?: readonly string[] | undefined;
}

const controller = 'node-route-controller';

/** Steps of the route controller; conditions are those that follow when all its calls succeed. */
export function planAllRoutes({ nodes, routes, clusterCidrs, providerIdSchemes }: AllRoutesFacts): PlanReport {
  const own = ownNodes(nodes, { providerIdSchemes });
  const ownNames = new Set(own.map(nameOf));
  const ignoredNodes = new Set(nodes.map(nameOf).filter((name) => !ownNames.has(name)));
  const changes = planRoutes({ nodes: own, ignoredNodes, routes, clusterCidrs }).flat();
  const conditions = planNetworkConditions({ nodes: own, routes, failed: new Set() });
  return { steps: [...changes.map(routeStep), ...conditions.map(conditionStep)], problems: [], unknown: [] };
}

function routeStep(step: RouteStep): ReportedStep {
  const { kind, route } = step;
  const summary = describeRouteStep(step);
  if (step.kind === 'create-route') {
    const why = `no route leads ${route.destinationCidr} to it`;
    return {
      object: nodeReference(step.node),
      controller,
      step: { kind, nameHint: step.nameHint, route },
      summary,
      why,
    };
  }
  const object = { kind: 'Route', name: route.name === '' ? route.destinationCidr : route.name } as const;
  // The reason has a column of its own.
  const what = summary.endsWith(`: ${step.because}`) ? summary.slice(0, -step.because.length - 2) : summary;
  return { object, controller, step: { kind, route }, summary: what, why: step.because };
}

function conditionStep(step: NetworkConditionStep): ReportedStep {
  const { kind, hasRoutes, node } = step;
  const why = hasRoutes ? 'all its pod ranges have routes then' : 'it has routes, but no pod range';
  return {
    object: nodeReference(node),
    controller,
    step: { kind, hasRoutes },
    summary: describeNetworkConditionStep(step),
    why,
  };
}
