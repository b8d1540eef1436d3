// Reads a whole list. An object can turn up on two pages when others come and go meanwhile: de-duplicated by ID.
import { backoff } from '@longshore/reconciler-core';
import { CloudApiError, requiredListOf } from '@longshore/cloud-http';
import type { Call, Query } from '@longshore/cloud-http';
import { parsePageMeta, planAfterPage } from './paging.ts';
import type { PageMeta } from './paging.ts';
import type { Route } from './routes.ts';

/** Fewer calls than with the API's default of 10; some documents allow 1000, but such pages take long. */
export const PAGE_SIZE = 250;

/** A list of the API. */
export interface ListCall<T> {
  readonly at: Route;
  /** Plural key of the answer (`devices`). */
  readonly key: string;
  readonly query?: Query;
  readonly parse: (raw: unknown) => T;
  readonly idOf: (item: T) => string;
  /** Default: `PAGE_SIZE`. */
  readonly pageSize?: number;
  /** Stop when so many were read; the list is then not whole. */
  readonly limit?: number | undefined;
}

/** Sends calls: a client of this API or of one beside it. */
export interface Sender {
  send<T>(call: Call<T>, signal: AbortSignal): Promise<T>;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly meta: PageMeta | undefined;
}

/** All items of a list that comes in pages. */
export async function listPaged<T>(http: Sender, list: ListCall<T>, signal: AbortSignal): Promise<readonly T[]> {
  const pageSize = list.pageSize ?? PAGE_SIZE;
  const found = new Map<string, T>();
  let received = 0;
  for (let page = 1; ;) {
    // The first page goes without a number: lists of IP addresses did not have one for most of their time.
    const query = { page: page === 1 ? undefined : page, per_page: pageSize };
    const { items, meta } = await fetchPage(http, list, query, signal);
    const before = found.size;
    for (const item of items) found.set(list.idOf(item), item);
    received += items.length;
    if (list.limit !== undefined && found.size >= list.limit) return [...found.values()].slice(0, list.limit);
    const newItems = found.size - before;
    const next = planAfterPage({ page, pageSize, items: items.length, newItems, received, meta });
    if (next.kind === 'end') return [...found.values()];
    if (next.kind === 'incomplete') throw incompleteList(list, next.reason);
    page = next.page;
  }
}

/** All items of a list that the API gives in one answer. */
export async function listWhole<T>(
  http: Sender,
  list: Omit<ListCall<T>, 'idOf' | 'pageSize' | 'limit'>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  return (await fetchPage(http, list, {}, signal)).items;
}

function fetchPage<T>(
  http: Sender,
  { at, key, query, parse }: Pick<ListCall<T>, 'at' | 'key' | 'query' | 'parse'>,
  page: Query,
  signal: AbortSignal,
): Promise<Page<T>> {
  const read = (body: unknown): Page<T> => ({ items: requiredListOf(body, key, parse), meta: parsePageMeta(body) });
  return http.send({ method: 'GET', ...at, query: { ...query, ...page }, parse: read }, signal);
}

function incompleteList({ at, key }: Pick<ListCall<unknown>, 'at' | 'key'>, reason: string): CloudApiError {
  return new CloudApiError(
    'CLOUD_UNREADABLE_ANSWER',
    `GET ${at.path}: the list of ${key} is not whole: ${reason}`,
    backoff,
  );
}
