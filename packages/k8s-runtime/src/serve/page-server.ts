// The HTTP(S) server of health, metrics and debugging pages. Serves on standbys too. Certificates are reloaded while it runs; who may see a
// page is decided by the guard before the page is asked.
import type { IncomingMessage, Server as HttpServer, ServerOptions, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import { messageOf, periodic } from '@longshore/reconciler-core';
import { clientCertificateOf } from './client-certificate.ts';
import { listenOptions, listenProblem } from './listen-plan.ts';
import type { ListenAddress } from './listen-plan.ts';
import { pageFor } from './page.ts';
import type { Guard, PageAnswer, PageRequest, Pages } from './page.ts';
import type { ServingCertificates } from './serving-certificates.ts';

/** What is served, where, and for whom. */
export interface PageServerOptions {
  readonly listen: ListenAddress;
  readonly pages: Pages;
  /** Absent: everybody may see everything (plain HTTP on a local address). */
  readonly guard?: Guard | undefined;
  /** Absent: plain HTTP. */
  readonly certificates?: ServingCertificates | undefined;
  /** A longer body is answered with 413. Default 64 KiB. */
  readonly longestBodyBytes?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

// The limits of Kubernetes' servers.
const limits: ServerOptions = {
  maxHeaderSize: 1 << 20,
  headersTimeout: 32_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 90_000,
  // How often the two limits above are looked at.
  connectionsCheckingInterval: 10_000,
};
const LONGEST_BODY = 65_536;
const REFRESH_MS = 60_000;
const CLOSE_LIMIT_MS = 1_000;

/** One listening port. */
export class PageServer implements Runnable {
  readonly name = 'page-server';
  readonly #options: PageServerOptions;
  #server: HttpServer | HttpsServer | undefined;

  constructor(options: PageServerOptions) {
    this.#options = options;
  }

  /** Where it listens; the port is the real one when 0 was asked for. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? { host: address.address, port: address.port } : undefined;
  }

  /** Takes the port, so that a problem with it shows at start. Rejects with an OperatorError that names the flag. */
  async listen(): Promise<void> {
    const { listen } = this.#options;
    const choices = listenOptions(listen);
    for (const [at, choice] of choices.entries()) {
      const server = this.#createServer();
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(choice, () => resolve());
        });
        server.on('error', (error) => this.#options.log.warn('page server error', { error }));
        this.#server = server;
        return;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        // No IPv6 on this machine: the next choice is IPv4 alone.
        if (at === choices.length - 1 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(code))
          throw listenProblem(listen, error);
      }
    }
  }

  /** Serves until the signal aborts; listens first if that was not done. */
  async run(signal: AbortSignal): Promise<void> {
    if (!this.#server) await this.listen();
    const { host, port } = this.address ?? { host: '', port: 0 };
    this.#options.log.info('serving', { address: host, port, secure: this.#options.certificates !== undefined });
    await this.#refreshing().run(signal);
    await this.#close();
  }

  /** Looks at the certificate files now instead of within a minute. */
  refreshCertificates(): void {
    const { certificates, log } = this.#options;
    if (!certificates?.refresh()) return;
    (this.#server as HttpsServer | undefined)?.setSecureContext(certificates.options);
    log.info('serving certificate reloaded');
  }

  #refreshing(): Runnable {
    const { clock, log } = this.#options;
    const work = async (): Promise<void> => this.refreshCertificates();
    return periodic({
      name: 'certificates',
      everyMs: REFRESH_MS,
      clock,
      log,
      work,
      countFrom: 'end',
      immediately: false,
    });
  }

  #createServer(): HttpServer | HttpsServer {
    const { certificates } = this.#options;
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    // Not imported at the top: in ESM `import 'node:http'` also loads undici for its WebSocket export (12 MiB).
    if (!certificates) return process.getBuiltinModule('node:http').createServer(limits, listener);
    return process.getBuiltinModule('node:https').createServer(
      {
        ...limits,
        ...certificates.options,
        requestCert: true,
        rejectUnauthorized: false,
        SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      },
      listener,
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = this.#options.clock.monotonicMs();
    const answer = await this.#answer(request).catch((error: unknown): PageAnswer => {
      this.#options.log.error('a page failed', { path: request.url, error });
      return { status: 500, body: `Internal Server Error: ${messageOf(error)}\n` };
    });
    response.writeHead(answer.status, {
      'Content-Type': answer.contentType ?? 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(answer.body),
      'Cache-Control': 'no-cache, private',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    const ms = this.#options.clock.monotonicMs() - startedMs;
    this.#options.log.verbose(4, 'request', { method: request.method, path: request.url, status: answer.status, ms });
  }

  async #answer(incoming: IncomingMessage): Promise<PageAnswer> {
    const body = await readBody(incoming, this.#options.longestBodyBytes ?? LONGEST_BODY);
    if (body === undefined) return { status: 413, body: 'the body is too long\n' };
    const request = toPageRequest(incoming, body);
    const refusal = await this.#options.guard?.(request);
    if (refusal) return refusal;
    const page = pageFor(this.#options.pages, request.path);
    return page ? page(request) : { status: 404, body: '404 page not found\n' };
  }

  async #close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cancel = this.#options.clock.after(CLOSE_LIMIT_MS, () => server.closeAllConnections());
    await closed;
    cancel();
  }
}

function toPageRequest(incoming: IncomingMessage, body: string): PageRequest {
  const url = new URL(incoming.url ?? '/', 'http://page');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headersDistinct,
    body,
    clientCertificate: clientCertificateOf(incoming.socket as TLSSocket),
  };
}

async function readBody(incoming: IncomingMessage, longestBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
