// What a controller should do after an answer or a failure of the API server. Pure; the only place that looks at status codes and
// errno codes of the API server.
import { backoff, onChange, retryAfter } from '@longshore/reconciler-core';
import type { Disposition } from '@longshore/reconciler-core';
import { KubeApiError } from './kube-api-error.ts';
import { KubeTransportError } from './kube-transport-error.ts';

/** The parts of a refusal that matter. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
}

/** A Status object of the API server, as far as it could be read. */
export interface KubeStatus {
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  /** Name of the object that the refusal is about; absent when the path itself is unknown. */
  readonly objectName?: string | undefined;
}

/** The disposition of a refusal. 403 and 404 back off: roles, namespaces and CRDs may come later. */
export function classifyRefusal(refusal: Refusal): Disposition {
  if (refusal.retryAfterMs !== undefined) return retryAfter(refusal.retryAfterMs);
  if (refusal.status === 422 || refusal.status === 400 || refusal.status === 413) return onChange;
  return backoff;
}

/** Any error of a KubeClient call to its disposition; unknown ones back off. */
export function classifyKubeError(error: unknown): Disposition {
  if (error instanceof KubeApiError || error instanceof KubeTransportError) return error.disposition;
  return backoff;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** Reads the body of a refusal: a Status object, or the plain text of a proxy or of an unknown path. */
export function parseStatus(status: number, body: string): KubeStatus {
  const parsed = parseJsonObject(body);
  if (parsed?.['kind'] === 'Status') return statusOfObject(status, parsed);
  const text = body.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  return { reason: REASONS[status] ?? 'Unknown', message: text || 'no explanation given' };
}

/** The Status object of an ERROR event of a watch. */
export function statusOfObject(status: number, object: object): KubeStatus & { readonly status: number } {
  const { reason, message, details, code } = object as Readonly<Record<string, unknown>>;
  const { retryAfterSeconds, name } = (details ?? {}) as Readonly<Record<string, unknown>>;
  const known = typeof code === 'number' && code > 0 ? code : status;
  return {
    status: known,
    reason: textOf(reason) ?? REASONS[known] ?? 'Unknown',
    message: textOf(message) ?? 'no explanation given',
    retryAfterMs: typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : undefined,
    objectName: textOf(name),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseJsonObject(body: string): Readonly<Record<string, unknown>> | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds, as the API server writes it; dates and nonsense count as absent. */
export function parseRetryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined;
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'is it running, and is the address right?'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'the host name cannot be resolved; check the address and DNS'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'the network does not lead there; check address, routes and firewalls'],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS/,
    'the certificate is not trusted; check the CA in the kubeconfig and the host name',
  ],
  [/^(EPROTO|ERR_SSL_|HPE_)/, 'the other side does not speak this protocol; check http or https and the port'],
];

/** What to look at after a failure with this errno or OpenSSL code; undefined for those that pass by themselves. */
export function remedyFor(code: string): string | undefined {
  return REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
}

/** True when the certificate of either side was the problem, so that files may have been rotated meanwhile. */
export function isCertificateFailure(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS|X509|ERR_SSL_.*ALERT/.test(code);
}
