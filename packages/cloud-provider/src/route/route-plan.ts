// Which routes to remove and to create so that each pod CIDR of each Node leads to it. Pure. Steps come in groups, one per CIDR: within a
// group one after the other (a range must not lead to two places), the groups side by side.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { NodeAddress, Route } from '../provider.ts';
import { nameOf, uidOf } from '../node/node-facts.ts';
import { canonicalCidr, parseCidr, reaches } from './cidr.ts';
import type { Cidr } from './cidr.ts';

/** One call of the cloud. */
export type RouteStep =
  | { readonly kind: 'remove-route'; readonly route: Route; readonly because: string }
  | { readonly kind: 'create-route'; readonly node: KubeNode; readonly nameHint: string; readonly route: Route };

/** What was found: our Nodes, Nodes that are none of our business (I12), and the cloud's routes. */
export interface RouteFacts {
  readonly nodes: readonly KubeNode[];
  readonly ignoredNodes: ReadonlySet<string>;
  readonly routes: readonly Route[];
  readonly clusterCidrs: readonly Cidr[];
}

/** Steps by CIDR; order within a group counts. */
export type RoutePlan = readonly (readonly RouteStep[])[];

/** The steps that bring the routes into line with the Nodes; empty when all is right. */
export function planRoutes(facts: RouteFacts): RoutePlan {
  const kept = new Set<Route>();
  const creations: RouteStep[] = [];
  for (const node of facts.nodes) {
    for (const cidr of podCidrsOf(node)) {
      const route = facts.routes.find(
        (candidate) => leadsTo(candidate, node, cidr) && isGoodEnough(candidate, node, facts.clusterCidrs),
      );
      if (route) kept.add(route);
      else creations.push(creationOf(node, cidr, { withAddresses: showsAddresses(facts.routes) }));
    }
  }
  const removals = facts.routes.flatMap((route): RouteStep[] => {
    const because = kept.has(route) ? undefined : reasonToRemove(route, facts);
    return because === undefined ? [] : [{ kind: 'remove-route', route, because }];
  });
  // Removals first: the order within each group follows the order here.
  return [...Map.groupBy([...removals, ...creations], ({ route }) => canonicalCidr(route.destinationCidr)).values()];
}

/** The Node's pod ranges; none before its range was allocated. */
export function podCidrsOf(node: KubeNode): readonly string[] {
  return node.spec?.podCIDRs ?? [];
}

/** The step as a verb phrase without subject. */
export function describeRouteStep(step: RouteStep): string {
  const { route } = step;
  return step.kind === 'create-route'
    ? `create a route for ${route.destinationCidr} to node ${route.targetNode}`
    : `remove the route ${route.name} for ${route.destinationCidr}: ${step.because}`;
}

function leadsTo(route: Route, node: KubeNode, cidr: string): boolean {
  return (
    !route.isBlackhole &&
    route.targetNode === nameOf(node) &&
    canonicalCidr(route.destinationCidr) === canonicalCidr(cidr)
  );
}

// A route with old addresses must be replaced; one that we may not remove has to stay as it is.
function isGoodEnough(route: Route, node: KubeNode, clusterCidrs: readonly Cidr[]): boolean {
  return hasAddressesOf(route, node) || !isOurs(route, clusterCidrs);
}

function isOurs(route: Route, clusterCidrs: readonly Cidr[]): boolean {
  const range = parseCidr(route.destinationCidr);
  return range !== undefined && reaches(range, clusterCidrs);
}

// Only where the cloud routes to addresses; order plays no role.
function hasAddressesOf(route: Route, node: KubeNode): boolean {
  if (route.targetNodeAddresses === undefined) return true;
  const words = (addresses: readonly { type: string; address: string }[]): string =>
    [...new Set(addresses.map(({ type, address }) => `${type} ${address}`))].sort().join();
  return words(route.targetNodeAddresses) === words(node.status?.addresses ?? []);
}

function showsAddresses(routes: readonly Route[]): boolean {
  return routes[0]?.targetNodeAddresses !== undefined;
}

function creationOf(node: KubeNode, cidr: string, { withAddresses }: { readonly withAddresses: boolean }): RouteStep {
  const targetNodeAddresses = (node.status?.addresses ?? []) as readonly NodeAddress[];
  const route: Route = {
    name: '',
    targetNode: nameOf(node),
    destinationCidr: cidr,
    isBlackhole: false,
    ...(withAddresses ? { targetNodeAddresses } : {}),
  };
  return { kind: 'create-route', node, nameHint: uidOf(node), route };
}

// Routes outside the cluster's ranges, and those of Nodes that are not ours to manage, are somebody else's.
function reasonToRemove(route: Route, { nodes, ignoredNodes, clusterCidrs }: RouteFacts): string | undefined {
  if (!isOurs(route, clusterCidrs)) return undefined;
  if (route.isBlackhole) return 'it leads nowhere';
  if (ignoredNodes.has(route.targetNode)) return undefined;
  const target = nodes.find((node) => nameOf(node) === route.targetNode);
  if (!target) return `there is no node ${route.targetNode}`;
  const assigned = podCidrsOf(target).map(canonicalCidr);
  if (!assigned.includes(canonicalCidr(route.destinationCidr)))
    return `node ${route.targetNode} does not have this range`;
  // A second route to the same place is left alone, one with old addresses is replaced.
  return hasAddressesOf(route, target) ? undefined : `the addresses of node ${route.targetNode} have changed`;
}
