// Real time, told faster: tests with real processes cannot move time by hand, but need not wait two minutes for a silence either.
import type { Clock } from '@longshore/reconciler-core';

/** A clock on which `factor` seconds pass in each second. */
export function fastClock(factor: number): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now() * factor,
    after(delayMs, callback) {
      const timer = setTimeout(callback, Math.max(0, delayMs) / factor);
      return () => clearTimeout(timer);
    },
  };
}
