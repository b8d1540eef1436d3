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

const authority = await createAuthority();
const ca = new X509Certificate(authority.certPem);

async function clientCertificate(user: string, groups: readonly string[] = []): Promise<X509Certificate> {
  return new X509Certificate((await createClientCertificate(authority, user, groups)).certPem);
}

async function servingCertificate(...names: readonly string[]): Promise<X509Certificate> {
  return new X509Certificate((await createServingCertificate(authority, names)).certPem);
}

describe('certificates', () => {
  test('the CA signs itself and may sign others', () => {
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.checkPrivateKey(createPrivateKey(authority.keyPem))).toBe(true);
    expect(ca.keyUsage).toBeUndefined();
  });

  test('a serving certificate comes from the CA and holds its names', async () => {
    const certificate = await servingCertificate('localhost', '127.0.0.1', '::1', 'fd00:10::1');
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    for (const address of ['127.0.0.1', '::1', 'fd00:10::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
    expect(new Date(certificate.validFrom) < new Date()).toBe(true);
  });

  test('a client certificate carries user and groups as Kubernetes reads them', async () => {
    const certificate = await clientCertificate('system:node:ü', ['g1', 'g2']);
    expect(certificate.toLegacyObject().subject).toMatchObject({ CN: 'system:node:ü', O: ['g1', 'g2'] });
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test.each(['#ab', 'a "quoted" name', 'back\\slash', 'CN=x, O=system:masters', 'a+b'])(
    '%s stays one name',
    async (name) => {
      const { subject } = (await clientCertificate(name, [name])).toLegacyObject();
      expect({ ...(subject as object) }).toEqual({ CN: name, O: name });
    },
  );

  test('a user without groups has none', async () => {
    const { subject } = (await clientCertificate('u')).toLegacyObject();
    expect({ ...(subject as object) }).toEqual({ CN: 'u' });
  });

  test('serial numbers differ', async () => {
    const [one, two] = [await clientCertificate('u'), await clientCertificate('u')];
    expect(one.serialNumber).not.toBe(two.serialNumber);
  });

  test('token keys are a PEM pair', () => {
    const { privatePem, publicPem } = createTokenSigningKey();
    expect(privatePem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  test('both sides of a TLS connection accept them', async () => {
    const serving = await createServingCertificate(authority, ['127.0.0.1']);
    const client = await createClientCertificate(authority, 'ann', ['g']);
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

describe('addresses of a serving certificate', () => {
  test('any IPv6 address in any spelling is the same address', async () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(bytes, async (address) => {
        const hex = Buffer.from(address).toString('hex');
        const groups = hex.match(/.{4}/g) ?? [];
        // The URL parser writes the shortest form, with `::`.
        const shortest = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
        const certificate = await servingCertificate(groups.join(':'), shortest);
        const found = certificate.raw.toString('hex').split(`8710${hex}`).length - 1;
        expect(found).toBe(2);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    { address: '::', hex: '0'.repeat(32) },
    { address: 'fe80::1%eth0', hex: `fe80${'0'.repeat(27)}1` },
    { address: '::ffff:127.0.0.1', hex: `${'0'.repeat(20)}ffff7f000001` },
    { address: '198.18.0.1', hex: 'c6120001' },
  ])('$address', async ({ address, hex }) => {
    const certificate = await servingCertificate(address);
    // The tag of an address, its length, its bytes.
    expect(certificate.raw.toString('hex')).toContain(`87${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`);
    expect(certificate.subjectAltName).not.toContain('DNS');
  });
});
