// Trust and proxies, with real sockets: a server whose certificate nobody knows, and a proxy that notes what goes through it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { trustedCertificates } from './agent.ts';
import { CloudHttp } from './cloud-http.ts';

// A key pair for api.example.test, made for this test; it opens nothing.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSTFa+nmJSKMZGp3f
8nUu5X+Xvr4KODraTohvzki9Z8WhRANCAAS2/iR49r/wKxfr4KTICaBU3qfWQc8p
idaSeTyeqTP0xcBbvaMYvJF9r6PubJ5SP19zobHuA+Ws5/wUEgmlChVQ
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrzCCAVagAwIBAgIUY9O1ZOU4z4hqpriJmSLH9CMOZmMwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQYXBpLmV4YW1wbGUudGVzdDAgFw0yNjExMjExMDQxMTRaGA8y
MTI2MTAyODEwNDExNFowGzEZMBcGA1UEAwwQYXBpLmV4YW1wbGUudGVzdDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABLb+JHj2v/ArF+vgpMgJoFTep9ZBzymJ1pJ5
PJ6pM/TFwFu9oxi8kX2vo+5snlI/X3Ohse4D5azn/BQSCaUKFVCjdjB0MB0GA1Ud
DgQWBBSOjofQ4ujcaF3TxURjSF0bMSKOlTAfBgNVHSMEGDAWgBSOjofQ4ujcaF3T
xURjSF0bMSKOlTAPBgNVHRMBAf8EBTADAQH/MCEGA1UdEQQaMBiCEGFwaS5leGFt
cGxlLnRlc3SHBH8AAAEwCgYIKoZIzj0EAwIDRwAwRAIgNpKR34i2BK33Oj3qs0HT
rFpPKo0H2gWKBB0AZHWlGjsCIDVHrG7QJuxatJ1MEvQpPL1YU8rBwWk7aJQ2j29r
tz6n
-----END CERTIFICATE-----`;

const signal = new AbortController().signal;
const ok: RequestListener = (_request, response) => void response.end('{"reached":true}');

let servers: Server[];
let folder: string;
let certificateFile: string;

beforeEach(() => {
  servers = [];
  folder = mkdtempSync(join(tmpdir(), 'cloud-http-'));
  certificateFile = join(folder, 'ca.pem');
  writeFileSync(certificateFile, `# a comment\n${CERTIFICATE}\n`);
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function fetchThing(baseUrl: string, env: Record<string, string>): Promise<unknown> {
  const http = new CloudHttp({ provider: 'x', baseUrl, token: () => 'tok', userAgent: 'test/1', env, maxAttempts: 1 });
  const call = { method: 'GET', path: '/thing', name: '/thing', parse: (body: unknown) => body } as const;
  return http.send(call, signal).finally(() => http.close());
}

/** A proxy that sends everything to one port, whatever host was asked for. */
async function startProxy(targetPort: number): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const proxy = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{"reached":"through the proxy"}');
  });
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const upstream = connect(targetPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(proxy)}`, asked };
}

describe('certificates', () => {
  const tls = { key: KEY, cert: CERTIFICATE };

  test('a server whose CA nobody knows is not talked to', async () => {
    const port = await listen(createHttpsServer(tls, ok));
    await expect(fetchThing(`https://127.0.0.1:${port}`, {})).rejects.toThrow(/no answer: .*(SELF_SIGNED|self-signed)/);
  });

  test.each([
    { when: 'SSL_CERT_FILE', env: () => ({ SSL_CERT_FILE: certificateFile }) },
    { when: 'SSL_CERT_DIR', env: () => ({ SSL_CERT_DIR: `/nowhere:${folder}` }) },
  ])('$when makes it known', async ({ env }) => {
    const port = await listen(createHttpsServer(tls, ok));
    expect(await fetchThing(`https://127.0.0.1:${port}`, env())).toEqual({ reached: true });
  });

  test('calls that run into the unknown CA at the same time all get through', async () => {
    const port = await listen(createHttpsServer(tls, ok));
    const env = { SSL_CERT_FILE: certificateFile };
    const http = new CloudHttp({
      provider: 'x',
      baseUrl: `https://127.0.0.1:${port}`,
      token: () => 'tok',
      userAgent: 'test/1',
      env,
      maxAttempts: 1,
    });
    const call = { method: 'POST', path: '/thing', name: '/thing', parse: (body: unknown) => body } as const;
    const answers = await Promise.all([1, 2, 3, 4].map(() => http.send(call, signal)));
    expect(answers).toEqual([1, 2, 3, 4].map(() => ({ reached: true })));
    http.close();
  });

  test("Node's own list stays, files that are not there are left out", () => {
    const usual = trustedCertificates({});
    expect(usual.length).toBeGreaterThan(50);
    expect(new Set(usual).size).toBe(usual.length);
    expect(trustedCertificates({ SSL_CERT_FILE: '/nowhere/ca.pem' })).toEqual(usual);
    expect(trustedCertificates({ SSL_CERT_FILE: certificateFile })).toEqual([...usual, CERTIFICATE]);
  });
});

describe('proxies', () => {
  test('http goes to the proxy with the whole URL', async () => {
    const proxy = await startProxy(0);
    const answer = await fetchThing('http://api.example.test', { HTTP_PROXY: proxy.url });
    expect(answer).toEqual({ reached: 'through the proxy' });
    expect(proxy.asked).toEqual(['GET http://api.example.test/thing']);
  });

  test('https goes through a tunnel, with the certificate of the API and our own CA', async () => {
    const port = await listen(createHttpsServer({ key: KEY, cert: CERTIFICATE }, ok));
    const proxy = await startProxy(port);
    const env = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: certificateFile };
    expect(await fetchThing('https://api.example.test', env)).toEqual({ reached: true });
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT api.example.test:443']));
  });

  test('NO_PROXY and this machine are reached directly', async () => {
    const proxy = await startProxy(0);
    const port = await listen(createHttpServer(ok));
    expect(await fetchThing(`http://127.0.0.1:${port}`, { HTTP_PROXY: proxy.url })).toEqual({ reached: true });
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: '.example.test' };
    await expect(fetchThing('http://api.example.test', env)).rejects.toThrow(/no answer: .*(ENOTFOUND|EAI_AGAIN)/);
    expect(proxy.asked).toEqual([]);
  });
});
