// Stands between a program and what it calls, an API server or Packet. At the call that the ledger names the program is killed, before the
// call is done or before its answer is back; all others pass, watches too.
import { createServer as createHttpServer, request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent as HttpsAgent, createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { CallLedger, SeenCall } from './call-ledger.ts';

/** Where calls go, and how they come. */
export interface ProxyTarget {
  readonly url: string;
  /** Of the target; absent for plain HTTP. */
  readonly ca?: string;
  /** What the proxy itself shows; absent for plain HTTP. */
  readonly serving?: { readonly cert: string; readonly key: string };
  /** For callers without a token of their own: a client certificate does not pass a proxy. */
  readonly token?: string;
  /** Calls that are counted. */
  readonly isCounted: (call: SeenCall) => boolean;
}

/** What happens at the call. */
export interface Killer {
  readonly ledger: CallLedger;
  /** Resolves when the program is dead. */
  readonly kill: () => Promise<void>;
}

/** A running proxy. */
export interface CallProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one on a free port. */
export async function startCallProxy(target: ProxyTarget, killer: Killer): Promise<CallProxy> {
  const agent =
    target.ca === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ca: target.ca });
  const onRequest = (incoming: IncomingMessage, answer: ServerResponse): void => {
    pass({ incoming, answer, agent, target }, killer).catch(() => answer.destroy());
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

async function pass(exchange: Exchange, { ledger, kill }: Killer): Promise<void> {
  const { incoming, answer, target } = exchange;
  const call = { method: incoming.method ?? '', path: incoming.url ?? '' };
  const body = await buffer(incoming);
  const isIt = target.isCounted(call) && ledger.note(call);
  if (isIt && !ledger.isDone) {
    await kill();
    return void answer.destroy();
  }
  const response = await send(exchange, body);
  if (isIt) {
    await buffer(response);
    await kill();
    return void answer.destroy();
  }
  const { 'transfer-encoding': _chunked, connection: _hop, ...headers } = response.headers;
  answer.writeHead(response.statusCode ?? 502, headers);
  answer.flushHeaders();
  answer.on('close', () => response.destroy());
  response.on('error', () => answer.destroy()).pipe(answer);
}

function send({ incoming, agent, target }: Exchange, body: Buffer): Promise<IncomingMessage> {
  const { host: _host, connection: _hop, 'transfer-encoding': _chunked, ...headers } = incoming.headers;
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
