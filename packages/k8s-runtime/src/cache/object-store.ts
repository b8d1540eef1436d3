// The objects of one informer by key, and indexes over them. Synchronous and without any idea where objects come from.
import type { KubeObject } from '../client/resource-type.ts';
import type { Lister } from './lister.ts';

/** Under which values an object is filed. Must depend on the object alone. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects by key, with indexes. */
export class ObjectStore<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, valuesOf] of Object.entries(indexes)) this.addIndex(name, valuesOf);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(where?: (object: T) => boolean): readonly T[] {
    const all = [...this.#objects.values()];
    return where ? all.filter(where) : all;
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (!found)
      throw new Error(`there is no index "${index}"; declared: ${[...this.#indexes.keys()].join(', ') || 'none'}`);
    return found.get(value);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Declares an index; objects that are there already are filed at once. */
  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    const index = new Index(valuesOf);
    for (const [key, object] of this.#objects) index.add(key, object);
    this.#indexes.set(name, index);
  }

  set(key: string, object: T): void {
    const before = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (before) index.remove(key, before);
      index.add(key, object);
    }
  }

  remove(key: string): void {
    const before = this.#objects.get(key);
    if (!before) return;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) index.remove(key, before);
  }
}

class Index<T> {
  readonly #valuesOf: IndexFunction<T>;
  readonly #byValue = new Map<string, Map<string, T>>();

  constructor(valuesOf: IndexFunction<T>) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): readonly T[] {
    return [...(this.#byValue.get(value)?.values() ?? [])];
  }

  add(key: string, object: T): void {
    for (const value of this.#valuesOf(object)) {
      const filed = this.#byValue.get(value);
      if (filed) filed.set(key, object);
      else this.#byValue.set(value, new Map([[key, object]]));
    }
  }

  remove(key: string, object: T): void {
    for (const value of this.#valuesOf(object)) {
      const filed = this.#byValue.get(value);
      filed?.delete(key);
      if (filed?.size === 0) this.#byValue.delete(value);
    }
  }
}
