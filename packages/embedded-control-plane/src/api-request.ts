// One HTTPS call to the API server, without any Kubernetes library: readiness checks, tests that need only a few calls.
import { request } from 'node:https';

/** Where and as whom to call. */
export interface ApiTarget {
  readonly server: string;
  readonly caCertPem: string;
  /** Absent: an anonymous call. */
  readonly token?: string | undefined;
}

/** What to call. */
export interface ApiCall {
  readonly method?: string;
  /** For example `/api/v1/namespaces/default/configmaps?limit=1`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

/** The answer, whatever its status. The body is parsed when it is JSON, else it is the text. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Sends the call; rejects only when there was no answer. */
export function apiRequest(target: ApiTarget, call: ApiCall): Promise<ApiAnswer> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (target.token !== undefined) headers['authorization'] = `Bearer ${target.token}`;
  if (payload !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(call.path, target.server), {
      method: call.method ?? (payload === undefined ? 'GET' : 'POST'),
      headers,
      ca: target.caCertPem,
      agent: false,
      timeout: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${call.path} in time`)));
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parseBody(Buffer.concat(chunks)) }));
    });
    outgoing.end(payload);
  });
}

function parseBody(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
