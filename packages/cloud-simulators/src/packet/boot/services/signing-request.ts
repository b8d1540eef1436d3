// A certificate signing request (PKCS #10) for the identity of a node: a few bytes of DER, so that no library is loaded for it.
import { generateKeyPairSync, sign } from 'node:crypto';

/** A new key and the request to certify it, both PEM. */
export interface SigningRequest {
  readonly keyPem: string;
  readonly requestPem: string;
}

const OID = {
  commonName: [0x55, 0x04, 0x03],
  organization: [0x55, 0x04, 0x0a],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
} as const;

/** Makes a P-256 key and a request for `CN=commonName, O=organization`. */
export function makeSigningRequest(commonName: string, organization: string): SigningRequest {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(attribute(OID.organization, organization), attribute(OID.commonName, commonName));
  const version = tagged(0x02, Buffer.from([0]));
  const noAttributes = tagged(0xa0, Buffer.alloc(0));
  const request = sequence(version, subject, publicKey.export({ type: 'spki', format: 'der' }), noAttributes);
  const signature = sign('sha256', request, privateKey);
  const algorithm = sequence(tagged(0x06, Buffer.from(OID.ecdsaWithSha256)));
  const der = sequence(request, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    keyPem: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    requestPem: ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n'),
  };
}

function attribute(oid: readonly number[], value: string): Buffer {
  return tagged(0x31, sequence(tagged(0x06, Buffer.from(oid)), tagged(0x0c, Buffer.from(value, 'utf8'))));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
