// Reads what an answer says about the rate limit. Pure; called by cloud-http.ts for every answer.
// `ratelimit-reset` is a date of the server's clock, so it is compared with the answer's own Date header when there is one.

/** What an answer said about limits; a field is absent when the answer was silent. */
export interface RateHints {
  /** Calls allowed in the API's window. */
  readonly limit?: number;
  /** Calls left in it. */
  readonly remaining?: number;
  /** Time until the oldest counted call leaves the window. */
  readonly resetInMs?: number;
  /** Time that the API asked to wait (Retry-After). */
  readonly retryAfterMs?: number;
}

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** Headers of an answer to hints. `nowMs` is our wall clock, used where the answer carries no date. */
export function parseRateHints(headers: Headers, nowMs: number): RateHints {
  const serverNowMs = parseDateMs(headers['date']) ?? nowMs;
  const limit = parseCount(headers['ratelimit-limit'] ?? headers['x-ratelimit-limit']);
  const remaining = parseCount(headers['ratelimit-remaining'] ?? headers['x-ratelimit-remaining']);
  const resetS = parseCount(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset']);
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], serverNowMs);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(resetS === undefined ? {} : { resetInMs: Math.max(0, resetS * 1000 - serverNowMs) }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

// Retry-After is either a number of seconds or an HTTP date (RFC 9110 §10.2.3).
function parseRetryAfterMs(text: string | undefined, serverNowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseCount(text);
  if (seconds !== undefined) return seconds * 1000;
  const dateMs = parseDateMs(text);
  return dateMs === undefined ? undefined : Math.max(0, dateMs - serverNowMs);
}

function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+\s*$/.test(text) ? Number(text) : undefined;
}

function parseDateMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}
