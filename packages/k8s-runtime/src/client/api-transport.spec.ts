// The transport against a local HTTP server that the test scripts: what goes over the wire, what is repeated, what ends early.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { noMetrics, TokenBucket } from '@longshore/reconciler-core';
import { FakeClock, fakeMetrics } from '@longshore/reconciler-core/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ApiTransport } from './api-transport.ts';
import type { ApiTransportOptions } from './api-transport.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { RestClientMetrics } from './rest-client-metrics.ts';
import { Transport } from './transport.ts';

type Script = (request: http.IncomingMessage, answer: http.ServerResponse, body: string) => void;

let server: http.Server;
let script: Script;
let seen: { line: string; headers: http.IncomingHttpHeaders; body: string }[];
let clock: FakeClock;
let transports: Transport[];

beforeEach(async () => {
  seen = [];
  script = (_request, answer) => answer.end('{}');
  clock = new FakeClock();
  transports = [];
  server = http.createServer((request, answer) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      script(request, answer, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const transport of transports) transport.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const tls = {};
const fixed = (token: string): Credentials => ({
  current: () => ({ headers: { authorization: `Bearer ${token}` }, tls }),
  renew: async () => false,
});

function aTransport(options: Partial<ApiTransportOptions> & { path?: string } = {}): ApiTransport {
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}${options.path ?? ''}`);
  const metrics = new RestClientMetrics(noMetrics, url.host);
  const transport = new Transport(url, { clock });
  transports.push(transport);
  return new ApiTransport({
    server: url,
    transport,
    credentials: fixed('t'),
    owner: '',
    clock,
    metrics,
    ...options,
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

describe('on the wire', () => {
  test('path prefix, credentials, user agent, body with its length', async () => {
    const transport = aTransport({ path: '/k8s/cluster-1/' });
    await transport.send({
      method: 'DELETE',
      path: '/api?x=1',
      userAgent: 'me',
      body: '{"ü":1}',
      contentType: 'text/x',
    });
    expect(seen).toEqual([
      {
        line: 'DELETE /k8s/cluster-1/api?x=1',
        body: '{"ü":1}',
        headers: expect.objectContaining({
          authorization: 'Bearer t',
          'user-agent': 'me',
          'content-type': 'text/x',
          'content-length': '8',
          accept: 'application/json',
        }),
      },
    ]);
  });

  test('several values of a header are several lines', async () => {
    const credentials: Credentials = {
      current: () => ({ headers: { 'impersonate-group': ['a', 'b'] }, tls }),
      renew: async () => false,
    };
    let raw: string[] = [];
    script = (request, answer) => {
      raw = request.rawHeaders;
      answer.end();
    };
    await aTransport({ credentials }).send({ method: 'GET', path: '/', userAgent: 'me' });
    expect(raw.join(' ')).toContain('impersonate-group a impersonate-group b');
  });
});

describe('what is repeated', () => {
  test('after 401 the credentials are read again and the call goes once more', async () => {
    let token = 'old';
    const credentials: Credentials = {
      current: () => ({ headers: { authorization: `Bearer ${token}` }, tls }),
      renew: async () => {
        token = 'new';
        return true;
      },
    };
    script = (request, answer) => answer.writeHead(request.headers.authorization === 'Bearer new' ? 201 : 401).end();
    const answer = await aTransport({ credentials }).send({ method: 'POST', path: '/', userAgent: 'me', body: '{}' });
    expect(answer.status).toBe(201);
    expect(seen).toHaveLength(2);
  });

  test('a second 401 is the answer', async () => {
    script = (_request, answer) => answer.writeHead(401).end('no');
    const answer = await aTransport().send({ method: 'GET', path: '/', userAgent: 'me' });
    expect([answer.status, answer.body.toString(), seen.length]).toEqual([401, 'no', 2]);
  });

  test('ten times after Retry-After, then the answer is the answer', async () => {
    script = (_request, answer) => answer.writeHead(503, { 'retry-after': '2' }).end();
    const sent = aTransport().send({ method: 'PUT', path: '/', userAgent: 'me', body: '{}' });
    for (let count = 1; count <= 10; count += 1) {
      await until(() => clock.nextTimerInMs === 2000);
      expect(seen).toHaveLength(count);
      await clock.advance(2000);
    }
    expect((await sent).status).toBe(503);
    expect(seen).toHaveLength(11);
  });

  test('a wait for Retry-After ends with the signal', async () => {
    script = (_request, answer) => answer.writeHead(429, { 'retry-after': '30' }).end();
    const stop = new AbortController();
    const sent = caught(aTransport().send({ method: 'GET', path: '/', userAgent: 'me', signal: stop.signal }));
    await until(() => clock.nextTimerInMs === 30_000);
    stop.abort(new Error('enough'));
    expect(await sent).toEqual(new Error('enough'));
  });

  test('a GET on a broken connection goes again after a second, a write does not', async () => {
    script = (request, answer) => (seen.length === 1 ? request.socket.destroy() : answer.end('second'));
    const sent = aTransport().send({ method: 'GET', path: '/', userAgent: 'me' });
    await until(() => clock.nextTimerInMs === 1000);
    await clock.advance(1000);
    expect((await sent).body.toString()).toBe('second');
    seen = [];
    expect(await caught(aTransport().send({ method: 'PATCH', path: '/', userAgent: 'me', body: '{}' }))).toMatchObject({
      code: 'KUBE_API_UNREACHABLE',
      causeCode: 'ECONNRESET',
    });
    expect(seen).toHaveLength(1);
  });

  test('streams are not repeated after Retry-After: their reader has its own pauses', async () => {
    script = (_request, answer) => answer.writeHead(429, { 'retry-after': '2' }).end();
    const stream = await aTransport().open({ method: 'GET', path: '/', userAgent: 'me' });
    expect([stream.status, seen.length]).toEqual([429, 1]);
    stream.destroy();
  });
});

describe('what ends early', () => {
  test('an answer that does not come within a minute', async () => {
    script = () => {};
    const sent = caught(aTransport().send({ method: 'GET', path: '/slow?secret=1', userAgent: 'me' }));
    await until(() => seen.length === 1);
    await clock.advance(59_999);
    await clock.advance(1);
    const error = await sent;
    expect(error).toMatchObject({ code: 'KUBE_API_TIMEOUT' });
    expect((error as Error).message).toMatch(/^GET http:\/\/127.0.0.1:\d+\/slow: no answer within 60 s$/);
  });

  test('an answer that stops in the middle', async () => {
    script = (_request, answer) => {
      answer.writeHead(200, { 'content-length': '100' });
      answer.write('half', () => answer.destroy());
    };
    expect(await caught(aTransport().send({ method: 'POST', path: '/', userAgent: 'me', body: '{}' }))).toMatchObject({
      code: 'KUBE_API_UNREACHABLE',
    });
  });

  test('a call whose signal aborts, before and while it waits', async () => {
    script = () => {};
    const stop = new AbortController();
    const sent = caught(aTransport().send({ method: 'GET', path: '/', userAgent: 'me', signal: stop.signal }));
    await until(() => seen.length === 1);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await sent).toBe(reason);
    expect(await caught(aTransport().send({ method: 'GET', path: '/', userAgent: 'me', signal: stop.signal }))).toBe(
      reason,
    );
    expect(seen).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('an open stream whose signal aborts', async () => {
    script = (_request, answer) => void answer.writeHead(200).write('x');
    const stop = new AbortController();
    const stream = await aTransport().open({ method: 'GET', path: '/', userAgent: 'me', signal: stop.signal });
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stop.abort(new Error('enough'));
    await closed;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('connections', () => {
  test('are kept, one per call in flight; streams do not use them up', async () => {
    let connections = 0;
    server.on('connection', () => (connections += 1));
    script = (request, answer) => (request.url === '/watch' ? void answer.writeHead(200).write('x') : answer.end());
    const transport = aTransport();
    const watches = await Promise.all(
      [1, 2, 3].map(() => transport.open({ method: 'GET', path: '/watch', userAgent: 'me' })),
    );
    for (let count = 0; count < 20; count += 1) await transport.send({ method: 'GET', path: '/', userAgent: 'me' });
    expect(connections).toBe(4);
    await Promise.all([1, 2, 3, 4].map(() => transport.send({ method: 'GET', path: '/', userAgent: 'me' })));
    expect(connections).toBe(7);
    for (const watch of watches) watch.on('error', () => {}).destroy();
  });

  test('of old TLS material are closed when it is replaced, those of others stay', async () => {
    const open = new Set<string>();
    server.on('connection', (socket) => {
      const name = String(socket.remotePort);
      open.add(name);
      socket.once('close', () => open.delete(name));
    });
    let own: TlsMaterial = { ca: 'a' };
    const changing: Credentials = { current: () => ({ headers: {}, tls: own }), renew: async () => false };
    const mine = aTransport({ credentials: changing, owner: 'me' });
    const others = mine.with({ owner: 'somebody', credentials: fixed('t') });
    const call = { method: 'GET', path: '/', userAgent: 'me' };
    await Promise.all([mine.send(call), others.send(call)]);
    const [first, second] = [...open];
    own = { ca: 'b' };
    await mine.send(call);
    await until(() => open.size === 2);
    expect(open.has(first ?? '') !== open.has(second ?? '')).toBe(true);
    await others.send(call);
    expect(open.size).toBe(2);
  });
});

describe('limits and figures', () => {
  test('a client-side limit holds back calls beyond its burst', async () => {
    const transport = aTransport({ limit: new TokenBucket({ perSecond: 1, burst: 2, clock }) });
    const sent = Promise.all([1, 2, 3].map(() => transport.send({ method: 'GET', path: '/', userAgent: 'me' })));
    await until(() => seen.length === 2);
    await clock.settle();
    expect(seen).toHaveLength(2);
    await clock.advance(1000);
    await sent;
    expect(seen).toHaveLength(3);
  });

  test('requests are counted with client-go’s names and labels', async () => {
    const metrics = fakeMetrics();
    const { port } = server.address() as AddressInfo;
    const host = `127.0.0.1:${port}`;
    script = (request, answer) =>
      request.url === '/broken' ? request.socket.destroy() : answer.writeHead(409).end('12345');
    const transport = aTransport({ metrics: new RestClientMetrics(metrics, host) });
    await transport.send({ method: 'PUT', path: '/', userAgent: 'me', body: '{}' });
    await caught(transport.send({ method: 'PUT', path: '/broken', userAgent: 'me', body: '{}' }));
    expect(metrics.value('rest_client_requests_total', { code: '409', method: 'PUT', host })).toBe(1);
    expect(metrics.value('rest_client_requests_total', { code: '<error>', method: 'PUT', host })).toBe(1);
    expect(metrics.observations('rest_client_response_size_bytes', { verb: 'PUT', host })).toEqual([5, 0]);
    expect(metrics.observations('rest_client_request_duration_seconds', { verb: 'PUT', host })).toHaveLength(2);
  });
});
