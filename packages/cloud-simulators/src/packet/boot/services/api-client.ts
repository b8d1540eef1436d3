// Calls of a machine's kubelet to the API server of its cluster. Small on purpose: it runs once per machine.
import { Agent, request } from 'node:https';

/** Where the API server is, and who asks. */
export interface ApiAccess {
  readonly server: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

/** One call. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Whatever came back. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const TIMEOUT_MS = 10_000;

/** Asks as one user, over one connection that stays open. */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    const { ca, cert, key } = access;
    this.#access = access;
    this.#agent = new Agent({
      keepAlive: true,
      ca,
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  }

  /** Resolves whatever the status; rejects when there was no answer. */
  call({ method, path, body }: ApiCall): Promise<ApiAnswer> {
    const { server, token } = this.#access;
    const type = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      const url = new URL(path, server);
      const asked = request(url, { method, headers, agent: this.#agent, timeout: TIMEOUT_MS }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parseBody(Buffer.concat(chunks)) }));
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer from ${server}`)));
      asked.on('error', reject);
      asked.end(text);
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Says in one line why an answer is not what was hoped for. */
export function refusalOf({ status, body }: ApiAnswer): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  return `${status} ${message}`.trim();
}

function parseBody(raw: Buffer): unknown {
  const text = raw.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
