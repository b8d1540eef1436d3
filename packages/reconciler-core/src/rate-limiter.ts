// How long a key waits before its next try. The work queue asks once per failure; a success makes it forget the key.
import { TokenBucket } from './token-bucket.ts';
import type { TokenBucketOptions } from './token-bucket.ts';

/** Turns failures into pauses. */
export interface RateLimiter<K> {
  /** Counts one failure of `key` and says how long to wait because of it. */
  nextDelayMs(key: K): number;
  /** The key works again: its failures no longer count. */
  forget(key: K): void;
  /** Failures of `key` since the last `forget`. */
  failures(key: K): number;
}

/** `baseMs` after the first failure of a key, doubled with each further one, never more than `capMs`. */
export function exponentialBackoff<K>({ baseMs, capMs }: { baseMs: number; capMs: number }): RateLimiter<K> {
  const failures = new Map<K, number>();
  return {
    nextDelayMs(key) {
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      return Math.min(capMs, baseMs * 2 ** before);
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
  };
}

/** One bucket for all keys; each call reserves a token, so the delay grows with the backlog. Counts no failures per key. */
export function tokenBucket<K>(options: TokenBucketOptions): RateLimiter<K> {
  const bucket = new TokenBucket(options);
  return { nextDelayMs: () => bucket.reserveMs(), forget() {}, failures: () => 0 };
}

/** The longest of the delays of all `limiters`; each of them counts the failure. */
export function longestOf<K>(...limiters: readonly RateLimiter<K>[]): RateLimiter<K> {
  return {
    nextDelayMs: (key) => Math.max(0, ...limiters.map((limiter) => limiter.nextDelayMs(key))),
    forget: (key) => limiters.forEach((limiter) => limiter.forget(key)),
    failures: (key) => Math.max(0, ...limiters.map((limiter) => limiter.failures(key))),
  };
}

/** The delays of `limiter`, never more than `maxMs`. */
export function cappedAt<K>(limiter: RateLimiter<K>, maxMs: number): RateLimiter<K> {
  return {
    nextDelayMs: (key) => Math.min(maxMs, limiter.nextDelayMs(key)),
    forget: (key) => limiter.forget(key),
    failures: (key) => limiter.failures(key),
  };
}
