// What came back as a value: an answer of the API, or one of the failures. Pure; called by cloud-http.ts for every attempt.
import { UNKNOWN_CA } from './agent.ts';
import type { Call } from './call.ts';
import type { ClassifyBody, Failure } from './failure.ts';
import { parseRateHints } from './rate-headers.ts';
import type { Headers, RateHints } from './rate-headers.ts';
import { plainCause, redact } from './redact.ts';

/** An answer that is a success. */
export interface Success<T> {
  readonly ok: true;
  readonly value: T;
  /** The whole JSON, for the link of the next page. */
  readonly body: unknown;
  readonly status: number;
  readonly hints: RateHints;
}

/** An attempt that failed, and the token that it was made with. */
export interface Failed {
  readonly ok: false;
  readonly failure: Failure;
  readonly token: string;
  readonly cause?: Error;
}

/** The end of one attempt. */
export type Attempt<T> = Success<T> | Failed;

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What is needed to read it. */
export interface Reading {
  readonly token: string;
  readonly nowMs: number;
  readonly classifyBody: ClassifyBody;
}

/** An answer to success or failure. */
export function readAnswer<T>(call: Call<T>, answer: RawAnswer, reading: Reading): Attempt<T> {
  const { status, headers } = answer;
  const { token } = reading;
  const hints = parseRateHints(headers, reading.nowMs);
  // Only what can end up in a message is cleaned: lists of thousands of objects are not worth the search.
  const isSuccess = status >= 200 && status < 300;
  const text = isSuccess ? answer.text : redact(answer.text, [token]);
  const body = parseJson(text);
  if (!isSuccess) {
    const api = reading.classifyBody(body.value, status);
    const requestId = api?.requestId ?? headers['x-request-id'];
    return { ok: false, token, failure: { kind: 'answer', status, api, text, requestId, hints } };
  }
  const unreadable = (reason: string): Failed => ({
    ok: false,
    token,
    failure: { kind: 'unreadable', status, reason, text: redact(text, [token]) },
  });
  if (body.problem !== undefined) return unreadable(body.problem);
  try {
    return { ok: true, value: call.parse(body.value), body: body.value, status, hints };
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
}

// Codes of failures before the connection stood: nothing was sent, so even a POST may be repeated.
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  ...UNKNOWN_CA,
]);

/** What the HTTP library threw to failure. Nothing of the thrown object is kept: it carries the request with its headers. */
export function readTransportError(error: unknown, token: string): Failed {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly syscall?: unknown } };
  const name = typeof code === 'string' ? code : 'UNKNOWN';
  const message = redact(error instanceof Error ? error.message : String(error), [token]);
  const wasSent = !NEVER_CONNECTED.has(name) && cause?.syscall !== 'connect';
  const failure: Failure = { kind: 'transport', code: name, reason: reasonOf(name, message), wasSent };
  return { ok: false, token, failure, cause: plainCause(error, [token]) };
}

/** The API's own word that the thing does not exist. */
export function isAbsence(failure: Failure): boolean {
  return failure.kind === 'answer' && failure.status === 404 && failure.api !== undefined;
}

/** Status and rate limit of an attempt, as far as there was an answer of the API. */
export function answerOf(result: Attempt<unknown>): { readonly status: number; readonly hints: RateHints } | undefined {
  if (result.ok) return result;
  return result.failure.kind === 'answer' ? result.failure : undefined;
}

/** Status of an attempt. */
export function statusOf(result: Attempt<unknown>): number | undefined {
  if (result.ok) return result.status;
  return 'status' in result.failure ? result.failure.status : undefined;
}

function reasonOf(name: string, message: string): string {
  if (message === '' || message === 'Error') return name;
  return message.includes(name) ? message : `${name} ${message}`;
}

function parseJson(text: string): { readonly value: unknown; readonly problem?: string } {
  try {
    return { value: text === '' ? undefined : (JSON.parse(text) as unknown) };
  } catch {
    return { value: undefined, problem: 'the body is not JSON' };
  }
}
