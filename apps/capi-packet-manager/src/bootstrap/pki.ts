// Makes the keys of a cluster and the certificates of its users. Cluster side and clusterctl call it; whether stored keys are usable is
// decided in key-check.ts. Private keys are written as kubeadm writes them: PKCS#1 for RSA, SEC1 for elliptic curves.
// The library throws when it is loaded before reflect-metadata: that import stays first.
import 'reflect-metadata';
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import type { CertificatePair, ClusterKeys } from './contract.ts';

/** Kinds of keys that kubeadm and a Go API server read. */
export type KeyAlgorithm = 'rsa-2048' | 'rsa-4096' | 'ecdsa-p256' | 'ecdsa-p384';

/** Group that bypasses RBAC and cannot be revoked: only for the manager's own access. */
export const SYSTEM_MASTERS = 'system:masters';
/** Group that kubeadm binds to the role cluster-admin (since 1.29): for kubeconfigs that people get. */
export const KUBEADM_CLUSTER_ADMINS = 'kubeadm:cluster-admins';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
// As kubeadm and Cluster API do: clocks of machines differ.
const BACKDATED_MS = 5 * MINUTE_MS;
const CA_LIFETIME_MS = 3650 * DAY_MS;
const CLIENT_LIFETIME_MS = 365 * DAY_MS;

/** How the keys of a cluster are made. */
export interface ClusterKeyOptions {
  /** Becomes the organization in the subject of the cluster CA, so that people tell clusters apart. */
  readonly cluster: string;
  readonly nowMs: number;
  /** Default rsa-2048, which every client reads. */
  readonly algorithm?: KeyAlgorithm;
}

/** Who a client certificate is for: the API server reads the common name as user and the organizations as groups. */
export interface ClientIdentity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly nowMs: number;
  /** One year when absent. Never longer than the CA's own life. */
  readonly lifetimeMs?: number;
}

/** All four pairs of a new cluster; authorities live for ten years. */
export async function generateClusterKeys({
  cluster,
  nowMs,
  algorithm = 'rsa-2048',
}: ClusterKeyOptions): Promise<ClusterKeys> {
  const [ca, etcdCa, frontProxyCa, serviceAccount] = await Promise.all([
    generateAuthority({ commonName: 'kubernetes', organizations: [cluster] }, algorithm, nowMs),
    generateAuthority({ commonName: 'etcd-ca', organizations: [cluster] }, algorithm, nowMs),
    generateAuthority({ commonName: 'front-proxy-ca', organizations: [cluster] }, algorithm, nowMs),
    newKey(algorithm),
  ]);
  const publicPem = createPublicKey(serviceAccount).export({ type: 'spki', format: 'pem' }).toString();
  return { ca, etcdCa, frontProxyCa, serviceAccount: { publicPem, keyPem: keyPemOf(serviceAccount) } };
}

/** The manager's own administrator: `system:masters`, valid for a year. */
export function issueAdminCertificate(
  ca: CertificatePair,
  { nowMs, commonName = 'kubernetes-admin', organization = SYSTEM_MASTERS }: AdminIdentity,
): Promise<CertificatePair> {
  return issueClientCertificate(ca, { commonName, organizations: [organization], nowMs });
}

/** Of an administrator; `organization` is SYSTEM_MASTERS when absent. */
export interface AdminIdentity {
  readonly nowMs: number;
  readonly commonName?: string;
  readonly organization?: string;
}

/** A client certificate with a key of the same kind as the CA's. */
export async function issueClientCertificate(ca: CertificatePair, identity: ClientIdentity): Promise<CertificatePair> {
  const issuer = new x509.X509Certificate(ca.certPem);
  const issuerKey = createPrivateKey(ca.keyPem);
  const key = await newKey(algorithmLike(issuerKey));
  const { nowMs, lifetimeMs = CLIENT_LIFETIME_MS } = identity;
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const certPem = await sign({
    subject: distinguishedName(identity),
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(Math.min(nowMs + lifetimeMs, issuer.notAfter.getTime())),
    key,
    issuerKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature | keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  return { certPem, keyPem: keyPemOf(key) };
}

/** `sha256:…` over the public key of the CA, as `caCertHashes` of kubeadm wants it. */
export function caCertHash(certPem: string): string {
  const { publicKey } = new X509Certificate(certPem);
  const digest = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return `sha256:${digest.digest('hex')}`;
}

/** SHA-256 of the whole certificate, colon-separated hex: to show and to compare. */
export function certificateFingerprint(certPem: string): string {
  return new X509Certificate(certPem).fingerprint256;
}

/** Whether less than half of its life is left: client certificates are renewed then, an authority never by itself. */
export function isDueForRenewal(certPem: string, nowMs: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certPem);
  return validToDate.getTime() - nowMs < (validToDate.getTime() - validFromDate.getTime()) / 2;
}

interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

async function generateAuthority(subject: Subject, algorithm: KeyAlgorithm, nowMs: number): Promise<CertificatePair> {
  const key = await newKey(algorithm);
  const { digitalSignature, keyEncipherment, keyCertSign } = x509.KeyUsageFlags;
  const name = distinguishedName(subject);
  const certPem = await sign({
    subject: name,
    issuer: name,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + CA_LIFETIME_MS),
    key,
    issuerKey: key,
    // No path length: an intermediate authority may be put below it later.
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature | keyEncipherment | keyCertSign, true),
    ],
  });
  return { certPem, keyPem: keyPemOf(key) };
}

interface Signing {
  readonly subject: x509.Name;
  readonly issuer: x509.Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly key: KeyObject;
  readonly issuerKey: KeyObject;
  readonly extensions: readonly x509.Extension[];
}

async function sign({ subject, issuer, notBefore, notAfter, key, issuerKey, extensions }: Signing): Promise<string> {
  const publicKey = publicDer(key);
  const { key: keyAlgorithm, signature } = webAlgorithmsOf(issuerKey);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer,
    notBefore,
    notAfter,
    publicKey,
    signingKey: issuerKey.toCryptoKey(keyAlgorithm, false, ['sign']),
    signingAlgorithm: signature,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(publicDer(issuerKey)),
    ],
  });
  return `${certificate.toString('pem').trim()}\n`;
}

// Typed values: in a plain string the library would read `#` as hex and take quotes and backslashes away.
function distinguishedName({ commonName, organizations }: Subject): x509.Name {
  return new x509.Name([
    ...organizations.map((name) => ({ O: [{ utf8String: name }] })),
    { CN: [{ utf8String: commonName }] },
  ]);
}

async function newKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  const generate = promisify(generateKeyPair);
  switch (algorithm) {
    case 'rsa-2048':
      return (await generate('rsa', { modulusLength: 2048 })).privateKey;
    case 'rsa-4096':
      return (await generate('rsa', { modulusLength: 4096 })).privateKey;
    case 'ecdsa-p256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
    case 'ecdsa-p384':
      return (await generate('ec', { namedCurve: 'P-384' })).privateKey;
  }
}

// A user may have brought an RSA key of another size; 2048 bits are enough for a year.
function algorithmLike(key: KeyObject): KeyAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'rsa-2048';
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ecdsa-p384' : 'ecdsa-p256';
}

function webAlgorithmsOf(key: KeyObject): {
  readonly key: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
  readonly signature: { readonly name: string; readonly hash: string };
} {
  if (key.asymmetricKeyType === 'rsa') {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    return { key: rsa, signature: rsa };
  }
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'P-256';
  const hash = namedCurve === 'P-256' ? 'SHA-256' : 'SHA-384';
  return { key: { name: 'ECDSA', namedCurve }, signature: { name: 'ECDSA', hash } };
}

// Names of OpenSSL and of WebCrypto.
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384' };

function keyPemOf(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return key.export({ type, format: 'pem' }).toString();
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
