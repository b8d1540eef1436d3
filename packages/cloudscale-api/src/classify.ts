// What cloudscale.ch's error bodies say. Pure. The API answers with an object of texts: `{"detail": "Not found."}`, or one text for each
// wrong field; a gateway's page or its own JSON is not that, and only the API's own 404 may read as absence.
import type { ApiErrorBody } from '@longshore/cloud-http';

/** Error body to facts; undefined when it is not the API that speaks. */
export function classifyCloudscaleBody(body: unknown, status: number): ApiErrorBody | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { detail } = body as Readonly<Record<string, unknown>>;
  if (typeof detail === 'string') return withDetail(detail, status);
  const fields = Object.entries(body);
  if (status !== 400 || fields.length === 0) return undefined;
  const message = fields.map(([field, value]) => `${field}: ${textOf(value)}`).join('; ');
  return { apiCode: 'invalid', message: message.slice(0, LONGEST_MESSAGE) };
}

// A 404 in other words is about a route, not about the object that was asked for.
function withDetail(detail: string, status: number): ApiErrorBody | undefined {
  if (status === 404 && !/not found/i.test(detail)) return undefined;
  return { apiCode: CODES[status] ?? 'error', message: detail };
}

const LONGEST_MESSAGE = 500;

const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'not_authenticated',
  403: 'permission_denied',
  404: 'not_found',
  429: 'throttled',
  500: 'server_error',
  503: 'unavailable',
};

// Usually a text; lists and nested objects have been seen for lists of objects.
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return value
      .map(textOf)
      .filter((text) => text !== '')
      .join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([field, inner]) => `${field}: ${textOf(inner)}`)
    .join('; ');
}
