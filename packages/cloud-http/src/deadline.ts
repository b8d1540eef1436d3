// A time limit for one attempt on top of the caller's signal, by the injected clock.
import type { Clock } from '@longshore/reconciler-core';

/** A signal that also ends with the time limit. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True when the time limit, not the caller, ended it. */
  readonly expired: boolean;
  /** Must be called when the attempt is over. */
  cancel(): void;
}

/** Starts the time limit. Listeners are removed by `cancel`: a caller's signal may live as long as the process. */
export function withDeadline(clock: Clock, timeoutMs: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  const state = { expired: false };
  const cancelTimer = clock.after(timeoutMs, () => {
    state.expired = true;
    controller.abort();
  });
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return state.expired;
    },
    cancel() {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
