// Decides which page of a list comes next and whether a list is complete. Pure. The link of the next page is never followed: behind a
// path prefix it points elsewhere; its presence and the numbers beside it are all that counts.
import { optionalObject } from '@longshore/cloud-http';
import { optionalCount } from './fields.ts';

/** `meta` of a page, as far as it counts. */
export interface PageMeta {
  readonly total: number | undefined;
  readonly currentPage: number | undefined;
  readonly lastPage: number | undefined;
  readonly hasNext: boolean;
}

/** `meta` of an answer; `undefined` where there is none. */
export function parsePageMeta(body: unknown): PageMeta | undefined {
  const meta = optionalObject(optionalObject(body)?.['meta']);
  if (meta === undefined) return undefined;
  const next = meta['next'];
  return {
    total: optionalCount(meta, 'total'),
    currentPage: optionalCount(meta, 'current_page'),
    lastPage: optionalCount(meta, 'last_page'),
    hasNext: next !== undefined && next !== null && next !== '',
  };
}

/** What was read up to and including one page. */
export interface PageRead {
  readonly page: number;
  readonly pageSize: number;
  /** Items on this page, and those among them that no earlier page had. */
  readonly items: number;
  readonly newItems: number;
  /** Items on all pages so far, repeated ones included. */
  readonly received: number;
  readonly meta: PageMeta | undefined;
}

/** What comes after a page. */
export type AfterPage =
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'end' }
  /** Pages are missing or turn in circles: a list that is not whole must not read as one. */
  | { readonly kind: 'incomplete'; readonly reason: string };

/** Page to what comes next. */
export function planAfterPage(read: PageRead): AfterPage {
  const { meta, page } = read;
  if (meta?.currentPage === undefined || meta.lastPage === undefined) return planWithoutNumbers(read);
  if (meta.currentPage !== page) {
    return { kind: 'incomplete', reason: `page ${page} was asked for and page ${meta.currentPage} came` };
  }
  if (meta.hasNext && meta.currentPage < meta.lastPage) return { kind: 'page', page: page + 1 };
  return endAt(read);
}

// An endpoint that does not page gives everything at once; a page that is exactly full may still be the first of several.
function planWithoutNumbers(read: PageRead): AfterPage {
  const mayGoOn = read.meta?.hasNext === true || read.items >= read.pageSize;
  if (!mayGoOn) return endAt(read);
  if (read.newItems > 0) return { kind: 'page', page: read.page + 1 };
  return read.meta?.hasNext === true
    ? { kind: 'incomplete', reason: `page ${read.page} brought nothing new although more pages are announced` }
    : endAt(read);
}

function endAt({ meta, received }: PageRead): AfterPage {
  if (meta?.total === undefined || received >= meta.total) return { kind: 'end' };
  return { kind: 'incomplete', reason: `${received} came of the ${meta.total} that the list is said to have` };
}
