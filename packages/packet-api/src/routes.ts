// Builds the calls of this API as values: the route template with the IDs put in, and what may be repeated. Nothing is sent here.
import { parseNothing } from '@longshore/cloud-http';
import type { Call, Query } from '@longshore/cloud-http';

/** Whether a removal found something to remove. */
export type Removal = 'removed' | 'absent';

/** A path and the template that it was made from. */
export interface Route {
  readonly path: string;
  readonly name: string;
}

/** `route('/devices/{id}/ips', id)`: the IDs go into the braces in their order. */
export function route(template: string, ...ids: readonly string[]): Route {
  let next = 0;
  const path = template.replace(/\{\w+\}/g, () => encodeURIComponent(ids[next++] ?? ''));
  return { path, name: template };
}

/** A GET of one object; the API's own 404 is a value. */
export function getting<T>(
  at: Route,
  parse: (body: unknown) => T,
  query: Query = {},
): Call<T> & { readonly absentOn404: true } {
  return { method: 'GET', ...at, parse, query, absentOn404: true };
}

/** A POST that makes something. Never repeated while nobody knows whether it took effect. */
export function creating<T>(at: Route, body: unknown, parse: (body: unknown) => T, query: Query = {}): Call<T> {
  return { method: 'POST', ...at, body, parse, query };
}

/** A PUT or PATCH that sets fields to values: doing it twice is the same as once. */
export function setting<T>(
  method: 'PUT' | 'PATCH',
  at: Route,
  { body, parse, query = {} }: { readonly body: unknown; readonly parse: (body: unknown) => T; readonly query?: Query },
): Call<T> & { readonly absentOn404: true } {
  return { method, ...at, body, parse, query, idempotent: true, absentOn404: true };
}

/** A DELETE. */
export function removing(at: Route, query: Query = {}): Call<Removal> & { readonly absentOn404: true } {
  return { method: 'DELETE', ...at, parse: () => 'removed', query, absentOn404: true };
}

/** A POST that answers nothing worth reading. */
export function ordering(at: Route, body: unknown): Call<undefined> {
  return { method: 'POST', ...at, body, parse: parseNothing };
}

/** The query for parts that should come whole instead of as a link. */
export function including(...names: readonly string[]): Query {
  return names.length === 0 ? {} : { include: [...new Set(names)].join(',') };
}
