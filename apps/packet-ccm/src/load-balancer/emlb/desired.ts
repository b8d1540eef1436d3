// A Service and its Nodes to the balancer that shall be. Pure.
import type { Problem } from '@longshore/cloud-provider';
import { EMLB_LOCATION_IDS, parseEmlbBalancerId } from '@longshore/packet-api';
import type { EmlbBalancerId } from '@longshore/packet-api';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { originNameOf, poolNameOf, portNameOf } from './balancer-name.ts';

/** Annotations of Services that this back end writes, as the Go program did. */
export const EMLB_ANNOTATIONS = {
  id: 'equinix.com/loadbalancerID',
  metro: 'equinix.com/loadbalancerMetro',
} as const;

/** An origin that shall be. */
export interface WantedOrigin {
  readonly name: string;
  readonly target: string;
  readonly portNumber: number;
}

/** A port that shall be, with its one pool. */
export interface WantedPort {
  readonly number: number;
  readonly name: string;
  readonly poolName: string;
  readonly origins: readonly WantedOrigin[];
}

/** A balancer that shall be. */
export interface WantedBalancer {
  readonly name: string;
  /** Of a new one; one that is there stays where it is. */
  readonly metro: string;
  readonly ports: readonly WantedPort[];
}

/** What a balancer is made of. */
export interface DesiredFacts {
  readonly service: KubeService;
  readonly nodes: readonly KubeNode[];
  readonly name: string;
  /** That of the setting. */
  readonly metro: string;
}

/** The balancer of a Service. */
export function desiredBalancer({ service, nodes, name, metro }: DesiredFacts): WantedBalancer {
  const targets = [...new Set(nodes.map(targetOf).filter((target) => target !== undefined))];
  const ports = (service.spec?.ports ?? []).map(({ port: number, nodePort = 0 }): WantedPort => {
    const poolName = poolNameOf(name, number);
    const origins = targets.map((target) => ({ name: originNameOf(poolName, target), target, portNumber: nodePort }));
    return { number, name: portNameOf(name, number), poolName, origins };
  });
  return { name, metro: knownMetro(service) ?? metro, ports };
}

/** Names of Nodes that have no address for the balancer to send to. */
export function unreachableNodes(nodes: readonly KubeNode[]): readonly string[] {
  return nodes.filter((node) => targetOf(node) === undefined).map(({ metadata }) => metadata?.name ?? '');
}

/** The balancer that the Service names. */
export function notedIdOf({ metadata }: KubeService): EmlbBalancerId | undefined {
  return parseEmlbBalancerId(metadata?.annotations?.[EMLB_ANNOTATIONS.id] ?? '');
}

/** What is wrong with a Service. The service balances TCP only, and knows no sources. */
export function problemsOf(service: KubeService): readonly Problem[] {
  return [...annotationProblems(service), ...portProblems(service), ...specWarnings(service)];
}

// The first external IPv4 address is the device's own; elastic ones, which move, come later.
function targetOf({ status }: KubeNode): string | undefined {
  const external = (status?.addresses ?? []).filter(({ type }) => type === 'ExternalIP').map(({ address }) => address);
  return external.find((address) => !address.includes(':')) ?? external[0];
}

function knownMetro({ metadata }: KubeService): string | undefined {
  const metro = metadata?.annotations?.[EMLB_ANNOTATIONS.metro]?.trim().toLowerCase();
  return metro !== undefined && metro in EMLB_LOCATION_IDS ? metro : undefined;
}

function annotationProblems(service: KubeService): readonly Problem[] {
  const { id: idKey, metro: metroKey } = EMLB_ANNOTATIONS;
  const { [idKey]: id = '', [metroKey]: metro = '' } = service.metadata?.annotations ?? {};
  const problems: Problem[] = [];
  if (id !== '' && notedIdOf(service) === undefined) {
    const message = `annotation ${idKey}: ${JSON.stringify(id)} is not the ID of a load balancer (loadbal-…): correct or remove it`;
    problems.push({ field: idKey, value: id, message, severity: 'error' });
  }
  if (metro !== '' && knownMetro(service) === undefined) {
    const message = `annotation ${metroKey}: ${JSON.stringify(metro)} has no load balancers, use one of ${Object.keys(EMLB_LOCATION_IDS).join(', ')}; the metro of METAL_LOAD_BALANCER is taken`;
    problems.push({ field: metroKey, value: metro, message, severity: 'warning' });
  }
  return problems;
}

function portProblems({ spec }: KubeService): readonly Problem[] {
  const wrong = (message: string): Problem => ({ field: 'spec.ports', message, severity: 'error' });
  return (spec?.ports ?? []).flatMap(({ port, protocol = 'TCP', nodePort = 0 }) => {
    if (protocol !== 'TCP') {
      return [wrong(`spec.ports: port ${port}: the Equinix Metal Load Balancer has no ${protocol}, use TCP`)];
    }
    if (nodePort > 0) return [];
    return [wrong(`spec.ports: port ${port} has no node port: set allocateLoadBalancerNodePorts to true`)];
  });
}

function specWarnings({ spec }: KubeService): readonly Problem[] {
  const { loadBalancerSourceRanges: ranges = [], externalTrafficPolicy: policy, loadBalancerIP: address } = spec ?? {};
  const warn = (field: string, message: string): Problem => ({ field, message, severity: 'warning' });
  const name = 'the Equinix Metal Load Balancer';
  return [
    ...(ranges.length === 0
      ? []
      : [
          warn(
            'spec.loadBalancerSourceRanges',
            `${name} lets everybody in: spec.loadBalancerSourceRanges has no effect on it`,
          ),
        ]),
    ...(policy === 'Local'
      ? [
          warn(
            'spec.externalTrafficPolicy',
            `${name} also sends to nodes without an endpoint, where externalTrafficPolicy: Local loses the traffic`,
          ),
        ]
      : []),
    ...(address === undefined || address === ''
      ? []
      : [warn('spec.loadBalancerIP', `${name} has addresses of its own: spec.loadBalancerIP has no effect`)]),
  ];
}
