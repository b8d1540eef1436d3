// Stands between a program and the API server: plain HTTP on loopback, forwarded over TLS with the administrator's token. Can refuse,
// hang or cut, and keeps a list of the requests.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { request as forward } from 'node:https';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from '@longshore/embedded-control-plane';

/** One request of the program. */
export interface ProxiedRequest {
  readonly method: string;
  readonly url: string;
  readonly userAgent: string;
  readonly atMs: number;
}

/** What becomes of a request: `cut` ends the connection, `hang` never answers. */
export type Verdict =
  | 'pass'
  | 'hang'
  | 'cut'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object };

/** The proxy of one API server. */
export class ApiProxy {
  readonly requests: ProxiedRequest[] = [];
  /** Asked for each request; passes by default. */
  judge: (request: ProxiedRequest) => Verdict = () => 'pass';
  readonly #plane: ControlPlane;
  readonly #server: Server;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.requestTimeout = 0;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    return this;
  }

  /** Writes a kubeconfig that leads here. */
  async writeKubeconfig(path: string): Promise<string> {
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  /** Ends all open connections, watches too. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, userAgent: headers['user-agent'] ?? '', atMs: performance.now() };
    this.requests.push(request);
    const verdict = this.judge(request);
    if (verdict === 'hang') return;
    if (verdict === 'cut') return void incoming.socket.destroy();
    if (verdict !== 'pass') {
      response.writeHead(verdict.status, { 'Content-Type': 'application/json', ...verdict.headers });
      return void response.end(JSON.stringify(verdict.body ?? {}));
    }
    this.#forward(incoming, response);
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { host: _here, ...asked } = incoming.headers;
    const headers = { ...asked, authorization: `Bearer ${this.#plane.adminToken}` };
    const outgoing = forward(
      new URL(incoming.url ?? '/', this.#plane.server),
      { method: incoming.method, headers, ca: this.#plane.caCertPem },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }
}
