// Whether stored keys of a cluster can be used: both halves there, made for one another, of a kind that kubeadm reads, not about to expire.
// The cluster side asks before anything is made of them; a user may have brought the pairs. Never repairs anything: a CA that is replaced
// silently cuts off every machine. Pure.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { ClusterKeys } from './contract.ts';

/** The pairs of ClusterKeys. */
export type PairName = keyof ClusterKeys;

/** A pair as it was found: a half that is not there is absent or empty. */
export interface FoundPair {
  /** Certificate, or the public key of the service account pair. */
  readonly publicPem?: string | undefined;
  readonly keyPem?: string | undefined;
}

/** What is wrong with a pair. A fatal problem means that no machine may be made with it. */
export interface KeyProblem {
  readonly pair: PairName;
  readonly kind:
    'missing-half' | 'unreadable' | 'unsupported-key' | 'mismatch' | 'not-an-authority' | 'expired' | 'expires-soon';
  readonly isFatal: boolean;
  /** Names the pair, the half and the remedy; never holds key material. */
  readonly message: string;
}

const DAY_MS = 24 * 60 * 60_000;
/** From here on a certificate that expires is a warning. */
export const EXPIRES_SOON_MS = 30 * DAY_MS;

const PAIR_TEXTS: Readonly<Record<PairName, string>> = {
  ca: 'cluster CA',
  etcdCa: 'etcd CA',
  frontProxyCa: 'front-proxy CA',
  serviceAccount: 'service account key pair',
};

/** Problems of all pairs that were found; a pair with neither half is nobody's problem: it is still to be made. */
export function checkClusterKeys(
  found: Readonly<Partial<Record<PairName, FoundPair>>>,
  nowMs: number,
): readonly KeyProblem[] {
  const names = Object.keys(PAIR_TEXTS) as PairName[];
  return names.flatMap((name) => checkPair(name, found[name] ?? {}, nowMs));
}

/** The pairs of complete keys, in the form that the check takes. */
export function foundPairs(keys: ClusterKeys): Readonly<Record<PairName, FoundPair>> {
  const { ca, etcdCa, frontProxyCa, serviceAccount } = keys;
  return {
    ca: { publicPem: ca.certPem, keyPem: ca.keyPem },
    etcdCa: { publicPem: etcdCa.certPem, keyPem: etcdCa.keyPem },
    frontProxyCa: { publicPem: frontProxyCa.certPem, keyPem: frontProxyCa.keyPem },
    serviceAccount: { publicPem: serviceAccount.publicPem, keyPem: serviceAccount.keyPem },
  };
}

/** Problems of one pair. */
export function checkPair(pair: PairName, { publicPem, keyPem }: FoundPair, nowMs: number): readonly KeyProblem[] {
  const problem = problemsOf(pair);
  if (!publicPem && !keyPem) return [];
  if (!publicPem) {
    const half = pair === 'serviceAccount' ? 'public key' : 'certificate';
    return [problem('missing-half', `has a private key (tls.key) but no ${half} (tls.crt): add it, or remove both`)];
  }
  if (!keyPem) {
    return [problem('missing-half', 'has no private key (tls.key) beside tls.crt: add it, or remove both')];
  }
  const key = read(() => createPrivateKey(keyPem));
  if (key === undefined) return [problem('unreadable', 'tls.key is not a private key in PEM without a passphrase')];
  const unsupported = unsupportedReason(key);
  if (unsupported !== undefined) return [problem('unsupported-key', unsupported)];
  return pair === 'serviceAccount'
    ? checkPublicKey(publicPem, key, problem)
    : checkCertificate({ certPem: publicPem, key, nowMs }, problem);
}

type Problem = (kind: KeyProblem['kind'], what: string) => KeyProblem;

function problemsOf(pair: PairName): Problem {
  return (kind, what) => ({
    pair,
    kind,
    isFatal: kind !== 'expires-soon',
    message: `${PAIR_TEXTS[pair]}: ${what}`,
  });
}

function unsupportedReason(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    return modulusLength >= 2048
      ? undefined
      : `an RSA key of ${modulusLength} bits is too short: use 2048 bits or more`;
  }
  const isCurve = key.asymmetricKeyType === 'ec';
  if (isCurve && ['prime256v1', 'secp384r1'].includes(namedCurve)) return undefined;
  const name = isCurve ? `elliptic curve ${namedCurve}` : String(key.asymmetricKeyType);
  return `keys of the kind ${name} are not used here, kubeadm reads RSA and ECDSA only: use RSA 2048, RSA 4096, P-256 or P-384`;
}

function checkPublicKey(publicPem: string, key: KeyObject, problem: Problem): readonly KeyProblem[] {
  const publicKey = read(() => createPublicKey(publicPem));
  if (publicKey === undefined) return [problem('unreadable', 'tls.crt is not a public key in PEM')];
  if (!publicKey.equals(createPublicKey(key))) return [problem('mismatch', MISMATCH)];
  return [];
}

const MISMATCH = 'tls.key does not belong to tls.crt: put the matching key there';

interface CertificateFacts {
  readonly certPem: string;
  readonly key: KeyObject;
  readonly nowMs: number;
}

function checkCertificate({ certPem, key, nowMs }: CertificateFacts, problem: Problem): readonly KeyProblem[] {
  const certificate = read(() => new X509Certificate(certPem));
  if (certificate === undefined) return [problem('unreadable', 'tls.crt is not a certificate in PEM')];
  if (!certificate.checkPrivateKey(key)) return [problem('mismatch', MISMATCH)];
  if (!certificate.ca) {
    return [problem('not-an-authority', 'the certificate may not sign others (basicConstraints CA is not set)')];
  }
  const ends = certificate.validToDate;
  const left = ends.getTime() - nowMs;
  const date = ends.toISOString().slice(0, 10);
  if (left <= 0) return [problem('expired', `the certificate expired on ${date}: it has to be replaced by hand`)];
  if (left > EXPIRES_SOON_MS) return [];
  const days = Math.floor(left / DAY_MS);
  return [
    problem('expires-soon', `the certificate expires on ${date}, in ${days} days, and is not replaced by itself`),
  ];
}

function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
