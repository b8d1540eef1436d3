// Reads whole lists page by page. Things that move to another page while the list is read show up once: de-duplicated by id.
import { requiredListOf } from '@longshore/cloud-http';
import type { Call, CloudHttp, Query } from '@longshore/cloud-http';

/** The largest page that the API serves: fewest calls. */
export const PAGE_SIZE = 200;

/** A list of the API. */
export interface ListCall<T> {
  readonly path: string;
  /** Route template, when it differs from the path. */
  readonly name?: string;
  /** Plural key of the answer (`droplets`). */
  readonly key: string;
  readonly query?: Query;
  readonly parse: (raw: unknown) => T;
  readonly idOf: (item: T) => string | number;
}

/** All items of the list. */
export async function listAll<T>(http: CloudHttp, list: ListCall<T>, signal: AbortSignal): Promise<readonly T[]> {
  const call: Call<readonly T[]> = {
    method: 'GET',
    path: list.path,
    name: list.name ?? list.path,
    query: { ...list.query, page: 1, per_page: PAGE_SIZE },
    parse: (body) => requiredListOf(body, list.key, list.parse),
  };
  const found = new Map<string | number, T>();
  for await (const page of http.pages(call, signal)) {
    for (const item of page) found.set(list.idOf(item), item);
  }
  return [...found.values()];
}
