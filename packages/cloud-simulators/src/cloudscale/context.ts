// What the route files of the simulated cloudscale.ch share.
import type { Clock } from '@longshore/reconciler-core';
import type { SimRequest, SimRoute } from '../exchange.ts';
import type { World, WorldStore } from './world.ts';

/** Behaviour that can be set. */
export interface CloudscaleSettings {
  /** Time until a new balancer is `running`. Default 60 s. */
  readonly timeToRunningMs: number;
  /** Time from `running`, or from a change, until the data plane follows and monitors have an opinion of a member. Default 10 s. */
  readonly dataPlaneMs: number;
  /** Time that a server is `changing` after start, stop or a change. Default 20 s. */
  readonly serverChangeMs: number;
  /** How long a write to a balancer or its parts takes; writes to one balancer wait for each other. Default 0. */
  readonly writeMs: number;
  /** `any` lets a PATCH carry several attributes. The real API refuses that for servers; for balancers it is assumed. Default `one`. */
  readonly attributesPerPatch: 'one' | 'any';
  /** Whether a listener's port and a member's address and port are unique, and a pool has one monitor; assumed. Default `on`. */
  readonly uniqueness: 'on' | 'off';
  /** Time until a deleted balancer is really gone; it is `changing` until then; assumed. Default 0. */
  readonly timeToDeleteMs: number;
}

/** State, time and settings of one simulator. */
export interface CloudscaleContext {
  readonly store: WorldStore;
  readonly clock: Clock;
  readonly settings: CloudscaleSettings;
  /** What hrefs start with: the URL of the simulator. */
  readonly hrefBase: () => string;
  /** Balancers that have work in hand, and what went on at once. */
  readonly writes: BalancerWrites;
}

/** A route of the API. */
export interface CloudscaleRoute extends SimRoute {
  /** Query names that it knows; tag filters belong to every list. */
  readonly queryNames?: readonly string[];
  readonly isList?: boolean;
}

/** The world that a request sees. */
export function worldOf({ store }: CloudscaleContext, request: SimRequest): World {
  return request.isStale ? store.previous : store.current;
}

/** The date of the clock as the API writes dates: microseconds. */
export function isoNow(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().replace('Z', '000Z');
}

/** Adds a line to the audit log. */
export function logged({ store, clock }: CloudscaleContext, action: string, message: string): Pick<World, 'log'> {
  return { log: [...store.current.log.slice(-999), { action, message, at: isoNow(clock) }] };
}

/** The API works on one change of a balancer at a time: later ones wait. Also remembers what a careful client never does. */
export class BalancerWrites {
  readonly #freeAtMs = new Map<string, number>();
  /** Balancers that got a write while another one was under way, with the route of the later one. */
  readonly overlaps: string[] = [];
  /** Pools that lost their last member by a DELETE of the member. */
  readonly emptiedPools: string[] = [];

  /** Takes the next turn at the balancer; returns when it is over. */
  turn(balancerUuid: string, route: string, times: { readonly nowMs: number; readonly writeMs: number }): number {
    const freeAtMs = this.#freeAtMs.get(balancerUuid) ?? 0;
    if (freeAtMs > times.nowMs) this.overlaps.push(`${balancerUuid} ${route}`);
    const endMs = Math.max(freeAtMs, times.nowMs) + times.writeMs;
    this.#freeAtMs.set(balancerUuid, endMs);
    return endMs;
  }
}
