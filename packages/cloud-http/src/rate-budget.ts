// One budget for all calls of one token: who may call now, who waits, who is sent away. Driven by the rate-limit headers of the
// answers, with an optional cap in calls per second. Waiting is a queue with two lanes; deletions go first.
import { retryAfter } from '@longshore/reconciler-core';
import type { Cancel, Clock } from '@longshore/reconciler-core';
import type { Lane } from './call.ts';
import { CloudApiError } from './cloud-api-error.ts';
import type { RateHints } from './rate-headers.ts';
import { LONGEST_WAIT_MS } from './retry-plan.ts';

/** The right to make one call. */
export interface Ticket {
  /** Gives the ticket back with what the answer said; without an answer, nothing is learned. Called exactly once. */
  settle(answer?: { readonly status: number; readonly hints: RateHints }): void;
}

/** Options of a RateBudget. */
export interface RateBudgetOptions {
  readonly clock: Clock;
  /** Cap in calls per second, burst 1. Absent: no cap. */
  readonly qps?: number | undefined;
  /** Waits that are longer end in an error with the disposition `after`. */
  readonly longestWaitMs?: number;
}

interface Waiter {
  readonly grant: (ticket: Ticket) => void;
  readonly refuse: (error: Error) => void;
}

/** Shares the calls that an API allows. */
export class RateBudget {
  readonly #clock: Clock;
  readonly #paceMs: number;
  readonly #longestWaitMs: number;
  readonly #lanes: Readonly<Record<Lane, Set<Waiter>>> = { urgent: new Set(), normal: new Set() };
  #cancelTimer: Cancel | undefined;
  #inFlight = 0;
  #remaining: number | undefined;
  // Monotonic times: nobody calls before the first, one call is let through at the second to see how things stand.
  #blockedUntilMs = 0;
  #resetAtMs: number | undefined;
  #nextPacedMs = 0;

  constructor({ clock, qps, longestWaitMs = LONGEST_WAIT_MS }: RateBudgetOptions) {
    this.#clock = clock;
    this.#paceMs = qps === undefined ? 0 : 1000 / qps;
    this.#longestWaitMs = longestWaitMs;
  }

  /** Calls left as far as known: the API's last figure less what is under way. */
  get remaining(): number | undefined {
    return this.#remaining;
  }

  /** Resolves when the call may be made; rejects when that is too far off, or with `signal.reason`. */
  acquire(lane: Lane, signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = (): void => {
        this.#lanes[lane].delete(waiter);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        grant: (ticket) => (leave(), resolve(ticket)),
        refuse: (error) => (leave(), reject(error)),
      };
      this.#lanes[lane].add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pump();
    });
  }

  /** Another token has a budget of its own: what is known about the last one no longer holds. */
  forget(): void {
    this.#remaining = undefined;
    this.#resetAtMs = undefined;
    this.#blockedUntilMs = 0;
    this.#pump();
  }

  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (let waiter = this.#first(); waiter !== undefined; waiter = this.#first()) {
      const quotaMs = this.#quotaWaitMs();
      if (quotaMs > this.#longestWaitMs) return this.#refuseAll(quotaMs);
      const waitMs = Math.max(quotaMs, this.#nextPacedMs - this.#clock.monotonicMs());
      if (waitMs > 0) {
        this.#cancelTimer = this.#clock.after(waitMs, () => this.#pump());
        return;
      }
      waiter.grant(this.#ticket());
    }
  }

  #first(): Waiter | undefined {
    for (const waiter of this.#lanes.urgent) return waiter;
    for (const waiter of this.#lanes.normal) return waiter;
    return undefined;
  }

  #quotaWaitMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const blockedMs = Math.max(0, this.#blockedUntilMs - nowMs);
    if (this.#remaining === undefined || this.#remaining > 0 || this.#resetAtMs === undefined) return blockedMs;
    const resetMs = this.#resetAtMs - nowMs;
    if (resetMs > 0) return Math.max(blockedMs, resetMs);
    // The oldest call has left the window, so one is free; its answer tells about the others.
    this.#remaining = 1;
    this.#resetAtMs = nowMs + 1000;
    return blockedMs;
  }

  #ticket(): Ticket {
    this.#inFlight += 1;
    this.#nextPacedMs = Math.max(this.#nextPacedMs, this.#clock.monotonicMs()) + this.#paceMs;
    if (this.#remaining !== undefined) this.#remaining -= 1;
    return {
      settle: (answer) => {
        this.#inFlight -= 1;
        if (answer !== undefined) this.#learn(answer.status, answer.hints);
        this.#pump();
      },
    };
  }

  #learn(status: number, { remaining, resetInMs, retryAfterMs }: RateHints): void {
    const nowMs = this.#clock.monotonicMs();
    if (status === 429 && retryAfterMs !== undefined) {
      // The short limit: `remaining: 0` beside it is about this limit too, and the reset about the long one.
      this.#blockedUntilMs = Math.max(this.#blockedUntilMs, nowMs + retryAfterMs);
      this.#remaining = undefined;
      return;
    }
    if (remaining === undefined) return;
    this.#remaining = remaining - this.#inFlight;
    this.#resetAtMs = resetInMs === undefined ? undefined : nowMs + resetInMs;
  }

  #refuseAll(waitMs: number): void {
    const seconds = Math.ceil(waitMs / 1000);
    const message = `the rate limit of the cloud API is used up: next call possible in ${seconds} s`;
    for (const waiter of [...this.#lanes.urgent, ...this.#lanes.normal]) {
      waiter.refuse(new CloudApiError('CLOUD_RATE_LIMITED', message, retryAfter(waitMs), { retryAfterMs: waitMs }));
    }
  }
}
