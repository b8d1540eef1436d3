// The keep-alive agent of a client: trust and proxies as in Go programs. Node ignores the system's CA store, SSL_CERT_FILE and
// SSL_CERT_DIR by default; users behind a company proxy with its own CA need them. Reading them costs up to 0.3 s, so it is done only
// when a server turns up whose CA Node does not know.
import { readdirSync, readFileSync } from 'node:fs';
import type { Agent as HttpAgent, AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { createSecureContext, getCACertificates } from 'node:tls';
import { proxyFor } from '@longshore/reconciler-core';

/** Environment variables, as far as a client reads them (proxies, CA files). */
export type Env = Readonly<Record<string, string | undefined>>;

// A cloud API is called by a handful of workers; more sockets than this would only queue at the other end.
const MAX_SOCKETS = 50;

/** OpenSSL's ways to say that it knows no CA for a certificate. The handshake fails before a request is sent. */
export const UNKNOWN_CA: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Connections to one API. */
export class ApiAgent {
  readonly #isTls: boolean;
  readonly #env: Env;
  readonly #options: AgentOptions;
  #agent: HttpAgent;
  #hasAllCertificates = false;
  /** The agent itself goes through a proxy. */
  readonly hasProxy: boolean;

  constructor(baseUrl: URL, env: Env) {
    const proxy = proxyFor(baseUrl, env);
    this.hasProxy = proxy !== undefined;
    this.#isTls = baseUrl.protocol === 'https:';
    this.#env = env;
    // Node would read NO_PROXY itself; the decision is made above, by the rules of Go.
    const proxyEnv = proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } };
    this.#options = { keepAlive: true, maxSockets: MAX_SOCKETS, ...proxyEnv };
    this.#agent = this.#isTls
      ? new HttpsAgent(this.#options)
      : new (process.getBuiltinModule('node:http').Agent)(this.#options);
  }

  /** The agent for the next call. */
  get current(): HttpAgent {
    return this.#agent;
  }

  /** After a connection of `used` failed: true when there is an agent now that knows more CAs, and the call should be tried again. */
  learnCertificates(used: HttpAgent, code: unknown): boolean {
    if (!this.#isTls || typeof code !== 'string' || !UNKNOWN_CA.has(code)) return false;
    if (this.#hasAllCertificates) return used !== this.#agent;
    this.#hasAllCertificates = true;
    const secureContext = createSecureContext({ ca: trustedCertificates(this.#env) });
    this.#agent = new HttpsAgent({ ...this.#options, secureContext });
    return true;
  }

  /** Closes all connections; calls under way fail. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Node's CA list, the system's, and those of SSL_CERT_FILE and SSL_CERT_DIR, as PEM texts without repetition. */
export function trustedCertificates(env: Env): string[] {
  return [
    ...new Set([
      ...getCACertificates('default'),
      ...getCACertificates('system'),
      ...readPem(env['SSL_CERT_FILE']),
      ...(env['SSL_CERT_DIR'] ?? '').split(':').filter(Boolean).flatMap(readPemFolder),
    ]),
  ];
}

function readPemFolder(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) => readPem(join(folder, name)));
  } catch {
    return [];
  }
}

// An unreadable file is left out, as in Go: the TLS handshake then says which CA is missing.
function readPem(path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  try {
    return readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  } catch {
    return [];
  }
}
