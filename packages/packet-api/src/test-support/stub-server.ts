// A server that notes what it is asked and answers what a test says: for exact requests and for answers that no simulator gives.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface StubRequest {
  readonly method: string;
  /** Path with query, decoded. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** An answer. `json` or `text`; neither is an empty body. `drop` breaks the connection. */
export interface StubAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly drop?: boolean;
}

/** A running stub. */
export interface StubServer {
  readonly url: string;
  readonly requests: readonly StubRequest[];
  close(): Promise<void>;
}

/** Starts a stub whose answers come from `answer`. */
export async function startStub(answer: (request: StubRequest, count: number) => StubAnswer): Promise<StubServer> {
  const requests: StubRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = readRequest(incoming, Buffer.concat(chunks).toString('utf8'));
      requests.push(request);
      reply(outgoing, answer(request, requests.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function readRequest({ method = '', url = '', headers }: IncomingMessage, text: string): StubRequest {
  const path = decodeURIComponent(url.replaceAll('+', ' '));
  return { method, path, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

function reply(
  outgoing: ServerResponse,
  { status = 200, json, text = '', headers = {}, drop = false }: StubAnswer,
): void {
  if (drop) return void outgoing.socket?.destroy();
  const type = json === undefined ? 'text/html' : 'application/json; charset=utf-8';
  outgoing.writeHead(status, { 'content-type': type, ...headers });
  outgoing.end(json === undefined ? text : JSON.stringify(json));
}
