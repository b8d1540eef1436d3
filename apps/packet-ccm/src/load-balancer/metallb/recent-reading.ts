// What was read of MetalLB a moment ago, for the Services that come next: a changed Node brings all of them at once, and most find nothing
// to do. Only announcing uses it: it writes with the version that was read, so that an old reading costs one more try and does no harm.
import type { Clock } from '@longshore/reconciler-core';

const LASTS_MS = 2_000;

/** The last reading, for two seconds or until something is written. */
export class RecentReading<T> {
  readonly #clock: Clock | undefined;
  #last: { readonly value: T; readonly untilMs: number } | undefined;

  /** Without a clock nothing is kept. */
  constructor(clock: Clock | undefined) {
    this.#clock = clock;
  }

  /** The reading of a moment ago, or a new one. */
  async get(read: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock?.monotonicMs();
    if (nowMs === undefined) return read();
    if (this.#last && nowMs < this.#last.untilMs) return this.#last.value;
    const value = await read();
    this.#last = { value, untilMs: nowMs + LASTS_MS };
    return value;
  }

  /** Something is written, or was found to be different. */
  forget(): void {
    this.#last = undefined;
  }
}
