// Stands between clusterctl and an API server, sees each of its writes before and after it is done, and so can end it at any of them, as a
// process that is killed ends: nothing is cleaned up, an answer that was on its way is lost.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ControlPlane } from '@longshore/embedded-control-plane';

/** A request that changes something. */
export interface ApiWrite {
  readonly method: string;
  readonly path: string;
  /** Content type of its body: what kind of patch it is. */
  readonly contentType: string;
}

/** Who is told of writes. */
export interface WriteWatcher {
  /** Before it is sent on; `false`: it never is. */
  onWrite(write: ApiWrite): boolean;
  /** After it was done; `false`: the answer is lost. */
  onDone(write: ApiWrite): boolean;
}

/** A running proxy: plain HTTP on the loopback, because only tests speak to it. */
export interface ApiProxy {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one; `isServing` false: as if the cluster were gone. */
export async function startApiProxy(
  plane: Pick<ControlPlane, 'server' | 'caCertPem'>,
  watcher: WriteWatcher,
  isServing: () => boolean = () => true,
): Promise<ApiProxy> {
  const agent = new Agent({ keepAlive: true, ca: plane.caCertPem });
  const server = createServer((incoming, answer) => {
    if (!isServing()) return void incoming.destroy();
    forward({ incoming, answer, agent, server: plane.server }, watcher).catch(() => answer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
  readonly agent: Agent;
  readonly server: string;
}

async function forward({ incoming, answer, agent, server }: Exchange, watcher: WriteWatcher): Promise<void> {
  const { method = '', url = '', headers } = incoming;
  const body = await buffer(incoming);
  const write = { method, path: url, contentType: headers['content-type'] ?? '' };
  const isWrite = method !== 'GET' && !url.includes('dryRun=');
  if (isWrite && !watcher.onWrite(write)) return;
  const { host: _host, connection: _connection, ...kept } = headers;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(new URL(url, server), { method, headers: kept, agent }, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
  const text = await buffer(response);
  if (isWrite && !watcher.onDone(write)) return;
  const { 'transfer-encoding': _chunked, connection: _hop, ...answered } = response.headers;
  answer.writeHead(response.statusCode ?? 502, { ...answered, 'content-length': text.length });
  answer.end(text);
}
