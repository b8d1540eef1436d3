// What the route files of the simulated DigitalOcean share.
import type { Clock } from '@longshore/reconciler-core';
import type { SimRequest, SimRoute } from '../exchange.ts';
import type { World, WorldStore } from './world.ts';

/** Behaviour that can be set. */
export interface DoSettings {
  readonly timeToActiveMs: number;
  readonly processingMs: number;
  readonly updatesWhileNew: 'accept' | 'refuse';
  readonly emptyTargets: 'accept' | 'refuse';
  readonly resizeCooldownMs: number;
  readonly loadBalancerLimit: number;
  readonly timeToIssueMs: number;
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
