// The simulated cloudscale.ch as tests, demos and `--simulate` see it: a server, its state, and what a person could do in the control
// panel (make and remove servers, edit a balancer by hand) or to a machine (let it fail its health checks).
import { systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Fault } from '../faults.ts';
import { SchemaCheck } from '../schema-check.ts';
import { startSimServer } from '../sim-server.ts';
import type { SimServer } from '../sim-server.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';
import { refuse } from './answers.ts';
import { BalancerWrites, isoNow } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute, CloudscaleSettings } from './context.ts';
import { floatingIpRoutes } from './floating-ips.ts';
import { createGuard } from './guard.ts';
import type { Tokens } from './guard.ts';
import { healthMonitorRoutes } from './health-monitors.ts';
import { listenerRoutes } from './listeners.ts';
import { loadBalancerRoutes, purgeBalancers } from './load-balancers.ts';
import { networkRoutes } from './networks.ts';
import { ownersActions } from './owners-actions.ts';
import type { OwnersActions } from './owners-actions.ts';
import { memberRoutes, poolRoutes } from './pools.ts';
import { REQUEST_VALIDATORS } from './request-schemas.ts';
import { serverRoutes } from './servers.ts';
import { stateOf } from './state.ts';
import type { CloudscaleState } from './state.ts';
import { firstWorld, WorldStore, ZONES } from './world.ts';

/** Options of `simulateCloudscale`. */
export interface CloudscaleOptions extends SimulatorOptions, Partial<CloudscaleSettings> {
  readonly clock?: Clock;
  /** Default `simulated-token`. */
  readonly token?: string;
  /** Where servers are made by default. Default `rma1`. */
  readonly zone?: string;
  /** Number of servers at the start. */
  readonly servers?: number;
  /** What hrefs start with; default: the simulator's own URL. */
  readonly hrefBase?: string;
}

/** The simulated cloudscale.ch. */
export interface CloudscaleSimulator extends Simulator<CloudscaleState>, OwnersActions {
  /** Zone of new servers. */
  readonly zone: string;
  /** Writes that reached a balancer while another one was under way (needs `writeMs`); a careful client has none. */
  readonly overlappingWrites: readonly string[];
  /** Pools that lost their last member by a DELETE of the member. */
  readonly emptiedPools: readonly string[];
  /** Lets another token in. */
  addToken(token: string, rights?: 'read-write' | 'read-only'): void;
  /** Shuts a token out: 401 from now on. */
  removeToken(token: string): void;
}

// As the API sends them, on errors too.
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'Content-Type, Authorization',
  'access-control-allow-methods': 'GET, POST, OPTIONS, PUT, PATCH, DELETE',
};

/** Starts a simulated cloudscale.ch. */
export async function simulateCloudscale(options: CloudscaleOptions = {}): Promise<CloudscaleSimulator> {
  const clock = options.clock ?? systemClock;
  const zone = options.zone ?? 'rma1';
  if (!ZONES.includes(zone)) throw new Error(`unknown zone "${zone}"`);
  const token = options.token ?? 'simulated-token';
  const tokens: Tokens = new Map([[token, 'read-write']]);
  const schemas = new SchemaCheck(REQUEST_VALIDATORS);
  // The server knows its URL only once it runs.
  const running: { server: SimServer | undefined } = { server: undefined };
  const settings = settingsOf(options);
  const context: CloudscaleContext = {
    store: storeOf(clock),
    clock,
    settings,
    hrefBase: () => options.hrefBase ?? running.server?.url ?? '',
    writes: new BalancerWrites(),
  };
  const routes = routesOf(context);
  const state = stateOf(context);
  const refused = createGuard({ routes, tokens, schemas, settings });
  const world = {
    method: 'GET' as const,
    template: '/__world',
    access: 'control' as const,
    answer: () => ({ status: 200, body: dumpOf(state, server, schemas) }),
  };
  const cloud = {
    routes: [...routes, world],
    guard: (request: Parameters<typeof refused>[0]) => {
      purgeBalancers(context);
      return refused(request);
    },
    stamp: () => CORS,
    ownError: refuse,
  };
  const server = await startSimServer(cloud, clock, options);
  running.server = server;
  const actions = ownersActions(context, zone);
  actions.addServers(options.servers ?? 0);
  return {
    url: server.url,
    token,
    zone,
    state,
    calls: server.calls,
    schemaProblems: schemas.problems,
    overlappingWrites: context.writes.overlaps,
    emptiedPools: context.writes.emptiedPools,
    callsByRoute: () => server.calls.byRoute(),
    fail: (fault: Fault) => server.faults.add(fault),
    clearFaults: () => server.faults.clear(),
    close: () => server.close(),
    ...actions,
    addToken: (other, rights = 'read-write') => void tokens.set(other, rights),
    removeToken: (other) => void tokens.delete(other),
  };
}

function routesOf(context: CloudscaleContext): readonly CloudscaleRoute[] {
  return [
    ...serverRoutes(context),
    ...loadBalancerRoutes(context),
    ...poolRoutes(context),
    ...memberRoutes(context),
    ...listenerRoutes(context),
    ...healthMonitorRoutes(context),
    ...floatingIpRoutes(context),
    ...networkRoutes(context),
  ];
}

function storeOf(clock: Clock): WorldStore {
  const ids = { next: 0 };
  const newUuid = (): string => {
    ids.next += 1;
    return `c10d0000-0000-4000-9000-${ids.next.toString(16).padStart(12, '0')}`;
  };
  return new WorldStore(firstWorld(newUuid, isoNow(clock)));
}

function settingsOf(options: CloudscaleOptions): CloudscaleSettings {
  return {
    timeToRunningMs: options.timeToRunningMs ?? 60_000,
    dataPlaneMs: options.dataPlaneMs ?? 10_000,
    serverChangeMs: options.serverChangeMs ?? 20_000,
    writeMs: options.writeMs ?? 0,
    attributesPerPatch: options.attributesPerPatch ?? 'one',
    uniqueness: options.uniqueness ?? 'on',
    timeToDeleteMs: options.timeToDeleteMs ?? 0,
  };
}

function dumpOf(state: CloudscaleState, { calls }: SimServer, schemas: SchemaCheck): Readonly<Record<string, unknown>> {
  const maps: Readonly<Record<string, ReadonlyMap<string, unknown>>> = { ...state };
  const all = Object.entries(maps).map(([name, map]) => [name, [...map.values()]] as const);
  return {
    ...Object.fromEntries(all),
    calls: { total: calls.total, byRoute: calls.byRoute() },
    schemaProblems: schemas.problems,
  };
}
