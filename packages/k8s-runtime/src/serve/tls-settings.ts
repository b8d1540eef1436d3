// Go's names for TLS versions, cipher suites and curves, as the flags of Kubernetes take them, in OpenSSL's words. Pure tables.
import type { SecureVersion } from 'node:tls';

/** Values of `--tls-min-version`; empty means TLS 1.2. */
export const tlsVersions: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
};

/** Values of `--tls-cipher-suites`. Suites of TLS 1.3 cannot be chosen, there as here: the names are accepted and always on. */
export const cipherSuites: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  // Go calls the ones from here on insecure; they are accepted as there.
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: 'DES-CBC3-SHA',
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 'ECDHE-RSA-DES-CBC3-SHA',
};

// Numbers of Go's crypto/tls CurveID (the IANA registry of named groups).
const curves: Readonly<Record<string, string>> = {
  '23': 'P-256',
  '24': 'P-384',
  '25': 'P-521',
  '29': 'X25519',
  '4588': 'X25519MLKEM768',
};

/** What the flags say. */
export interface TlsChoice {
  readonly minVersion: string;
  readonly cipherSuites: readonly string[];
  readonly curves: readonly string[];
}

/** The options of node:tls for these flag values, which were validated. */
export function toTlsOptions(choice: TlsChoice): {
  readonly minVersion: SecureVersion;
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
} {
  const older = choice.cipherSuites.map((name) => cipherSuites[name] ?? '').filter((name) => !name.startsWith('TLS_'));
  // A list that names suites of TLS 1.3 only leaves the older ones at their default, as in Go.
  const named = older.length > 0 ? { ciphers: [...tls13Suites, ...older].join(':') } : {};
  const groups = choice.curves.map((id) => curves[id] ?? '').filter((name) => name !== '');
  return {
    minVersion: tlsVersions[choice.minVersion] ?? 'TLSv1.2',
    ...named,
    ...(groups.length > 0 ? { ecdhCurve: groups.join(':') } : {}),
  };
}

const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** The problem with a list of cipher suites, for the flag's validation. */
export function cipherSuitesProblem(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !Object.hasOwn(cipherSuites, name));
  return unknown === undefined
    ? undefined
    : `names the unknown suite ${unknown}; allowed: ${Object.keys(cipherSuites).join(', ')}`;
}

/** The problem with a list of curve numbers, for the flag's validation. */
export function curvesProblem(ids: readonly string[]): string | undefined {
  const unknown = ids.find((id) => !Object.hasOwn(curves, id));
  const allowed = Object.entries(curves).map(([id, name]) => `${id} (${name})`);
  return unknown === undefined ? undefined : `names the unknown curve ${unknown}; allowed: ${allowed.join(', ')}`;
}

/** One `--tls-sni-cert-key`: files and, if given, the names that it serves. */
export interface SniPair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly names: readonly string[];
}

/** `foo.crt,foo.key:*.foo.com,foo.com`; several in one value are `[a.crt,a.key;b.crt,b.key]`. Undefined for anything else. */
export function parseSniPairs(text: string): readonly SniPair[] | undefined {
  const pairs: SniPair[] = [];
  for (const item of text.replaceAll(/^\[|\]$/g, '').split(';')) {
    const match = /^([^,:]+),([^,:]+)(?::(.+))?$/.exec(item.trim());
    if (!match) return undefined;
    const [, certFile = '', keyFile = '', names = ''] = match;
    pairs.push({ certFile, keyFile, names: names.split(',').filter((name) => name !== '') });
  }
  return pairs;
}
