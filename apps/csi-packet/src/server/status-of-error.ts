// What the caller is told about anything that was thrown. Pure. The sidecars take CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE and ABORTED
// for "may still be going on" and every other code for "certainly not": a wrong code here leaks a volume or forgets an attachment.
import { CloudApiError } from '@longshore/cloud-http/parts';
import { refusalOf } from '@longshore/packet-api/local';
import { findInCauses, messageOf, OperatorError } from '@longshore/reconciler-core';
import { CODE } from './codes.ts';
import type { CodeName } from './codes.ts';
import { CsiError } from './csi-error.ts';

/** Code and text of an answer. */
export interface AnswerStatus {
  readonly code: CodeName;
  readonly details: string;
}

// Headers and trailers have to fit into 8 KiB at some clients.
const LONGEST_DETAILS = 2_000;

/** Error to status. */
export function statusOfError(error: unknown): AnswerStatus {
  return { code: codeOf(error), details: toDetails(messageOf(error)) };
}

/** Whether the error is a fault of this program and not of the world: then its stack is worth a log line. */
export function isOwnFault(error: unknown): boolean {
  return codeOf(error) === 'INTERNAL' && !isKnown(error);
}

// A grpc-message that ends in a space is lost by Node's HTTP/2 client.
function toDetails(message: string): string {
  const text = message.replaceAll(/\s+/g, ' ').trim();
  return text.length <= LONGEST_DETAILS ? text : `${text.slice(0, LONGEST_DETAILS).trimEnd()} …`;
}

function codeOf(error: unknown): CodeName {
  if (error instanceof CsiError) return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const cloud = findInCauses(error, (candidate) => candidate instanceof CloudApiError);
  if (cloud !== undefined) return codeOfCloudError(cloud);
  if (isAbort(error)) return 'ABORTED';
  if (error instanceof OperatorError && error.disposition.retry !== 'never') return 'UNAVAILABLE';
  return 'INTERNAL';
}

const CODES_OF_STATUS: Readonly<Record<number, CodeName>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNAVAILABLE',
  408: 'UNAVAILABLE',
  409: 'ABORTED',
  429: 'UNAVAILABLE',
};

const CODES_OF_REFUSAL: Readonly<Record<string, CodeName>> = {
  quota: 'RESOURCE_EXHAUSTED',
  'no-capacity': 'RESOURCE_EXHAUSTED',
};

function codeOfCloudError(error: CloudApiError): CodeName {
  const { status, hasApiBody } = error;
  // No answer, or nobody knows whether the work was done: repeating the call finds out.
  if (error.isLostAnswer || status === undefined || status >= 500) return 'UNAVAILABLE';
  const refusal = refusalOf(error);
  if (refusal !== undefined) return CODES_OF_REFUSAL[refusal] ?? 'FAILED_PRECONDITION';
  // An answer that is not the API's own (a proxy's page) says nothing about the object.
  if (!hasApiBody && status !== 401 && status !== 429) return 'UNAVAILABLE';
  return CODES_OF_STATUS[status] ?? 'INTERNAL';
}

function isKnown(error: unknown): boolean {
  return error instanceof CsiError || error instanceof OperatorError;
}

function isAbort(error: unknown): boolean {
  const name = (error as { readonly name?: unknown } | null | undefined)?.name;
  return name === 'AbortError' || name === 'TimeoutError';
}

/** The number of a status for the wire. */
export function numberOf({ code }: AnswerStatus): number {
  return CODE[code];
}
