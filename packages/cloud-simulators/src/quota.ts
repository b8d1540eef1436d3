// A sliding-window quota: each call counts until its window has passed. Refused calls do not count.
import type { Clock } from '@longshore/reconciler-core';

/** Limits of a quota. */
export interface QuotaLimits {
  readonly perHour: number;
  readonly perMinute: number;
}

/** How things stand after a call. */
export interface QuotaReading {
  readonly limit: number;
  readonly remaining: number;
  /** Wall-clock ms at which the oldest counted call leaves the hour. */
  readonly resetAtMs: number;
  /** Set when the call is refused: by the minute or by the hour. */
  readonly refusedBy: 'minute' | 'hour' | undefined;
  /** Time until the minute has room again. */
  readonly minuteWaitMs: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The quota of one token. */
export class Quota {
  readonly #clock: Clock;
  readonly #limits: QuotaLimits;
  // Times of counted calls, oldest first; #first is the oldest that still counts.
  readonly #times: number[] = [];
  #first = 0;

  constructor(clock: Clock, limits: QuotaLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Counts a call, unless it is refused. */
  take(): QuotaReading {
    this.#prune();
    const nowMs = this.#clock.monotonicMs();
    const minuteWaitMs = this.#minuteWaitMs(nowMs);
    const refusedBy = this.#used() >= this.#limits.perHour ? 'hour' : minuteWaitMs > 0 ? 'minute' : undefined;
    if (refusedBy === undefined) this.#times.push(nowMs);
    return { ...this.read(), refusedBy, minuteWaitMs };
  }

  /** How things stand, without counting. */
  read(): QuotaReading {
    this.#prune();
    const nowMs = this.#clock.monotonicMs();
    const oldestMs = this.#times[this.#first] ?? nowMs;
    return {
      limit: this.#limits.perHour,
      remaining: Math.max(0, this.#limits.perHour - this.#used()),
      resetAtMs: this.#clock.nowMs() + (oldestMs + HOUR_MS - nowMs),
      refusedBy: undefined,
      minuteWaitMs: 0,
    };
  }

  #used(): number {
    return this.#times.length - this.#first;
  }

  // The minute is full while the call that is `perMinute` back is younger than a minute.
  #minuteWaitMs(nowMs: number): number {
    const index = this.#times.length - this.#limits.perMinute;
    const time = index >= this.#first ? this.#times[index] : undefined;
    return time === undefined ? 0 : Math.max(0, time + MINUTE_MS - nowMs);
  }

  #prune(): void {
    const oldestKeptMs = this.#clock.monotonicMs() - HOUR_MS;
    while (this.#first < this.#times.length && (this.#times[this.#first] ?? 0) <= oldestKeptMs) this.#first += 1;
    if (this.#first > 1000) this.#times.splice(0, this.#first);
    if (this.#first > 1000) this.#first = 0;
  }
}
