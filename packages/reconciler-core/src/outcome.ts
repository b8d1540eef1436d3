// What a reconcile says when it did not fail. Waiting for a cloud is an outcome, not an error: it does not grow the back-off.

/** The end of one reconcile: nothing left to do, or look again after `afterMs` because of `reason` (for logs and `explain`). */
export type Outcome =
  { readonly kind: 'settled' } | { readonly kind: 'check-again'; readonly afterMs: number; readonly reason: string };

/** The wanted state is reached; the next change of the object brings the key back. */
export const settled: Outcome = { kind: 'settled' };

/** Look at the key again after `afterMs` milliseconds; earlier if the object changes. */
export function checkAgain(afterMs: number, reason: string): Outcome {
  return { kind: 'check-again', afterMs, reason };
}
