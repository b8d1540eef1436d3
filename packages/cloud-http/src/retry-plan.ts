// Decides whether a failed attempt is repeated inside the call, and when. Pure. A call that creates something is never repeated
// while nobody knows whether it took effect: its caller looks for the thing by name instead.
import type { Failure } from './failure.ts';
import type { RateHints } from './rate-headers.ts';

/** Longer waits are handed to the caller, which has better things to do than to hold a worker. */
export const LONGEST_WAIT_MS = 30_000;

const FIRST_BACKOFF_MS = 200;
const BACKOFF_FACTOR = 4;

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  readonly idempotent: boolean;
  /** Counts from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly failure: Failure;
  /** In [0, 1), spreads the repetitions of many callers. */
  readonly random: number;
}

/** Whether to try again. */
export type RetryPlan = { readonly retry: true; readonly afterMs: number } | { readonly retry: false };

const giveUp: RetryPlan = { retry: false };

/** Failed attempt to plan. */
export function planRetry(failed: FailedAttempt): RetryPlan {
  if (failed.attempt >= failed.maxAttempts) return giveUp;
  const backoffMs = backoffMsAfter(failed.attempt, failed.random);
  const { failure } = failed;
  switch (failure.kind) {
    case 'answer':
      return planAfterAnswer(failure.status, failure.hints, { backoffMs, idempotent: failed.idempotent });
    case 'transport':
      return !failure.wasSent || failed.idempotent ? { retry: true, afterMs: backoffMs } : giveUp;
    case 'unreadable':
      return failed.idempotent ? { retry: true, afterMs: backoffMs } : giveUp;
    case 'timeout':
      // The caller has waited a whole time-out already; its own retry comes later and frees the worker in between.
      return giveUp;
  }
}

/**
 * How long a 429 asks to wait; `undefined` when it does not say. Retry-After wins: it is about the short limit, reset about the long.
 * Reset counts unless calls are said to be left: then another limit was hit than the one that it is about.
 */
export function waitAfter429(hints: RateHints): number | undefined {
  return hints.retryAfterMs ?? ((hints.remaining ?? 0) === 0 ? hints.resetInMs : undefined);
}

function planAfterAnswer(
  status: number,
  hints: RateHints,
  { backoffMs, idempotent }: { readonly backoffMs: number; readonly idempotent: boolean },
): RetryPlan {
  // A 429 was refused before any work, so even a POST may be repeated.
  if (status === 429) return within(waitAfter429(hints) ?? backoffMs);
  if (status >= 500 && status !== 501 && idempotent) return within(hints.retryAfterMs ?? backoffMs);
  return giveUp;
}

function within(afterMs: number): RetryPlan {
  return afterMs <= LONGEST_WAIT_MS ? { retry: true, afterMs } : giveUp;
}

function backoffMsAfter(attempt: number, random: number): number {
  return Math.round(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (attempt - 1) * (0.5 + random / 2));
}
