// What Packet's error bodies mean beyond their status. Pure. The API has no error codes: refusals are known by parts of their text, all
// of which stand in this file.
import { CloudApiError } from '@longshore/cloud-http/parts';
import type { ApiErrorBody } from '@longshore/cloud-http/parts';
import { backoff, retryAfter } from '@longshore/reconciler-core';
import type { Disposition } from '@longshore/reconciler-core';

/** Refusals that a caller may want to know apart. */
export type Refusal =
  /** The device has a BGP session of this address family already. */
  | 'bgp-session-exists'
  /** The volume is logged in on a host, so it cannot be detached. */
  | 'volume-in-use'
  /** The volume is attached already. */
  | 'already-attached'
  /** No machine of the plan is free at the place. */
  | 'no-capacity'
  /** The project's quota is used up. */
  | 'quota'
  /** The device or volume is locked against deletion. */
  | 'locked';

interface RefusalForm {
  readonly refusal: Refusal;
  readonly text: RegExp;
  /** Absent: as for every 422, the user has to change something. */
  readonly disposition?: Disposition;
}

// The API sees the end of an iSCSI session some seconds late.
const IN_USE_RETRY_MS = 2_000;

const FORMS: readonly RefusalForm[] = [
  { refusal: 'bgp-session-exists', text: /already has session/i },
  {
    refusal: 'volume-in-use',
    text: /^Cannot detach since volume is actively being used/i,
    disposition: retryAfter(IN_USE_RETRY_MS),
  },
  { refusal: 'already-attached', text: /already attached/i, disposition: backoff },
  { refusal: 'no-capacity', text: /no (?:provisionable|available) .*(?:servers|matching)/i, disposition: backoff },
  { refusal: 'quota', text: /quota|limit (?:reached|exceeded)|approval required/i, disposition: backoff },
  { refusal: 'locked', text: /\blocked\b/i },
];

/** Error body to facts: `{ errors: […] }`, `{ error: "…" }` or both; `undefined` when it is not the API that speaks. */
export function classifyPacketBody(body: unknown, status: number): ApiErrorBody | undefined {
  const texts = reasonsIn(body);
  if (texts === undefined) return undefined;
  const message = texts.length === 0 ? 'no reason was given' : texts.join('; ');
  const form = status === 422 ? FORMS.find(({ text }) => texts.some((part) => text.test(part))) : undefined;
  const apiCode = form?.refusal ?? `status-${status}`;
  return form?.disposition === undefined ? { apiCode, message } : { apiCode, message, disposition: form.disposition };
}

// Each text once: some answers carry the same in both fields.
function reasonsIn(body: unknown): readonly string[] | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { errors, error } = body as Readonly<Record<string, unknown>>;
  if (!Array.isArray(errors) && typeof error !== 'string') return undefined;
  return [...new Set([...textsOf(errors), ...textsOf(error)])];
}

/** Which refusal a failed call met; `undefined` for all other failures. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof CloudApiError) || error.status !== 422) return undefined;
  return FORMS.find(({ refusal }) => refusal === error.apiCode)?.refusal;
}

/** The API itself said that this token may not see the object. What that means for a device is told by `Devices.look`. */
export function isForbidden(error: unknown): boolean {
  return error instanceof CloudApiError && error.status === 403 && error.hasApiBody;
}

// Entries of `errors` are texts, or objects with a text in them (seen with validation errors); anything else is passed over.
function textsOf(raw: unknown): readonly string[] {
  if (typeof raw === 'string') return raw === '' ? [] : [raw];
  if (Array.isArray(raw)) return raw.flatMap(textsOf);
  if (typeof raw !== 'object' || raw === null) return [];
  const { message, error, detail } = raw as Readonly<Record<string, unknown>>;
  return [message, error, detail].filter((text) => typeof text === 'string').slice(0, 1);
}
