// One HTTP exchange with the API server over node:https. No retries, no credentials, no Kubernetes: api-transport.ts adds those.
// node:https with one keep-alive agent costs 0.4 ms a call where client-node's new agent for each request costs 3.6 ms.
// An ES import of the values of node:http loads undici with it (12 MiB, 70 ms), so plain HTTP gets them where it is used.
import type http from 'node:http';
import https from 'node:https';
import type { Cancel, Clock } from '@longshore/reconciler-core';
import { codeOf } from './kube-transport-error.ts';

/** One request. */
export interface HttpCall {
  readonly method: string;
  /** With query string. */
  readonly path: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string | undefined;
  readonly agent: http.Agent;
  readonly signal?: AbortSignal | undefined;
  /** For the whole exchange; for streams until the header is there. */
  readonly timeoutMs: number;
}

/** A complete answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** No answer. Aborted calls reject with the reason of their signal instead. */
export class ExchangeFailure extends Error {
  readonly isTimeout: boolean;
  readonly isReusedSocket: boolean;
  readonly causeCode: string;

  constructor(cause: unknown, facts: { isTimeout: boolean; isReusedSocket: boolean }) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.isTimeout = facts.isTimeout;
    this.isReusedSocket = facts.isReusedSocket;
    this.causeCode = codeOf(cause);
  }
}

const CONNECT_TIMEOUT_MS = 30_000;
const NOTHING = Buffer.alloc(0);

/** HTTP to one server. */
export class Transport {
  readonly #clock: Clock;
  readonly #isTls: boolean;
  readonly #target: { readonly host: string; readonly port: number | string; readonly pathPrefix: string };

  constructor(server: URL, clock: Clock) {
    this.#clock = clock;
    this.#isTls = server.protocol === 'https:';
    this.#target = {
      host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: server.port || (this.#isTls ? 443 : 80),
      pathPrefix: server.pathname.replace(/\/$/, ''),
    };
  }

  /** Sends and reads the whole answer. */
  send(call: HttpCall): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const flight = this.#start(call, reject, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', flight.fail);
        response.once('end', () => {
          flight.finish();
          resolve({ status: response.statusCode ?? 0, retryAfter: retryAfterOf(response), body: joined(chunks) });
        });
      });
    });
  }

  /** Sends and resolves as soon as the header is there; from then on the caller owns the stream, and the signal still ends it. */
  open(call: HttpCall): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const flight = this.#start(call, reject, (response) => {
        flight.finish();
        if (call.signal) endWith(response, call.signal);
        resolve(response);
      });
    });
  }

  #start(call: HttpCall, reject: (error: Error) => void, onResponse: (response: http.IncomingMessage) => void): Flight {
    const request = this.#request(call);
    const flight = new Flight(request, call.signal, reject);
    request.once('response', onResponse);
    flight.limit(this.#clock, call.timeoutMs);
    request.once('socket', (socket) => {
      if (!request.reusedSocket) flight.limitConnecting(this.#clock, socket, this.#isTls ? 'secureConnect' : 'connect');
    });
    if (call.signal?.aborted) flight.abort();
    else request.end(call.body);
    return flight;
  }

  #request(call: HttpCall): http.ClientRequest {
    const options: http.RequestOptions = {
      method: call.method,
      host: this.#target.host,
      port: this.#target.port,
      path: this.#target.pathPrefix + call.path,
      headers: call.headers,
      agent: call.agent,
    };
    try {
      return (this.#isTls ? https : process.getBuiltinModule('node:http')).request(options);
    } catch (error) {
      // A certificate and a key that do not belong together are found here, at the first connection.
      throw new ExchangeFailure(error, { isTimeout: false, isReusedSocket: false });
    }
  }
}

/** What can end one request early: an error, a time limit, the caller. The first of them wins. */
class Flight {
  readonly #request: http.ClientRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #reject: (error: Error) => void;
  #isOver = false;
  #cancelLimit: Cancel | undefined;
  #cancelConnecting: Cancel | undefined;

  constructor(request: http.ClientRequest, signal: AbortSignal | undefined, reject: (error: Error) => void) {
    this.#request = request;
    this.#signal = signal;
    this.#reject = reject;
    request.on('error', this.fail);
    signal?.addEventListener('abort', this.abort);
  }

  readonly fail = (error: unknown): void => {
    this.#end(new ExchangeFailure(error, { isTimeout: false, isReusedSocket: this.#request.reusedSocket }));
  };

  readonly abort = (): void => {
    this.#end(this.#signal?.reason as Error);
  };

  limit(clock: Clock, timeoutMs: number): void {
    this.#cancelLimit = clock.after(timeoutMs, () => this.#endLate(`no answer within ${timeoutMs / 1000} s`));
  }

  limitConnecting(clock: Clock, socket: NodeJS.EventEmitter, connected: string): void {
    const message = `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`;
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () => this.#endLate(message));
    this.#cancelConnecting = cancel;
    socket.once(connected, cancel);
  }

  finish(): void {
    this.#isOver = true;
    this.#cancelLimit?.();
    this.#cancelConnecting?.();
    this.#signal?.removeEventListener('abort', this.abort);
  }

  #endLate(message: string): void {
    this.#end(new ExchangeFailure(new Error(message), { isTimeout: true, isReusedSocket: false }));
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.finish();
    this.#request.destroy();
    this.#reject(error);
  }
}

function endWith(response: http.IncomingMessage, signal: AbortSignal): void {
  const onAbort = (): void => void response.destroy(signal.reason as Error);
  // A reader that went away must not turn the abort into an unhandled 'error' event.
  response.on('error', () => {});
  response.once('close', () => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
}

function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks);
}

/** The `Retry-After` header; looked at only where it can be, because Node parses the headers on first access. */
export function retryAfterOf(response: http.IncomingMessage): string | undefined {
  return (response.statusCode ?? 0) >= 429 ? response.headers['retry-after'] : undefined;
}
