// The small decisions of serving, as tables: TLS settings, server names, listening, health texts, routing, generated certificates.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { toHealthAnswer, toSingleAnswer } from './health-answer.ts';
import { listenOptions, listenProblem } from './listen-plan.ts';
import { pageFor } from './page.ts';
import { selfSignedCertificate } from './self-signed.ts';
import { chooseByServerName, namesOfCertificate } from './server-name.ts';
import { cipherSuitesProblem, curvesProblem, parseSniPairs, toTlsOptions } from './tls-settings.ts';

describe('toTlsOptions', () => {
  test.each([
    { choice: {}, options: { minVersion: 'TLSv1.2' } },
    { choice: { minVersion: 'VersionTLS13' }, options: { minVersion: 'TLSv1.3' } },
    {
      choice: { cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] },
      options: {
        minVersion: 'TLSv1.2',
        ciphers:
          'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      },
    },
    { choice: { cipherSuites: ['TLS_AES_128_GCM_SHA256'] }, options: { minVersion: 'TLSv1.2' } },
    { choice: { curves: ['29', '23'] }, options: { minVersion: 'TLSv1.2', ecdhCurve: 'X25519:P-256' } },
  ])('$choice', ({ choice, options }) => {
    expect(toTlsOptions({ minVersion: '', cipherSuites: [], curves: [], ...choice })).toEqual(options);
  });

  test('unknown suites and curves are named', () => {
    expect(cipherSuitesProblem(['TLS_AES_128_GCM_SHA256', 'X'])).toMatch(
      /^names the unknown suite X; allowed: TLS_AES/,
    );
    expect(curvesProblem(['29', '1'])).toMatch(/^names the unknown curve 1; allowed: 23 \(P-256\)/);
    expect([cipherSuitesProblem([]), curvesProblem(['4588'])]).toEqual([undefined, undefined]);
  });
});

describe('parseSniPairs', () => {
  test.each([
    { text: 'a.crt,a.key', pairs: [{ certFile: 'a.crt', keyFile: 'a.key', names: [] }] },
    {
      text: 'a.crt,a.key:*.foo.com,foo.com',
      pairs: [{ certFile: 'a.crt', keyFile: 'a.key', names: ['*.foo.com', 'foo.com'] }],
    },
    {
      text: '[a.crt,a.key;b.crt,b.key:b.com]',
      pairs: [
        { certFile: 'a.crt', keyFile: 'a.key', names: [] },
        { certFile: 'b.crt', keyFile: 'b.key', names: ['b.com'] },
      ],
    },
    { text: 'a.crt', pairs: undefined },
    { text: '', pairs: undefined },
  ])('$text', ({ text, pairs }) => {
    expect(parseSniPairs(text)).toEqual(pairs);
  });
});

describe('chooseByServerName', () => {
  const fromFile = { names: ['foo.com', '*.bar.com'], isExplicit: false, id: 'file' };
  const given = { names: ['*.foo.com', 'x.bar.com'], isExplicit: true, id: 'given' };
  test.each([
    { name: 'foo.com', id: 'file' },
    { name: 'FOO.com.', id: 'file' },
    { name: 'a.foo.com', id: 'given' },
    { name: 'a.b.foo.com', id: undefined },
    { name: 'x.bar.com', id: 'given' },
    { name: 'y.bar.com', id: 'file' },
    { name: 'other.org', id: undefined },
  ])('$name: $id', ({ name, id }) => {
    expect(chooseByServerName(name, [fromFile, given])?.id).toBe(id);
  });

  test('the names of a certificate are its alternatives, or its common name', () => {
    expect(
      namesOfCertificate({ subjectAltName: 'DNS:a.com, IP Address:10.0.0.1, URI:x', subject: 'CN=b.com' }),
    ).toEqual(['a.com', '10.0.0.1']);
    expect(namesOfCertificate({ subjectAltName: undefined, subject: 'O=x\nCN=b.com' })).toEqual(['b.com']);
  });
});

describe('listening', () => {
  const address = { bindAddress: '0.0.0.0', port: 10258, portFlag: '--secure-port', addressFlag: '--bind-address' };
  test.each(['', '0.0.0.0', '::'])(
    '"%s" means all interfaces of both families, or IPv4 where there is no IPv6',
    (bindAddress) => {
      expect(listenOptions({ ...address, bindAddress })).toEqual([
        { host: '::', port: 10258, ipv6Only: false },
        { host: '0.0.0.0', port: 10258 },
      ]);
    },
  );

  test('a given address is taken as it is', () => {
    expect(listenOptions({ ...address, bindAddress: '::1' })).toEqual([{ host: '::1', port: 10258 }]);
    expect(listenOptions({ ...address, bindAddress: '10.0.0.1', permitPortSharing: true })).toEqual([
      { host: '10.0.0.1', port: 10258, reusePort: true },
    ]);
  });

  test.each([
    {
      code: 'EADDRINUSE',
      message: '--secure-port: port 10258 on 0.0.0.0 is in use by another program; choose another port, or 0 for none',
    },
    {
      code: 'EACCES',
      message: '--secure-port: port 10258 on 0.0.0.0 is not allowed for this user; choose a port above 1023',
    },
    { code: 'EADDRNOTAVAIL', message: '--bind-address: "0.0.0.0" is no address of this machine' },
    { code: 'EWHAT', message: '--secure-port: port 10258 on 0.0.0.0 cannot be used: it broke' },
  ])('$code', ({ code, message }) => {
    expect(listenProblem(address, Object.assign(new Error('it broke'), { code })).message).toBe(message);
  });
});

describe('health texts', () => {
  const names = ['leaderElection', 'service-lb-controller'];
  const good = names.map((name) => ({ name, problem: undefined }));
  const bad = [
    { name: 'leaderElection', problem: 'secret reason' },
    { name: 'service-lb-controller', problem: undefined },
  ];
  const found = { endpoint: 'healthz', names, results: good, excluded: new Set<string>(), isVerbose: false };
  test.each([
    { when: 'all is well', given: {}, answer: { status: 200, body: 'ok' } },
    {
      when: 'all is well, verbosely',
      given: { isVerbose: true },
      answer: { status: 200, body: '[+]leaderElection ok\n[+]service-lb-controller ok\nhealthz check passed\n' },
    },
    {
      when: 'one fails',
      given: { results: bad },
      answer: {
        status: 500,
        body: '[-]leaderElection failed: reason withheld\n[+]service-lb-controller ok\nhealthz check failed\n',
      },
    },
    {
      when: 'the failing one is excluded',
      given: { results: good.slice(1), excluded: new Set(['leaderElection']), isVerbose: true },
      answer: {
        status: 200,
        body: '[+]leaderElection excluded: ok\n[+]service-lb-controller ok\nhealthz check passed\n',
      },
    },
    {
      when: 'an unknown one is excluded',
      given: { excluded: new Set(['nope']), isVerbose: true },
      answer: {
        status: 200,
        body: '[+]leaderElection ok\n[+]service-lb-controller ok\nwarn: some health checks cannot be excluded: no matches for "nope"\nhealthz check passed\n',
      },
    },
    { when: 'there are no checks', given: { names: [], results: [] }, answer: { status: 200, body: 'ok' } },
  ])('when $when', ({ given, answer }) => {
    expect(toHealthAnswer({ ...found, ...given })).toEqual(answer);
  });

  test('a single check tells its reason', () => {
    expect(toSingleAnswer(bad[0])).toEqual({ status: 500, body: 'internal server error: secret reason\n' });
    expect(toSingleAnswer(good[0])).toEqual({ status: 200, body: 'ok' });
    expect(toSingleAnswer(undefined).status).toBe(404);
  });
});

describe('pageFor', () => {
  const page = (body: string) => () => ({ status: 200, body });
  const pages = { '/healthz': page('all'), '/healthz/': page('one'), '/a/': page('a'), '/a/b/': page('b') };
  test.each([
    { path: '/healthz', key: '/healthz' },
    { path: '/healthz/ping', key: '/healthz/' },
    { path: '/a/b/c', key: '/a/b/' },
    { path: '/healthzz', key: undefined },
    { path: '/constructor', key: undefined },
  ])('$path: $key', ({ path, key }) => {
    expect(pageFor(pages, path)).toBe(key === undefined ? undefined : pages[key as keyof typeof pages]);
  });
});

describe('selfSignedCertificate', () => {
  test('is good for a year, for the given names, and signed by itself', () => {
    const nowMs = Date.UTC(2026, 10, 21, 10);
    const { cert, key } = selfSignedCertificate(['localhost', '127.0.0.1', '::1', 'fd00:12::1'], nowMs);
    const parsed = new X509Certificate(cert);
    expect(parsed.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:FD00:12:0:0:0:0:0:1',
    );
    expect(parsed.subject).toBe(`CN=localhost@${nowMs / 1_000}`);
    expect([parsed.validFromDate.getTime(), parsed.validToDate.getTime()]).toEqual([
      nowMs - 3_600_000,
      nowMs + 365 * 86_400_000,
    ]);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkIssued(parsed)).toBe(true);
    expect(key).toContain('BEGIN PRIVATE KEY');
  });

  test('dates after 2049 are written in the longer form', () => {
    const parsed = new X509Certificate(selfSignedCertificate(['localhost'], Date.UTC(2050, 1, 1)).cert);
    expect(parsed.validToDate.getUTCFullYear()).toBe(2051);
  });
});
