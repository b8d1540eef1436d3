// A bare HTTPS loop against the API server: no informer, no queue, no parsing. It makes the nodes of a benchmark, and it
// is the floor that the programs are held against.
import type { IncomingMessage } from 'node:http';
import https from 'node:https';

/** Where to send, and as whom. */
export interface ApiTarget {
  readonly server: string;
  readonly caCertPem: string;
  readonly adminToken: string;
}

/** One write or read. */
export interface BareCall {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** A fixed number of keep-alive connections to one API server. */
export class BareApi {
  readonly #agent: https.Agent;
  readonly #target: ApiTarget;

  constructor(target: ApiTarget, connections: number) {
    this.#target = target;
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: connections, ca: target.caCertPem });
  }

  /** Sends one call; resolves with status and body, rejects only for a transport error. */
  send(call: BareCall): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = {
        authorization: `Bearer ${this.#target.adminToken}`,
        accept: 'application/json',
      };
      if (call.body !== undefined) {
        headers['content-type'] = call.contentType ?? 'application/json';
        headers['content-length'] = String(Buffer.byteLength(call.body));
      }
      const request = https.request(new URL(call.path, this.#target.server), {
        method: call.method,
        headers,
        agent: this.#agent,
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      request.end(call.body);
    });
  }

  /** Opens a streaming GET; the stream ends when the signal aborts. */
  open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.#target.adminToken}` };
      const request = https.request(new URL(path, this.#target.server), {
        headers,
        ca: this.#target.caCertPem,
        agent: false,
        signal,
      });
      request.on('error', reject);
      request.on('response', (response) => {
        response.on('error', () => {});
        resolve(response);
      });
      request.end();
    });
  }

  /** As `send`, but an answer that is not success is an error with the server's words. */
  async must(call: BareCall): Promise<string> {
    const { status, body } = await this.send(call);
    if (status < 200 || status > 299) throw new Error(`${call.method} ${call.path}: ${status} ${body.slice(0, 300)}`);
    return body;
  }

  /** Runs `work` for 0 … count-1 with `workers` at a time. */
  async each(count: number, workers: number, work: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < count; index = next++) await work(index);
    };
    await Promise.all(Array.from({ length: workers }, worker));
  }

  close(): void {
    this.#agent.destroy();
  }
}
