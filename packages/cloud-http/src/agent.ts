// One keep-alive agent per client: trust and proxies as in Go programs. Node ignores the system's CA store, SSL_CERT_FILE and
// SSL_CERT_DIR by default; users behind a company proxy with its own CA need them.
import { readdirSync, readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { createSecureContext, getCACertificates } from 'node:tls';
import { proxyFor } from '@longshore/reconciler-core';

/** Environment variables, as far as a client reads them (proxies, CA files). */
export type Env = Readonly<Record<string, string | undefined>>;

// A cloud API is called by a handful of workers; more sockets than this would only queue at the other end.
const MAX_SOCKETS = 50;

/** The agent for all calls to `baseUrl`. Reads CA files once, so a changed CA needs a new client. */
export function createAgent(baseUrl: URL, env: Env): HttpAgent {
  const proxy = proxyFor(baseUrl, env);
  // Node would read NO_PROXY itself; the decision is made above, by the rules of Go.
  const proxyEnv = proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } };
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, ...proxyEnv };
  if (baseUrl.protocol === 'http:') return new HttpAgent(options);
  return new HttpsAgent({ ...options, secureContext: createSecureContext({ ca: trustedCertificates(env) }) });
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
