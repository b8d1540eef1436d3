// The load balancer service that Equinix Metal had beside its API: another host, another token. A client first exchanges its API key for
// an access token, which lasts an hour of the simulator's clock.
import { systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { SimAnswer, SimRequest, SimRoute } from '../../exchange.ts';
import { startSimServer } from '../../sim-server.ts';
import type { Simulator, SimulatorOptions } from '../../simulator.ts';
import { WorldStore } from '../../world-store.ts';
import { refuse } from '../answers.ts';
import { emlbRoutes } from './emlb-routes.ts';
import type { EmlbContext } from './emlb-routes.ts';
import { viewBalancer, viewPool } from './emlb-view.ts';
import type { WireEmlbBalancer, WireEmlbPool } from './emlb-view.ts';
import type { EmlbWorld } from './emlb-world.ts';

/** Options of `simulateMetalLoadBalancers`. */
export interface EmlbOptions extends SimulatorOptions {
  readonly clock?: Clock;
  /** The API key that is exchanged. Default `simulated-token`. */
  readonly token?: string;
  /** Time until a new balancer has addresses. Default 0. */
  readonly timeToActiveMs?: number;
}

/** What there is; keys are ids. */
export interface EmlbState {
  readonly balancers: ReadonlyMap<string, WireEmlbBalancer>;
  readonly pools: ReadonlyMap<string, WireEmlbPool>;
}

/** The simulated service. */
export interface EmlbSimulator extends Simulator<EmlbState> {
  /** Where an API key is exchanged for an access token. */
  readonly exchangeUrl: string;
}

const TOKEN_SECONDS = 3600;
const EXCHANGE = '/api-keys/exchange';

/** Starts a simulated load balancer service. */
export async function simulateMetalLoadBalancers(options: EmlbOptions = {}): Promise<EmlbSimulator> {
  const { clock = systemClock, token = 'simulated-token', timeToActiveMs = 0 } = options;
  const store = new WorldStore<EmlbWorld>({
    balancers: new Map(),
    ports: new Map(),
    pools: new Map(),
    origins: new Map(),
  });
  const context: EmlbContext = { store, clock, timeToActiveMs };
  const accessTokens = new AccessTokens(clock, token);
  const cloud = {
    routes: [accessTokens.route(), ...emlbRoutes(context)],
    guard: (request: SimRequest) => accessTokens.problem(request),
    stamp: () => ({}),
    ownError: (status: number) => refuse(status),
  };
  const server = await startSimServer(cloud, clock, options);
  return {
    url: server.url,
    exchangeUrl: server.url + EXCHANGE,
    token,
    state: stateOf(context),
    calls: server.calls,
    schemaProblems: [],
    callsByRoute: () => server.calls.byRoute(),
    fail: (fault) => server.faults.add(fault),
    clearFaults: () => server.faults.clear(),
    close: () => server.close(),
  };
}

class AccessTokens {
  readonly #clock: Clock;
  readonly #apiKey: string;
  /** Monotonic time at which each ends. */
  readonly #ends = new Map<string, number>();

  constructor(clock: Clock, apiKey: string) {
    this.#clock = clock;
    this.#apiKey = apiKey;
  }

  route(): SimRoute {
    return { method: 'POST', template: EXCHANGE, access: 'open', answer: (request) => this.#exchange(request) };
  }

  problem(request: SimRequest): SimAnswer | undefined {
    const endMs = this.#ends.get(bearerOf(request)) ?? 0;
    return endMs > this.#clock.monotonicMs() ? undefined : refuse(401);
  }

  #exchange(request: SimRequest): SimAnswer {
    if (bearerOf(request) !== this.#apiKey) return refuse(401);
    const token = `access-${this.#ends.size + 1}`;
    this.#ends.set(token, this.#clock.monotonicMs() + TOKEN_SECONDS * 1000);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS } };
  }
}

function bearerOf({ headers }: SimRequest): string {
  return /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1] ?? '';
}

function stateOf({ store, clock }: EmlbContext): EmlbState {
  return {
    get balancers() {
      const world = store.current;
      const nowMs = clock.monotonicMs();
      return new Map([...world.balancers].map(([id, record]) => [id, viewBalancer(world, record, nowMs)]));
    },
    get pools() {
      const world = store.current;
      return new Map([...world.pools].map(([id, pool]) => [id, viewPool(world, pool)]));
    },
  };
}
