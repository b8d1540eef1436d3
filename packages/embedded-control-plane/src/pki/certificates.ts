// The certificates of one control plane: a CA of its own, the API server's serving certificate, client certificates for users.
// ECDSA P-256 throughout (fast to make). The CA's key also signs CSRs when the controller manager runs.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import type { KeyObject } from 'node:crypto';
import { bitString, der, integer, octetString, oid, sequence, setOf, time, TRUE, utf8 } from './der.ts';
import { ipBytes } from './ip-bytes.ts';

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const HOUR_MS = 3_600_000;
const LIFETIME_MS = 10 * 365 * 24 * HOUR_MS;

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
  readonly issuer: Subject;
  readonly issuerKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const CA_SUBJECT: Subject = { commonName: 'longshore-embedded-ca' };

/** A new certificate authority. */
export function createAuthority(): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [
    extension(OID.basicConstraints, sequence(TRUE), 'critical'),
    // digitalSignature, keyCertSign, cRLSign
    extension(OID.keyUsage, bitString(Buffer.from([0b1000_0110]), 1), 'critical'),
  ];
  return issue({ subject: CA_SUBJECT, subjectKey: privateKey, issuer: CA_SUBJECT, issuerKey: privateKey, extensions });
}

/** A serving certificate for these DNS names and IP addresses. */
export function createServingCertificate(authority: KeyPair, names: readonly string[]): KeyPair {
  const altNames = names.map((name) => (isIP(name) ? der(0x87, ipBytes(name)) : der(0x82, Buffer.from(name))));
  return createLeaf(authority, { commonName: 'kube-apiserver' }, [
    extension(OID.extKeyUsage, sequence(oid(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(...altNames)),
  ]);
}

/** A client certificate: the API server takes the common name as user and the organizations as groups. */
export function createClientCertificate(authority: KeyPair, user: string, groups: readonly string[]): KeyPair {
  const subject = { commonName: user, organizations: groups };
  return createLeaf(authority, subject, [extension(OID.extKeyUsage, sequence(oid(OID.clientAuth)))]);
}

/** The PEM pair with which service account tokens are signed (RSA, which every client library verifies). */
export function createTokenSigningKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function createLeaf(authority: KeyPair, subject: Subject, usage: readonly Buffer[]): KeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return issue({
    subject,
    subjectKey: privateKey,
    issuer: CA_SUBJECT,
    issuerKey: createPrivateKey(authority.keyPem),
    // digitalSignature
    extensions: [extension(OID.keyUsage, bitString(Buffer.from([0b1000_0000]), 7), 'critical'), ...usage],
  });
}

function issue({ subject, subjectKey, issuer, issuerKey, extensions }: Issue): KeyPair {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const now = Date.now();
  const all = [
    ...extensions,
    extension(OID.subjectKeyId, octetString(keyId(subjectKey))),
    extension(OID.authorityKeyId, sequence(der(0x80, keyId(issuerKey)))),
  ];
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    algorithm,
    distinguishedName(issuer),
    // An hour back: clocks of containers and hosts differ.
    sequence(time(new Date(now - HOUR_MS)), time(new Date(now + LIFETIME_MS))),
    distinguishedName(subject),
    publicKeyOf(subjectKey),
    der(0xa3, sequence(...all)),
  );
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, issuerKey)));
  return {
    certPem: `${new X509Certificate(certificate).toString().trim()}\n`,
    keyPem: subjectKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

// Positive and never zero: the first byte is between 0x40 and 0x7f.
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function distinguishedName(subject: Subject): Buffer {
  const organizations = (subject.organizations ?? []).map((name) => attribute(OID.organization, name));
  return sequence(...organizations, attribute(OID.commonName, subject.commonName));
}

function attribute(type: string, value: string): Buffer {
  return setOf(sequence(oid(type), utf8(value)));
}

function extension(id: string, value: Buffer, importance?: 'critical'): Buffer {
  return sequence(oid(id), ...(importance ? [TRUE] : []), octetString(value));
}

function publicKeyOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function keyId(key: KeyObject): Buffer {
  return hash('sha1', publicKeyOf(key), 'buffer');
}
