// How long a handler may take before it has to say "not yet". Pure. gRPC itself answers DEADLINE_EXCEEDED when the caller's time is up, and
// the caller has then learnt nothing: a truthful ABORTED has to leave before.

/** Time kept for the answer on its way. */
const MARGIN_MS = 1_000;
/** For callers that set no deadline. */
const DEFAULT_LIMIT_MS = 120_000;

/** The time that a handler has. `deadline` is what grpc-js gives: a moment in ms since 1970, a Date, or Infinity. */
export function timeForCall(deadline: number | Date, nowMs: number): number {
  const leftMs = Number(deadline) - nowMs;
  if (!Number.isFinite(leftMs)) return DEFAULT_LIMIT_MS;
  // Of short deadlines a fifth, or nothing would be left to work with.
  return Math.max(0, leftMs - Math.min(MARGIN_MS, leftMs / 5));
}
