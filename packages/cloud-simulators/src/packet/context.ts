// What the route files of the simulated Packet API share: state, time, settings, ids, dates, and who may see what.
import type { Clock } from '@longshore/reconciler-core';
import type { SimAnswer, SimRequest, SimRoute } from '../exchange.ts';
import type { WorldStore } from '../world-store.ts';
import { forbidden, notFound } from './answers.ts';
import type { PacketSettings } from './settings.ts';
import type { Tokens } from './tokens.ts';
import type { WireHref } from './wire.ts';
import type { Moment, ProjectRecord, World } from './world.ts';

/** State, time and settings of one simulator. */
export interface PacketContext {
  readonly store: WorldStore<World>;
  readonly clock: Clock;
  readonly settings: PacketSettings;
  readonly tokens: Tokens;
  /** Devices that are going to fail while they are provisioned: how many of the next ones. */
  readonly luck: { failuresToCome: number };
}

/** A route of the API and the query names that it knows. */
export interface PacketRoute extends SimRoute {
  readonly queryNames?: readonly string[];
}

/** Query names of every list, and of everything that can be expanded. */
export const PAGING = ['page', 'per_page'] as const;
export const SHAPING = ['include', 'exclude'] as const;

/** The world that a request sees. */
export function worldOf({ store }: PacketContext, request: SimRequest): World {
  return request.isStale ? store.previous : store.current;
}

/** A UUID that no other object has; the same in every run. Its first eight digits are its own too: names are made of them. */
export function newId({ store }: PacketContext): string {
  const number = store.newNumber();
  // Multiplying by an odd number permutes the 32-bit numbers.
  const head = (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  return `${head}-5eed-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The moment `inMs` from now. */
export function momentIn({ clock }: Pick<PacketContext, 'clock'>, inMs: number): Moment {
  return {
    monotonicMs: clock.monotonicMs() + inMs,
    date: new Date(clock.nowMs() + inMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

/** The date of the clock as the API writes dates. */
export function dateNow(context: Pick<PacketContext, 'clock'>): string {
  return momentIn(context, 0).date;
}

/** What is put before the path of a link. */
export function hrefOf({ settings }: Pick<PacketContext, 'settings'>, path: string): string {
  return settings.hrefs === 'prefixed' ? `/metal/v1${path}` : path;
}

/** A reference. */
export function refTo(context: Pick<PacketContext, 'settings'>, path: string): WireHref {
  return { href: hrefOf(context, path) };
}

/** Does `work` with the project of the request's `{id}`; 404 and 403 before it. */
export function withProject(
  context: PacketContext,
  request: SimRequest,
  work: (project: ProjectRecord) => SimAnswer,
): SimAnswer {
  const project = worldOf(context, request).projects.get((request.params['id'] ?? '').toLowerCase());
  if (project === undefined) return notFound;
  return context.tokens.maySee(request, project.id) ? work(project) : forbidden;
}

/** Does `work` with the object of the request's `{id}`; 404 when there is none, 403 when it belongs to another project. */
export function withOne<T extends { readonly projectId: string | undefined }>(
  context: PacketContext,
  request: SimRequest,
  objects: ReadonlyMap<string, T>,
  work: (object: T) => SimAnswer,
): SimAnswer {
  const object = objects.get((request.params['id'] ?? '').toLowerCase());
  if (object === undefined) return notFound;
  return context.tokens.maySee(request, object.projectId) ? work(object) : forbidden;
}
