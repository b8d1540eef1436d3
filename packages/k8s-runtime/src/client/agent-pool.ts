// Keep-alive connections, one pool per TLS material. Watches have a pool of their own: each holds its connection for minutes and must not
// take one from the calls. A pool whose material was replaced lets its running requests end and drops its idle connections.
import type http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import type { TlsMaterial } from './credentials.ts';

/** What a connection is for. */
export type ConnectionUse = 'calls' | 'streams';

const KEEP_ALIVE_MS = 30_000;
// Below the 90 s after which kube-apiserver closes idle connections, so that a request seldom meets a connection being closed.
const IDLE_MS = 60_000;
const MOST_CALLS = 64;

type Pools = Readonly<Record<ConnectionUse, http.Agent>>;

/** Hands out the agent for a request. */
export class AgentPool {
  readonly #isTls: boolean;
  readonly #proxyUrl: string | undefined;
  readonly #pools = new WeakMap<TlsMaterial, Pools>();
  readonly #last = new Map<string, { material: TlsMaterial; pools: Pools }>();

  constructor(options: { readonly isTls: boolean; readonly proxyUrl?: string | undefined }) {
    this.#isTls = options.isTls;
    this.#proxyUrl = options.proxyUrl;
  }

  /** `owner` names the identity, so that new material of one identity retires only its own old connections. */
  agentFor(material: TlsMaterial, use: ConnectionUse, owner: string): http.Agent {
    const known = this.#pools.get(material);
    if (known) return known[use];
    const pools = { calls: this.#createAgent(material, MOST_CALLS), streams: this.#createAgent(material, Infinity) };
    this.#pools.set(material, pools);
    const old = this.#last.get(owner);
    if (old) Object.values(old.pools).forEach(retire);
    this.#last.set(owner, { material, pools });
    return pools[use];
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    for (const { pools } of this.#last.values()) Object.values(pools).forEach((agent) => agent.destroy());
  }

  #createAgent(material: TlsMaterial, maxSockets: number): http.Agent {
    const options: http.AgentOptions = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      maxSockets,
      timeout: IDLE_MS,
      ...(this.#proxyUrl ? { proxyEnv: { HTTPS_PROXY: this.#proxyUrl, HTTP_PROXY: this.#proxyUrl } } : {}),
    };
    return this.#isTls
      ? new https.Agent({ ...options, ...tlsOptions(material) })
      : new (process.getBuiltinModule('node:http').Agent)(options);
  }
}

function tlsOptions(material: TlsMaterial): https.AgentOptions {
  return {
    ca: material.ca ?? systemCertificates(),
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    ...(material.serverName === undefined ? {} : { servername: material.serverName }),
    ...(material.isInsecure ? { rejectUnauthorized: false } : {}),
  };
}

// Node knows its own list only, unless told to; Go programs trust the machine's, with SSL_CERT_FILE and SSL_CERT_DIR.
function systemCertificates(): string[] {
  return [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
}

function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) sockets?.forEach((socket) => socket.destroy());
}
