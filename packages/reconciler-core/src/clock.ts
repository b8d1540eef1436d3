// All time goes through a Clock, so that tests move it by hand. Durations use the monotonic reading, dates the wall clock.

/** Cancels what a Clock has scheduled; calling it twice, or late, does nothing. */
export type Cancel = () => void;

/** Time as the program sees it. */
export interface Clock {
  /** Wall-clock time in ms since the epoch, for what others read (timestamps). Never subtract two of these. */
  nowMs(): number;
  /** Monotonic milliseconds from an arbitrary origin, for durations, back-off, leases and limits. */
  monotonicMs(): number;
  /** Runs `callback` once after `delayMs` (0 or less: on the next turn of the event loop). */
  after(delayMs: number, callback: () => void): Cancel;
}

// setTimeout fires at once for delays over 2^31-1 ms; longer ones are chained.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real clock. Its timers keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Not performance.now(), whose first use loads all of perf_hooks (0.4 MiB).
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  after(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    };
    arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with `signal.reason` as soon as the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
