// What an answer of DigitalOcean, or none, means for a Service. Pure. Only the API's own word about the balancer refuses; that it throttles,
// fails, is late or does not take our token is not the user's fault.
import { CloudApiError } from '@longshore/cloud-http';
import { isLoadBalancerBusy } from '@longshore/digitalocean-api';
import { messageOf, OperatorError } from '@longshore/reconciler-core';
import { allow, deny } from './review.ts';
import type { Verdict } from './review.ts';

/** Where the attempt to ask ended. */
export type ApiOutcome =
  | { readonly kind: 'valid' }
  | { readonly kind: 'late'; readonly afterMs: number }
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      /** The size would change, which the API refuses for a while after the last time. */
      readonly isResize: boolean;
    };

/** The verdict, and what the operator of this server should be told. */
export interface ApiVerdict {
  readonly verdict: Verdict;
  readonly complaint?: string;
}

const REFUSALS = new Set(['CLOUD_REJECTED', 'CLOUD_NOT_FOUND', 'CLOUD_CONFLICT', 'CERTIFICATE_NOT_FOUND']);
const TOKEN_REFUSALS = new Set(['CLOUD_UNAUTHORIZED', 'CLOUD_FORBIDDEN', 'CLOUD_TOKEN_UNUSABLE']);

/** Judges. */
export function verdictOfApi(outcome: ApiOutcome, warnings: readonly string[]): ApiVerdict {
  switch (outcome.kind) {
    case 'valid':
      return { verdict: allow('valid load balancer definition', warnings) };
    case 'late':
      return unchecked(`DigitalOcean did not answer within ${outcome.afterMs} ms`, warnings);
    case 'failed':
      return verdictOfError(outcome, warnings);
  }
}

function verdictOfError(
  { error, isResize }: Extract<ApiOutcome, { kind: 'failed' }>,
  warnings: readonly string[],
): ApiVerdict {
  const message = messageOf(error);
  if (!(error instanceof OperatorError)) return { ...unchecked(message, warnings), complaint: message };
  if (isLoadBalancerBusy(error)) return unchecked('the load balancer is being changed', warnings);
  if (isResize && isAboutSize(error)) {
    return unchecked('the load balancer may not be resized yet, which is tried again', warnings);
  }
  if (error.disposition.retry === 'on-change' || REFUSALS.has(error.code)) return { verdict: refusal(error, warnings) };
  if (TOKEN_REFUSALS.has(error.code)) {
    return { ...unchecked("DigitalOcean does not accept this server's API token", warnings), complaint: message };
  }
  return unchecked(reasonOf(error, message), warnings);
}

function refusal(error: OperatorError, warnings: readonly string[]): Verdict {
  const prefix = error instanceof CloudApiError ? 'invalid load balancer definition: ' : '';
  return deny(`${prefix}${error.message}`, warnings);
}

function reasonOf(error: OperatorError, message: string): string {
  if (error.code === 'CLOUD_RATE_LIMITED') return "DigitalOcean's rate limit is reached";
  const status = error instanceof CloudApiError ? error.status : undefined;
  return status === undefined
    ? `failed to get a response from DO API: ${message}`
    : `received unexpected status code (${status}) from DO API: ${message}`;
}

function isAboutSize(error: OperatorError): boolean {
  return error.code === 'CLOUD_REJECTED' && /\b(re)?siz/i.test(error.message);
}

function unchecked(reason: string, warnings: readonly string[]): ApiVerdict {
  const text = `load balancer definition not checked by DigitalOcean, allowing to prevent blocking: ${reason}`;
  return { verdict: allow(text, [...warnings, text]) };
}
