// What the simulated project has: records without hrefs and without anything that follows from the clock; views.ts makes what is
// served. A world never changes: each change makes a new one, so that stale reads see the one before.
import { WorldStore as AnyWorldStore } from '../world-store.ts';
import type { WireCloudscaleFlavor, WireCloudscaleMonitorHttp, WireCloudscaleTags } from './wire.ts';

/** What all records have. */
export interface Basics {
  readonly uuid: string;
  readonly tags: WireCloudscaleTags;
  readonly createdAt: string;
}

/** A network; a zone's public one is in no list. */
export interface NetworkRecord extends Basics {
  readonly name: string;
  readonly mtu: number;
  readonly zone: string;
  readonly isPublic: boolean;
}

/** A subnet. */
export interface SubnetRecord extends Basics {
  readonly cidr: string;
  readonly networkUuid: string;
  readonly gateway: string | null;
  readonly dnsServers: readonly string[];
}

/** An address of a server. */
export interface ServerAddress {
  readonly address: string;
  readonly subnetUuid: string;
  readonly gateway: string | null;
}

/** An interface of a server. */
export interface ServerInterface {
  readonly networkUuid: string;
  readonly addresses: readonly ServerAddress[];
}

/** A server. */
export interface ServerRecord extends Basics {
  readonly name: string;
  readonly zone: string;
  readonly flavor: string;
  readonly image: string;
  readonly interfaces: readonly ServerInterface[];
  /** What it is once it has stopped changing. */
  readonly status: 'running' | 'stopped';
  readonly changingUntilMs: number;
}

/** An address of a balancer. */
export interface Vip {
  readonly address: string;
  readonly subnetUuid: string;
}

/** A load balancer. */
export interface LoadBalancerRecord extends Basics {
  readonly name: string;
  readonly zone: string;
  readonly flavor: string;
  readonly vips: readonly Vip[];
  readonly runningAtMs: number;
  /** Overrides what time and members give. */
  readonly forcedStatus: 'changing' | 'running' | 'error' | 'degraded' | undefined;
  /** Set once it is deleted: `changing` until then, gone afterwards. */
  readonly goneAtMs: number | undefined;
}

/** A pool. */
export interface PoolRecord extends Basics {
  readonly name: string;
  readonly loadBalancerUuid: string;
  readonly algorithm: string;
  readonly protocol: string;
}

/** A member. */
export interface MemberRecord extends Basics {
  readonly name: string;
  readonly poolUuid: string;
  readonly enabled: boolean;
  readonly protocolPort: number;
  readonly monitorPort: number | null;
  readonly address: string;
  readonly subnetUuid: string;
  /** When the data plane knows it and its monitor has an opinion. */
  readonly settledAtMs: number;
}

/** A listener. */
export interface ListenerRecord extends Basics {
  readonly name: string;
  readonly poolUuid: string;
  readonly protocol: string;
  readonly protocolPort: number;
  readonly allowedCidrs: readonly string[];
  readonly timeoutClientDataMs: number;
  readonly timeoutMemberConnectMs: number;
  readonly timeoutMemberDataMs: number;
}

/** A health monitor. */
export interface MonitorRecord extends Basics {
  readonly poolUuid: string;
  readonly delayS: number;
  readonly timeoutS: number;
  readonly upThreshold: number;
  readonly downThreshold: number;
  readonly type: string;
  readonly http: WireCloudscaleMonitorHttp | null;
}

/** A floating IP; its key is the bare address. */
export interface FloatingIpRecord extends Omit<Basics, 'uuid'> {
  readonly address: string;
  readonly prefixLength: number;
  readonly type: 'regional' | 'global';
  readonly region: string | null;
  readonly target: { readonly kind: 'server' | 'load_balancer'; readonly uuid: string } | undefined;
  readonly reversePtr: string | null;
}

/** A line of the audit log. */
export interface LogLine {
  readonly action: string;
  readonly message: string;
  readonly at: string;
}

/** Everything at one moment; keys are UUIDs, of floating IPs bare addresses. */
export interface World {
  readonly networks: ReadonlyMap<string, NetworkRecord>;
  readonly subnets: ReadonlyMap<string, SubnetRecord>;
  readonly servers: ReadonlyMap<string, ServerRecord>;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerRecord>;
  readonly pools: ReadonlyMap<string, PoolRecord>;
  readonly members: ReadonlyMap<string, MemberRecord>;
  readonly listeners: ReadonlyMap<string, ListenerRecord>;
  readonly monitors: ReadonlyMap<string, MonitorRecord>;
  readonly floatingIps: ReadonlyMap<string, FloatingIpRecord>;
  /** Addresses whose servers answer no health check. */
  readonly sickAddresses: ReadonlySet<string>;
  readonly log: readonly LogLine[];
}

/** The current world and the one before. */
export class WorldStore extends AnyWorldStore<World> {
  /** A UUID that no other object of this world has; the same in every run. */
  newUuid(): string {
    return `c10d0000-0000-4000-8000-${this.newNumber().toString(16).padStart(12, '0')}`;
  }
}

/** Regions and their zones. */
export const ZONES_OF_REGIONS: Readonly<Record<string, readonly string[]>> = { lpg: ['lpg1'], rma: ['rma1'] };

/** All zones. */
export const ZONES: readonly string[] = Object.values(ZONES_OF_REGIONS).flat();

/** Flavors of servers. */
export const SERVER_FLAVORS: ReadonlyMap<string, WireCloudscaleFlavor> = new Map(
  [
    [4, 1],
    [4, 2],
    [8, 4],
    [16, 8],
  ].map(([memory = 0, vcpus = 0]) => {
    const slug = `flex-${memory}-${vcpus}`;
    const name = `Flex-${memory}-${vcpus}`;
    const zones = ZONES.map((zone) => ({ slug: zone }));
    return [slug, { slug, name, vcpu_count: vcpus, memory_gb: memory, gpu: null, zones }];
  }),
);

/** Flavors of balancers. */
export const BALANCER_FLAVORS: ReadonlyMap<string, string> = new Map([['lb-standard', 'LB-Standard']]);

/** The project before anybody has done anything: each zone's public network, and one private network in each zone. */
export function firstWorld(newUuid: () => string, createdAt: string): World {
  const networks: NetworkRecord[] = [];
  const subnets: SubnetRecord[] = [];
  ZONES.forEach((zone, index) => {
    const basics = { tags: {}, createdAt };
    const open: NetworkRecord = { ...basics, uuid: newUuid(), name: 'Public', mtu: 1500, zone, isPublic: true };
    const own: NetworkRecord = { ...open, uuid: newUuid(), name: `private-${zone}`, mtu: 9000, isPublic: false };
    networks.push(open, own);
    // 198.18.0.0/15 is set aside for measurements (RFC 2544), 2001:db8::/32 for documentation: nobody's machines are there.
    const subnet = (networkUuid: string, cidr: string, gateway: string | null): SubnetRecord => {
      return { ...basics, uuid: newUuid(), cidr, networkUuid, gateway, dnsServers: [] };
    };
    subnets.push(
      subnet(open.uuid, `198.${18 + index}.0.0/16`, `198.${18 + index}.0.1`),
      subnet(open.uuid, `2001:db8:${index}::/48`, `2001:db8:${index}::1`),
      subnet(own.uuid, `10.${100 + index}.0.0/16`, null),
    );
  });
  return {
    networks: new Map(networks.map((network) => [network.uuid, network])),
    subnets: new Map(subnets.map((subnet) => [subnet.uuid, subnet])),
    servers: new Map(),
    loadBalancers: new Map(),
    pools: new Map(),
    members: new Map(),
    listeners: new Map(),
    monitors: new Map(),
    floatingIps: new Map(),
    sickAddresses: new Set(),
    log: [],
  };
}

export { withEntry, withoutEntry } from '../world-store.ts';
