// Answers that hold for a while. One question that is asked twice at once is asked once.
import type { Clock } from '@longshore/reconciler-core';
import { SingleFlight } from '@longshore/reconciler-core';
import { LruMap } from '../events/lru-map.ts';

const LIMIT = 2_048;

/** Values by key, each with its own time to live. */
export class TtlCache<V> {
  readonly #clock: Clock;
  readonly #values = new LruMap<string, { readonly value: V; readonly untilMs: number }>(LIMIT);
  readonly #running = new SingleFlight<string, V>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The remembered value, or that of `ask`, kept for `ttlMs(value)`. Rejections are not kept. */
  async get(key: string, ask: () => Promise<V>, ttlMs: (value: V) => number): Promise<V> {
    const known = this.#values.get(key);
    if (known && known.untilMs > this.#clock.monotonicMs()) return known.value;
    return this.#running.run(key, async () => {
      const value = await ask();
      this.#values.set(key, { value, untilMs: this.#clock.monotonicMs() + ttlMs(value) });
      return value;
    });
  }
}
