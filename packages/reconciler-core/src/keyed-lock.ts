// One at a time per key, in the order of the calls: two controllers that write to the same cloud object take turns.

import { abortable } from './abortable.ts';

/** A lock per key. Idle keys use no memory. */
export class KeyedLock<K> {
  // The end of the last work that was asked for, per key.
  readonly #tails = new Map<K, Promise<void>>();

  /** Keys that are locked. */
  get size(): number {
    return this.#tails.size;
  }

  /** Runs `work` when all earlier work of `key` has ended. An abort of `signal` ends the waiting, not work that has begun. */
  async run<T>(key: K, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = Promise.withResolvers<void>();
    const tail = before.then(() => mine.promise);
    this.#tails.set(key, tail);
    void tail.then(() => this.#tails.get(key) === tail && this.#tails.delete(key));
    try {
      await abortable(before, signal);
      return await work();
    } finally {
      mine.resolve();
    }
  }
}
