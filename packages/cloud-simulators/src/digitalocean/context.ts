// What the route files of the simulated DigitalOcean share.
import type { Clock } from '@longshore/reconciler-core';
import type { SimRequest, SimRoute } from '../exchange.ts';
import type { World, WorldStore } from './world.ts';

/** Behaviour that can be set. */
export interface DoSettings {
  /** Time until a new load balancer is active. Default 60 s. */
  readonly timeToActiveMs: number;
  /** Time after a change in which a load balancer refuses the next one (403). Default 0. */
  readonly processingMs: number;
  /** Whether a load balancer can be changed before it is active; not documented for the real API. Default `accept`. */
  readonly updatesWhileNew: 'accept' | 'refuse';
  /** Whether a load balancer can have neither droplets nor a tag; the real API's answer has changed over time. Default `accept`. */
  readonly emptyTargets: 'accept' | 'refuse';
  /** Time after creation or resize in which the size cannot be changed (422). Default 60 s. */
  readonly resizeCooldownMs: number;
  /** Default: none. */
  readonly loadBalancerLimit: number;
  /** Time until a certificate of Let's Encrypt is verified. Default 30 s. */
  readonly timeToIssueMs: number;
  /** Pages are never larger, whatever is asked for: many pages with few objects. Default 200, as in the real API. */
  readonly largestPageSize: number;
  /** Whether answers show the rules, peers and tags of firewalls in another order than they were sent in. Default false. */
  readonly reordersFirewallRules: boolean;
}

/** State, time and settings of one simulator. */
export interface DoContext {
  readonly store: WorldStore;
  readonly clock: Clock;
  readonly settings: DoSettings;
  /** What the links of pages start with. */
  readonly linksBase: () => string;
  /** Whether the token of the request has a scope. */
  readonly hasScope: (request: SimRequest, scope: string) => boolean;
}

/** A route of the API: the scope that its token needs and the query names that it knows. */
export interface DoRoute extends SimRoute {
  readonly scope: string;
  readonly queryNames?: readonly string[];
}

/** The world that a request sees. */
export function worldOf({ store }: DoContext, request: SimRequest): World {
  return request.isStale ? store.previous : store.current;
}

/** Query names of every list. */
export const PAGING = ['page', 'per_page'] as const;

/** The date of the clock as the API writes dates. */
export function isoNow(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
}
