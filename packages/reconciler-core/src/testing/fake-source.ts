// A source and lister over objects that a test sets by hand; what an informer is in production.
import type { Change, Source, Unsubscribe } from '../source.ts';
import { abortable } from '../abortable.ts';

/** Objects by key. Changes are delivered before `set` and `delete` return. */
export class FakeSource<T> implements Source<T> {
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #listed = Promise.withResolvers<void>();
  /** What listeners have thrown; the other listeners and the source go on. */
  readonly errors: unknown[] = [];

  /** Complete from the start, unless `synced` is false: then `markSynced` says when. */
  constructor(options: { readonly objects?: Readonly<Record<string, T>>; readonly synced?: boolean } = {}) {
    for (const [key, object] of Object.entries(options.objects ?? {})) this.#objects.set(key, object);
    if (options.synced ?? true) this.markSynced();
  }

  /** Adds the object, or replaces the present one of this key. */
  set(key: string, object: T): void {
    const before = this.#objects.get(key);
    const isNew = !this.#objects.has(key);
    this.#objects.set(key, object);
    this.#deliver(isNew ? { kind: 'added', object } : { kind: 'updated', before: before as T, object });
  }

  /** Replaces the object by what `change` makes of it; throws when there is none. */
  update(key: string, change: (before: T) => T): void {
    if (!this.#objects.has(key)) throw new Error(`no object ${key} to update`);
    this.set(key, change(this.#objects.get(key) as T));
  }

  /** Removes the object; false when there was none. */
  delete(key: string): boolean {
    const object = this.#objects.get(key);
    if (!this.#objects.delete(key)) return false;
    this.#deliver({ kind: 'deleted', object: object as T });
    return true;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(where: (object: T) => boolean = () => true): readonly T[] {
    return [...this.#objects.values()].filter(where);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  subscribe(listener: (change: Change<T>) => void): Unsubscribe {
    // Wrapped, so that one function can subscribe twice.
    const own = (change: Change<T>): void => listener(change);
    this.#listeners.add(own);
    for (const object of this.#objects.values()) this.#call(own, { kind: 'added', object });
    return () => void this.#listeners.delete(own);
  }

  /** Subscriptions that were not ended. */
  get subscribers(): number {
    return this.#listeners.size;
  }

  synced(signal: AbortSignal): Promise<void> {
    return abortable(this.#listed.promise, signal);
  }

  /** The first list is complete. */
  markSynced(): void {
    this.#listed.resolve();
  }

  #deliver(change: Change<T>): void {
    for (const listener of this.#listeners) this.#call(listener, change);
  }

  #call(listener: (change: Change<T>) => void, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      this.errors.push(error);
    }
  }
}
