// What becomes of a key after its reconcile: the only place that turns outcomes and dispositions into calls of the queue.
import { assertNever } from './errors.ts';
import type { Disposition } from './errors.ts';
import type { Outcome } from './outcome.ts';
import type { WorkQueue } from './work-queue.ts';

/** After success the failures no longer count; a key that waits for something comes back by itself. */
export function requeueAfterOutcome<K>(queue: WorkQueue<K>, key: K, outcome: Outcome): void {
  queue.forget(key);
  if (outcome.kind === 'check-again') queue.addAfter(key, outcome.afterMs);
}

/** After a failure. The caller ends the controller on `never`: there is nothing to requeue. */
export function requeueAfterFailure<K>(queue: WorkQueue<K>, key: K, disposition: Disposition): void {
  switch (disposition.retry) {
    case 'backoff':
      return queue.addRateLimited(key);
    case 'after':
      return queue.addAtCommonTime(key, disposition.ms);
    case 'on-change':
      return queue.forget(key);
    case 'never':
      return;
    default:
      return assertNever(disposition);
  }
}
