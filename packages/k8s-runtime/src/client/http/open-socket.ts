// How a connection to the API server comes about: TLS or not, through a proxy or not. Nothing is kept here but the TLS session.
import https from 'node:https';
import net from 'node:net';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { TlsMaterial } from '../credentials.ts';
import type { OpenSocket } from './connection.ts';

/** Where connections lead. */
export interface SocketTarget {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** Through which all go. */
  readonly proxyUrl?: string | undefined;
}

/** The target of a server's address. */
export function targetOf(server: URL, proxyUrl?: string): SocketTarget {
  return { isTls: server.protocol === 'https:', host: bareHost(server.hostname), port: portOf(server), proxyUrl };
}

/** Makes the opener for one identity. Throws Node's error when certificate and key do not belong together or are none. */
export function socketOpener(target: SocketTarget, material: TlsMaterial): OpenSocket {
  if (!target.isTls) return plainOpener(target);
  const options = {
    ...tlsOptions(material),
    host: target.host,
    port: target.port,
    servername: material.serverName ?? (net.isIP(target.host) === 0 ? target.host : ''),
  };
  if (target.proxyUrl !== undefined) return tunnelOpener(options, target.proxyUrl);
  return directOpener(options);
}

const TUNNEL_TIMEOUT_MS = 30_000;

type TlsConnection = tls.ConnectionOptions & { readonly host: string; readonly port: number };

// One context for all connections: each would parse the certificates anew. A resumed session saves the server a signature.
function directOpener(options: TlsConnection): OpenSocket {
  const secureContext = tls.createSecureContext(options);
  let session: Buffer | undefined;
  return (done) => {
    const socket = tls.connect({ ...options, secureContext, ...(session ? { session } : {}) });
    socket.on('session', (next: Buffer) => (session = next));
    done(undefined, socket);
  };
}

// Node's agent speaks CONNECT, with the proxy's credentials, and then TLS to the server. A proxy that says nothing is left after a while.
function tunnelOpener(target: TlsConnection, proxyUrl: string): OpenSocket {
  const options = { ...target, timeout: TUNNEL_TIMEOUT_MS };
  const agent = new https.Agent({ ...options, proxyEnv: { HTTPS_PROXY: proxyUrl } });
  return (done) => {
    (agent as unknown as { createConnection: CreateConnection }).createConnection(options, (error, socket) =>
      done(error ?? undefined, socket),
    );
  };
}

type CreateConnection = (
  options: TlsConnection,
  callback: (error: Error | null | undefined, socket?: Socket) => void,
) => void;

// A proxy for plain HTTP gets the requests themselves (request-text.ts names the whole address in them).
function plainOpener({ host, port, proxyUrl }: SocketTarget): OpenSocket {
  if (proxyUrl === undefined) return (done) => done(undefined, net.connect({ host, port }));
  const proxy = new URL(proxyUrl);
  const to = { host: bareHost(proxy.hostname), port: portOf(proxy) };
  const servername = net.isIP(to.host) === 0 ? to.host : '';
  return (done) => done(undefined, proxy.protocol === 'https:' ? tls.connect({ ...to, servername }) : net.connect(to));
}

function tlsOptions(material: TlsMaterial): tls.ConnectionOptions {
  return {
    ca: material.ca ?? systemCertificates(),
    ALPNProtocols: ['http/1.1'],
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    ...(material.isInsecure ? { rejectUnauthorized: false } : {}),
  };
}

// Node knows its own list only, unless told to; Go programs trust the machine's, with SSL_CERT_FILE and SSL_CERT_DIR.
function systemCertificates(): string[] {
  return [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
}

// URLs write IPv6 hosts in brackets.
function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}
