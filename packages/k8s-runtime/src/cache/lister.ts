// Reading from a cache. Objects are shared with everybody else: read-only.

/** Synchronous look-ups in an informer's cache. */
export interface Lister<T> {
  /** By `namespace/name` or `name` (client/resource-type.ts `keyOf`). */
  get(key: string): T | undefined;
  list(where?: (object: T) => boolean): readonly T[];
  /** Objects that the named index files under `value`; throws for an index that was not declared. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}
