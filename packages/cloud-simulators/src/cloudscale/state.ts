// What tests and people see of the simulated project: everything as the API would serve it at this moment.
import type { CloudscaleContext } from './context.ts';
import { purgeBalancers } from './load-balancers.ts';
import type { Viewing } from './views.ts';
import {
  viewFloatingIp,
  viewListener,
  viewLoadBalancer,
  viewMember,
  viewMonitor,
  viewNetwork,
  viewPool,
  viewServer,
  viewSubnet,
} from './views.ts';
import type {
  WireCloudscaleFloatingIp,
  WireCloudscaleHealthMonitor,
  WireCloudscaleListener,
  WireCloudscaleLoadBalancer,
  WireCloudscaleMember,
  WireCloudscaleNetwork,
  WireCloudscalePool,
  WireCloudscaleServer,
  WireCloudscaleSubnet,
} from './wire.ts';
import type { World } from './world.ts';

/** What the simulated project has, at this moment; keys are UUIDs, of floating IPs bare addresses. */
export interface CloudscaleState {
  readonly servers: ReadonlyMap<string, WireCloudscaleServer>;
  readonly loadBalancers: ReadonlyMap<string, WireCloudscaleLoadBalancer>;
  readonly pools: ReadonlyMap<string, WireCloudscalePool>;
  readonly members: ReadonlyMap<string, WireCloudscaleMember>;
  readonly listeners: ReadonlyMap<string, WireCloudscaleListener>;
  readonly healthMonitors: ReadonlyMap<string, WireCloudscaleHealthMonitor>;
  readonly floatingIps: ReadonlyMap<string, WireCloudscaleFloatingIp>;
  readonly networks: ReadonlyMap<string, WireCloudscaleNetwork>;
  /** The public ones too, which the API does not list. */
  readonly subnets: ReadonlyMap<string, WireCloudscaleSubnet>;
}

/** The state, looked at whenever it is read. */
export function stateOf(context: CloudscaleContext): CloudscaleState {
  const viewed = <R, T>(of: (world: World) => ReadonlyMap<string, R>, view: (record: R, viewing: Viewing) => T) => {
    purgeBalancers(context);
    const world = context.store.current;
    const viewing = { world, nowMs: context.clock.monotonicMs(), base: context.hrefBase() };
    return new Map([...of(world)].map(([key, record]) => [key, view(record, viewing)]));
  };
  const state = {
    servers: () => viewed(({ servers }) => servers, viewServer),
    loadBalancers: () => viewed(({ loadBalancers }) => loadBalancers, viewLoadBalancer),
    pools: () => viewed(({ pools }) => pools, viewPool),
    members: () => viewed(({ members }) => members, viewMember),
    listeners: () => viewed(({ listeners }) => listeners, viewListener),
    healthMonitors: () => viewed(({ monitors }) => monitors, viewMonitor),
    floatingIps: () => viewed(({ floatingIps }) => floatingIps, viewFloatingIp),
    networks: () =>
      new Map([...viewed(({ networks }) => networks, viewNetwork)].filter(([, { name }]) => name !== 'Public')),
    subnets: () => viewed(({ subnets }) => subnets, viewSubnet),
  };
  const getters = Object.entries(state).map(([name, get]) => [name, { get, enumerable: true }]);
  return Object.defineProperties({}, Object.fromEntries(getters) as PropertyDescriptorMap) as CloudscaleState;
}
