// Keys that come back later: a heap of deadlines served by one timer of the clock, whatever the number of keys.
import type { Cancel, Clock } from './clock.ts';
import { DeadlineHeap } from './deadline-heap.ts';

/** The waiting room of a work queue: `release` is called with each key when its time has come. */
export class DelayedKeys<K> {
  readonly #clock: Clock;
  readonly #release: (key: K) => void;
  readonly #heap = new DeadlineHeap<K>();
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(clock: Clock, release: (key: K) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** One entry per key: an earlier time replaces a later one, a later one is ignored. */
  put(key: K, delayMs: number): void {
    this.#heap.setEarliest(key, this.#clock.monotonicMs() + delayMs);
    this.#arm();
  }

  /** Forgets all keys and stops the timer. */
  clear(): void {
    this.#heap.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const first = this.#heap.first();
    if (!first || (this.#timer && this.#timer.atMs <= first.atMs)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(first.atMs - this.#clock.monotonicMs(), () => this.#releaseDue());
    this.#timer = { atMs: first.atMs, cancel };
  }

  // Timers of the platform may fire a fraction early: what is not due yet is armed again.
  #releaseDue(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#heap.first(); first && first.atMs <= nowMs; first = this.#heap.first()) {
      this.#heap.shift();
      this.#release(first.key);
    }
    this.#arm();
  }
}
