// The file of `-ca-cache`: CA pairs by cluster name, in the form in which the Go provider wrote it, so that a manager that is run locally
// finds its authorities again after a restart. Keys in clear: for tests only. The file itself is read and written by ca-cache-file.ts. Pure.
import { OperatorError, never, onChange } from '@longshore/reconciler-core';
import type { CertificatePair } from './contract.ts';

/** CA pairs by cluster name. */
export type CaCache = ReadonlyMap<string, CertificatePair>;

/** Reads the text of the file; `path` is for the error, which ends the process. An empty file is an empty cache. */
export function parseCaCache(text: string, path: string): CaCache {
  if (text.trim() === '') return new Map();
  const content = parseJson(text, path);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw invalidCache(path, 'it is not a JSON object');
  }
  return new Map(Object.entries(content).map(([cluster, entry]) => [cluster, parseEntry(entry, cluster, path)]));
}

/** The text for the file, as Go's encoder orders it: by name. */
export function formatCaCache(cache: CaCache): string {
  const entries = [...cache].sort(([a], [b]) => (a < b ? -1 : 1));
  const content = entries.map(([cluster, { certPem, keyPem }]) => {
    return [cluster, { Certificate: encode(certPem), PrivateKey: encode(keyPem) }];
  });
  return JSON.stringify(Object.fromEntries(content));
}

/** Which CA a cluster has, when there is a Secret, an entry of the cache, both or none. */
export type CaChoice = { readonly use: 'secret' | 'cache'; readonly pair: CertificatePair } | { readonly use: 'new' };

/** The Secret wins; both with different content is refused, because one of them would cut off a cluster. */
export function chooseCa(
  cluster: string,
  secret: CertificatePair | undefined,
  cached: CertificatePair | undefined,
): CaChoice {
  if (secret !== undefined && cached !== undefined && !isSame(secret, cached)) {
    throw new OperatorError(
      'CA_CACHE_DIFFERS',
      `the CA of cluster ${cluster} in its Secret is another one than in the CA cache file: ` +
        `remove the entry ${cluster} from the file to keep the Secret, or replace the Secret`,
      onChange,
    );
  }
  if (secret !== undefined) return { use: 'secret', pair: secret };
  return cached === undefined ? { use: 'new' } : { use: 'cache', pair: cached };
}

function isSame(a: CertificatePair, b: CertificatePair): boolean {
  return a.certPem.trim() === b.certPem.trim() && a.keyPem.trim() === b.keyPem.trim();
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Without the parser's words: they quote the text, which holds keys.
    throw invalidCache(path, 'it is not JSON');
  }
}

function parseEntry(entry: unknown, cluster: string, path: string): CertificatePair {
  const { Certificate: certificate, PrivateKey: key } = (entry ?? {}) as Record<string, unknown>;
  const [certPem, keyPem] = [decode(certificate), decode(key)];
  if (certPem === undefined || keyPem === undefined) {
    throw invalidCache(path, `entry ${cluster} has no Certificate or no PrivateKey in base64`);
  }
  return { certPem, keyPem };
}

function decode(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.includes('-----BEGIN') ? text : undefined;
}

function encode(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64');
}

function invalidCache(path: string, why: string): OperatorError {
  return new OperatorError(
    'CA_CACHE_INVALID',
    `the CA cache file ${path} cannot be used: ${why}. Repair it, or move it away to start with new authorities`,
    never,
  );
}
