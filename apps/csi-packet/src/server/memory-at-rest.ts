// A plugin that was asked a lot and is asked nothing now keeps what only a whole collection takes (every Probe leaves 9 KB), for V8 starts
// none while nothing is allocated. So one is made when enough calls were served and none came for a while: 20 to 90 ms in a quarter of an
// hour at kubelet's pace, for 2 MB on every machine.
import type { Cancel, Clock } from '@longshore/reconciler-core';

/** Calls that leave enough to be worth it. */
export const CALLS_WORTH_A_COLLECTION = 100;
/** Nobody has called for so long. */
export const REST_MS = 3_000;

/** Counts calls and collects at rest. */
export class MemoryAtRest {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #calls = 0;
  #lastEndMs = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** To be told of every call. One timer waits, however many there are. */
  callEnded(): void {
    this.#calls += 1;
    this.#lastEndMs = this.#clock.monotonicMs();
    if (this.#calls >= CALLS_WORTH_A_COLLECTION && this.#cancel === undefined) this.#lookAfter(REST_MS);
  }

  /** The timer would keep the process alive. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lookAfter(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      const leftMs = this.#lastEndMs + REST_MS - this.#clock.monotonicMs();
      if (leftMs > 0) return this.#lookAfter(leftMs);
      this.#cancel = undefined;
      this.#calls = 0;
      return this.#collect();
    });
  }
}

/** Collects everything that can be collected, and forgets code that has not run for long. */
export function collectGarbage(): void {
  const v8 = process.getBuiltinModule('node:v8');
  // Contexts that are made while the flag is set have the function. Neither module is loaded before it is needed.
  v8.setFlagsFromString('--expose-gc');
  const gc = process.getBuiltinModule('node:vm').runInNewContext('gc') as NodeJS.GCFunction;
  v8.setFlagsFromString('--no-expose-gc');
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
