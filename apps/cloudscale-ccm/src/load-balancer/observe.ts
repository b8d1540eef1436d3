// What the project has, from lists that are shared by all Services: one read serves a burst of them. Members can only be read pool by pool.
// A list that fails is an error; nothing here reads one as "none".
import type {
  CloudscaleApi,
  HealthMonitor,
  Listener,
  LoadBalancer,
  LoadBalancerId,
  Member,
  Pool,
} from '@longshore/cloudscale-api';
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';

/** A pool with what hangs on it. */
export interface FoundPool {
  readonly pool: Pool;
  readonly members: readonly Member[];
  readonly listeners: readonly Listener[];
  readonly monitors: readonly HealthMonitor[];
}

/** A balancer with its pools. */
export interface FoundBalancer {
  readonly balancer: LoadBalancer;
  readonly pools: readonly FoundPool[];
}

/** The calls that are needed. */
export type ObservedApi = Pick<
  CloudscaleApi,
  'loadBalancers' | 'pools' | 'members' | 'listeners' | 'healthMonitors' | 'floatingIps'
>;

/** Age up to which a list answers; whoever writes says so at once. */
export const LISTS_MAX_AGE_MS = 10_000;

/** Kinds of lists. */
export type ListKind = 'loadBalancers' | 'pools' | 'listeners' | 'healthMonitors' | 'floatingIps';
type ListsOf = { readonly [K in ListKind]: Snapshot<Awaited<ReturnType<ObservedApi[K]['list']>>> };

/** The lists. */
export class ProjectLists {
  readonly #api: ObservedApi;
  readonly #lists: ListsOf;
  // Balancers that this process has made and put nothing on yet: nobody has to be asked what hangs on them.
  readonly #bare = new Set<LoadBalancerId>();

  constructor(api: ObservedApi, clock: Clock) {
    this.#api = api;
    this.#lists = {
      loadBalancers: new Snapshot({ clock, load: (signal) => api.loadBalancers.list(signal) }),
      pools: new Snapshot({ clock, load: (signal) => api.pools.list(signal) }),
      listeners: new Snapshot({ clock, load: (signal) => api.listeners.list(signal) }),
      healthMonitors: new Snapshot({ clock, load: (signal) => api.healthMonitors.list(signal) }),
      floatingIps: new Snapshot({ clock, load: (signal) => api.floatingIps.list(signal) }),
    };
  }

  /** Something of this kind was changed, or may have been: the next look reads it again. */
  invalidate(...kinds: readonly ListKind[]): void {
    for (const kind of kinds) this.#lists[kind].invalidate();
  }

  /** A balancer was made just now, without any parts. */
  noteBare(id: LoadBalancerId): void {
    this.#bare.add(id);
  }

  /** From now on it may have parts. */
  noteParts(id: LoadBalancerId): void {
    this.#bare.delete(id);
  }

  /** All balancers of the project. */
  async balancers(signal: AbortSignal, maxAgeMs = LISTS_MAX_AGE_MS): Promise<readonly LoadBalancer[]> {
    return (await this.#lists.loadBalancers.get({ maxAgeMs, signal })).value;
  }

  /** All floating IPs of the project. */
  async floatingIps(signal: AbortSignal): Promise<Awaited<ReturnType<ObservedApi['floatingIps']['list']>>> {
    return (await this.#lists.floatingIps.get({ maxAgeMs: LISTS_MAX_AGE_MS, signal })).value;
  }

  /** Everything that hangs on a balancer. */
  async observe(balancer: LoadBalancer, signal: AbortSignal): Promise<FoundBalancer> {
    if (this.#bare.has(balancer.id)) return { balancer, pools: [] };
    const question = { maxAgeMs: LISTS_MAX_AGE_MS, signal };
    const [pools, listeners, monitors] = await Promise.all([
      this.#lists.pools.get(question),
      this.#lists.listeners.get(question),
      this.#lists.healthMonitors.get(question),
    ]);
    const own = pools.value.filter(({ loadBalancerId }) => loadBalancerId === balancer.id);
    const found = await Promise.all(
      own.map(async (pool): Promise<FoundPool | undefined> => {
        const members = await this.#api.members.list(pool.id, signal);
        // The API itself says that the pool is gone: the list is older than its removal.
        if (members === undefined) return undefined;
        return {
          pool,
          members,
          listeners: listeners.value.filter(({ poolId }) => poolId === pool.id),
          monitors: monitors.value.filter(({ poolId }) => poolId === pool.id),
        };
      }),
    );
    if (found.includes(undefined)) this.invalidate('pools', 'listeners', 'healthMonitors');
    return { balancer, pools: found.filter((pool) => pool !== undefined) };
  }
}
