// A deadline for calls of a provider: one that hangs must not hold a worker for ever. The call's signal aborts; whether the provider
// reacts or not, the caller goes on.
import { abortable, OperatorError, backoff } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';

/** `what` names the call in the error's message. */
export interface Deadline {
  readonly what: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Runs `call`; rejects with CLOUD_CALL_TIMEOUT when it takes too long, and with the reason when `signal` aborts. */
export async function withDeadline<T>(
  { what, timeoutMs, clock }: Deadline,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooLate = new AbortController();
  const cancel = clock.after(timeoutMs, () =>
    tooLate.abort(
      new OperatorError(
        'CLOUD_CALL_TIMEOUT',
        `${what} took longer than ${timeoutMs / 1000} s and was given up`,
        backoff,
      ),
    ),
  );
  const either = AbortSignal.any([signal, tooLate.signal]);
  try {
    return await abortable(call(either), either);
  } finally {
    cancel();
  }
}
