// Which Nodes get told that their network is (not) there: the condition NetworkUnavailable, from which Kubernetes derives a taint. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Route } from '../provider.ts';
import { nameOf } from '../node/node-facts.ts';
import { podCidrsOf } from './route-plan.ts';

/** A condition to write. */
export interface NetworkConditionStep {
  readonly kind: 'set-network-condition';
  readonly node: KubeNode;
  readonly hasRoutes: boolean;
}

/** The values of the condition, as in the Go programs. */
export const NETWORK_CONDITION = {
  routed: { status: 'False', reason: 'RouteCreated', message: 'RouteController created a route' },
  missing: { status: 'True', reason: 'NoRouteCreated', message: 'RouteController failed to create a route' },
} as const;

/** Conditions after a pass; `failed` names the Nodes that lack a route of theirs. Nodes without ranges and routes are left alone. */
export function planNetworkConditions(facts: {
  readonly nodes: readonly KubeNode[];
  readonly routes: readonly Route[];
  readonly failed: ReadonlySet<string>;
}): readonly NetworkConditionStep[] {
  const targets = new Set(facts.routes.map((route) => route.targetNode));
  return facts.nodes.flatMap((node): NetworkConditionStep[] => {
    const hasRanges = podCidrsOf(node).length > 0;
    if (!hasRanges && !targets.has(nameOf(node))) return [];
    const hasRoutes = hasRanges && !facts.failed.has(nameOf(node));
    return isToldAlready(node, hasRoutes) ? [] : [{ kind: 'set-network-condition', node, hasRoutes }];
  });
}

/** The step as a verb phrase without subject. */
export function describeNetworkConditionStep({ node, hasRoutes }: NetworkConditionStep): string {
  return `set NetworkUnavailable=${hasRoutes ? 'False' : 'True'} on node ${nameOf(node)}`;
}

function isToldAlready(node: KubeNode, hasRoutes: boolean): boolean {
  const wanted = hasRoutes ? NETWORK_CONDITION.routed : NETWORK_CONDITION.missing;
  const found = node.status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
  return found?.status === wanted.status && found.reason === wanted.reason;
}
