// The client against a scripted server over real HTTP. What the clouds do is tested with their simulators in the api packages.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, fakeMetrics } from '@longshore/reconciler-core/testing';
import type { CallEvent } from './call-report.ts';
import { parseNothing } from './call.ts';
import type { Call } from './call.ts';
import { CloudApiError } from './cloud-api-error.ts';
import { CloudHttp } from './cloud-http.ts';
import type { CloudHttpOptions } from './cloud-http.ts';

const secret = 'tok_0123456789abcdef';
const signal = new AbortController().signal;

type Step = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let baseUrl: string;
let script: Step[];
let seen: { method: string; url: string; authorization: string | undefined; body: string }[];

beforeEach(async () => {
  script = [];
  seen = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
      (script.length > 1 ? script.shift() : script[0])?.(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function json(status: number, body: unknown, headers: Record<string, string> = {}): Step {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  };
}

function page(status: number, text: string): Step {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end(text);
  };
}

const drop: Step = (request) => void request.socket.destroy();
const hang: Step = () => {};

function client(options: Partial<CloudHttpOptions> = {}): CloudHttp {
  return new CloudHttp({
    provider: 'testcloud',
    baseUrl,
    token: () => secret,
    userAgent: 'test/1',
    random: () => 0,
    ...options,
  });
}

function get(overrides: Partial<Call<unknown>> = {}): Call<unknown> {
  return { method: 'GET', path: '/v2/things/1', name: '/v2/things/{id}', parse: (body) => body, ...overrides };
}

const post: Call<unknown> = get({ method: 'POST', path: '/v2/things', name: '/v2/things', body: { name: 'a' } });

async function failureOf(promise: Promise<unknown>): Promise<CloudApiError> {
  const error: unknown = await promise.then(
    (value) => value,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CloudApiError);
  return error as CloudApiError;
}

describe('send', () => {
  test('sends method, path, query, body and token, and parses the answer', async () => {
    script = [json(200, { thing: 7 })];
    const call: Call<number> = {
      ...post,
      query: { page: 2, gone: undefined },
      parse: (body) => (body as { thing: number }).thing,
    };
    expect(await client().send(call, signal)).toBe(7);
    expect(seen).toEqual([
      { method: 'POST', url: '/v2/things?page=2', authorization: `Bearer ${secret}`, body: '{"name":"a"}' },
    ]);
  });

  test('keeps the path prefix of the base URL', async () => {
    script = [json(200, {})];
    for (const prefix of ['/gateway/do', '/gateway/do/'])
      await client({ baseUrl: baseUrl + prefix }).send(get(), signal);
    expect(seen.map(({ url }) => url)).toEqual(['/gateway/do/v2/things/1', '/gateway/do/v2/things/1']);
  });

  test('an answer without body (204) is read as nothing', async () => {
    script = [json(204, undefined)];
    expect(await client().send({ ...post, parse: parseNothing }, signal)).toBeUndefined();
  });

  test('carries the token in another header where the cloud wants that', async () => {
    let header: unknown;
    script = [(request, response) => ((header = request.headers['x-auth-token']), json(200, {})(request, response))];
    await client({ authorize: (token) => ({ 'X-Auth-Token': token }) }).send(get(), signal);
    expect(header).toBe(secret);
    expect(seen[0]?.authorization).toBeUndefined();
  });

  test('uses one connection for calls one after another', async () => {
    script = [json(200, {})];
    const ports = new Set<number | undefined>();
    server.on('request', (request: IncomingMessage) => void ports.add(request.socket.remotePort));
    const http = client();
    for (let n = 0; n < 5; n += 1) await http.send(get(), signal);
    expect(ports.size).toBe(1);
  });

  test('a base URL that is none is refused at once', () => {
    expect(() => client({ baseUrl: 'api.example.com' })).toThrow(
      expect.objectContaining({ code: 'CLOUD_BASE_URL_INVALID' }),
    );
  });
});

describe('absence', () => {
  test("the API's own 404 is a value", async () => {
    script = [json(404, { id: 'not_found', message: 'no such thing' })];
    expect(await client().send(get({ absentOn404: true }), signal)).toBeUndefined();
  });

  test.each([
    { when: 'an HTML page', step: page(404, '<html>404</html>') },
    { when: "somebody else's JSON", step: json(404, { message: 'no Route matched with those values' }) },
    { when: 'an empty body', step: json(404, undefined) },
  ])('row F4 a 404 with $when says nothing about the thing', async ({ step }) => {
    script = [step];
    const error = await failureOf(client().send(get({ absentOn404: true }), signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNEXPECTED_ANSWER', status: 404, hasApiBody: false });
  });

  test('a 404 that was not asked for as a value is an error', async () => {
    script = [json(404, { id: 'not_found', message: 'no such thing' })];
    const error = await failureOf(client().send(get(), signal));
    expect(error).toMatchObject({ code: 'CLOUD_NOT_FOUND', hasApiBody: true, apiCode: 'not_found' });
  });
});

describe('repetitions', () => {
  test('a GET outlives a 500 and a dropped connection', async () => {
    script = [json(500, { id: 'server_error', message: 'oops' }), drop, json(200, { ok: true })];
    expect(await client().send(get(), signal)).toEqual({ ok: true });
    expect(seen).toHaveLength(3);
  });

  test('a POST is sent once when its answer is lost, and the error says so', async () => {
    script = [drop];
    const error = await failureOf(client().send(post, signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNREACHABLE', isLostAnswer: true, status: undefined });
    expect(seen).toHaveLength(1);
  });

  test('a POST is repeated when the connection was never made', async () => {
    const attempts: CallEvent[] = [];
    const http = client({ baseUrl: 'http://127.0.0.1:1', onCall: (event) => attempts.push(event) });
    const error = await failureOf(http.send(post, signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNREACHABLE', isLostAnswer: false });
    expect(error.message).toMatch(/^POST http:\/\/127\.0\.0\.1:1\/v2\/things: no answer: .*ECONNREFUSED/);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('maxAttempts 1 never repeats', async () => {
    script = [json(503, { id: 'x', message: 'y' })];
    await failureOf(client({ maxAttempts: 1 }).send(get(), signal));
    expect(seen).toHaveLength(1);
  });

  test('row 116 a 429 with retry-after 2 is waited for, 2 s and not less, and repeated once', async () => {
    const clock = new FakeClock();
    script = [
      json(429, { id: 'too_many_requests', message: 'slow down' }, { 'retry-after': '2' }),
      json(200, { ok: true }),
    ];
    const answer = client({ clock }).send(post, signal);
    await pendingTimer(clock, 2_000);
    await clock.advance(1_999);
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toEqual({ ok: true });
    expect(seen).toHaveLength(2);
  });

  test('row 116 a 429 that asks for minutes is handed to the caller with the time', async () => {
    script = [json(429, { id: 'too_many_requests', message: 'slow down' }, { 'retry-after': '120' })];
    const error = await failureOf(client().send(get(), signal));
    expect(error).toMatchObject({ disposition: { retry: 'after', ms: 120_000 }, retryAfterMs: 120_000 });
    expect(seen).toHaveLength(1);
  });
});

describe('answers that cannot be read', () => {
  test('row 117 a 502 with HTML: the error has status and body', async () => {
    script = [page(502, '<html>\n<h1>502 Bad Gateway</h1></html>')];
    const error = await failureOf(client().send(get(), signal));
    expect(error.message).toBe(`GET ${baseUrl}/v2/things/1: 502 <html> <h1>502 Bad Gateway</h1></html>`);
    expect(error).toMatchObject({ status: 502, hasApiBody: false, code: 'CLOUD_UNAVAILABLE' });
  });

  test('row 117 a 200 with HTML is an error too, never an empty list', async () => {
    script = [page(200, '<html>sign in</html>')];
    const error = await failureOf(client({ maxAttempts: 1 }).send(get(), signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNREADABLE_ANSWER', status: 200 });
    expect(error.message).toContain('sign in');
  });

  test('a success of another shape is an error with the reason of the parser', async () => {
    script = [json(200, { other: 1 })];
    const parse = (): never => {
      throw new Error('field "things" is not a list');
    };
    const error = await failureOf(client({ maxAttempts: 1 }).send(get({ parse }), signal));
    expect(error.message).toContain('field "things" is not a list');
  });

  test('a POST whose success cannot be read may have taken effect', async () => {
    script = [page(201, 'created?')];
    expect(await failureOf(client().send(post, signal))).toMatchObject({ isLostAnswer: true });
    expect(seen).toHaveLength(1);
  });
});

describe('time', () => {
  test('a call that hangs ends with the time limit', async () => {
    const clock = new FakeClock();
    script = [hang];
    const answer = failureOf(client({ clock, timeoutMs: 5_000 }).send(post, signal));
    await arrived(1);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({ code: 'CLOUD_TIMEOUT', isLostAnswer: true });
    expect(clock.pendingTimers).toBe(0);
  });

  test("the caller's signal ends a call with its own reason", async () => {
    script = [hang];
    const controller = new AbortController();
    const answer = client().send(get(), controller.signal);
    await arrived(1);
    controller.abort(new Error('shutting down'));
    await expect(answer).rejects.toThrow('shutting down');
  });

  test("the caller's signal ends the pause before a repetition", async () => {
    const clock = new FakeClock();
    script = [json(503, { id: 'x', message: 'y' }, { 'retry-after': '20' })];
    const controller = new AbortController();
    const answer = client({ clock }).send(get(), controller.signal);
    await pendingTimer(clock, 20_000);
    controller.abort(new Error('shutting down'));
    await expect(answer).rejects.toThrow('shutting down');
  });
});

describe('tokens', () => {
  test('are read for every call', async () => {
    const tokens = ['first-token', 'second-token\n'];
    script = [json(200, {})];
    const http = client({ token: async () => tokens.shift() ?? '' });
    await http.send(get(), signal);
    await http.send(get(), signal);
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer first-token', 'Bearer second-token']);
  });

  test('a 401 on the change of the token is tried once more with the new one, a POST too', async () => {
    let token = 'old-token';
    const refuse = json(401, { id: 'unauthorized', message: 'Unable to authenticate you' });
    script = [(request, response) => ((token = 'new-token'), refuse(request, response)), json(200, { ok: true })];
    expect(await client({ token: () => token }).send(post, signal)).toEqual({ ok: true });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer old-token', 'Bearer new-token']);
  });

  test('a 401 with the same token is told at once', async () => {
    script = [json(401, { id: 'unauthorized', message: 'Unable to authenticate you' })];
    const error = await failureOf(client().send(get(), signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNAUTHORIZED', disposition: { retry: 'backoff' } });
    expect(seen).toHaveLength(1);
  });

  test.each([
    { when: 'is empty', token: () => ' \n' },
    { when: 'cannot be read', token: () => Promise.reject(new Error('ENOENT: /var/run/token')) },
  ])('a token that $when is an error of its own, and no call', async ({ token }) => {
    const error = await failureOf(client({ token }).send(get(), signal));
    expect(error.code).toBe('CLOUD_TOKEN_UNUSABLE');
    expect(seen).toEqual([]);
  });

  test.each([
    {
      when: 'an echoing error page',
      step: (request, response) => page(500, `you sent ${request.headers.authorization ?? ''}`)(request, response),
    },
    { when: 'an echoing API error', step: json(422, { id: 'x', message: `token ${secret} is odd` }) },
    { when: 'an echoing success of the wrong shape', step: page(200, secret) },
    { when: 'a lost connection', step: drop },
  ])('are in no error after $when, however deep one looks', async ({ step }) => {
    script = [step];
    const error = await failureOf(client({ maxAttempts: 1 }).send(post, signal));
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });
});

describe('pages', () => {
  test('row 115 three pages: 1, 2, 3 are asked for, then no more', async () => {
    const links = (next: number) => ({
      links: { pages: { next: `https://elsewhere.example/v2/things?page=${next}&per_page=2` } },
    });
    script = [json(200, { n: 1, ...links(2) }), json(200, { n: 2, ...links(3) }), json(200, { n: 3, links: {} })];
    const found: unknown[] = [];
    const call = get({
      path: '/v2/things',
      query: { page: 1, per_page: 2 },
      parse: (body) => (body as { n: number }).n,
    });
    for await (const value of client().pages(call, signal)) found.push(value);
    expect(found).toEqual([1, 2, 3]);
    expect(seen.map(({ url }) => url)).toEqual([1, 2, 3].map((n) => `/v2/things?page=${n}&per_page=2`));
  });

  test('a link that leads in a circle ends with an error', async () => {
    script = [json(200, { links: { pages: { next: 'https://x.example/v2/things?page=1' } } })];
    const pages = client().pages(get({ query: { page: 1 } }), signal);
    await pages.next();
    await expect(pages.next()).rejects.toThrow('leads back');
  });

  test('a page that fails fails the list', async () => {
    script = [json(200, { links: { pages: { next: 'https://x.example/v2/things?page=2' } } }), page(404, '<html>')];
    const pages = client().pages(get({ query: { page: 1 } }), signal);
    await pages.next();
    await expect(pages.next()).rejects.toThrow('404 <html>');
  });
});

describe('rate limit', () => {
  test('calls wait for the quota and go on by themselves', async () => {
    const clock = new FakeClock();
    const reset = String(clock.nowMs() / 1000 + 10);
    const headers = {
      'ratelimit-limit': '5000',
      'ratelimit-remaining': '0',
      'ratelimit-reset': reset,
      date: new Date(clock.nowMs()).toUTCString(),
    };
    script = [json(200, {}, headers), json(200, { second: true })];
    const http = client({ clock });
    await http.send(get(), signal);
    expect(http.rateLimitRemaining).toBe(0);
    const answer = http.send(get(), signal);
    await pendingTimer(clock, 10_000);
    expect(seen).toHaveLength(1);
    await clock.advance(10_000);
    expect(await answer).toEqual({ second: true });
  });
});

describe('reports', () => {
  test('metrics by route, never by id', async () => {
    const metrics = fakeMetrics();
    script = [json(200, {}, { 'ratelimit-remaining': '17' }), json(422, { id: 'x', message: 'y' })];
    const http = client({ metrics });
    await http.send(get(), signal);
    await failureOf(http.send(get(), signal));
    const labels = { request: 'GET /v2/things/{id}' };
    expect(metrics.observations('cloudprovider_testcloud_api_request_duration_seconds', labels)).toHaveLength(2);
    expect(metrics.value('cloudprovider_testcloud_api_request_errors_total', labels)).toBe(1);
    expect(metrics.value('cloud_api_rate_limit_remaining', { provider: 'testcloud' })).toBe(17);
  });

  test('an absence that was expected is no error', async () => {
    const metrics = fakeMetrics();
    script = [json(404, { id: 'not_found', message: 'no' })];
    await client({ metrics }).send(get({ absentOn404: true }), signal);
    const labels = { request: 'GET /v2/things/{id}' };
    expect(metrics.value('cloudprovider_testcloud_api_request_errors_total', labels)).toBeUndefined();
  });

  test('the hook hears of every attempt', async () => {
    const events: CallEvent[] = [];
    script = [json(500, undefined), json(200, {})];
    await client({ onCall: (event) => events.push(event) }).send(get(), signal);
    expect(events).toEqual([
      expect.objectContaining({ method: 'GET', name: '/v2/things/{id}', attempt: 1, status: 500, failure: 'answer' }),
      expect.objectContaining({ attempt: 2, status: 200, failure: undefined }),
    ]);
  });
});

describe('dry run', () => {
  test('reads and validations go out, everything else is refused unsent', async () => {
    script = [json(200, {})];
    const http = client({ dryRun: true });
    await http.send(get(), signal);
    await http.send({ ...post, changesNothing: true }, signal);
    const error = await failureOf(http.send(post, signal));
    expect(error.code).toBe('CLOUD_DRY_RUN');
    expect(seen).toHaveLength(2);
  });
});

// Real sockets need turns of the event loop; the clock stands still meanwhile.
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

function arrived(count: number): Promise<void> {
  return until(() => seen.length >= count);
}

function pendingTimer(clock: FakeClock, ms: number): Promise<void> {
  return until(() => clock.nextTimerInMs === ms);
}
