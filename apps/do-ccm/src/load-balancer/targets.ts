// Which nodes a balancer can send to, and which IP versions they share. The controller has already left out nodes that no balancer may
// use; here it is about addresses: a network balancer reaches public addresses only. Pure.
import { isIPv4, isIPv6 } from 'node:net';
import { TAINT_UNINITIALIZED } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { DropletId } from '@longshore/digitalocean-api';

/** The nodes of a balancer. */
export interface Backends {
  /** Ascending, each once. */
  readonly dropletIds: readonly DropletId[];
  /** Nodes without an address that the balancer can use. */
  readonly unreachable: readonly KubeNode[];
  /** Names of nodes whose droplet is not known. */
  readonly unidentified: readonly string[];
  /** Names of nodes with a public IPv4 address and no IPv6. */
  readonly ipv4Only: readonly string[];
  readonly hasDualStack: boolean;
}

/** Where the balancer stands. */
export interface Reach {
  readonly type: string;
  readonly network: string;
}

type Stack = 'dual' | 'ipv4' | 'unreachable';

/** Chooses among the nodes; `dropletIdOf` knows the droplets of nodes. */
export function selectBackends(
  nodes: readonly KubeNode[],
  reach: Reach,
  dropletIdOf: (node: KubeNode) => DropletId | undefined,
): Backends {
  const sorted = [...nodes].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const byStack = Map.groupBy(sorted, (node) => stackOf(node, reach));
  const usable = sorted.filter((node) => stackOf(node, reach) !== 'unreachable');
  const ids = usable.map(dropletIdOf).filter((id) => id !== undefined);
  return {
    dropletIds: [...new Set(ids)].sort((a, b) => a - b),
    unreachable: byStack.get('unreachable') ?? [],
    unidentified: usable.filter((node) => dropletIdOf(node) === undefined).map(nameOf),
    ipv4Only: (byStack.get('ipv4') ?? []).map(nameOf),
    hasDualStack: (byStack.get('dual') ?? []).length > 0,
  };
}

/** `n1, n2, n3 [+1 more]` */
export function firstNames(names: readonly string[], most = 3): string {
  const shown = [...names].sort().slice(0, most).join(', ');
  return names.length > most ? `${shown} [+${names.length - most} more]` : shown;
}

// Inside a VPC every droplet can be reached. Outside, an HTTP balancer also reaches private IPv4 addresses, a network balancer does
// not; a node with nothing but public IPv6 is reached by neither.
function stackOf(node: KubeNode, { type, network }: Reach): Stack {
  if (network === 'INTERNAL') return 'ipv4';
  const external = addressesOf(node, 'ExternalIP');
  if (external.some(isIPv4)) return external.some(isIPv6) ? 'dual' : 'ipv4';
  if (external.length > 0 || type === 'REGIONAL_NETWORK') return 'unreachable';
  return addressesOf(node, 'InternalIP').some(isIPv4) ? 'ipv4' : 'unreachable';
}

function addressesOf(node: KubeNode, wanted: string): readonly string[] {
  return (node.status?.addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address);
}

function nameOf(node: KubeNode): string {
  return node.metadata?.name ?? '';
}

const FRESH_MS = 60_000;
const UNINITIALIZED_FRESH_MS = 600_000;

/** Some of these nodes are so new that their addresses may still come. */
export function mayBecomeReachable(nodes: readonly KubeNode[], nowMs: number): boolean {
  return nodes.some((node) => {
    const isUninitialized = node.spec?.taints?.some(({ key }) => key === TAINT_UNINITIALIZED) ?? false;
    const ageMs = nowMs - Date.parse(node.metadata?.creationTimestamp ?? '');
    return ageMs < (isUninitialized ? UNINITIALIZED_FRESH_MS : FRESH_MS);
  });
}
