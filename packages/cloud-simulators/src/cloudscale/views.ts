// Records to what the API serves. Pure: a record, the world and the clock's reading give the answer, so nothing has to happen at the
// moment when a balancer becomes `running`.
import { parseCidr } from './addresses.ts';
import { memberStatus, statusOfBalancer } from './life.ts';
import type {
  WireCloudscaleFloatingIp,
  WireCloudscaleHealthMonitor,
  WireCloudscaleInterface,
  WireCloudscaleListener,
  WireCloudscaleLoadBalancer,
  WireCloudscaleMember,
  WireCloudscaleNetwork,
  WireCloudscalePool,
  WireCloudscaleRef,
  WireCloudscaleServer,
  WireCloudscaleServerAddress,
  WireCloudscaleSubnet,
  WireCloudscaleSubnetRef,
} from './wire.ts';
import { BALANCER_FLAVORS, SERVER_FLAVORS } from './world.ts';
import type {
  FloatingIpRecord,
  ListenerRecord,
  LoadBalancerRecord,
  MemberRecord,
  MonitorRecord,
  NetworkRecord,
  PoolRecord,
  ServerAddress,
  ServerInterface,
  ServerRecord,
  SubnetRecord,
  World,
} from './world.ts';

/** What a view is made with. */
export interface Viewing {
  readonly world: World;
  readonly nowMs: number;
  readonly base: string;
}

const IMAGE_NAMES: Readonly<Record<string, string>> = { 'debian-12': 'Debian 12', 'ubuntu-24.04': 'Ubuntu 24.04 LTS' };

/** A server. */
export function viewServer(server: ServerRecord, view: Viewing): WireCloudscaleServer {
  const flavor = SERVER_FLAVORS.get(server.flavor);
  return {
    href: `${view.base}/v1/servers/${server.uuid}`,
    uuid: server.uuid,
    name: server.name,
    status: view.nowMs < server.changingUntilMs ? 'changing' : server.status,
    zone: { slug: server.zone },
    flavor: {
      slug: server.flavor,
      name: flavor?.name ?? server.flavor,
      vcpu_count: flavor?.vcpu_count ?? 1,
      memory_gb: flavor?.memory_gb ?? 4,
    },
    image: imageOf(server.image),
    volumes: [{ type: 'ssd', device_path: '/dev/vda', size_gb: 25 }],
    interfaces: server.interfaces.map((entry) => viewInterface(entry, view)),
    ssh_fingerprints: [],
    ssh_host_keys: [],
    anti_affinity_with: [],
    server_groups: [],
    tags: server.tags,
    created_at: server.createdAt,
  };
}

function imageOf(slug: string): WireCloudscaleServer['image'] {
  const [system = ''] = slug.split('-');
  const names = { operating_system: system.charAt(0).toUpperCase() + system.slice(1), default_username: system };
  return { slug, name: IMAGE_NAMES[slug] ?? slug, ...names };
}

function viewInterface(entry: ServerInterface, view: Viewing): WireCloudscaleInterface {
  const network = view.world.networks.get(entry.networkUuid);
  return {
    type: network?.isPublic === true ? 'public' : 'private',
    network: refTo('networks', network, view),
    addresses: entry.addresses.map((address) => viewAddress(address, view)),
  };
}

function viewAddress({ address, subnetUuid, gateway }: ServerAddress, view: Viewing): WireCloudscaleServerAddress {
  const subnet = subnetRef(subnetUuid, view);
  const { version, prefixLength } = parseCidr(subnet.cidr) ?? { version: 4, prefixLength: 24 };
  return { version, address, prefix_length: prefixLength, gateway, reverse_ptr: null, subnet };
}

/** A reference to a subnet, the same wherever it stands. */
export function subnetRef(uuid: string, { world, base }: Viewing): WireCloudscaleSubnetRef {
  return { href: `${base}/v1/subnets/${uuid}`, cidr: world.subnets.get(uuid)?.cidr ?? '', uuid };
}

function refTo(
  path: string,
  record: { readonly uuid: string; readonly name: string } | undefined,
  { base }: Viewing,
): WireCloudscaleRef {
  const { uuid = '', name = '' } = record ?? {};
  return { href: `${base}/v1/${path}/${uuid}`, uuid, name };
}

function balancerRef(uuid: string, view: Viewing): WireCloudscaleRef {
  return refTo('load-balancers', view.world.loadBalancers.get(uuid), view);
}

function partRefs(
  poolUuid: string,
  view: Viewing,
): { readonly pool: WireCloudscaleRef; readonly load_balancer: WireCloudscaleRef } {
  const pool = view.world.pools.get(poolUuid);
  return {
    pool: refTo('load-balancers/pools', pool, view),
    load_balancer: balancerRef(pool?.loadBalancerUuid ?? '', view),
  };
}

/** A balancer. */
export function viewLoadBalancer(balancer: LoadBalancerRecord, view: Viewing): WireCloudscaleLoadBalancer {
  return {
    href: `${view.base}/v1/load-balancers/${balancer.uuid}`,
    uuid: balancer.uuid,
    name: balancer.name,
    created_at: balancer.createdAt,
    status: statusOfBalancer(balancer, view.world, view.nowMs),
    zone: { slug: balancer.zone },
    flavor: { slug: balancer.flavor, name: BALANCER_FLAVORS.get(balancer.flavor) ?? '' },
    vip_addresses: balancer.vips.map(({ address, subnetUuid }) => {
      const subnet = subnetRef(subnetUuid, view);
      return { version: parseCidr(subnet.cidr)?.version ?? 4, address, subnet };
    }),
    tags: balancer.tags,
  };
}

/** A pool. */
export function viewPool(pool: PoolRecord, view: Viewing): WireCloudscalePool {
  return {
    href: `${view.base}/v1/load-balancers/pools/${pool.uuid}`,
    uuid: pool.uuid,
    name: pool.name,
    created_at: pool.createdAt,
    load_balancer: balancerRef(pool.loadBalancerUuid, view),
    algorithm: pool.algorithm,
    protocol: pool.protocol,
    tags: pool.tags,
  };
}

/** A member. */
export function viewMember(member: MemberRecord, view: Viewing): WireCloudscaleMember {
  return {
    href: `${view.base}/v1/load-balancers/pools/${member.poolUuid}/members/${member.uuid}`,
    uuid: member.uuid,
    name: member.name,
    enabled: member.enabled,
    created_at: member.createdAt,
    ...partRefs(member.poolUuid, view),
    protocol_port: member.protocolPort,
    monitor_port: member.monitorPort,
    address: member.address,
    subnet: subnetRef(member.subnetUuid, view),
    monitor_status: memberStatus(member, view.world, view.nowMs),
    tags: member.tags,
  };
}

/** A listener. */
export function viewListener(listener: ListenerRecord, view: Viewing): WireCloudscaleListener {
  return {
    href: `${view.base}/v1/load-balancers/listeners/${listener.uuid}`,
    uuid: listener.uuid,
    name: listener.name,
    created_at: listener.createdAt,
    ...partRefs(listener.poolUuid, view),
    protocol: listener.protocol,
    protocol_port: listener.protocolPort,
    allowed_cidrs: listener.allowedCidrs,
    timeout_client_data_ms: listener.timeoutClientDataMs,
    timeout_member_connect_ms: listener.timeoutMemberConnectMs,
    timeout_member_data_ms: listener.timeoutMemberDataMs,
    tags: listener.tags,
  };
}

/** A health monitor. */
export function viewMonitor(monitor: MonitorRecord, view: Viewing): WireCloudscaleHealthMonitor {
  return {
    href: `${view.base}/v1/load-balancers/health-monitors/${monitor.uuid}`,
    uuid: monitor.uuid,
    created_at: monitor.createdAt,
    ...partRefs(monitor.poolUuid, view),
    delay_s: monitor.delayS,
    timeout_s: monitor.timeoutS,
    up_threshold: monitor.upThreshold,
    down_threshold: monitor.downThreshold,
    type: monitor.type,
    http: monitor.http,
    tags: monitor.tags,
  };
}

/** A floating IP. */
export function viewFloatingIp(ip: FloatingIpRecord, view: Viewing): WireCloudscaleFloatingIp {
  const { kind, uuid = '' } = ip.target ?? {};
  return {
    href: `${view.base}/v1/floating-ips/${ip.address}`,
    network: `${ip.address}/${ip.prefixLength}`,
    ip_version: ip.address.includes(':') ? 6 : 4,
    next_hop: nextHopOf(ip, view.world),
    server: kind === 'server' ? refTo('servers', view.world.servers.get(uuid), view) : null,
    load_balancer: kind === 'load_balancer' ? balancerRef(uuid, view) : null,
    region: ip.region === null ? null : { slug: ip.region },
    type: ip.type,
    reverse_ptr: ip.reversePtr,
    tags: ip.tags,
    created_at: ip.createdAt,
  };
}

// The target's public address of the same family.
function nextHopOf({ address, target }: FloatingIpRecord, world: World): string | null {
  if (target === undefined) return null;
  const isV6 = address.includes(':');
  const open =
    target.kind === 'load_balancer'
      ? (world.loadBalancers.get(target.uuid)?.vips ?? [])
      : (world.servers.get(target.uuid)?.interfaces ?? []).flatMap((entry) => entry.addresses);
  const isPublic = (subnetUuid: string): boolean =>
    world.networks.get(world.subnets.get(subnetUuid)?.networkUuid ?? '')?.isPublic === true;
  const found = open.find((entry) => isPublic(entry.subnetUuid) && entry.address.includes(':') === isV6);
  return found?.address ?? null;
}

/** A private network. */
export function viewNetwork(network: NetworkRecord, view: Viewing): WireCloudscaleNetwork {
  const own = [...view.world.subnets.values()].filter(({ networkUuid }) => networkUuid === network.uuid);
  return {
    href: `${view.base}/v1/networks/${network.uuid}`,
    uuid: network.uuid,
    name: network.name,
    mtu: network.mtu,
    zone: { slug: network.zone },
    subnets: own.map(({ uuid }) => subnetRef(uuid, view)),
    tags: network.tags,
    created_at: network.createdAt,
  };
}

/** A subnet. */
export function viewSubnet(subnet: SubnetRecord, view: Viewing): WireCloudscaleSubnet {
  return {
    href: `${view.base}/v1/subnets/${subnet.uuid}`,
    uuid: subnet.uuid,
    cidr: subnet.cidr,
    network: refTo('networks', view.world.networks.get(subnet.networkUuid), view),
    gateway_address: subnet.gateway,
    dns_servers: subnet.dnsServers,
    tags: subnet.tags,
  };
}
