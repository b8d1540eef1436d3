// The current world of a simulated cloud and the one before, which stale reads see. Worlds never change; a commit makes a new one.

/** The worlds of one simulator. */
export class WorldStore<World extends object> {
  #current: World;
  #previous: World;
  #ids = 0;

  constructor(world: World) {
    this.#current = world;
    this.#previous = world;
  }

  get current(): World {
    return this.#current;
  }

  /** As it was before the last change. */
  get previous(): World {
    return this.#previous;
  }

  /** Changes parts of the world. */
  commit(change: Partial<World>): void {
    this.#previous = this.#current;
    this.#current = { ...this.#current, ...change };
  }

  /** A number that was not given out before. */
  newNumber(): number {
    this.#ids += 1;
    return this.#ids;
  }
}

/** The map with one entry more, or another value. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

/** The map with one entry less. */
export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
