// Pages as the API makes them: `page` from 1, `per_page` 10 unless asked otherwise and 1000 at most, and a `meta` with links.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { hrefOf } from './context.ts';
import type { PacketContext } from './context.ts';
import type { WireHref, WirePacketMeta } from './wire.ts';

const USUAL_PAGE_SIZE = 10;
const LARGEST_PAGE_SIZE = 1000;
const LARGEST_PAGE = 100_000;

/** A list that is about to be cut into pages. */
export interface Listing<T> {
  /** `devices`: under which the answer has it. */
  readonly key: string;
  readonly items: readonly T[];
  /** JSON of one item. */
  readonly toJson: (item: T) => string;
  readonly usualSize?: number;
}

/** The page that the request asks for. */
export function page<T>(context: PacketContext, request: SimRequest, listing: Listing<T>): SimAnswer {
  const { items, key, toJson, usualSize = USUAL_PAGE_SIZE } = listing;
  const size = clamp(numberOf(request.query, 'per_page') ?? usualSize, 1, context.settings.largestPageSize);
  const current = clamp(numberOf(request.query, 'page') ?? 1, 1, LARGEST_PAGE);
  const last = Math.max(1, Math.ceil(items.length / size));
  const found = items.slice((current - 1) * size, current * size).map(toJson);
  const meta = JSON.stringify(metaOf(context, request, { current, last, total: items.length }));
  return { status: 200, json: `{${JSON.stringify(key)}:[${found.join(',')}],"meta":${meta}}` };
}

/** What is wrong with the paging of a request, if anything. The API would put up with it. */
export function pagingProblem(query: URLSearchParams): string | undefined {
  if (!isWithin(query, 'per_page', LARGEST_PAGE_SIZE)) return 'per_page is not 1 to 1000';
  return isWithin(query, 'page', LARGEST_PAGE) ? undefined : 'page is not 1 to 100000';
}

function metaOf(
  context: PacketContext,
  { path, query }: SimRequest,
  { current, last, total }: { readonly current: number; readonly last: number; readonly total: number },
): WirePacketMeta {
  const link = (to: number): WireHref => {
    const rest = new URLSearchParams(query);
    rest.set('page', String(to));
    return { href: `${hrefOf(context, path)}?${rest.toString()}` };
  };
  return {
    self: link(current),
    first: link(1),
    last: link(last),
    previous: current > 1 ? link(Math.min(current - 1, last)) : null,
    next: current < last ? link(current + 1) : null,
    total,
    current_page: current,
    last_page: last,
  };
}

function isWithin(query: URLSearchParams, name: string, most: number): boolean {
  if (!query.has(name)) return true;
  const value = numberOf(query, name);
  return value !== undefined && value >= 1 && value <= most;
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
