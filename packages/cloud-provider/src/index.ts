// The public surface of @longshore/cloud-provider.
export * from './provider.ts';
export * from './well-known.ts';
export * from './instances/health-report.ts';
export * from './instances/batched-instances.ts';
export * from './node/node-controller.ts';
export * from './node-lifecycle/node-lifecycle-controller.ts';
export * from './route/route-controller.ts';
export * from './node/node-plan.ts';
export { describeNodeStep } from './node/describe-node-step.ts';
export { explainNode } from './node/explain-node.ts';
export { reasonToIgnore } from './node/ownership.ts';
export * from './node-lifecycle/node-lifecycle-plan.ts';
export { describeRouteStep, planRoutes } from './route/route-plan.ts';
export type { RouteFacts, RoutePlan, RouteStep } from './route/route-plan.ts';
export { parseClusterCidrs } from './route/cidr.ts';
export type { Cidr } from './route/cidr.ts';
