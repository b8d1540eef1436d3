// What TLS knows about the certificate of a client, in plain words. Called for each request; connections without TLS or certificate have none.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { ClientCertificate } from './page.ts';

/** The certificate that the client has shown, trusted or not. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.encrypted) return undefined;
  const certificate = socket.getPeerCertificate(true) as Partial<DetailedPeerCertificate> | null;
  if (!certificate?.subject) return undefined;
  return {
    isTrusted: socket.authorized,
    chain: fingerprintsUpward(certificate),
    commonName: textsOf(certificate.subject.CN)[0] ?? '',
    organizations: textsOf(certificate.subject.O),
  };
}

function fingerprintsUpward(leaf: Partial<DetailedPeerCertificate>): readonly string[] {
  const chain: string[] = [];
  // A root is its own issuer.
  for (let at: Partial<DetailedPeerCertificate> | undefined = leaf; at?.fingerprint256; at = at.issuerCertificate) {
    if (chain.includes(at.fingerprint256)) break;
    chain.push(at.fingerprint256);
  }
  return chain;
}

/** Several values of one name are an array. */
function textsOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
