// A Service and its servers to the balancer that shall be. Pure. Names and identities are a contract with the Go program: taking over what
// it made must change nothing.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { ListenerTimeouts, MonitorHttp, MonitorNumbers, VipWish } from '@longshore/cloudscale-api';
import { canonicalCidr } from '../addresses.ts';
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import type { Target } from './members.ts';
import { wrong } from './problems.ts';

/** A member that shall be. */
export interface WantedMember extends Target {
  readonly name: string;
  readonly protocolPort: number;
  readonly monitorPort: number;
}

/** A listener that shall be. */
export interface WantedListener extends ListenerTimeouts {
  readonly name: string;
  readonly protocol: string;
  readonly protocolPort: number;
  /** In one spelling, in the owner's order: the Go program, after a way back, compares the order too. */
  readonly allowedCidrs: readonly string[];
}

/** A health monitor that shall be. */
export interface WantedMonitor extends MonitorNumbers {
  readonly type: string;
  /** Whole; absent unless the type asks by HTTP. */
  readonly http: MonitorHttp | undefined;
}

/** A pool that shall be, with what hangs on it. Its name is unique in the balancer. */
export interface WantedPool {
  readonly name: string;
  readonly algorithm: string;
  readonly protocol: string;
  readonly members: readonly WantedMember[];
  readonly listener: WantedListener;
  readonly monitor: WantedMonitor;
}

/** A balancer that shall be. */
export interface WantedBalancer {
  readonly name: string;
  readonly flavor: string;
  /** Unknown as long as neither the Service nor a server tells. */
  readonly zone: string | undefined;
  readonly vipAddresses: readonly VipWish[];
  readonly pools: readonly WantedPool[];
  /** Bare addresses. */
  readonly floatingIps: readonly string[];
}

/** What a balancer is made of. */
export interface DesiredFacts {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly zone: string | undefined;
  readonly targets: readonly Target[];
}

type Port = NonNullable<NonNullable<KubeService['spec']>['ports']>[number];

/** The name of a Service's balancer unless the Service names it. */
export function defaultNameOf(service: KubeService): string {
  return `k8s-service-${service.metadata?.uid ?? ''}`;
}

/** The balancer of a Service. */
export function desiredBalancer({ service, settings, zone, targets }: DesiredFacts): WantedBalancer {
  return {
    name: settings.name ?? defaultNameOf(service),
    flavor: settings.flavor,
    zone,
    vipAddresses: settings.vipAddresses,
    pools: (service.spec?.ports ?? []).map((port) => desiredPool(port, { service, settings, targets })),
    floatingIps: settings.floatingIps,
  };
}

/** What is wrong with ports and source ranges. Annotations tell about themselves (annotations.ts). */
export function portProblems(service: KubeService): readonly Problem[] {
  const { ports = [], loadBalancerSourceRanges: ranges = [] } = service.spec ?? {};
  return [
    ...ports.flatMap((port) => {
      const what = `spec.ports: port ${port.port}`;
      const { protocol = 'TCP', nodePort = 0 } = port;
      const isKnown = protocol === 'TCP' || protocol === 'UDP';
      return [
        ...(isKnown ? [] : [wrong('spec.ports', `${what}: protocol ${protocol} is not possible, use TCP or UDP`)]),
        ...(nodePort > 0
          ? []
          : [
              wrong(
                'spec.ports',
                `${what}: unknown port, it has no node port: set allocateLoadBalancerNodePorts to true`,
              ),
            ]),
      ];
    }),
    ...ranges
      .filter((range) => canonicalCidr(range) === undefined)
      .map((range) =>
        wrong('spec.loadBalancerSourceRanges', `spec.loadBalancerSourceRanges: "${range}" is no network`),
      ),
  ];
}

function desiredPool(port: Port, facts: Pick<DesiredFacts, 'service' | 'settings' | 'targets'>): WantedPool {
  const { service, settings, targets } = facts;
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  const { nodePort = 0, name } = port;
  const checkPort = healthCheckPort(service);
  return {
    // The name of the port, not its number, is the identity: another number costs a listener only.
    name: name === undefined || name === '' ? protocol : `${protocol}/${name}`,
    algorithm: settings.poolAlgorithm,
    protocol: protocol === 'udp' ? 'udp' : settings.poolProtocol,
    members: targets.map((target) => ({
      ...target,
      name: target.address.includes(':') ? `[${target.address}]:${nodePort}` : `${target.address}:${nodePort}`,
      protocolPort: nodePort,
      monitorPort: checkPort ?? nodePort,
    })),
    listener: {
      name: `${protocol}/${port.port}`,
      protocol: protocol === 'udp' ? 'udp' : settings.listenerProtocol,
      protocolPort: port.port,
      allowedCidrs: allowedCidrs(service, settings),
      timeoutClientDataMs: settings.clientDataMs,
      timeoutMemberConnectMs: settings.memberConnectMs,
      timeoutMemberDataMs: settings.memberDataMs,
    },
    monitor: desiredMonitor(settings, checkPort !== undefined),
  };
}

// Source ranges and the annotation both say who may come in; the Go program ignores the ranges, which leaves the listener open.
function allowedCidrs(service: KubeService, settings: Settings): readonly string[] {
  const ranges = (service.spec?.loadBalancerSourceRanges ?? []).map(canonicalCidr).filter((cidr) => cidr !== undefined);
  return [...new Set([...settings.allowedCidrs, ...ranges])];
}

/** The node port that says whether a node has an endpoint; only with `externalTrafficPolicy: Local`. */
export function healthCheckPort({ spec }: KubeService): number | undefined {
  const port = spec?.healthCheckNodePort ?? 0;
  return spec?.externalTrafficPolicy === 'Local' && port > 0 ? port : undefined;
}

const HTTP_DEFAULTS: MonitorHttp = { expectedCodes: ['200'], method: 'GET', urlPath: '/', version: '1.1', host: null };
// What kube-proxy answers on the health check node port.
const LOCAL_HTTP: MonitorHttp = { ...HTTP_DEFAULTS, urlPath: '/livez', version: '1.0' };

function desiredMonitor(settings: Settings, isLocal: boolean): WantedMonitor {
  const { delayS, timeoutS, upThreshold, downThreshold } = settings;
  const type = isLocal ? 'http' : settings.monitorType;
  const isHttp = type === 'http' || type === 'https';
  const own = settings.monitorHttp;
  const usual = isLocal && own === undefined ? LOCAL_HTTP : HTTP_DEFAULTS;
  return { delayS, timeoutS, upThreshold, downThreshold, type, http: isHttp ? { ...usual, ...own } : undefined };
}

/** Problems that belong to annotations together. */
export function settingsConflicts(service: KubeService, settings: Settings): readonly Problem[] {
  if (healthCheckPort(service) === undefined || settings.monitorHttp === undefined) return [];
  const { key } = ANNOTATIONS.monitorHttp;
  const message = `annotation ${key} is used for the health check of externalTrafficPolicy: Local: kube-proxy answers /livez`;
  return [{ field: key, message, severity: 'warning' }];
}
