// Stands between a program and what it calls, an API server or Packet, sees calls before and after they are done, and so can let it end at
// any of them, as a program that is killed ends: nothing is cleaned up, an answer that was on its way is lost. All others pass, watches too.
import { createServer as createHttpServer, request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent as HttpsAgent, createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { SeenCall } from './call-ledger.ts';

/** Where calls go, and how they come. */
export interface ProxyTarget {
  readonly url: string;
  /** Of the target; absent for plain HTTP. */
  readonly ca?: string;
  /** What the proxy itself shows; absent for plain HTTP. */
  readonly serving?: { readonly cert: string; readonly key: string };
  /** For callers without a token of their own: a client certificate does not pass a proxy. */
  readonly token?: string;
  /** False: as if the target were gone. */
  readonly isServing?: () => boolean;
}

/** A call on its way. */
export interface ProxiedCall extends SeenCall {
  /** Content type of its body: what kind of patch it is. */
  readonly contentType: string;
}

/** Who is told of calls; of one call it is given the same object twice. */
export interface CallWatcher {
  /** Others just pass. */
  isWatched(call: ProxiedCall): boolean;
  /** Before it is sent on; `false`: it never is. */
  onCall(call: ProxiedCall): boolean | Promise<boolean>;
  /** After it was done; `false`: the answer is lost. */
  onDone(call: ProxiedCall): boolean | Promise<boolean>;
}

/** A running proxy on the loopback. */
export interface CallProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one on a free port. */
export async function startCallProxy(target: ProxyTarget, watcher: CallWatcher): Promise<CallProxy> {
  const agent =
    target.ca === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ca: target.ca });
  const onRequest = (incoming: IncomingMessage, answer: ServerResponse): void => {
    if (target.isServing?.() === false) return void incoming.destroy();
    pass({ incoming, answer, agent, target }, watcher).catch(() => answer.destroy());
  };
  const server =
    target.serving === undefined ? createHttpServer(onRequest) : createHttpsServer(target.serving, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly answer: ServerResponse;
  readonly agent: HttpAgent;
  readonly target: ProxyTarget;
}

async function pass(exchange: Exchange, watcher: CallWatcher): Promise<void> {
  const { incoming, answer } = exchange;
  const { method = '', url = '', headers } = incoming;
  const call = { method, path: url, contentType: headers['content-type'] ?? '' };
  const body = await buffer(incoming);
  if (!watcher.isWatched(call)) return stream(await send(exchange, body), answer);
  if (!(await watcher.onCall(call))) return void answer.destroy();
  const response = await send(exchange, body);
  const text = await buffer(response);
  if (!(await watcher.onDone(call))) return void answer.destroy();
  answer.writeHead(response.statusCode ?? 502, { ...headersOf(response), 'content-length': text.length }).end(text);
}

function stream(response: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(response.statusCode ?? 502, headersOf(response));
  answer.flushHeaders();
  answer.on('close', () => response.destroy());
  response.on('error', () => answer.destroy()).pipe(answer);
}

function headersOf({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const { 'transfer-encoding': _chunked, connection: _hop, ...others } = headers;
  return others;
}

function send({ incoming, agent, target }: Exchange, body: Buffer): Promise<IncomingMessage> {
  const { host: _host, ...headers } = headersOf(incoming);
  if (target.token !== undefined) headers.authorization ??= `Bearer ${target.token}`;
  const isLong = body.length > 0 || headers['content-length'] !== undefined;
  const options = {
    method: incoming.method,
    agent,
    headers: { ...headers, ...(isLong && { 'content-length': body.length }) },
  };
  const start = target.ca === undefined ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const outgoing = start(new URL(incoming.url ?? '/', target.url), options, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
