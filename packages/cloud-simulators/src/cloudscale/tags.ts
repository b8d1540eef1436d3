// Tags and the filters over them: `?tag:key=value` and `?tag:key`, several at once. Pure.
import type { SimRequest } from '../exchange.ts';
import type { WireCloudscaleTags } from './wire.ts';

const PREFIX = 'tag:';

/** Whether the name of a query is a tag filter. */
export function isTagFilter(name: string): boolean {
  return name.startsWith(PREFIX) && name.length > PREFIX.length;
}

/** Those that match all tag filters of the request. A filter without value asks whether the key exists. */
export function filtered<T extends { readonly tags: WireCloudscaleTags }>(
  request: Pick<SimRequest, 'query'>,
  items: Iterable<T>,
): readonly T[] {
  const wanted = [...request.query].filter(([name]) => isTagFilter(name));
  return [...items].filter(({ tags }) =>
    wanted.every(([name, value]) => {
      const tag = tags[name.slice(PREFIX.length)];
      return value === '' ? tag !== undefined : tag === value;
    }),
  );
}
