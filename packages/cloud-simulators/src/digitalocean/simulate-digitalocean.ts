// The simulated DigitalOcean as tests, demos and `--simulate` see it: a server, its state, and what a person could do in the web page
// of the cloud (make and remove droplets, edit a balancer by hand).
import { systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Fault } from '../faults.ts';
import type { QuotaLimits } from '../quota.ts';
import { SchemaCheck } from '../schema-check.ts';
import { startSimServer } from '../sim-server.ts';
import type { SimServer } from '../sim-server.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';
import { accountRoutes, addProject } from './account-routes.ts';
import { refuse } from './answers.ts';
import { addCertificate, certificateRoutes, rotateCertificate } from './certificates.ts';
import { isoNow } from './context.ts';
import type { DoContext, DoSettings } from './context.ts';
import { makeDroplet } from './droplet-factory.ts';
import type { DropletWish } from './droplet-factory.ts';
import { dropletRoutes, removeDroplet } from './droplets.ts';
import { firewallRoutes } from './firewalls.ts';
import { firstWorld } from './first-world.ts';
import { createGuard, rateHeaders } from './guard.ts';
import { viewLoadBalancer } from './load-balancer-life.ts';
import { loadBalancerRoutes } from './load-balancers.ts';
import { openRoutes } from './open-routes.ts';
import { LARGEST_PAGE_SIZE } from './paging.ts';
import { REQUEST_VALIDATORS } from './request-schemas.ts';
import { tagRoutes } from './tags.ts';
import { Tokens } from './tokens.ts';
import type {
  LoadBalancerFields,
  WireCertificate,
  WireDroplet,
  WireFirewall,
  WireLoadBalancer,
  WireProject,
  WireRegion,
  WireVpc,
} from './wire.ts';
import { withoutEntry, WorldStore } from './world.ts';

/** Options of `simulateDigitalOcean`. */
export interface DigitalOceanOptions extends SimulatorOptions, Partial<DoSettings> {
  readonly clock?: Clock;
  /** Default `simulated-token`. */
  readonly token?: string;
  /** Where droplets are made by default, and what the metadata service says. Default `fra1`. */
  readonly region?: string;
  /** Number of droplets at the start. */
  readonly droplets?: number;
  /** Default: the real 5,000 an hour and 250 a minute. */
  readonly quota?: QuotaLimits | 'off';
  /** What the links of pages start with; default: the simulator's own URL. */
  readonly linksBase?: string;
}

/** What the simulated account has, at this moment; keys are ids (regions: slugs). */
export interface DoState {
  readonly regions: ReadonlyMap<string, WireRegion>;
  readonly vpcs: ReadonlyMap<string, WireVpc>;
  readonly droplets: ReadonlyMap<number, WireDroplet>;
  readonly loadBalancers: ReadonlyMap<string, WireLoadBalancer>;
  readonly certificates: ReadonlyMap<string, WireCertificate>;
  readonly firewalls: ReadonlyMap<string, WireFirewall>;
  readonly projects: ReadonlyMap<string, WireProject>;
  readonly tags: ReadonlySet<string>;
}

/** The simulated DigitalOcean. */
export interface DigitalOceanSimulator extends Simulator<DoState> {
  /** Region of the metadata service and of new droplets. */
  readonly region: string;
  addDroplet(wish?: DropletWish): WireDroplet;
  /** `count` droplets alike; cheap for thousands. */
  addDroplets(count: number, wish?: Omit<DropletWish, 'id' | 'name'>): readonly WireDroplet[];
  /** Changes a droplet, as its owner could: switch it off, rename it, tag it. */
  updateDroplet(id: number, change: Partial<WireDroplet>): void;
  removeDroplet(id: number): void;
  /** Changes a load balancer by hand. */
  updateLoadBalancer(id: string, change: Partial<LoadBalancerFields>): void;
  removeLoadBalancer(id: string): void;
  /** Lets a load balancer become `errored`. */
  breakLoadBalancer(id: string): void;
  /** Changes a firewall by hand. */
  updateFirewall(id: string, change: Partial<WireFirewall>): void;
  removeFirewall(id: string): void;
  addCertificate(wish: { readonly name: string; readonly type?: 'custom' | 'lets_encrypt' }): WireCertificate;
  /** Makes a project that load balancers can be moved to. */
  addProject(name: string): WireProject;
  /** Renews a certificate: new id, same name, in rules too. */
  rotateCertificate(name: string): WireCertificate;
  /** Lets another token in; `scopes` such as `load_balancer:read` limit it. */
  addToken(token: string, scopes?: readonly string[]): void;
  /** Shuts a token out: 401 from now on. */
  removeToken(token: string): void;
}

const REAL_QUOTA: QuotaLimits = { perHour: 5_000, perMinute: 250 };

/** Starts a simulated DigitalOcean. */
export async function simulateDigitalOcean(options: DigitalOceanOptions = {}): Promise<DigitalOceanSimulator> {
  const clock = options.clock ?? systemClock;
  const region = options.region ?? 'fra1';
  const token = options.token ?? 'simulated-token';
  const store = new WorldStore(firstWorld(isoNow(clock)));
  if (!store.current.regions.has(region)) throw new Error(`unknown region "${region}"`);
  const tokens = new Tokens(clock, options.quota ?? REAL_QUOTA);
  tokens.add(token);
  const schemas = new SchemaCheck(REQUEST_VALIDATORS);
  // The server knows its URL and its calls only once it runs.
  const running: { server: SimServer | undefined } = { server: undefined };
  const context: DoContext = {
    store,
    clock,
    settings: settingsOf(options),
    linksBase: () => options.linksBase ?? running.server?.url ?? '',
    hasScope: (request, scope) => tokens.hasScope(request, scope),
  };
  const state = stateOf(context);
  const routes = [
    ...dropletRoutes(context),
    ...loadBalancerRoutes(context),
    ...accountRoutes(context),
    ...certificateRoutes(context),
    ...tagRoutes(context),
    ...firewallRoutes(context),
  ];
  const open = openRoutes({
    self: () => ({ region, id: store.current.droplets.keys().next().value }),
    world: () => dumpOf(state),
    calls: () => server.calls,
    schemaProblems: schemas.problems,
  });
  let requests = 0;
  const cloud = {
    routes: [...routes, ...open],
    guard: createGuard({ routes, tokens, schemas }),
    stamp: (request: Parameters<Tokens['quotaOf']>[0]) => {
      const quota = tokens.quotaOf(request);
      requests += 1;
      return { 'x-request-id': `simulated-${requests}`, ...(quota === undefined ? {} : rateHeaders(quota.read())) };
    },
    ownError: (status: number) => refuse(status),
  };
  const server = await startSimServer(cloud, clock, options);
  running.server = server;
  const simulator = simulatorOf(server, { context, state, tokens, token, region, schemas });
  if (options.droplets !== undefined) simulator.addDroplets(options.droplets);
  return simulator;
}

function settingsOf(options: DigitalOceanOptions): DoSettings {
  return {
    timeToActiveMs: options.timeToActiveMs ?? 60_000,
    processingMs: options.processingMs ?? 0,
    updatesWhileNew: options.updatesWhileNew ?? 'accept',
    emptyTargets: options.emptyTargets ?? 'accept',
    resizeCooldownMs: options.resizeCooldownMs ?? 60_000,
    loadBalancerLimit: options.loadBalancerLimit ?? Number.POSITIVE_INFINITY,
    timeToIssueMs: options.timeToIssueMs ?? 30_000,
    largestPageSize: options.largestPageSize ?? LARGEST_PAGE_SIZE,
    reordersFirewallRules: options.reordersFirewallRules ?? false,
  };
}

interface SimulatorParts {
  readonly context: DoContext;
  readonly state: DoState;
  readonly tokens: Tokens;
  readonly token: string;
  readonly region: string;
  readonly schemas: SchemaCheck;
}

function simulatorOf(server: SimServer, parts: SimulatorParts): DigitalOceanSimulator {
  const { context, state, tokens, token, region, schemas } = parts;
  return {
    url: server.url,
    token,
    region,
    state,
    calls: server.calls,
    schemaProblems: schemas.problems,
    callsByRoute: () => server.calls.byRoute(),
    fail: (fault: Fault) => server.faults.add(fault),
    clearFaults: () => server.faults.clear(),
    close: () => server.close(),
    ...ownersActions(context, region),
    addCertificate: (wish) => addCertificate(context, wish),
    addProject: (name) => addProject(context, name),
    rotateCertificate: (name) => rotateCertificate(context, name),
    addToken: (other, scopes) => tokens.add(other, scopes ?? 'all'),
    removeToken: (other) => tokens.remove(other),
  };
}

type OwnersActions = Pick<
  DigitalOceanSimulator,
  | 'addDroplet'
  | 'addDroplets'
  | 'updateDroplet'
  | 'removeDroplet'
  | 'updateLoadBalancer'
  | 'removeLoadBalancer'
  | 'breakLoadBalancer'
  | 'updateFirewall'
  | 'removeFirewall'
>;

function ownersActions(context: DoContext, region: string): OwnersActions {
  const { store, clock } = context;
  const addAll = (wishes: readonly DropletWish[]): readonly WireDroplet[] => {
    const createdAt = isoNow(clock);
    const made = wishes.map((wish) =>
      makeDroplet(store.current, wish, { number: store.newNumber(), region, createdAt }),
    );
    const tags = new Set([...store.current.tags, ...made.flatMap((droplet) => droplet.tags)]);
    store.commit({
      droplets: new Map([...store.current.droplets, ...made.map((droplet) => [droplet.id, droplet] as const)]),
      tags,
    });
    return made;
  };
  const edit = <V>(map: ReadonlyMap<string, V>, id: string, to: (value: V) => V): ReadonlyMap<string, V> => {
    const value = map.get(id);
    if (value === undefined) throw new Error(`there is no ${id}`);
    return new Map(map).set(id, to(value));
  };
  return {
    addDroplet(wish = {}) {
      const [droplet] = addAll([wish]);
      if (droplet === undefined) throw new Error('addDroplet: nothing was made');
      return droplet;
    },
    addDroplets: (count, wish = {}) => addAll(Array.from({ length: count }, () => wish)),
    updateDroplet(id, change) {
      const droplet = store.current.droplets.get(id);
      if (droplet === undefined) throw new Error(`there is no droplet ${id}`);
      store.commit({ droplets: new Map(store.current.droplets).set(id, { ...droplet, ...change }) });
    },
    removeDroplet: (id) => removeDroplet(context, id),
    updateLoadBalancer(id, change) {
      const loadBalancers = edit(store.current.loadBalancers, id, (record) => ({
        ...record,
        fields: { ...record.fields, ...change },
      }));
      store.commit({ loadBalancers });
    },
    removeLoadBalancer(id) {
      const loadBalancers = new Map(store.current.loadBalancers);
      loadBalancers.delete(id);
      store.commit({ loadBalancers });
    },
    breakLoadBalancer(id) {
      store.commit({
        loadBalancers: edit(store.current.loadBalancers, id, (record) => ({ ...record, isErrored: true })),
      });
    },
    updateFirewall(id, change) {
      store.commit({ firewalls: edit(store.current.firewalls, id, (firewall) => ({ ...firewall, ...change })) });
    },
    removeFirewall(id) {
      store.commit({ firewalls: withoutEntry(store.current.firewalls, id) });
    },
  };
}

function stateOf({ store, clock }: DoContext): DoState {
  return {
    get regions() {
      return store.current.regions;
    },
    get vpcs() {
      return store.current.vpcs;
    },
    get droplets() {
      return store.current.droplets;
    },
    get loadBalancers() {
      const world = store.current;
      const nowMs = clock.monotonicMs();
      return new Map([...world.loadBalancers].map(([id, record]) => [id, viewLoadBalancer(record, world, nowMs)]));
    },
    get certificates() {
      return store.current.certificates;
    },
    get firewalls() {
      return store.current.firewalls;
    },
    get projects() {
      return store.current.projects;
    },
    get tags() {
      return store.current.tags;
    },
  };
}

function dumpOf(state: DoState): Readonly<Record<string, unknown>> {
  const dropletNames = [...state.droplets.values()].map(({ id, name, status }) => ({ id, name, status }));
  return {
    droplets: dropletNames,
    loadBalancers: [...state.loadBalancers.values()],
    certificates: [...state.certificates.values()],
    firewalls: [...state.firewalls.values()],
    tags: [...state.tags],
  };
}
