// The one error that leaves this package for a failed call: what happened, on which call, what to do. Built from a Failure by a pure
// function; nobody else looks at status codes.
import { backoff, onChange, OperatorError, retryAfter } from '@longshore/reconciler-core';
import type { Disposition } from '@longshore/reconciler-core';
import type { Method } from './call.ts';
import type { Failure } from './failure.ts';
import { excerpt } from './redact.ts';
import { waitAfter429 } from './retry-plan.ts';

/** Codes of the errors of this package; each is listed in docs/errors.md. */
export type CloudErrorCode =
  | 'CLOUD_UNAUTHORIZED'
  | 'CLOUD_FORBIDDEN'
  | 'CLOUD_NOT_FOUND'
  | 'CLOUD_CONFLICT'
  | 'CLOUD_REJECTED'
  | 'CLOUD_RATE_LIMITED'
  | 'CLOUD_UNAVAILABLE'
  | 'CLOUD_UNEXPECTED_ANSWER'
  | 'CLOUD_UNREADABLE_ANSWER'
  | 'CLOUD_UNREACHABLE'
  | 'CLOUD_TIMEOUT'
  | 'CLOUD_TOKEN_UNUSABLE'
  | 'CLOUD_BASE_URL_INVALID'
  | 'CLOUD_DRY_RUN';

/** Facts of a CloudApiError beyond code and message. */
export interface CloudApiErrorFacts {
  readonly status?: number | undefined;
  readonly apiCode?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly isLostAnswer?: boolean;
  readonly hasApiBody?: boolean;
  readonly cause?: unknown;
}

/** A call of a cloud API that failed. */
export class CloudApiError extends OperatorError {
  /** HTTP status; absent when there was no answer. */
  readonly status: number | undefined;
  /** The API's own code of the error (`id` of the body at DigitalOcean). */
  readonly apiCode: string | undefined;
  readonly requestId: string | undefined;
  /** How long the API asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Nobody knows whether the call took effect (connection lost, time-out, 5xx): look before doing it again. Never set for a GET. */
  readonly isLostAnswer: boolean;
  /** The body was the API's own error, not the page of something in between. */
  readonly hasApiBody: boolean;

  constructor(code: CloudErrorCode, message: string, disposition: Disposition, facts: CloudApiErrorFacts = {}) {
    super(code, message, disposition, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'CloudApiError';
    this.status = facts.status;
    this.apiCode = facts.apiCode;
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
    this.isLostAnswer = facts.isLostAnswer ?? false;
    this.hasApiBody = facts.hasApiBody ?? false;
  }
}

/** The call that failed, as far as the error names it. */
export interface FailedCall {
  readonly method: Method;
  /** Full URL, fit to be shown. */
  readonly url: string;
}

type AnswerFailure = Extract<Failure, { kind: 'answer' }>;

/** Failure to error. */
export function toCloudApiError(call: FailedCall, failure: Failure, cause?: unknown): CloudApiError {
  const isWrite = call.method !== 'GET';
  const what = `${call.method} ${call.url}:`;
  switch (failure.kind) {
    case 'answer':
      return ofAnswer(what, failure, isWrite);
    case 'unreadable': {
      const message = `${what} ${failure.status} with an answer that cannot be read: ${failure.reason}: ${excerpt(failure.text)}`;
      return new CloudApiError('CLOUD_UNREADABLE_ANSWER', message, backoff, {
        status: failure.status,
        isLostAnswer: isWrite,
        cause,
      });
    }
    case 'transport': {
      const message = `${what} no answer: ${failure.reason}`;
      const isLostAnswer = isWrite && failure.wasSent;
      return new CloudApiError('CLOUD_UNREACHABLE', message, backoff, { isLostAnswer, cause });
    }
    case 'timeout':
      return new CloudApiError('CLOUD_TIMEOUT', `${what} no answer within ${failure.timeoutMs} ms`, backoff, {
        isLostAnswer: isWrite,
      });
  }
}

function ofAnswer(what: string, failure: AnswerFailure, isWrite: boolean): CloudApiError {
  const { status, api, requestId } = failure;
  const request = requestId === undefined ? '' : ` (request "${requestId}")`;
  const text = api?.message ?? excerpt(failure.text);
  const remedy = api?.disposition === undefined ? remedyOf(failure) : '';
  const retryAfterMs = waitAfter429(failure.hints);
  return new CloudApiError(
    codeOf(failure),
    `${what} ${status}${request} ${text}${remedy}`,
    dispositionOfAnswer(failure),
    {
      status,
      apiCode: api?.apiCode,
      requestId,
      retryAfterMs,
      isLostAnswer: isWrite && status >= 500,
      hasApiBody: api !== undefined,
    },
  );
}

const CODES: Readonly<Record<number, CloudErrorCode>> = {
  401: 'CLOUD_UNAUTHORIZED',
  403: 'CLOUD_FORBIDDEN',
  404: 'CLOUD_NOT_FOUND',
  409: 'CLOUD_CONFLICT',
  429: 'CLOUD_RATE_LIMITED',
};

function codeOf({ status, api }: AnswerFailure): CloudErrorCode {
  if (status >= 500) return 'CLOUD_UNAVAILABLE';
  // 401 and 429 are what they are, whoever sends them; the others say something about an object only in the API's own words.
  if (api === undefined && status !== 401 && status !== 429) return 'CLOUD_UNEXPECTED_ANSWER';
  return CODES[status] ?? (status === 400 || status === 422 ? 'CLOUD_REJECTED' : 'CLOUD_UNEXPECTED_ANSWER');
}

function dispositionOfAnswer(failure: AnswerFailure): Disposition {
  const { status, api, hints } = failure;
  if (api?.disposition !== undefined) return api.disposition;
  const waitMs = status === 429 ? waitAfter429(hints) : hints.retryAfterMs;
  if (waitMs !== undefined) return retryAfter(waitMs);
  return codeOf(failure) === 'CLOUD_REJECTED' ? onChange : backoff;
}

function remedyOf(failure: AnswerFailure): string {
  switch (codeOf(failure)) {
    case 'CLOUD_UNAUTHORIZED':
      return ' (the API token is wrong, expired or revoked: put a valid one in place)';
    case 'CLOUD_FORBIDDEN':
      return ' (the API token may lack a permission that this call needs: check its scopes)';
    case 'CLOUD_UNEXPECTED_ANSWER':
      return ' (not an answer of the API itself: check the base URL and the proxies in between)';
    default:
      return '';
  }
}
