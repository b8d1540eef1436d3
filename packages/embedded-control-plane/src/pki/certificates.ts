// The certificates of one control plane: a CA of its own, the API server's serving certificate, client certificates for users.
// ECDSA P-256 throughout (fast to make). The CA's key also signs CSRs when the controller manager runs.
// The library throws when it is loaded before reflect-metadata: that import stays first.
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const LIFETIME_MS = 10 * 365 * 24 * HOUR_MS;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' };

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

interface Issue {
  readonly subject: Subject;
  readonly subjectKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly extensions: readonly x509.Extension[];
}

const CA_SUBJECT: Subject = { commonName: 'longshore-embedded-ca' };

/** A new certificate authority. */
export function createAuthority(): Promise<KeyPair> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(digitalSignature | keyCertSign | cRLSign, true),
  ];
  return issue({ subject: CA_SUBJECT, subjectKey: privateKey, issuerKey: privateKey, extensions });
}

/** A serving certificate for these DNS names and IP addresses. */
export function createServingCertificate(authority: KeyPair, names: readonly string[]): Promise<KeyPair> {
  return createLeaf(authority, { commonName: 'kube-apiserver' }, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
  ]);
}

/** A client certificate: the API server takes the common name as user and the organizations as groups. */
export function createClientCertificate(authority: KeyPair, user: string, groups: readonly string[]): Promise<KeyPair> {
  const subject = { commonName: user, organizations: groups };
  return createLeaf(authority, subject, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]);
}

/** The PEM pair with which service account tokens are signed (RSA, which every client library verifies). */
export function createTokenSigningKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function createLeaf(authority: KeyPair, subject: Subject, usage: readonly x509.Extension[]): Promise<KeyPair> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return issue({
    subject,
    subjectKey: privateKey,
    issuerKey: createPrivateKey(authority.keyPem),
    extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...usage],
  });
}

async function issue({ subject, subjectKey, issuerKey, extensions }: Issue): Promise<KeyPair> {
  const now = Date.now();
  const publicKey = publicKeyOf(subjectKey);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: distinguishedName(subject),
    issuer: distinguishedName(CA_SUBJECT),
    // An hour back: clocks of containers and hosts differ.
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(now + LIFETIME_MS),
    publicKey,
    signingKey: issuerKey.toCryptoKey(KEY_ALGORITHM, false, ['sign']),
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(publicKeyOf(issuerKey)),
    ],
  });
  return {
    certPem: `${certificate.toString('pem').trim()}\n`,
    keyPem: subjectKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

// Typed values: in a plain string the library would read `#` as hex and take quotes and backslashes away.
function distinguishedName({ commonName, organizations = [] }: Subject): x509.Name {
  return new x509.Name([
    ...organizations.map((name) => ({ O: [{ utf8String: name }] })),
    { CN: [{ utf8String: commonName }] },
  ]);
}

function alternativeName(name: string): x509.GeneralName {
  if (isIPv6(name)) return new x509.GeneralName('ip', inHexGroups(name));
  return new x509.GeneralName(isIP(name) ? 'ip' : 'dns', name);
}

// The library misreads a dotted tail (`::ffff:127.0.0.1`); the URL parser writes hex. A zone (`%eth0`) is not in certificates.
function inHexGroups(address: string): string {
  return new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
}

function publicKeyOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
