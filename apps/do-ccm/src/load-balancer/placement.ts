// What can never change on a balancer: type, network, network stack, region, VPC, subnet, address. A new balancer gets them from annotations and
// defaults; an existing one keeps its own, and a Service that asks for others is told so, while everything else goes on.
import type { Problem } from '@longshore/cloud-provider';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import type { LoadBalancer, VpcId } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { wrong } from './problems.ts';
import { firstNames } from './targets.ts';
import type { Backends, Reach } from './targets.ts';

/** What the environment says about all balancers. */
export interface BalancerConfig {
  readonly region: string;
  readonly vpcId: VpcId | undefined;
  /** `k8s:<cluster id>`; absent without a cluster ID. */
  readonly clusterTag: string | undefined;
  readonly defaultType: 'REGIONAL' | 'REGIONAL_NETWORK';
}

/** Type and network: those of the existing balancer, else the wanted ones. */
export function reachOf(settings: Settings, config: Pick<BalancerConfig, 'defaultType'>, found?: LoadBalancer): Reach {
  if (found) return { type: found.type ?? 'REGIONAL', network: found.network ?? 'EXTERNAL' };
  if (settings.type === 'GLOBAL') return { type: settings.type, network: 'EXTERNAL' };
  return { type: settings.type ?? config.defaultType, network: settings.network ?? 'EXTERNAL' };
}

/** The IP versions of a balancer; those of an existing one never follow the nodes. */
export function networkStackOf(settings: Settings, reach: Reach, backends: Backends, found?: LoadBalancer): string {
  if (found) return found.networkStack ?? 'IPV4';
  if (settings.networkStack !== undefined) return settings.networkStack;
  if (reach.network === 'INTERNAL') return 'IPV4';
  if (reach.type === 'REGIONAL') return 'DUALSTACK';
  return backends.hasDualStack && backends.ipv4Only.length === 0 ? 'DUALSTACK' : 'IPV4';
}

/** A network stack that the wanted balancer cannot have. Nodes play a part only while it does not exist. */
export function networkStackProblems(settings: Settings, reach: Reach, backends?: Backends): readonly Problem[] {
  if (settings.networkStack !== 'DUALSTACK') return [];
  const { key } = ANNOTATIONS.networkStack;
  const prefix = 'network stack configuration error: dual stack networking is not supported';
  if (reach.network === 'INTERNAL') {
    return [
      wrong(key, `${prefix} for internal load balancer: set annotation ${key} to IPV4 or remove it`, 'DUALSTACK'),
    ];
  }
  const names = reach.type === 'REGIONAL_NETWORK' ? (backends?.ipv4Only ?? []) : [];
  if (names.length === 0) return [];
  const message = `${prefix}: ${names.length} nodes have no public IPv6 address: ${firstNames(names)}; set annotation ${key} to IPV4 or remove it`;
  return [wrong(key, message, 'DUALSTACK')];
}

/** What the Service or the environment asks for and the balancer cannot become, in sentences. */
export function immutableConflicts(settings: Settings, config: BalancerConfig, found: LoadBalancer): readonly string[] {
  const { type, network, networkStack, subnetUuid, ip } = ANNOTATIONS;
  const asked = [
    { what: 'type', by: `annotation ${type.key}`, wanted: settings.type, is: found.type },
    { what: 'network', by: `annotation ${network.key}`, wanted: settings.network, is: found.network },
    {
      what: 'network stack',
      by: `annotation ${networkStack.key}`,
      wanted: settings.networkStack,
      is: found.networkStack,
    },
    { what: 'subnet', by: `annotation ${subnetUuid.key}`, wanted: settings.subnetUuid, is: found.subnetId },
    { what: 'address', by: `annotation ${ip.key}`, wanted: settings.ip, is: found.ip },
    { what: 'region', by: 'the region of this program', wanted: config.region, is: found.region },
    { what: 'VPC', by: 'environment variable DO_CLUSTER_VPC_ID', wanted: config.vpcId, is: found.vpcId },
  ];
  return asked
    .filter(({ wanted, is }) => wanted !== undefined && is !== undefined && wanted !== is)
    .map(
      ({ what, by, wanted, is }) =>
        `${by} asks for ${what} ${wanted}, but load balancer ${found.id} has ${what} ${is}, which cannot be changed: set it back to ${is}, or replace the balancer (its address changes) by setting spec.type to ClusterIP and then to LoadBalancer again`,
    );
}

const KNOWN_TYPES = new Set(['REGIONAL', 'REGIONAL_NETWORK', 'GLOBAL']);

/** An own address is a public one. */
export function addressProblems(settings: Settings, { network }: Reach): readonly Problem[] {
  if (settings.ip === undefined || network !== 'INTERNAL') return [];
  const { key } = ANNOTATIONS.ip;
  return [
    wrong(key, `annotation ${key}: a balancer of network INTERNAL has no public address: remove it`, settings.ip),
  ];
}

/** A balancer that this program cannot keep; adopting one would end in errors for ever. */
export function unsupportedType({ id, type }: LoadBalancer): OperatorError | undefined {
  if (type === undefined || KNOWN_TYPES.has(type)) return undefined;
  const message = `load balancer ${id} is of type ${type}, which Services cannot use: correct annotation ${ANNOTATIONS.loadBalancerId.key}`;
  return new OperatorError('LOAD_BALANCER_TYPE_UNSUPPORTED', message, onChange);
}
