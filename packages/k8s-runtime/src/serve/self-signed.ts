// A self-signed serving certificate for when no files are given, made in about 2 ms with node:crypto and a few lines of DER: a certificate
// library costs 7 MiB and 120 ms for this one use. Pure but for the key pair.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** Certificate and key as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** How long a generated certificate is good for. */
export const SELF_SIGNED_DAYS = 365;

const oid = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
  subjectKeyIdentifier: [0x55, 0x1d, 0x0e],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;

/** A certificate on P-256 for `names` (DNS names and IPv4 or IPv6 addresses), valid from an hour ago for 365 days. */
export function selfSignedCertificate(names: readonly string[], nowMs: number): CertificatePair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = sequence(objectId(oid.ecdsaWithSha256));
  const subject = distinguishedName(`${names[0] ?? 'localhost'}@${Math.floor(nowMs / 1_000)}`);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    subject,
    sequence(time(nowMs - 3_600_000), time(nowMs + SELF_SIGNED_DAYS * DAY_MS)),
    subject,
    spki,
    explicit(3, sequence(...extensions(names, spki))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, algorithm, bitString(signature));
  return { cert: toPem(certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function extensions(names: readonly string[], spki: Buffer): readonly Buffer[] {
  const keyId = createHash('sha1').update(spki).digest();
  return [
    extension(oid.keyUsage, bits(0x02, 0xa4), true), // digitalSignature, keyEncipherment, keyCertSign
    extension(oid.extendedKeyUsage, sequence(objectId(oid.serverAuth))),
    extension(oid.basicConstraints, sequence(tagged(0x01, Buffer.from([0xff]))), true),
    extension(oid.subjectKeyIdentifier, tagged(0x04, keyId)),
    extension(oid.subjectAltName, sequence(...names.map(generalName))),
  ];
}

function extension(id: readonly number[], value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [tagged(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectId(id), ...critical, tagged(0x04, value));
}

function generalName(name: string): Buffer {
  const address = addressBytes(name);
  return address ? tagged(0x87, address) : tagged(0x82, Buffer.from(name, 'ascii'));
}

function addressBytes(name: string): Buffer | undefined {
  if (isIPv4(name)) return Buffer.from(name.split('.').map(Number));
  if (!name.includes(':')) return undefined;
  const [head = '', tail = ''] = name.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const zeros = new Array<number>(Math.max(0, 8 - groups(head).length - groups(tail).length)).fill(0);
  const all = name.includes('::') ? [...groups(head), ...zeros, ...groups(tail)] : groups(name);
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId(oid.commonName), tagged(0x0c, Buffer.from(commonName)))));
}

/** Positive and without leading zeros, as DER wants it. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** GeneralizedTime from 2050 on, UTCTime before. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return Number(text.slice(0, 4)) < 2050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function explicit(tag: number, content: Buffer): Buffer {
  return tagged(0xa0 + tag, content);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function objectId(bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function bits(unused: number, byte: number): Buffer {
  return tagged(0x03, Buffer.from([unused, byte]));
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
