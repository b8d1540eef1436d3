// The page server over real sockets on the loopback: TLS, certificates that change, who may see what. The API server is in memory.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@longshore/reconciler-core';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { configMaps } from '../client/resource-type.ts';
import { defaultsOf, parseFlags } from '../process/flags.ts';
import { PrometheusMetrics } from '../process/metrics.ts';
import { Verbosity } from '../process/verbosity.ts';
import { authenticationFlags, authorizationFlags } from './auth-flags.ts';
import { DelegatedAuth } from './delegated-auth.ts';
import type { AuthFlagValues } from './delegated-auth.ts';
import { HealthChecks, progressCheck } from './health-checks.ts';
import type { PageRequest } from './page.ts';
import { PageServer } from './page-server.ts';
import type { PageServerOptions } from './page-server.ts';
import { selfSignedCertificate } from './self-signed.ts';
import { ServingCertificates } from './serving-certificates.ts';
import type { ServingCertificatesOptions } from './serving-certificates.ts';
import { checkServingFlags, servingFlags } from './serving-flags.ts';
import { newPageServer, pageServerFromFlags } from './serving-from-flags.ts';
import { standardPages } from './standard-pages.ts';

const log = recordingLogger();
let folder = '';
const stops: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'page-server-'));
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true });
});

function certificates(options: Partial<ServingCertificatesOptions> = {}): ServingCertificates {
  return new ServingCertificates({
    certFile: '',
    keyFile: '',
    certDir: '',
    pairName: 'do-ccm',
    sniPairs: [],
    minVersion: '',
    cipherSuites: [],
    curves: [],
    generatedNames: ['localhost', '127.0.0.1'],
    clientCas: () => [],
    clock: systemClock,
    log,
    ...options,
  });
}

async function serve(
  options: Partial<PageServerOptions> = {},
): Promise<{ server: PageServer; port: number; stop: () => Promise<void> }> {
  const server = new PageServer({
    listen: { bindAddress: '127.0.0.1', port: 0, portFlag: '--secure-port', addressFlag: '--bind-address' },
    pages: { '/healthz': () => ({ status: 200, body: 'ok' }) },
    certificates: certificates(),
    clock: systemClock,
    log,
    ...options,
  });
  await server.listen();
  const abort = new AbortController();
  const ended = server.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  stops.push(stop);
  return { server, port: server.address?.port ?? 0, stop };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

function ask(port: number, path: string, options: RequestOptions & { readonly send?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, ...options },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body, type: response.headers['content-type'] ?? '' }),
        );
      },
    );
    request.on('error', reject);
    request.end(options.send);
  });
}

function certificateShown(port: number, options: { servername?: string; host?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getPeerCertificate().subjectaltname ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function writePair(base: string, names: readonly string[]): { certFile: string; keyFile: string } {
  const { cert, key } = selfSignedCertificate(names, Date.now());
  const files = { certFile: join(folder, `${base}.crt`), keyFile: join(folder, `${base}.key`) };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  return files;
}

describe('PageServer', () => {
  test('serves over TLS with a certificate of its own that names localhost', async () => {
    const { port } = await serve();
    expect(await ask(port, '/healthz')).toEqual({ status: 200, body: 'ok', type: 'text/plain; charset=utf-8' });
    expect((await ask(port, '/nope')).status).toBe(404);
    expect(await certificateShown(port)).toBe('DNS:localhost, IP Address:127.0.0.1');
  });

  test('the generated certificate is trusted by whoever trusts it as a CA', async () => {
    const own = certificates();
    const { port } = await serve({ certificates: own });
    const answer = await ask(port, '/healthz', {
      rejectUnauthorized: true,
      ca: own.options.cert as string,
      servername: 'localhost',
    });
    expect(answer.status).toBe(200);
  });

  test('plain HTTP without certificates', async () => {
    const { port } = await serve({ certificates: undefined });
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
  });

  test('a port in use is one line that names the flag', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const listen = { bindAddress: '127.0.0.1', port, portFlag: '--secure-port', addressFlag: '--bind-address' };
    await expect(serve({ listen })).rejects.toThrow(
      `--secure-port: port ${port} on 127.0.0.1 is in use by another program; choose another port, or 0 for none`,
    );
    taken.close();
  });

  test('an unspecified address takes both families', async () => {
    const listen = { bindAddress: '0.0.0.0', port: 0, portFlag: '--secure-port', addressFlag: '--bind-address' };
    const { port, server } = await serve({ listen });
    expect(server.address?.host).toBe('::');
    expect((await ask(port, '/healthz')).status).toBe(200);
    expect((await ask(port, '/healthz', { host: '::1' })).status).toBe(200);
  });

  test('two servers share a port with --permit-port-sharing', async () => {
    const listen = { bindAddress: '127.0.0.1', portFlag: '', addressFlag: '', permitPortSharing: true };
    const first = await serve({ listen: { ...listen, port: 0 } });
    const second = await serve({ listen: { ...listen, port: first.port } });
    expect(second.port).toBe(first.port);
  });

  test('a page that fails is a 500, and the server goes on', async () => {
    const { port } = await serve({ pages: { '/bad': async () => Promise.reject(new Error('no')) } });
    expect(await ask(port, '/bad')).toMatchObject({ status: 500, body: 'Internal Server Error: no\n' });
    expect((await ask(port, '/x')).status).toBe(404);
  });

  test('a stop ends open connections within a second', async () => {
    const { port, stop } = await serve({ pages: { '/slow': () => new Promise(() => {}) } });
    const answer = ask(port, '/slow').catch((error: NodeJS.ErrnoException) => error.code);
    await ask(port, '/x');
    await stop();
    expect(await answer).toBe('ECONNRESET');
  });

  test('headers beyond 1 MiB are refused, large ones are taken', async () => {
    const { port } = await serve();
    expect((await ask(port, '/healthz', { headers: { 'x-a': 'a'.repeat(500_000) } })).status).toBe(200);
    const refused = await ask(port, '/healthz', { headers: { 'x-a': 'a'.repeat(1_100_000) } }).catch(() => ({
      status: 431,
    }));
    expect(refused.status).toBe(431);
  });
});

describe('pageServerFromFlags', () => {
  const parts = { program: 'do-ccm', pages: {}, clock: systemClock, log };

  test('--secure-port=0 is no server', () => {
    expect(pageServerFromFlags({ ...defaultsOf(servingFlags), 'secure-port': 0 }, parts)).toBeUndefined();
  });

  test('certificate and key must be given together', () => {
    const values = { ...defaultsOf(servingFlags), 'tls-cert-file': 'a.crt' };
    expect(checkServingFlags(values)).toEqual(['--tls-cert-file and --tls-private-key-file must be given together']);
    expect(checkServingFlags(defaultsOf(servingFlags))).toEqual([]);
  });

  test.each([
    { flags: ['--bind-address=localhost'], problem: '--bind-address: "localhost" is not an IP address' },
    { flags: ['--secure-port=-1'], problem: '--secure-port: "-1" is not a port (0-65535)' },
    {
      flags: ['--tls-min-version=TLS12'],
      problem:
        '--tls-min-version: "TLS12" is not allowed; allowed: VersionTLS10, VersionTLS11, VersionTLS12, VersionTLS13',
    },
    {
      flags: ['--tls-sni-cert-key=a.crt'],
      problem: '--tls-sni-cert-key: "a.crt" is not certificate,key or certificate,key:name,name',
    },
  ])('$flags is refused', ({ flags, problem }) => {
    expect(() => parseFlags(servingFlags, flags, { program: 'x', version: '0', description: '' })).toThrow(problem);
  });

  test('a certain address is in the generated certificate, and other CAs of clients are in force at once', async () => {
    let cas: readonly string[] = [];
    const listeners: (() => void)[] = [];
    const auth = {
      guard: async ({ clientCertificate }: PageRequest) => ({
        status: clientCertificate?.isTrusted ? 200 : 401,
        body: '',
      }),
      get clientCas() {
        return cas;
      },
      onNewCas: (listener: () => void) => void listeners.push(listener),
    };
    const server = newPageServer(
      { ...defaultsOf(servingFlags), 'bind-address': '127.0.0.2' },
      { ...parts, auth, port: 0 },
    );
    const abort = new AbortController();
    await server.listen();
    const ended = server.run(abort.signal);
    stops.push(async () => (abort.abort(), ended));
    const ca = await issue('ca');
    const asked = { ...(await issue('bob', { ca })), host: '127.0.0.2' };
    const { port = 0 } = server.address ?? {};
    expect(await certificateShown(port, { host: '127.0.0.2' })).toContain('IP Address:127.0.0.2');
    expect((await ask(port, '/', asked)).status).toBe(401);
    cas = [ca.cert];
    listeners.forEach((listener) => listener());
    expect((await ask(port, '/', asked)).status).toBe(200);
  });
});

describe('certificates', () => {
  test('files are noticed when they change; a broken file changes nothing', async () => {
    const files = writePair('tls', ['one.test']);
    const { server, port } = await serve({ certificates: certificates(files) });
    expect(await certificateShown(port)).toBe('DNS:one.test');
    writePair('tls', ['two.test']);
    server.refreshCertificates();
    expect(await certificateShown(port)).toBe('DNS:two.test');
    writeFileSync(files.certFile, 'broken');
    server.refreshCertificates();
    expect(await certificateShown(port)).toBe('DNS:two.test');
  });

  test('the files are looked at once a minute', async () => {
    const clock = new FakeClock();
    const files = writePair('tls', ['one.test']);
    const { port } = await serve({ certificates: certificates(files), clock });
    writePair('tls', ['two.test']);
    await clock.advance(59_000);
    expect(await certificateShown(port)).toBe('DNS:one.test');
    await clock.advance(1_000);
    expect(await certificateShown(port)).toBe('DNS:two.test');
  });

  test('a server name chooses its own pair', async () => {
    const main = writePair('main', ['main.test']);
    const wild = writePair('wild', ['ignored.test']);
    const own = writePair('own', ['own.test']);
    const sniPairs = [`${wild.certFile},${wild.keyFile}:*.wild.test`, `${own.certFile},${own.keyFile}`];
    const { port } = await serve({ certificates: certificates({ ...main, sniPairs }) });
    expect(await certificateShown(port, { servername: 'a.wild.test' })).toBe('DNS:ignored.test');
    expect(await certificateShown(port, { servername: 'own.test' })).toBe('DNS:own.test');
    expect(await certificateShown(port, { servername: 'other.test' })).toBe('DNS:main.test');
  });

  test('--cert-dir gets the generated pair, and the next start uses it', () => {
    const certDir = join(folder, 'new', 'dir');
    const first = certificates({ certDir });
    expect(readFileSync(join(certDir, 'do-ccm.crt'), 'utf8')).toBe(first.options.cert);
    expect(certificates({ certDir }).options.cert).toBe(first.options.cert);
  });

  test('an unreadable file names the flag', () => {
    expect(() => certificates({ certFile: '/nowhere/a.crt', keyFile: '/nowhere/a.key' })).toThrow(
      /^--tls-cert-file: \/nowhere\/a.crt with \/nowhere\/a.key cannot be used: .*ENOENT/,
    );
  });

  test('a key that does not fit is refused at start', () => {
    const { certFile } = writePair('a', ['a.test']);
    const { keyFile } = writePair('b', ['b.test']);
    expect(() => certificates({ certFile, keyFile })).toThrow(
      /^--tls-cert-file, --tls-private-key-file: .*cannot be used/,
    );
  });

  test.each([
    { given: { minVersion: 'VersionTLS13' }, client: { maxVersion: 'TLSv1.2' as const } },
    {
      given: {},
      client: { minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const, ciphers: 'DEFAULT@SECLEVEL=0' },
    },
    {
      given: { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] },
      client: { maxVersion: 'TLSv1.2' as const, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    },
  ])('with $given a client with $client is refused', async ({ given, client }) => {
    const { port } = await serve({ certificates: certificates(given) });
    expect((await ask(port, '/healthz')).status).toBe(200);
    await expect(ask(port, '/healthz', client)).rejects.toThrow();
  });
});

describe('delegated authentication and authorization', () => {
  const tokenReviews = 'POST /apis/authentication.k8s.io/v1/tokenreviews';
  const accessReviews = 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews';

  async function guarded(
    client: FakeKubeClient | undefined,
    flags: Partial<AuthFlagValues> = {},
  ): Promise<{ port: number; server: PageServer; clock: FakeClock; auth: DelegatedAuth }> {
    const clock = new FakeClock();
    const values = { ...defaultsOf(authenticationFlags), ...defaultsOf(authorizationFlags), ...flags };
    const auth = new DelegatedAuth({
      flags: values,
      authenticationClient: client,
      authorizationClient: client,
      clock,
      log,
      random: () => 0,
    });
    const pages = { '/healthz': () => ({ status: 200, body: 'ok' }), '/metrics': () => ({ status: 200, body: 'm' }) };
    const own = certificates({ clientCas: () => auth.clientCas });
    const { port, server } = await serve({ guard: auth.guard, pages, certificates: own });
    return { port, server, clock, auth };
  }

  function client(answers: { readonly user?: string; readonly isAllowed?: boolean } = {}): FakeKubeClient {
    const fake = new FakeKubeClient();
    const { user, isAllowed = false } = answers;
    const review = {
      status: user ? { authenticated: true, user: { username: user, groups: [] } } : { authenticated: false },
    };
    fake.answers.set(tokenReviews, { status: 201, body: JSON.stringify(review) });
    fake.answers.set(accessReviews, { status: 201, body: JSON.stringify({ status: { allowed: isAllowed } }) });
    return fake;
  }

  const bearer = { headers: { authorization: 'Bearer t0ken' } };

  test('anybody sees /healthz, nobody in particular does not see /metrics', async () => {
    const { port } = await guarded(client());
    expect((await ask(port, '/healthz')).status).toBe(200);
    const refused = await ask(port, '/metrics');
    expect([refused.status, refused.type]).toEqual([403, 'application/json']);
    expect(JSON.parse(refused.body)).toMatchObject({
      kind: 'Status',
      reason: 'Forbidden',
      message: 'forbidden: User "system:anonymous" cannot get path "/metrics"',
    });
  });

  test('a bad token is 401, also on open paths', async () => {
    const { port } = await guarded(client());
    expect((await ask(port, '/metrics', bearer)).status).toBe(401);
    expect((await ask(port, '/healthz', bearer)).status).toBe(401);
  });

  test('a good token with the permission sees the page', async () => {
    const fake = client({ user: 'prometheus', isAllowed: true });
    const { port } = await guarded(fake);
    expect(await ask(port, '/metrics', bearer)).toMatchObject({ status: 200, body: 'm' });
    expect(fake.calls.map(({ body }) => body)).toMatchObject([
      { kind: 'TokenReview', spec: { token: 't0ken' } },
      {
        spec: {
          user: 'prometheus',
          groups: ['system:authenticated'],
          nonResourceAttributes: { path: '/metrics', verb: 'get' },
        },
      },
    ]);
  });

  test('a good token without the permission is 403', async () => {
    const { port } = await guarded(client({ user: 'prometheus' }));
    expect((await ask(port, '/metrics', bearer)).status).toBe(403);
  });

  test('answers hold for 10 s', async () => {
    const fake = client({ user: 'prometheus', isAllowed: true });
    const { port, clock } = await guarded(fake);
    await ask(port, '/metrics', bearer);
    await clock.advance(9_000);
    await ask(port, '/metrics', bearer);
    expect(fake.calls).toHaveLength(2);
    await clock.advance(1_000);
    await ask(port, '/metrics', bearer);
    expect(fake.calls).toHaveLength(4);
  });

  test('when the API server cannot review, tokens are 401 and permissions 500', async () => {
    const fake = client({ user: 'prometheus' });
    fake.answers.set(accessReviews, { status: 403, body: 'no' });
    const { port } = await guarded(fake);
    expect((await ask(port, '/metrics', bearer)).status).toBe(500);
    fake.answers.set(tokenReviews, { status: 403, body: 'no' });
    const other = { headers: { authorization: 'Bearer other' } };
    expect((await ask(port, '/metrics', other)).status).toBe(401);
  });

  test('a passing failure of a review is asked again', async () => {
    const fake = client({ user: 'prometheus', isAllowed: true });
    fake.fail({ verb: 'raw', times: 2 });
    const { port, clock } = await guarded(fake);
    const answer = ask(port, '/metrics', bearer);
    const wait = setInterval(() => void clock.advance(250), 5);
    expect((await answer).status).toBe(200);
    clearInterval(wait);
  });

  test('without an API server only the open paths are served', async () => {
    const { port } = await guarded(undefined);
    expect((await ask(port, '/healthz')).status).toBe(200);
    expect((await ask(port, '/metrics')).status).toBe(403);
    expect((await ask(port, '/metrics', bearer)).status).toBe(401);
  });

  test('a client certificate of the CA file names its user; masters need no permission; strangers are 401', async () => {
    const ca = await issue('the-ca');
    writeFileSync(join(folder, 'ca.crt'), ca.cert);
    const fake = client();
    const { port } = await guarded(fake, { 'client-ca-file': join(folder, 'ca.crt') });
    expect((await ask(port, '/metrics', await issue('bob', { ca, organizations: ['dev'] }))).status).toBe(403);
    expect(fake.calls.at(-1)?.body).toMatchObject({ spec: { user: 'bob', groups: ['dev', 'system:authenticated'] } });
    expect(
      (await ask(port, '/metrics', await issue('root', { ca, organizations: ['a', 'system:masters'] }))).status,
    ).toBe(200);
    expect((await ask(port, '/healthz', await issue('bob', { ca: await issue('other-ca') }))).status).toBe(401);
    expect(fake.calls).toHaveLength(1);
  });

  test.each([
    { what: 'that has expired', make: (ca: Issued) => issue('bob', { ca, notAfter: new Date(Date.now() - 1_000) }) },
    {
      what: 'that another key has signed in the name of the CA',
      make: async (ca: Issued) => {
        const forged = await issue('bob', { ca: { ...ca, keys: (await issue('the-ca')).keys } });
        return { ...forged, cert: `${forged.cert}\n${ca.cert}` };
      },
    },
  ])('a certificate $what is 401', async ({ make }) => {
    const ca = await issue('the-ca');
    writeFileSync(join(folder, 'ca.crt'), ca.cert);
    const { port } = await guarded(client({ isAllowed: true }), { 'client-ca-file': join(folder, 'ca.crt') });
    expect((await ask(port, '/metrics', await issue('bob', { ca }))).status).toBe(200);
    expect((await ask(port, '/metrics', await make(ca))).status).toBe(401);
  });

  test('a proxy whose CA the cluster publishes speaks for users, a user of the same name does not', async () => {
    const ca = await issue('proxy-ca');
    const fake = client({ isAllowed: true });
    fake.put(configMaps, {
      metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      data: {
        'requestheader-client-ca-file': ca.cert,
        'requestheader-allowed-names': '["front"]',
        'requestheader-username-headers': '["X-User"]',
      },
    });
    const { port, auth, server, clock } = await guarded(fake);
    const abort = new AbortController();
    const life = auth.run(abort.signal);
    await clock.settle();
    server.refreshCertificates();
    const headers = { 'x-user': 'jane' };
    expect((await ask(port, '/metrics', { ...(await issue('front', { ca })), headers })).status).toBe(200);
    expect(fake.calls.at(-1)?.body).toMatchObject({ spec: { user: 'jane' } });
    expect((await ask(port, '/metrics', { ...(await issue('back', { ca })), headers })).status).toBe(401);
    abort.abort();
    await life;
  });

  test('a missing configuration in the cluster ends the program, unless that is tolerated or not looked for', async () => {
    const run = async (flags: Partial<AuthFlagValues>): Promise<string> => {
      const { auth, clock } = await guarded(client(), flags);
      const abort = new AbortController();
      const ended = auth.run(abort.signal).then(
        () => 'fine',
        (error: Error) => error.message,
      );
      await clock.advance(20_000);
      abort.abort();
      return ended;
    };
    expect(await run({})).toMatch(
      /^ConfigMap kube-system\/extension-apiserver-authentication cannot be read: it does not exist\. Bind/,
    );
    expect(await run({ 'authentication-tolerate-lookup-failure': true })).toBe('fine');
    expect(await run({ 'authentication-skip-lookup': true })).toBe('fine');
  });
});

describe('standard pages', () => {
  async function served(): Promise<{
    port: number;
    health: HealthChecks;
    verbosity: Verbosity;
    metrics: PrometheusMetrics;
  }> {
    const sliMetrics = new PrometheusMetrics();
    const metrics = new PrometheusMetrics();
    const health = new HealthChecks({ clock: systemClock, log, sliMetrics });
    const verbosity = new Verbosity(0);
    const values = defaultsOf(authorizationFlags);
    const pages = standardPages({
      program: 'do-ccm',
      version: 'v0.1.0',
      metrics,
      sliMetrics,
      health,
      verbosity,
      flags: { table: authorizationFlags, values },
      configz: () => ({ 'cloudcontrollermanager.config.k8s.io': { a: 1 } }),
      startedMs: Date.UTC(2026, 10, 21, 10),
      nowMs: () => Date.UTC(2026, 10, 21, 11, 2, 3),
    });
    const { port } = await serve({ pages });
    return { port, health, verbosity, metrics };
  }

  test('health pages run their checks; slow and failing ones count as failed', async () => {
    const { port, health } = await served();
    let ageMs = 0;
    health.add(
      progressCheck('service-lb-controller', () => ageMs, 35_000),
      ['healthz', 'livez'],
    );
    health.add({ name: 'provider', check: async () => Promise.reject(new Error('unreachable')) }, ['readyz']);
    expect(await ask(port, '/healthz?verbose')).toMatchObject({
      status: 200,
      body: '[+]service-lb-controller ok\nhealthz check passed\n',
    });
    ageMs = 35_001;
    expect(await ask(port, '/livez')).toMatchObject({ status: 500 });
    expect((await ask(port, '/healthz/service-lb-controller')).body).toBe(
      'internal server error: no progress: the oldest item is 35 s old (limit 35 s)\n',
    );
    expect(await ask(port, '/readyz')).toMatchObject({
      status: 500,
      body: '[-]provider failed: reason withheld\nreadyz check failed\n',
    });
    const slis = (await ask(port, '/metrics/slis')).body;
    expect(slis).toContain('kubernetes_healthcheck{name="service-lb-controller",type="livez"} 0');
    expect(slis).toContain(
      'kubernetes_healthchecks_total{name="service-lb-controller",type="healthz",status="success"} 1',
    );
    expect((await ask(port, '/metrics/slis', { method: 'DELETE' })).body).toBe('metrics reset\n');
    expect((await ask(port, '/metrics/slis')).body).not.toContain('service-lb-controller');
  });

  test('metrics, flags, configuration and status', async () => {
    const { port, metrics } = await served();
    metrics.counter({ name: 'a_total', help: 'A.' }).inc();
    expect(await ask(port, '/metrics')).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
    expect((await ask(port, '/metrics')).body).toContain('a_total 1');
    expect((await ask(port, '/flagz')).body).toContain('\nauthorization-always-allow-paths=/healthz,/readyz,/livez\n');
    expect(JSON.parse((await ask(port, '/configz')).body)).toEqual({
      'cloudcontrollermanager.config.k8s.io': { a: 1 },
    });
    const status = (await ask(port, '/statusz')).body;
    expect(status).toContain('Started: Sat, 21 Nov 2026 10:00:00 GMT\nUp: 1 hr 02 min 03 sec\n');
    expect(status).toContain(
      'Binary version: v0.1.0\nPaths: /configz /debug/flags/v /flagz /healthz /livez /metrics /metrics/slis /readyz\n',
    );
  });

  test('the verbosity can be set while the program runs', async () => {
    const { port, verbosity } = await served();
    const put = (send: string): Promise<Answer> => ask(port, '/debug/flags/v', { method: 'PUT', send });
    expect(await put('4')).toMatchObject({ status: 200, body: 'successfully set klog.logging.verbosity to 4\n' });
    expect(verbosity.level).toBe(4);
    expect((await put('x')).status).toBe(400);
    expect((await ask(port, '/debug/flags/v')).status).toBe(405);
    expect((await put('1'.repeat(70_000))).status).toBe(413);
    expect(verbosity.level).toBe(4);
  });
});

interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly issued: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

interface IssueOptions {
  readonly ca?: Issued;
  readonly organizations?: readonly string[];
  readonly notAfter?: Date;
}

/** A CA, or a client certificate of one. */
async function issue(
  name: string,
  { ca, organizations = [], notAfter = new Date(Date.now() + 3_600_000) }: IssueOptions = {},
): Promise<Issued> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = `CN=${name}${organizations.map((organization) => `, O=${organization}`).join('')}`;
  const issued = await x509.X509CertificateGenerator.create({
    subject,
    issuer: ca?.issued.subject ?? subject,
    publicKey: keys.publicKey,
    signingKey: (ca?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(ca === undefined, undefined, true),
      ...(ca ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])] : []),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: issued.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    issued,
    keys,
  };
}
