// AdmissionReview v1 as the API server sends and reads it, and the answer to one. Pure; called by admission-page.ts.
import type { KubeService } from '@longshore/k8s-runtime';

/** What is asked about one Service. */
export interface ServiceReview {
  readonly uid: string;
  /** `CREATE`, `UPDATE` or something that needs no check. */
  readonly operation: string;
  /** For log lines: `shop/web`. */
  readonly about: string;
  readonly service: KubeService | undefined;
  /** Before the change; absent for a creation. */
  readonly old: KubeService | undefined;
}

/** A review that cannot be read, in one sentence. */
export interface MalformedReview {
  readonly malformed: string;
}

/** The answer to a review. */
export interface Verdict {
  readonly isAllowed: boolean;
  readonly message: string;
  /** Shown by kubectl, whether it is allowed or not. */
  readonly warnings: readonly string[];
}

const API_VERSION = 'admission.k8s.io/v1';

/** Reads a request body. */
export function parseReview(body: string): ServiceReview | MalformedReview {
  const review = objectOf(parseJson(body));
  if (!review) return { malformed: 'the body is no JSON object: send an AdmissionReview' };
  const { apiVersion, kind } = review;
  if (kind !== 'AdmissionReview' || apiVersion !== API_VERSION) {
    const got = `${String(apiVersion)} ${String(kind)}`.slice(0, 100);
    return { malformed: `expected ${API_VERSION} AdmissionReview, got ${got}: list v1 in admissionReviewVersions` };
  }
  const request = objectOf(review['request']);
  const uid = request?.['uid'];
  if (!request || typeof uid !== 'string' || uid === '') return { malformed: 'the AdmissionReview has no request.uid' };
  return parseRequest(request, uid);
}

function parseRequest(request: Readonly<Record<string, unknown>>, uid: string): ServiceReview | MalformedReview {
  const resource = resourceOf(request);
  if (resource !== '/v1 services') return { malformed: `only core/v1 services are checked here, got ${resource}` };
  const operation = textOf(request['operation']);
  const about = `${textOf(request['namespace'])}/${textOf(request['name'])}`;
  const [service, old] = [objectOf(request['object']), objectOf(request['oldObject'])];
  if (operation !== 'CREATE' && operation !== 'UPDATE') {
    return { uid, operation, about, service: undefined, old: undefined };
  }
  if (!isService(service)) return { malformed: 'request.object is no Service' };
  if (operation === 'CREATE') return { uid, operation, about, service, old: undefined };
  return isService(old) ? { uid, operation, about, service, old } : { malformed: 'request.oldObject is no Service' };
}

function resourceOf(request: Readonly<Record<string, unknown>>): string {
  const { group, version, resource } = objectOf(request['resource']) ?? {};
  return `${textOf(group)}/${textOf(version)} ${textOf(resource)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

// The fields that are read later are all optional in the type, and an API server has validated them before it asks.
function isService(value: KubeService | undefined): boolean {
  const { metadata, spec } = value ?? {};
  const annotations = metadata?.annotations;
  const isTextMap = annotations === undefined || (objectOf(annotations) !== undefined && areTexts(annotations));
  const ports: unknown = spec?.ports;
  return objectOf(spec) !== undefined && isTextMap && (ports === undefined || Array.isArray(ports));
}

function areTexts(annotations: object): boolean {
  return Object.values(annotations).every((value) => typeof value === 'string');
}

/** The body of the answer. A refusal is what controller-runtime, and so the Go program, makes of it: 403 Forbidden. */
export function answerOf(uid: string, { isAllowed, message, warnings }: Verdict): string {
  const status = isAllowed ? { code: 200, message } : { code: 403, reason: 'Forbidden', message };
  const shown = warnings.length > 0 ? { warnings } : {};
  const response = { uid, allowed: isAllowed, status, ...shown };
  return JSON.stringify({ apiVersion: API_VERSION, kind: 'AdmissionReview', response });
}

/** `allowed` with nothing to say. */
export function allow(message: string, warnings: readonly string[] = []): Verdict {
  return { isAllowed: true, message, warnings };
}

/** The object is refused. */
export function deny(message: string, warnings: readonly string[] = []): Verdict {
  return { isAllowed: false, message, warnings };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
}
