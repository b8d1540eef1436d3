// The probe against real HTTPS servers on the loopback, with certificates of a CA of the test's own.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { systemClock } from '@longshore/reconciler-core';
import { FakeClock, recordingLogger, waitFor } from '@longshore/reconciler-core/testing';
import * as x509 from '@peculiar/x509';
import { ClusterCa } from './cluster-ca.ts';
import { httpsProbe, PROBE_TIMEOUT_MS } from './probe.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const signal = new AbortController().signal;
let ca: string;
let good: Pair;
let otherName: Pair;
let otherCa: string;
const servers: Server[] = [];

async function newAuthority(): Promise<{
  readonly cert: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const span = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const name = 'CN=test-ca';
  const made = { serialNumber: '01', name, keys, signingAlgorithm: ALGORITHM, extensions, ...span };
  return { cert: await x509.X509CertificateGenerator.createSelfSigned(made), keys };
}

async function newPair(authority: Awaited<ReturnType<typeof newAuthority>>, dns: string): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const span = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=kube-apiserver',
    issuer: authority.cert.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: dns }])],
    ...span,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { cert: cert.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}

beforeAll(async () => {
  const authority = await newAuthority();
  ca = authority.cert.toString('pem');
  otherCa = (await newAuthority()).cert.toString('pem');
  good = await newPair(authority, 'kubernetes.default.svc');
  otherName = await newPair(authority, 'dashboard.example.com');
}, 60_000);

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An API server; without a status it never answers. */
async function serve(
  pair: Pair,
  status?: number,
): Promise<{ readonly port: number; readonly paths: string[]; readonly open: Set<Socket> }> {
  const paths: string[] = [];
  const open = new Set<Socket>();
  const server = createServer(pair, (request, response) => {
    paths.push(request.url ?? '');
    if (status !== undefined) response.writeHead(status).end('ok');
  });
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, paths, open };
}

const probe = httpsProbe(systemClock);
const ask = (port: number, trusted: string | undefined = ca) =>
  probe({ address: '127.0.0.1', port, ca: trusted }, signal);

describe('the probe', () => {
  test('200 of /healthz with a certificate of the cluster’s CA is healthy; no connection stays open', async () => {
    const { port, paths, open } = await serve(good, 200);
    expect(await ask(port)).toEqual({ isHealthy: true });
    expect(paths).toEqual(['/healthz']);
    await waitFor(() => open.size === 0, { what: 'the connection closed' });
  }, 60_000);

  test.each([500, 401, 403])(
    '%d is not',
    async (status) => {
      const { port } = await serve(good, status);
      expect(await ask(port)).toEqual({ isHealthy: false, reason: `/healthz answered ${status}` });
    },
    60_000,
  );

  test('a certificate of another CA is not, whatever is answered', async () => {
    const { port, paths } = await serve(good, 200);
    expect(await ask(port, otherCa)).toMatchObject({
      isHealthy: false,
      reason: expect.stringMatching(/certificate|signature/i),
    });
    expect(paths).toEqual([]);
  }, 60_000);

  test('a certificate of the CA that is no API server’s is not', async () => {
    const { port } = await serve(otherName, 200);
    expect(await ask(port)).toMatchObject({
      isHealthy: false,
      reason: expect.stringContaining('kubernetes.default.svc'),
    });
  }, 60_000);

  test('without a CA the certificate does not count', async () => {
    const { port } = await serve(otherName, 200);
    expect(await probe({ address: '127.0.0.1', port, ca: undefined }, signal)).toEqual({ isHealthy: true });
  }, 60_000);

  test('nobody there is not', async () => {
    const { port } = await serve(good, 200);
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    expect(await ask(port)).toMatchObject({ isHealthy: false, reason: expect.stringContaining('ECONNREFUSED') });
  }, 60_000);

  test('no answer within five seconds is not', async () => {
    const { port, paths } = await serve(good);
    const clock = new FakeClock();
    const asked = httpsProbe(clock)({ address: '127.0.0.1', port, ca }, signal);
    await waitFor(() => paths.length === 1, { what: 'the request' });
    await clock.advance(PROBE_TIMEOUT_MS);
    expect(await asked).toEqual({ isHealthy: false, reason: 'no answer in 5000 ms' });
  }, 60_000);

  test('a stop is no finding', async () => {
    const { port, paths } = await serve(good);
    const stop = new AbortController();
    const asked = probe({ address: '127.0.0.1', port, ca }, stop.signal);
    await waitFor(() => paths.length === 1, { what: 'the request' });
    stop.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  }, 60_000);
});

describe('the CA of the cluster', () => {
  const published = async (text: string): Promise<FakeKubeClient> => {
    const client = new FakeKubeClient();
    const metadata = { namespace: 'kube-system', name: 'kube-root-ca.crt' };
    await client.create(configMaps, { metadata, data: { 'ca.crt': text } });
    return client;
  };

  test('is that of the pod, else that of the ConfigMap; read again after a while', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cluster-ca-'));
    const file = join(folder, 'ca.crt');
    const clock = new FakeClock();
    const authority = new ClusterCa({ client: await published(ca), clock, log: recordingLogger(), file });
    expect(await authority.pem(signal)).toBe(ca);
    await writeFile(file, otherCa);
    expect(await authority.pem(signal)).toBe(ca);
    await clock.advance(300_001);
    expect(await authority.pem(signal)).toBe(otherCa);
    await rm(folder, { recursive: true });
  }, 60_000);

  test('where there is none, that is said once, and no certificate is checked', async () => {
    const clock = new FakeClock();
    const log = recordingLogger();
    const client = await published('nonsense');
    client.fail({ verb: 'get', times: 1 });
    const authority = new ClusterCa({ client, clock, log, file: '/nowhere/ca.crt' });
    expect(await authority.pem(signal)).toBeUndefined();
    await clock.advance(300_001);
    expect(await authority.pem(signal)).toBeUndefined();
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  }, 60_000);
});
