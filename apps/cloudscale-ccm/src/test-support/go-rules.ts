// What the Go program (cloudscale-cloud-controller-manager 1.3.0) makes of a Service, as the bodies that it sends. Written from the facts about
// that program, without our own code: take-over records worlds with it, the way back compares with it.
import type { CloudscaleSimulator, WireCloudscaleServer } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';

/** What all its annotations begin with. */
export const GO_PREFIX = 'k8s.cloudscale.ch/loadbalancer-';

type Body = Readonly<Record<string, unknown>>;

/** A pool with what hangs on it. */
export interface GoPool {
  readonly pool: Body;
  readonly members: readonly Body[];
  readonly listener: Body;
  readonly monitor: Body;
}

/** A balancer with its pools. */
export interface GoBalancer {
  readonly balancer: Body & { readonly name: string };
  readonly pools: readonly GoPool[];
  /** As the annotation has them. */
  readonly floatingIps: readonly string[];
}

type Port = NonNullable<NonNullable<KubeService['spec']>['ports']>[number];

const textOf = (service: KubeService, suffix: string, usual: string): string =>
  service.metadata?.annotations?.[GO_PREFIX + suffix] ?? usual;
const numberOf = (service: KubeService, suffix: string, usual: number): number =>
  Number(textOf(service, suffix, String(usual)));
const listOf = <T = string>(service: KubeService, suffix: string): readonly T[] =>
  JSON.parse(textOf(service, suffix, '[]')) as readonly T[];

/** The balancer of a Service. */
export function goBalancer(service: KubeService, servers: readonly WireCloudscaleServer[]): GoBalancer {
  return {
    balancer: {
      zone: servers[0]?.zone.slug,
      name: textOf(service, 'name', `k8s-service-${service.metadata?.uid}`),
      flavor: 'lb-standard',
      vip_addresses: listOf<object>(service, 'vip-addresses'),
    },
    pools: (service.spec?.ports ?? []).map((port) => goPool(service, port, servers)),
    floatingIps: listOf(service, 'floating-ips'),
  };
}

function goPool(service: KubeService, port: Port, servers: readonly WireCloudscaleServer[]): GoPool {
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  const isUdp = protocol === 'udp';
  return {
    pool: {
      name: port.name ? `${protocol}/${port.name}` : protocol,
      algorithm: textOf(service, 'pool-algorithm', 'round_robin'),
      protocol: isUdp ? 'udp' : textOf(service, 'pool-protocol', 'tcp'),
    },
    members: goMembers(service, port, servers),
    listener: {
      name: `${protocol}/${port.port}`,
      protocol: isUdp ? 'udp' : textOf(service, 'listener-protocol', 'tcp'),
      protocol_port: port.port,
      allowed_cidrs: listOf(service, 'listener-allowed-cidrs'),
      timeout_client_data_ms: numberOf(service, 'timeout-client-data-ms', 50_000),
      timeout_member_connect_ms: numberOf(service, 'timeout-member-connect-ms', 5_000),
      timeout_member_data_ms: numberOf(service, 'timeout-member-data-ms', 50_000),
    },
    monitor: goMonitor(service),
  };
}

const isLocal = ({ spec }: KubeService): boolean =>
  spec?.externalTrafficPolicy === 'Local' && (spec.healthCheckNodePort ?? 0) > 0;

function goMembers(service: KubeService, port: Port, servers: readonly WireCloudscaleServer[]): readonly Body[] {
  const allowed = listOf(service, 'listener-allowed-subnets');
  return servers
    .flatMap(({ interfaces }) => interfaces.filter(({ type }) => type !== 'public'))
    .flatMap(({ addresses }) => addresses)
    .filter(({ subnet }) => subnet !== null && (allowed.length === 0 || allowed.includes(subnet.uuid)))
    .map(({ address, subnet }) => ({
      name: address.includes(':') ? `[${address}]:${port.nodePort}` : `${address}:${port.nodePort}`,
      protocol_port: port.nodePort,
      monitor_port: isLocal(service) ? service.spec?.healthCheckNodePort : port.nodePort,
      address,
      subnet: subnet?.uuid,
    }));
}

function goMonitor(service: KubeService): Body {
  const type = isLocal(service) ? 'http' : textOf(service, 'health-monitor-type', 'tcp');
  const own = JSON.parse(textOf(service, 'health-monitor-http', '{}')) as Body;
  const usual = { expected_codes: ['200'], method: 'GET', url_path: '/', version: '1.1', host: null };
  const hasOwn = service.metadata?.annotations?.[`${GO_PREFIX}health-monitor-http`] !== undefined;
  const local = isLocal(service) && !hasOwn ? { url_path: '/livez', version: '1.0' } : {};
  return {
    delay_s: numberOf(service, 'health-monitor-delay-s', 2),
    timeout_s: numberOf(service, 'health-monitor-timeout-s', 1),
    up_threshold: numberOf(service, 'health-monitor-up-threshold', 2),
    down_threshold: numberOf(service, 'health-monitor-down-threshold', 3),
    type,
    http: type.startsWith('http') ? { ...usual, ...local, ...own } : {},
  };
}

/** The status that it writes. */
export function goIngress(service: KubeService, vips: readonly string[]): readonly object[] {
  const hostname = textOf(service, 'force-hostname', '');
  const ipMode = textOf(service, 'ip-mode', 'Proxy');
  return hostname === '' ? vips.map((ip) => ({ ip, ipMode })) : [{ hostname }];
}

const byText = (a: object, b: object): number => JSON.stringify(a).localeCompare(JSON.stringify(b));

/** The part of a balancer that the Go program compares, as it wants it. */
export function wantedByGo({ balancer, pools, floatingIps }: GoBalancer): object {
  return {
    name: balancer.name,
    pools: pools
      .map(({ pool, members, listener, monitor }) => ({
        pool,
        members: members.map((member) => ({ ...member, enabled: true })).toSorted(byText),
        listeners: [listener],
        monitors: [{ ...monitor, http: Object.keys(monitor['http'] as object).length > 0 ? monitor['http'] : null }],
      }))
      .toSorted(byText),
    floatingIps: floatingIps.toSorted(),
  };
}

/** The same of a balancer as it is. */
export function foundByGo(uuid: string, { state }: CloudscaleSimulator): object {
  const { pools, members, listeners, healthMonitors, floatingIps, loadBalancers } = state;
  const of = <T extends { readonly pool: { readonly uuid: string } | null }>(
    all: ReadonlyMap<string, T>,
    pool: string,
  ): T[] => [...all.values()].filter((one) => one.pool?.uuid === pool);
  return {
    name: loadBalancers.get(uuid)?.name,
    pools: [...pools.values()]
      .filter(({ load_balancer: balancer }) => balancer.uuid === uuid)
      .map(({ uuid: pool, name, algorithm, protocol }) => ({
        pool: { name, algorithm, protocol },
        members: of(members, pool)
          .map(({ name: member, protocol_port, monitor_port, address, subnet, enabled }) => {
            return { name: member, protocol_port, monitor_port, address, subnet: subnet.uuid, enabled };
          })
          .toSorted(byText),
        listeners: of(listeners, pool).map(({ href, uuid: _u, created_at, pool: _p, load_balancer, tags, ...rest }) => {
          void [href, created_at, load_balancer, tags];
          return rest;
        }),
        monitors: of(healthMonitors, pool).map(
          ({ href, uuid: _u, created_at, pool: _p, load_balancer, tags, ...rest }) => {
            void [href, created_at, load_balancer, tags];
            return rest;
          },
        ),
      }))
      .toSorted(byText),
    floatingIps: [...floatingIps.values()]
      .filter(({ load_balancer: balancer }) => balancer?.uuid === uuid)
      .map(({ network }) => network)
      .toSorted(),
  };
}
