// Pauses between attempts to reach the API server: 0.8 s, doubled up to 30 s, each times [1,2), so that many informers do not come back
// together. Two minutes without a pause start over.
import { jitter } from '@longshore/reconciler-core';

const BASE_MS = 800;
const CAP_MS = 30_000;
const HEALTHY_MS = 120_000;

/** Counts pauses and says how long the next one is. */
export class ReconnectBackoff {
  readonly #random: () => number;
  #pauses = 0;
  #lastEndMs = -Infinity;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Pauses since the last healthy time. */
  get pauses(): number {
    return this.#pauses;
  }

  /** The length of a pause that starts now. */
  nextMs(nowMs: number): number {
    if (nowMs - this.#lastEndMs >= HEALTHY_MS) this.#pauses = 0;
    const delayMs = jitter(Math.min(CAP_MS, BASE_MS * 2 ** this.#pauses), 1, this.#random);
    this.#pauses += 1;
    this.#lastEndMs = nowMs + delayMs;
    return delayMs;
  }
}
