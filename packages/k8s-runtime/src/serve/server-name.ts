// Which certificate answers a server name (SNI), by Kubernetes' rules: exact before wildcard, given names before those of the certificate. Pure.
import type { X509Certificate } from 'node:crypto';

/** What is chosen from. */
export interface NamedCertificate {
  readonly names: readonly string[];
  /** The names come from the flag, not from the certificate. */
  readonly isExplicit: boolean;
}

/** The best match, or undefined: then the default certificate answers. */
export function chooseByServerName<T extends NamedCertificate>(serverName: string, from: readonly T[]): T | undefined {
  const wanted = serverName.toLowerCase().replace(/\.$/, '');
  const ranked = [...from].sort((a, b) => Number(b.isExplicit) - Number(a.isExplicit));
  const exact = ranked.find(({ names }) => names.some((name) => name.toLowerCase() === wanted));
  return exact ?? ranked.find(({ names }) => names.some((name) => matchesWildcard(name.toLowerCase(), wanted)));
}

function matchesWildcard(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === pattern.slice(1);
}

/** DNS names and addresses in the certificate, or its common name where there are none. */
export function namesOfCertificate(
  certificate: Pick<X509Certificate, 'subjectAltName' | 'subject'>,
): readonly string[] {
  const alternatives = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
  if (alternatives.length > 0) return alternatives;
  const commonName = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return commonName === undefined ? [] : [commonName];
}
