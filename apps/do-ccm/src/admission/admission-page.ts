// The page /lb-service: one AdmissionReview in, one out. What is wrong with the request itself is told by the HTTP status.
import { isIP } from 'node:net';
import type { Page, PageAnswer, PageRequest } from '@longshore/k8s-runtime/process';
import type { Logger } from '@longshore/reconciler-core';
import { answerOf, parseReview } from './review.ts';
import type { ServiceValidator } from './service-validator.ts';

/** Where the API server sends reviews; a contract with ValidatingWebhookConfigurations. */
export const REVIEW_PATH = '/lb-service';
/** As controller-runtime: two objects of the largest size that the API server takes, and some. */
export const LONGEST_REVIEW_BYTES = 7 * 1024 * 1024;
/** The time for a verdict when the API server does not tell how long it waits (it does: `?timeout=10s`). */
export const DEFAULT_LIMIT_MS = 8_000;

// What of the API server's time is left for the way there and back.
const RESERVE_MS = 1_000;

/** What the page needs. */
export interface AdmissionPageOptions {
  readonly validator: Pick<ServiceValidator, 'judge'>;
  readonly log: Logger;
  /** Ends what is under way when the process stops. */
  readonly signal: AbortSignal;
}

/** The page. */
export function admissionPage({ validator, log, signal }: AdmissionPageOptions): Page {
  return async (request) => {
    const refusal = refusalOf(request);
    if (refusal) return refusal;
    const review = parseReview(request.body);
    if ('malformed' in review) return { status: 400, body: `${review.malformed}\n` };
    const verdict = await validator.judge(review, limitMs(request.query.get('timeout')), signal);
    const facts = { service: review.about, operation: review.operation, message: verdict.message };
    if (verdict.isAllowed) log.verbose(2, 'Service allowed', facts);
    else log.info('Service denied', facts);
    return { status: 200, contentType: 'application/json', body: answerOf(review.uid, verdict) };
  };
}

function refusalOf({ method, headers }: PageRequest): PageAnswer | undefined {
  if (method !== 'POST') return { status: 405, body: `method ${method} is not allowed: POST an AdmissionReview\n` };
  const [type = ''] = headers['content-type'] ?? [];
  if (/^application\/json\s*(;|$)/i.test(type)) return undefined;
  return { status: 415, body: `content type ${JSON.stringify(type)} is not supported: send application/json\n` };
}

/** The time for a verdict, from the time-out that the API server sends along. */
export function limitMs(timeout: string | null): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(timeout ?? '') ?? [];
  if (amount === undefined) return DEFAULT_LIMIT_MS;
  const wholeMs = Number(amount) * (unit === 's' ? 1_000 : 1);
  return Math.max(wholeMs / 2, wholeMs - RESERVE_MS);
}

/** A problem with `--bind-address`, as a flag's validation says it. */
export function bindAddressProblem(address: string): string | undefined {
  return address === '' || isIP(address) > 0 ? undefined : 'is not an IP address';
}
