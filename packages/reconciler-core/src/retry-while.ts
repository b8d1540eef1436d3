// A few quick attempts in place, for optimistic writes that lose a race. Anything longer belongs into the work queue.
import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import { jitter } from './jitter.ts';

/** `steps` counts attempts, not retries. The pause is multiplied by `factor` (1 by default) after each, and jittered. */
export interface RetryOptions {
  readonly steps: number;
  readonly pauseMs: number;
  readonly factor?: number | undefined;
  readonly jitterFactor?: number | undefined;
  readonly clock: Clock;
  readonly isRetryable: (error: unknown) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly random?: (() => number) | undefined;
}

/** Calls `attempt` (with 1, 2, …) until it succeeds; rejects with the last error, or with the reason of the abort during a pause. */
export async function retryWhile<T>(options: RetryOptions, attempt: (n: number) => Promise<T>): Promise<T> {
  const { clock, signal, isRetryable } = options;
  let pauseMs = options.pauseMs;
  for (let n = 1; ; n += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt(n);
    } catch (error) {
      if (n >= options.steps || !isRetryable(error)) throw error;
    }
    await sleep(clock, jitter(pauseMs, options.jitterFactor ?? 0, options.random), signal);
    pauseMs *= options.factor ?? 1;
  }
}
