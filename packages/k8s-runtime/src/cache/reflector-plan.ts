// What a reflector does after each outcome: read everything again or go on watching, from which version, after which pause. Pure; the rules
// are client-go's (tools/cache/reflector.go). reflector.ts performs the steps. The table in reflector-plan.spec.ts is the documentation.

/** One request: `stream` is a watch that first sends the present state (WatchList), `list` the paged alternative. */
export type StepKind = 'stream' | 'list' | 'watch';

/** How long to wait before the step. */
export type Pause = 'none' | 'backoff' | { readonly ms: number };

/** The next step. */
export interface ReflectorPlan {
  readonly step: StepKind;
  /** '' asks for the newest state, which costs the server more. */
  readonly fromVersion: string;
  readonly pause: Pause;
  /** The server does not know WatchList: not tried again. */
  readonly isStreamRefused: boolean;
}

/** Where the reflector stands when an outcome arrives. */
export interface Situation {
  readonly done: ReflectorPlan;
  /** The last version seen; '' before the first. */
  readonly version: string;
  /** The cache holds a complete state as of `version`. */
  readonly isComplete: boolean;
}

/** How a step ended. */
export type ReflectorOutcome =
  /** A list was taken over. */
  | { readonly kind: 'listed' }
  /** The server ended the stream in the regular way. */
  | { readonly kind: 'ended'; readonly lastedMs: number; readonly events: number }
  /** The request was answered with an error status. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
    }
  /** An ERROR event inside the stream. */
  | { readonly kind: 'error-event'; readonly status: number; readonly reason: string }
  /** No answer to the request. */
  | { readonly kind: 'unreachable' }
  /** The stream broke, or was silent for too long. */
  | { readonly kind: 'broken' }
  /** What came makes no sense. */
  | { readonly kind: 'garbled' };

/** The first step of all. */
export const firstPlan: ReflectorPlan = { step: 'stream', fromVersion: '', pause: 'none', isStreamRefused: false };

// A watch that ends at once without a word is no regular end; without a pause it would be repeated in a tight loop.
const SHORTEST_WATCH_MS = 1000;
// Bad request, not found, method not allowed, unsupported media type, unprocessable (sendInitialEvents is forbidden), not implemented.
const STREAM_UNKNOWN = new Set([400, 404, 405, 406, 415, 422, 501]);

/** The next step after `outcome`. */
export function planAfter(situation: Situation, outcome: ReflectorOutcome): ReflectorPlan {
  switch (outcome.kind) {
    case 'listed':
      return watchFrom(situation, 'none');
    case 'ended':
      return afterEnd(situation, outcome);
    case 'broken':
    case 'unreachable':
      return situation.isComplete
        ? watchFrom(situation, 'backoff')
        : readAll(situation, situation.done.fromVersion, 'backoff');
    case 'garbled':
      return readAll(situation, situation.version, 'backoff');
    case 'error-event':
      return afterErrorEvent(situation, outcome);
    case 'refused':
      return afterRefusal(situation, outcome);
  }
}

function afterEnd(
  situation: Situation,
  outcome: { readonly lastedMs: number; readonly events: number },
): ReflectorPlan {
  if (!situation.isComplete) return readAll(situation, situation.done.fromVersion, 'backoff');
  const wasNothing = outcome.lastedMs < SHORTEST_WATCH_MS && outcome.events === 0;
  return wasNothing ? readAll(situation, situation.version, 'backoff') : watchFrom(situation, 'none');
}

function afterErrorEvent(
  situation: Situation,
  outcome: { readonly status: number; readonly reason: string },
): ReflectorPlan {
  const hasLostVersion = !situation.isComplete && isVersionUnusable(outcome);
  return readAll(situation, hasLostVersion ? '' : situation.version, 'backoff');
}

function afterRefusal(
  situation: Situation,
  refusal: Extract<ReflectorOutcome, { readonly kind: 'refused' }>,
): ReflectorPlan {
  const { step, fromVersion } = situation.done;
  const pause = refusal.retryAfterMs === undefined ? 'backoff' : { ms: refusal.retryAfterMs };
  if (refusal.status === 429) return { ...situation.done, pause };
  // The last version first, '' only if that fails too: a list from the server's cache is cheaper than one from etcd.
  if (step === 'watch') return readAll(situation, situation.version, pause);
  if (isVersionUnusable(refusal) && fromVersion !== '') return readAll(situation, '', 'none');
  return step === 'stream'
    ? afterStreamRefusal(situation, refusal.status, pause)
    : readAll(situation, fromVersion, pause);
}

// 401 and 403: who may not watch may still list, and then reads anew after each back-off. 5xx: a server that cannot stream may list.
function afterStreamRefusal(situation: Situation, status: number, pause: Pause): ReflectorPlan {
  const isStreamRefused = STREAM_UNKNOWN.has(status);
  const { fromVersion } = situation.done;
  return { step: 'list', fromVersion, pause: isStreamRefused || status === 403 ? 'none' : pause, isStreamRefused };
}

// 504 with reason Timeout is also "Too large resource version": the version of another, newer history, after a restore of etcd.
function isVersionUnusable({ status, reason }: { readonly status: number; readonly reason: string }): boolean {
  return status === 410 || status === 504 || reason === 'Expired' || reason === 'Gone';
}

function readAll(situation: Situation, fromVersion: string, pause: Pause): ReflectorPlan {
  const { isStreamRefused } = situation.done;
  return { step: isStreamRefused ? 'list' : 'stream', fromVersion, pause, isStreamRefused };
}

function watchFrom(situation: Situation, pause: Pause): ReflectorPlan {
  const { isStreamRefused } = situation.done;
  return { step: 'watch', fromVersion: situation.version, pause, isStreamRefused };
}
