// Long runs of synchronous work give way to timers and sockets every few milliseconds: a burst of thousands of objects must not keep a
// leader from renewing its lease.
import type { Clock } from '@longshore/reconciler-core';

const WORK_MS = 8;

/** Says when it is time to let others run, and lets them. */
export class Breather {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** True when the work since the last breath took long enough; cheaper than awaiting each time. */
  get isDue(): boolean {
    return this.#clock.monotonicMs() - this.#sinceMs >= WORK_MS;
  }

  /** One turn of the event loop. */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.restart();
  }

  /** Something else was awaited meanwhile. */
  restart(): void {
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
