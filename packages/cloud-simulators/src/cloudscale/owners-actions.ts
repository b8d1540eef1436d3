// What a person could do to the simulated project behind the program's back.
import type { CloudscaleContext } from './context.ts';
import { isoNow } from './context.ts';
import { addFloatingIp } from './floating-ips.ts';
import type { FloatingIpWish } from './floating-ips.ts';
import { withoutBalancer } from './life.ts';
import { createSubnet } from './networks.ts';
import { addMember } from './pools.ts';
import { makeServer } from './server-factory.ts';
import type { CloudscaleServerWish } from './server-factory.ts';
import { changeServer, removeServer } from './servers.ts';
import { viewFloatingIp, viewMember, viewServer, viewSubnet } from './views.ts';
import type { Viewing } from './views.ts';
import type {
  WireCloudscaleFloatingIp,
  WireCloudscaleMember,
  WireCloudscaleServer,
  WireCloudscaleSubnet,
} from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type {
  FloatingIpRecord,
  ListenerRecord,
  LoadBalancerRecord,
  MemberRecord,
  MonitorRecord,
  NetworkRecord,
  ServerRecord,
} from './world.ts';

/** What can be done by hand. */
export interface OwnersActions {
  addServer(wish?: CloudscaleServerWish): WireCloudscaleServer;
  /** `count` servers alike; cheap for thousands. */
  addServers(count: number, wish?: Omit<CloudscaleServerWish, 'uuid' | 'name'>): readonly WireCloudscaleServer[];
  /** Changes a server at once: name, tags, or its status. */
  updateServer(uuid: string, change: Partial<Pick<ServerRecord, 'name' | 'tags' | 'status' | 'flavor'>>): void;
  /** As the buttons do: it is `changing` for a while. */
  startServer(uuid: string): void;
  stopServer(uuid: string): void;
  removeServer(uuid: string): void;
  /** A subnet of a new private network in the zone. */
  addSubnet(wish: { readonly cidr: string; readonly zone?: string }): WireCloudscaleSubnet;
  addFloatingIp(wish?: FloatingIpWish): WireCloudscaleFloatingIp;
  /** Points a floating IP somewhere. */
  updateFloatingIp(address: string, change: Partial<Pick<FloatingIpRecord, 'target' | 'tags'>>): void;
  /** Changes a balancer; `forcedStatus` overrides what time gives. */
  updateLoadBalancer(
    uuid: string,
    change: Partial<Pick<LoadBalancerRecord, 'name' | 'tags' | 'forcedStatus' | 'flavor' | 'zone' | 'vips'>>,
  ): void;
  removeLoadBalancer(uuid: string): void;
  /** Puts a copy of a member into its pool, which the API would refuse. */
  duplicateMember(uuid: string): WireCloudscaleMember;
  updateMember(uuid: string, change: Partial<Pick<MemberRecord, 'enabled' | 'name' | 'monitorPort' | 'tags'>>): void;
  removeMember(uuid: string): void;
  updateListener(uuid: string, change: Partial<Omit<ListenerRecord, 'uuid'>>): void;
  removeListener(uuid: string): void;
  updateHealthMonitor(uuid: string, change: Partial<Omit<MonitorRecord, 'uuid'>>): void;
  removeHealthMonitor(uuid: string): void;
  /** Whether what answers at the address passes health checks. */
  setHealth(address: string, health: 'healthy' | 'sick'): void;
}

/** The actions on one project. */
export function ownersActions(context: CloudscaleContext, zone: string): OwnersActions {
  return { ...serverActions(context, zone), ...networkActions(context, zone), ...balancerActions(context) };
}

function viewingOf({ store, clock, hrefBase }: CloudscaleContext): Viewing {
  return { world: store.current, nowMs: clock.monotonicMs(), base: hrefBase() };
}

type ServerActions = Pick<
  OwnersActions,
  'addServer' | 'addServers' | 'updateServer' | 'startServer' | 'stopServer' | 'removeServer'
>;

function serverActions(context: CloudscaleContext, zone: string): ServerActions {
  const { store, clock } = context;
  const addAll = (wishes: readonly CloudscaleServerWish[]): readonly WireCloudscaleServer[] => {
    const createdAt = isoNow(clock);
    const made = wishes.map((wish) =>
      makeServer(store.current, wish, { number: store.newNumber(), uuid: store.newUuid(), zone, createdAt }),
    );
    store.commit({
      servers: new Map([...store.current.servers, ...made.map((server) => [server.uuid, server] as const)]),
    });
    return made.map((server) => viewServer(server, viewingOf(context)));
  };
  return {
    addServer(wish = {}) {
      const [server] = addAll([wish]);
      if (server === undefined) throw new Error('addServer: nothing was made');
      return server;
    },
    addServers: (count, wish = {}) => addAll(Array.from({ length: count }, () => wish)),
    updateServer: (uuid, change) => changeServer(context, uuid, { changingUntilMs: 0, ...change }),
    startServer: (uuid) => changeServer(context, uuid, { status: 'running' }),
    stopServer: (uuid) => changeServer(context, uuid, { status: 'stopped' }),
    removeServer: (uuid) => removeServer(context, uuid),
  };
}

function networkActions(
  context: CloudscaleContext,
  usualZone: string,
): Pick<OwnersActions, 'addSubnet' | 'addFloatingIp' | 'updateFloatingIp'> {
  const { store, clock } = context;
  return {
    addSubnet({ cidr, zone = usualZone }) {
      const basics = { uuid: store.newUuid(), tags: {}, createdAt: isoNow(clock) };
      const network: NetworkRecord = { ...basics, name: `network-${cidr}`, mtu: 9000, zone, isPublic: false };
      store.commit({ networks: withEntry(store.current.networks, network.uuid, network) });
      const subnet = createSubnet(context, { cidr, network: network.uuid });
      if ('status' in subnet) throw new Error(JSON.stringify(subnet.body));
      return viewSubnet(subnet, viewingOf(context));
    },
    addFloatingIp: (wish = {}) => viewFloatingIp(addFloatingIp(context, wish), viewingOf(context)),
    updateFloatingIp: (address, change) =>
      store.commit({ floatingIps: edited(store.current.floatingIps, address, change) }),
  };
}

type BalancerActions = Omit<OwnersActions, keyof ServerActions | 'addSubnet' | 'addFloatingIp' | 'updateFloatingIp'>;

function balancerActions(context: CloudscaleContext): BalancerActions {
  const { store } = context;
  return {
    updateLoadBalancer: (uuid, change) =>
      store.commit({ loadBalancers: edited(store.current.loadBalancers, uuid, change) }),
    removeLoadBalancer: (uuid) => store.commit(withoutBalancer(store.current, uuid)),
    duplicateMember(uuid) {
      const member = store.current.members.get(uuid);
      const pool = store.current.pools.get(member?.poolUuid ?? '');
      if (member === undefined || pool === undefined) throw new Error(`there is no member ${uuid}`);
      const { name, address, protocolPort, monitorPort, subnetUuid } = member;
      const wish = { name, address, protocol_port: protocolPort, monitor_port: monitorPort, subnet: subnetUuid };
      return viewMember(addMember(context, pool, wish), viewingOf(context));
    },
    updateMember: (uuid, change) => store.commit({ members: edited(store.current.members, uuid, change) }),
    removeMember: (uuid) => store.commit({ members: withoutEntry(store.current.members, uuid) }),
    updateListener: (uuid, change) => store.commit({ listeners: edited(store.current.listeners, uuid, change) }),
    removeListener: (uuid) => store.commit({ listeners: withoutEntry(store.current.listeners, uuid) }),
    updateHealthMonitor: (uuid, change) => store.commit({ monitors: edited(store.current.monitors, uuid, change) }),
    removeHealthMonitor: (uuid) => store.commit({ monitors: withoutEntry(store.current.monitors, uuid) }),
    setHealth(address, health) {
      const sickAddresses = new Set(store.current.sickAddresses);
      if (health === 'sick') sickAddresses.add(address);
      else sickAddresses.delete(address);
      store.commit({ sickAddresses });
    },
  };
}

function edited<V>(map: ReadonlyMap<string, V>, key: string, change: NoInfer<Partial<V>>): ReadonlyMap<string, V> {
  const value = map.get(key);
  if (value === undefined) throw new Error(`there is no ${key}`);
  return withEntry(map, key, { ...value, ...change });
}
