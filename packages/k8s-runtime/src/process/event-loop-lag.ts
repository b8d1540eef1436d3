// Measures how late timers fire. A blocked event loop is how a single-threaded leader loses its lease: the lag is a metric and a liveness check.
import type { Clock, Metrics, Runnable } from '@longshore/reconciler-core';

const TICK_MS = 500;

/** Settings of the measurement. */
export interface EventLoopLagOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** `check()` speaks up when the loop was blocked for longer within the last minute. */
  readonly limitMs: number;
}

const MEMORY_MS = 60_000;

/** Runs a timer twice a second and compares when it fired with when it should have. */
export class EventLoopLag implements Runnable {
  readonly name = 'event-loop-lag';
  readonly #clock: Clock;
  readonly #limitMs: number;
  #longestMs = 0;
  #blocked: { readonly ms: number; readonly atMs: number } | undefined;

  constructor({ clock, metrics, limitMs }: EventLoopLagOptions) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    const help = 'Longest delay of a timer since the last scrape: how long the event loop was blocked.';
    const longest = metrics.gauge({ name: 'nodejs_eventloop_lag_max_seconds', help });
    metrics.onScrape(() => {
      longest.set(this.#longestMs / 1_000);
      this.#longestMs = 0;
    });
  }

  /** The sentence for `/livez`, or undefined when the loop kept up during the last minute. */
  check(): string | undefined {
    if (!this.#blocked || this.#clock.monotonicMs() - this.#blocked.atMs > MEMORY_MS) return undefined;
    return `the event loop was blocked for ${Math.round(this.#blocked.ms)} ms (limit ${this.#limitMs} ms)`;
  }

  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const next = (): void => {
        const dueMs = this.#clock.monotonicMs() + TICK_MS;
        cancel = this.#clock.after(TICK_MS, () => {
          this.#observe(this.#clock.monotonicMs() - dueMs);
          next();
        });
      };
      const stop = (): void => {
        cancel();
        resolve();
      };
      next();
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  #observe(lagMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, lagMs);
    if (lagMs > this.#limitMs) this.#blocked = { ms: lagMs, atMs: this.#clock.monotonicMs() };
  }
}
