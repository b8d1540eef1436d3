// Pages as the API makes them: `page` from 1, `per_page` 1 to 200, links only where they lead somewhere.
import type { SimAnswer, SimRequest } from '../exchange.ts';

const DEFAULT_PAGE_SIZE = 20;
/** The largest page that the real API serves. */
export const LARGEST_PAGE_SIZE = 200;

/** What pages look like. */
export interface PageSettings {
  /** What links start with. */
  readonly linksBase: () => string;
  readonly settings: { readonly largestPageSize: number };
}

/** A list that is about to be cut into pages. */
export interface Listing<T> {
  readonly key: string;
  readonly items: readonly T[];
  /** JSON of one item, if it is cheaper than writing it anew. */
  readonly toJson?: (item: T) => string;
}

/** The page that the request asks for. */
export function page<T>(
  request: Pick<SimRequest, 'path' | 'query'>,
  { linksBase, settings }: PageSettings,
  listing: Listing<T>,
): SimAnswer {
  const size = clamp(numberOf(request.query, 'per_page') ?? DEFAULT_PAGE_SIZE, 1, settings.largestPageSize);
  const number = Math.max(1, numberOf(request.query, 'page') ?? 1);
  const { items, key } = listing;
  const last = Math.max(1, Math.ceil(items.length / size));
  const toJson = listing.toJson ?? ((item: T) => JSON.stringify(item));
  const found = items.slice((number - 1) * size, number * size).map(toJson);
  const links = JSON.stringify(linksOf(request, linksBase(), { number, last, size }));
  return {
    status: 200,
    json: `{${JSON.stringify(key)}:[${found.join(',')}],"links":${links},"meta":{"total":${items.length}}}`,
  };
}

/** What is wrong with the paging of a request, if anything. The real API would put up with it. */
export function pagingProblem(query: URLSearchParams): string | undefined {
  const size = numberOf(query, 'per_page');
  if (query.has('per_page') && (size === undefined || size < 1 || size > LARGEST_PAGE_SIZE))
    return 'per_page is not 1 to 200';
  const number = numberOf(query, 'page');
  return query.has('page') && (number === undefined || number < 1) ? 'page is not 1 or more' : undefined;
}

function linksOf(
  { path, query }: Pick<SimRequest, 'path' | 'query'>,
  baseUrl: string,
  { number, last, size }: { readonly number: number; readonly last: number; readonly size: number },
): object {
  const link = (to: number): string => {
    const next = new URLSearchParams(query);
    next.set('page', String(to));
    next.set('per_page', String(size));
    return `${baseUrl}${path}?${next.toString()}`;
  };
  const back = number > 1 ? { first: link(1), prev: link(Math.min(number - 1, last)) } : {};
  const on = number < last ? { next: link(number + 1), last: link(last) } : {};
  const pages = { ...back, ...on };
  return Object.keys(pages).length === 0 ? {} : { pages };
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
