// A token bucket for client-side limits. Its whole state is one time: when the next token would be there if the bucket held just one.
// Callers that wait stand in a queue, so one that gives up costs nobody a token.
import type { Cancel, Clock } from './clock.ts';

/** Rate and size of a bucket: `burst` calls at once, then `perSecond`. */
export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}

/** Lets `burst` calls through at once and `perSecond` after that. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #reachMs: number;
  readonly #waiting = new Set<() => void>();
  #nextMs = -Infinity;
  #cancelTimer: Cancel | undefined;

  constructor(options: TokenBucketOptions) {
    if (!(options.perSecond > 0) || !(options.burst >= 1)) {
      throw new RangeError(
        `a token bucket needs perSecond > 0 and burst >= 1, not ${options.perSecond} and ${options.burst}`,
      );
    }
    this.#clock = options.clock;
    this.#intervalMs = 1000 / options.perSecond;
    this.#reachMs = (options.burst - 1) * this.#intervalMs;
  }

  /** Takes a token now, on credit if need be: how long the caller must wait before using it. Goes before those in `take`. */
  reserveMs(): number {
    const waitMs = this.#untilFreeMs();
    this.#nextMs = Math.max(this.#nextMs, this.#clock.monotonicMs()) + this.#intervalMs;
    return waitMs;
  }

  /** Takes a token if there is one and nobody waits for it. */
  tryTake(): boolean {
    if (this.#waiting.size > 0 || this.#untilFreeMs() > 0) return false;
    this.reserveMs();
    return true;
  }

  /** Resolves with a token, in the order of the calls; rejects with `signal.reason` when the signal aborts first. */
  take(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.tryTake()) return resolve();
      const onAbort = (): void => {
        this.#waiting.delete(proceed);
        if (this.#waiting.size === 0) this.#disarm();
        reject(signal.reason as Error);
      };
      const proceed = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(proceed);
      this.#arm();
    });
  }

  #untilFreeMs(): number {
    return Math.max(0, this.#nextMs - this.#reachMs - this.#clock.monotonicMs());
  }

  #arm(): void {
    this.#cancelTimer ??= this.#clock.after(this.#untilFreeMs(), () => this.#serve());
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #serve(): void {
    this.#cancelTimer = undefined;
    for (const proceed of this.#waiting) {
      if (this.#untilFreeMs() > 0) return this.#arm();
      this.#waiting.delete(proceed);
      this.reserveMs();
      proceed();
    }
  }
}
