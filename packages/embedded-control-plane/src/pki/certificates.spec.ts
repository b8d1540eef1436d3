import { describe, expect, test } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import fc from 'fast-check';
import {
  createAuthority,
  createClientCertificate,
  createServingCertificate,
  createTokenSigningKey,
} from './certificates.ts';
import { integer } from './der.ts';
import { ipBytes } from './ip-bytes.ts';

const authority = createAuthority();
const ca = new X509Certificate(authority.certPem);

describe('certificates', () => {
  test('the CA signs itself and may sign others', () => {
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.checkPrivateKey(createPrivateKey(authority.keyPem))).toBe(true);
    expect(ca.keyUsage).toBeUndefined();
  });

  test('a serving certificate comes from the CA and holds its names', () => {
    const pair = createServingCertificate(authority, ['localhost', '127.0.0.1', '::1', 'fd00:10::1']);
    const certificate = new X509Certificate(pair.certPem);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    for (const address of ['127.0.0.1', '::1', 'fd00:10::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
    expect(new Date(certificate.validFrom) < new Date()).toBe(true);
  });

  test('a client certificate carries user and groups as Kubernetes reads them', () => {
    const certificate = new X509Certificate(createClientCertificate(authority, 'system:node:ü', ['g1', 'g2']).certPem);
    expect(certificate.toLegacyObject().subject).toMatchObject({ CN: 'system:node:ü', O: ['g1', 'g2'] });
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('serial numbers differ', () => {
    const serial = (): string => new X509Certificate(createClientCertificate(authority, 'u', []).certPem).serialNumber;
    expect(serial()).not.toBe(serial());
  });

  test('token keys are a PEM pair', () => {
    const { privatePem, publicPem } = createTokenSigningKey();
    expect(privatePem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  test('both sides of a TLS connection accept them', async () => {
    const serving = createServingCertificate(authority, ['127.0.0.1']);
    const client = createClientCertificate(authority, 'ann', ['g']);
    const server = createServer({
      cert: serving.certPem,
      key: serving.keyPem,
      ca: authority.certPem,
      requestCert: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'secureConnection');
    const { port } = server.address() as AddressInfo;
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: authority.certPem,
      cert: client.certPem,
      key: client.keyPem,
    });
    await once(socket, 'secureConnect');
    const [peer] = (await accepted) as [{ authorized: boolean; getPeerCertificate(): { subject: { CN: string } } }];
    expect(socket.authorized).toBe(true);
    expect(peer.authorized).toBe(true);
    expect(peer.getPeerCertificate().subject.CN).toBe('ann');
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
});

describe('der', () => {
  test('an integer keeps its value, is positive and has no needless byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const content = integer(bytes).subarray(2);
        const value = (from: Uint8Array): bigint => BigInt(`0x${Buffer.from(from).toString('hex')}`);
        expect(value(content)).toBe(value(bytes));
        expect((content[0] ?? 0) < 0x80).toBe(true);
        expect(content.length > 1 && content[0] === 0 && (content[1] ?? 0) < 0x80).toBe(false);
      }),
    );
  });
});

describe('ipBytes', () => {
  test('any IPv6 address in any spelling gives its 16 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const groups = Array.from({ length: 8 }, (_, i) =>
          (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
        );
        expect(ipBytes(groups.join(':'))).toEqual(Buffer.from(bytes));
        // The URL parser writes the shortest form, with `::`.
        expect(ipBytes(new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([
    { address: '::', hex: '0'.repeat(32) },
    { address: 'fe80::1%eth0', hex: `fe80${'0'.repeat(27)}1` },
    { address: '::ffff:127.0.0.1', hex: `${'0'.repeat(20)}ffff7f000001` },
    { address: '198.18.0.1', hex: 'c6120001' },
  ])('$address', ({ address, hex }) => {
    expect(ipBytes(address).toString('hex')).toBe(hex);
  });
});
