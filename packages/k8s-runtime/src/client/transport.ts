// One HTTP exchange with the API server: time limits, aborts, the whole answer or a stream. No retries, no credentials, no Kubernetes:
// api-transport.ts adds those. How bytes go over the wire is http/'s matter.
import type { Cancel, Clock } from '@longshore/reconciler-core';
import type { RequestHeaders, TlsMaterial } from './credentials.ts';
import { AnswerStream } from './http/answer-stream.ts';
import type { AnswerHead } from './http/answer-parser.ts';
import type { Connection, Exchange } from './http/connection.ts';
import { ConnectionPools } from './http/connection-pool.ts';
import type { ConnectionPool, ConnectionUse } from './http/connection-pool.ts';
import { targetOf } from './http/open-socket.ts';
import { RequestWriter } from './http/request-text.ts';
import { codeOf } from './kube-transport-error.ts';

/** One request. */
export interface HttpCall {
  readonly method: string;
  /** With query string. */
  readonly path: string;
  readonly headers: RequestHeaders;
  readonly body?: string | undefined;
  readonly tls: TlsMaterial;
  readonly use: ConnectionUse;
  /** Whose connections: new TLS material of one owner retires only its own old connections. */
  readonly owner: string;
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

/** HTTP to one server, with its connections. */
export class Transport {
  readonly #clock: Clock;
  readonly #writer: RequestWriter;
  readonly #pools: ConnectionPools;

  constructor(server: URL, { clock, proxyUrl }: { readonly clock: Clock; readonly proxyUrl?: string | undefined }) {
    this.#clock = clock;
    this.#writer = new RequestWriter(server, proxyUrl);
    this.#pools = new ConnectionPools(targetOf(server, proxyUrl));
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    this.#pools.destroy();
  }

  /** Sends and reads the whole answer. */
  send(call: HttpCall): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let head: AnswerHead | undefined;
      const flight = this.#start(call, reject, {
        onHead: (first) => (head = first),
        onBody: (chunk) => chunks.push(chunk),
        onEnd: () => {
          flight.finish();
          const { status = 0, headers } = head ?? {};
          resolve({ status, retryAfter: headers?.get('retry-after'), body: joined(chunks) });
        },
      });
    });
  }

  /** Sends and resolves as soon as the header is there; from then on the caller owns the stream, and the signal still ends it. */
  open(call: HttpCall): Promise<AnswerStream> {
    return new Promise((resolve, reject) => {
      let stream: AnswerStream | undefined;
      const flight = this.#start(call, reject, {
        onHead: (head, connection) => {
          flight.finish();
          stream = new AnswerStream(head, connection);
          if (call.signal) endWith(stream, call.signal);
          resolve(stream);
        },
        onBody: (chunk) => stream?.receive(chunk),
        onEnd: () => stream?.receive(null),
        onBreak: (error) => stream?.destroy(error),
      });
    });
  }

  #start(call: HttpCall, reject: (error: Error) => void, reader: AnswerReader): Flight {
    const flight = new Flight({ clock: this.#clock, call, reject, reader });
    if (call.signal?.aborted) flight.abort();
    else flight.start(...this.#prepare(call));
    return flight;
  }

  /** A token with a line break, a certificate and a key that do not belong together: found here. */
  #prepare(call: HttpCall): [ConnectionPool, string] {
    try {
      return [this.#pools.poolFor(call.tls, call.use, call.owner), this.#writer.write(call)];
    } catch (error) {
      throw new ExchangeFailure(error, { isTimeout: false, isReusedSocket: false });
    }
  }
}

interface AnswerReader {
  onHead(head: AnswerHead, connection: Connection): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
  /** The connection broke after the flight was over. */
  onBreak?(error: Error): void;
}

interface FlightOptions {
  readonly clock: Clock;
  readonly call: HttpCall;
  readonly reject: (error: Error) => void;
  readonly reader: AnswerReader;
}

/** What can end one request early: an error, a time limit, the caller. The first of them wins. */
class Flight {
  readonly #options: FlightOptions;
  #connection: Connection | undefined;
  #isOver = false;
  #giveUpWaiting: (() => void) | undefined;
  #cancelLimit: Cancel | undefined;
  #cancelConnecting: Cancel | undefined;

  constructor(options: FlightOptions) {
    this.#options = options;
  }

  start(pool: ConnectionPool, text: string): void {
    const { call, clock } = this.#options;
    call.signal?.addEventListener('abort', this.abort);
    this.#cancelLimit = clock.after(call.timeoutMs, () => this.#endLate(`no answer within ${call.timeoutMs / 1000} s`));
    this.#giveUpWaiting = pool.take((connection) => this.#board(connection, text));
  }

  readonly abort = (): void => {
    this.#end(this.#options.call.signal?.reason as Error);
  };

  finish(): void {
    this.#isOver = true;
    this.#giveUpWaiting?.();
    this.#cancelLimit?.();
    this.#cancelConnecting?.();
    this.#options.call.signal?.removeEventListener('abort', this.abort);
  }

  #board(connection: Connection, text: string): void {
    const { call, reader } = this.#options;
    this.#connection = connection;
    const exchange: Exchange = {
      method: call.method,
      text,
      onHead: (head) => reader.onHead(head, connection),
      onBody: (chunk) => reader.onBody(chunk),
      onEnd: () => reader.onEnd(),
      onFailure: (error) => this.#fail(error),
    };
    connection.start(exchange);
    if (this.#isOver || connection.isReused) return;
    const message = `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`;
    const cancel = this.#options.clock.after(CONNECT_TIMEOUT_MS, () => this.#endLate(message));
    this.#cancelConnecting = cancel;
    connection.onceConnected(cancel);
  }

  #fail(error: Error): void {
    if (this.#isOver) return this.#options.reader.onBreak?.(error);
    this.#end(new ExchangeFailure(error, { isTimeout: false, isReusedSocket: this.#connection?.isReused ?? false }));
  }

  #endLate(message: string): void {
    this.#end(new ExchangeFailure(new Error(message), { isTimeout: true, isReusedSocket: false }));
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.finish();
    this.#connection?.destroy();
    this.#options.reject(error);
  }
}

function endWith(stream: AnswerStream, signal: AbortSignal): void {
  const onAbort = (): void => void stream.destroy(signal.reason as Error);
  stream.once('close', () => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
}

function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks);
}
