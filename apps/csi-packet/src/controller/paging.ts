// Pages of lists: sorted by a key that never changes, the token is the last key of the page before. Pure. An entry that goes away between
// two pages neither hides nor repeats others.
import { aborted, invalidArgument } from '../server/csi-error.ts';

/** What a request says about pages. */
export interface PageRequest {
  readonly maxEntries: number;
  readonly startingToken: string;
}

/** One page. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextToken: string;
}

/** Cuts a page out. `isToken` tells what can be a key. */
export function pageOf<T>(
  items: readonly T[],
  { maxEntries, startingToken }: PageRequest,
  { keyOf, isToken }: { readonly keyOf: (item: T) => string; readonly isToken: (text: string) => boolean },
): ListPage<T> {
  if (maxEntries < 0) throw invalidArgument('max_entries is negative');
  if (startingToken !== '' && !isToken(startingToken)) {
    throw aborted(`starting_token "${startingToken.slice(0, 80)}" is none of this driver: list from the start`);
  }
  const sorted = items.map((item) => ({ item, key: keyOf(item) })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const rest = sorted.filter(({ key }) => startingToken === '' || key > startingToken);
  const page = maxEntries === 0 ? rest : rest.slice(0, maxEntries);
  const nextToken = page.length < rest.length ? (page.at(-1)?.key ?? '') : '';
  return { items: page.map(({ item }) => item), nextToken };
}
