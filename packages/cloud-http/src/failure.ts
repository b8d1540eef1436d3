// The ways in which one attempt of a call can fail, as data: retry-plan.ts decides about them, cloud-api-error.ts words them.
import type { Disposition } from '@longshore/reconciler-core';
import type { RateHints } from './rate-headers.ts';

/** The API's own error body, as far as every cloud has it. */
export interface ApiErrorBody {
  /** The API's code for the error (`not_found`). */
  readonly apiCode: string;
  readonly message: string;
  readonly requestId?: string;
  /** Set where the cloud's answer tells more than its status (busy, come back later). */
  readonly disposition?: Disposition;
}

/** Recognizes the API's own error body; anything else (a proxy's page) gives `undefined`. */
export type ClassifyBody = (body: unknown, status: number) => ApiErrorBody | undefined;

/** One failed attempt. */
export type Failure =
  /** An answer that is no success. `api` is absent when the body is not the API's own error. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly api: ApiErrorBody | undefined;
      readonly text: string;
      readonly requestId: string | undefined;
      readonly hints: RateHints;
    }
  /** A success whose body cannot be read: cut off, HTML, or of another shape. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly reason: string; readonly text: string }
  /** No answer. `wasSent` is false only when the connection was never made. */
  | { readonly kind: 'transport'; readonly code: string; readonly reason: string; readonly wasSent: boolean }
  /** No answer in time. */
  | { readonly kind: 'timeout'; readonly timeoutMs: number };

/** The body form `{ id, message, request_id? }`; both texts have to be there, or it is not the API that speaks. */
export function classifyIdMessageBody(body: unknown): ApiErrorBody | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { id, message, request_id: requestId } = body as Record<string, unknown>;
  if (typeof id !== 'string' || id === '' || typeof message !== 'string') return undefined;
  return { apiCode: id, message, ...(typeof requestId === 'string' && requestId !== '' ? { requestId } : {}) };
}
