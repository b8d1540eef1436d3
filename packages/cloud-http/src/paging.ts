// Finds the next page of a list. Only the query of the API's link is followed, never its host or path: behind a gateway or a path
// prefix the link names another host, and the token must not go anywhere else.
import type { Query } from './call.ts';

/** Takes the link of the next page out of an answer; absent or empty on the last page. */
export type NextLink = (body: unknown) => string | undefined;

/** `links.pages.next`, the form of DigitalOcean. */
export function nextFromLinks(body: unknown): string | undefined {
  const next = child(child(child(body, 'links'), 'pages'), 'next');
  return typeof next === 'string' && next !== '' ? next : undefined;
}

/** What to ask for after a page. */
export type NextPage =
  { readonly kind: 'page'; readonly query: Query } | { readonly kind: 'end' } | { readonly kind: 'loop' };

/** The query of the next page: ours with the link's on top. `loop` when the link leads back to a page that was read already. */
export function planNextPage(query: Query, link: string | undefined, visited: ReadonlySet<string>): NextPage {
  if (link === undefined) return { kind: 'end' };
  // Some APIs give a relative link; the base does not matter, as only the query is used.
  const next: Query = { ...query, ...Object.fromEntries(new URL(link, 'http://link.invalid').searchParams) };
  return visited.has(keyOfQuery(next)) ? { kind: 'loop' } : { kind: 'page', query: next };
}

/** Identifies a page within one run. */
export function keyOfQuery(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  return JSON.stringify(pairs.map(([name, value]) => [name, String(value)]).sort());
}

function child(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
