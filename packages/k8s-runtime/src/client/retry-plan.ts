// Whether a call is repeated by the transport itself. Pure; api-transport.ts acts on it. Follows client-go: an answer of 429 or 5xx with
// Retry-After was not processed, so any verb may go again; after a broken connection only GETs, because a write may have been done.

/** What one attempt brought. */
export type AttemptResult =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterMs: number | undefined }
  | {
      readonly kind: 'failure';
      readonly code: string;
      /** The connection had been used before: the server may have closed it while it was idle. */
      readonly isReusedSocket: boolean;
      readonly isCertificateFailure: boolean;
    };

/** What was tried so far. */
export interface AttemptHistory {
  readonly method: string;
  /** Repetitions done because of Retry-After. */
  readonly waits: number;
  /** Repetitions done because of broken connections. */
  readonly resets: number;
  /** Credentials were read again already. */
  readonly hasRenewed: boolean;
}

/** What the transport does next. */
export type RetryPlan =
  | { readonly next: 'finish' }
  | { readonly next: 'wait'; readonly ms: number; readonly because: 'retry-after' | 'reset' }
  /** Read the credentials again; repeat the call if they changed, or in any case after 401. */
  | { readonly next: 'renew'; readonly onlyIfChanged: boolean };

const MOST_WAITS = 10;
// Longer pauses are the caller's: the error carries them, and the worker is free for other keys meanwhile.
const LONGEST_WAIT_MS = 60_000;
const MOST_RESETS = 3;
const RESET_PAUSE_MS = 1000;
const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET']);

const finish: RetryPlan = { next: 'finish' };

/** The next step after one attempt. */
export function planRetry(result: AttemptResult, history: AttemptHistory): RetryPlan {
  return result.kind === 'answer' ? afterAnswer(result, history) : afterFailure(result, history);
}

function afterAnswer(answer: Extract<AttemptResult, { kind: 'answer' }>, history: AttemptHistory): RetryPlan {
  if (answer.status === 401 && !history.hasRenewed) return { next: 'renew', onlyIfChanged: false };
  const wasPutOff = (answer.status === 429 || answer.status >= 500) && answer.retryAfterMs !== undefined;
  if (!wasPutOff || history.waits >= MOST_WAITS) return finish;
  const ms = answer.retryAfterMs ?? 0;
  return ms <= LONGEST_WAIT_MS ? { next: 'wait', ms, because: 'retry-after' } : finish;
}

function afterFailure(failure: Extract<AttemptResult, { kind: 'failure' }>, history: AttemptHistory): RetryPlan {
  if (failure.isCertificateFailure && !history.hasRenewed) return { next: 'renew', onlyIfChanged: true };
  if (history.method !== 'GET' || !RESETS.has(failure.code) || history.resets >= MOST_RESETS) return finish;
  // A stale keep-alive connection says nothing about the server: the first repetition need not wait.
  const ms = failure.isReusedSocket && history.resets === 0 ? 0 : RESET_PAUSE_MS;
  return { next: 'wait', ms, because: 'reset' };
}
