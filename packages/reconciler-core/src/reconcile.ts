// The one function a controller author writes: key in, outcome out.
import type { Logger } from './logger.ts';
import type { Outcome } from './outcome.ts';

/** What a reconcile gets besides its key. `attempt` counts from 1 and starts over after success. */
export interface ReconcileRun {
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly attempt: number;
}

/** Brings the world of one key into line. Reads everything else from caches; anything thrown is a failure (errors.ts). */
export type Reconcile<K> = (key: K, run: ReconcileRun) => Promise<Outcome>;
