// What a failed call means for servers. Pure. Only the API's own refusals say that nothing was made; everything else leaves it open.
import { CloudApiError } from '@longshore/cloud-http/parts';
import { isForbidden, refusalOf } from '@longshore/packet-api';
import { findInCauses, messageOf, OperatorError } from '@longshore/reconciler-core';
import type { ServerCreation } from './contract.ts';

/** The API refuses the key altogether: 401, no key, or the project is not to be seen with it. */
export function isCredentialsTrouble(error: unknown): boolean {
  const codes = ['CLOUD_UNAUTHORIZED', 'CLOUD_TOKEN_UNUSABLE', 'PACKET_PROJECT_UNREADABLE'];
  return error instanceof OperatorError && (codes.includes(error.code) || isForbidden(error));
}

/** The key itself is refused (not only for one project), so no other call can do better. */
export function isKeyRefused(error: unknown): boolean {
  const isOne = (one: unknown): one is OperatorError =>
    one instanceof OperatorError && ['CLOUD_UNAUTHORIZED', 'CLOUD_TOKEN_UNUSABLE'].includes(one.code);
  return findInCauses(error, isOne) !== undefined;
}

/** A POST that failed. */
export function creationAfter(error: unknown, projectId: string): Exclude<ServerCreation, { state: 'created' }> {
  const message = messageOf(error);
  const why = refusalReason(error);
  if (why === undefined) return { state: 'in-doubt', message };
  const retryAfterMs = error instanceof CloudApiError ? error.retryAfterMs : undefined;
  const text =
    why === 'permission'
      ? `the API key may not create devices in project ${projectId}: use one with read and write access: ${message}`
      : message;
  return { state: 'refused', why, message: text, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

type Why = Extract<ServerCreation, { state: 'refused' }>['why'];

const BY_STATUS: Readonly<Record<number, Why>> = {
  401: 'credentials',
  403: 'permission',
  400: 'invalid',
  404: 'invalid',
  422: 'invalid',
};

// 503 with these words is the API's way to say that all reserved machines are in use; no other 5xx is an answer.
const SOLD_OUT = /no (?:provisionable|available) .*(?:servers|matching|reservations)/i;
// Quotas of devices are worded in a way that the client does not know as such.
const QUOTA = /maximum number of devices/i;

function refusalReason(error: unknown): Why | undefined {
  if (error instanceof OperatorError && error.code === 'CLOUD_TOKEN_UNUSABLE') return 'credentials';
  if (!(error instanceof CloudApiError)) return undefined;
  if (error.code === 'CLOUD_RATE_LIMITED') return 'rate-limit';
  if (error.status === 401) return 'credentials';
  if (!error.hasApiBody) return undefined;
  return reasonInWords(error) ?? BY_STATUS[error.status ?? 0];
}

function reasonInWords(error: CloudApiError): Why | undefined {
  const refusal = refusalOf(error);
  if (refusal === 'no-capacity' || refusal === 'quota') return refusal;
  if ([422, 503].includes(error.status ?? 0) && SOLD_OUT.test(error.message)) return 'no-capacity';
  return error.status === 422 && QUOTA.test(error.message) ? 'quota' : undefined;
}
