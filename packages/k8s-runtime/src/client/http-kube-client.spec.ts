// Requests and answers of HttpKubeClient that a real API server does not give on demand. The verbs themselves: client.int.spec.ts.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from './connect.ts';
import type { KubeClient } from './kube-client.ts';
import { configMaps, nodes } from './resource-type.ts';

let server: http.Server;
let client: KubeClient;
let answers: { status: number; headers?: Readonly<Record<string, string>>; body: string };
let requests: {
  line: string;
  accept: string | undefined;
  type: string | undefined;
  agent: string | undefined;
  body: string;
}[];

beforeEach(async () => {
  requests = [];
  answers = { status: 200, body: '{}' };
  server = http.createServer((request, answer) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { accept, 'content-type': type, 'user-agent': agent } = request.headers;
      requests.push({ line: `${request.method} ${request.url}`, accept, type, agent, body });
      answer.writeHead(answers.status, answers.headers).end(answers.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const master = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = await connect({ master, userAgent: 'test', env: {} });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
const notFound = (name?: string): string =>
  JSON.stringify({ kind: 'Status', reason: 'NotFound', message: 'not found', details: name ? { name } : {} });

describe('404 is absence only if the server names the object', () => {
  test.each([
    { body: notFound('n1'), isAbsent: true },
    { body: notFound('other'), isAbsent: false },
    { body: notFound(), isAbsent: false },
    { body: '404 page not found', isAbsent: false },
    { body: '<html>not here</html>', isAbsent: false },
    { body: '', isAbsent: false },
  ])('$body', async ({ body, isAbsent }) => {
    answers = { status: 404, body };
    const absent = (value: unknown): unknown =>
      isAbsent ? { value } : expect.objectContaining({ name: 'KubeApiError', status: 404 });
    expect(await caught(client.get(nodes, { name: 'n1' }))).toEqual(absent(undefined));
    expect(await caught(client.patch(nodes, { name: 'n1' }, { kind: 'merge', body: {} }))).toEqual(absent(undefined));
    expect(await caught(client.remove(nodes, { name: 'n1' }))).toEqual(absent('gone'));
  });
});

describe('requests', () => {
  test.each([
    { kind: 'merge', type: 'application/merge-patch+json' },
    { kind: 'strategic', type: 'application/strategic-merge-patch+json' },
  ] as const)('a $kind patch is sent as $type', async ({ kind, type }) => {
    await client.patch(
      nodes,
      { name: 'n1' },
      { kind, body: { a: 1 } },
      { subresource: 'status', fieldManager: 'me', dryRun: true },
    );
    expect(requests).toMatchObject([
      { line: 'PATCH /api/v1/nodes/n1/status?fieldManager=me&dryRun=All', type, body: '{"a":1}' },
    ]);
  });

  test('an apply patch gets kind and version, its manager and force', async () => {
    await client.patch(
      configMaps,
      { namespace: 'a', name: 'b' },
      { kind: 'apply', body: { data: {} }, fieldManager: 'me', force: true },
    );
    expect(requests).toMatchObject([
      {
        line: 'PATCH /api/v1/namespaces/a/configmaps/b?fieldManager=me&force=true',
        type: 'application/apply-patch+yaml',
        body: '{"apiVersion":"v1","kind":"ConfigMap","data":{}}',
      },
    ]);
  });

  test('an answer that nobody reads is asked for without spec and status, and not parsed', async () => {
    answers = { status: 200, body: 'not JSON at all' };
    const patch = { kind: 'merge', body: {} } as const;
    expect(await client.patch(nodes, { name: 'n1' }, patch, { discardAnswer: true })).toEqual({
      metadata: { name: 'n1' },
    });
    expect(requests[0]?.accept).toContain('as=PartialObjectMetadata');
  });

  test('named clients add to the user agent', async () => {
    await client.named('node-controller').raw({ method: 'GET', path: '/version' });
    expect(requests[0]?.agent).toBe('test/node-controller');
  });

  test('a get may be answered from the cache of the server', async () => {
    await client.get(nodes, { name: 'n1' }, { resourceVersion: '0' });
    expect(requests[0]?.line).toBe('GET /api/v1/nodes/n1?resourceVersion=0');
  });
});

describe('answers', () => {
  test('lists fill in kind and apiVersion, which the server leaves out', async () => {
    answers = {
      status: 200,
      body: '{"metadata":{"resourceVersion":"7","continue":"more"},"items":[{"metadata":{"name":"a"}}]}',
    };
    expect(await client.list(nodes)).toEqual({
      items: [{ metadata: { name: 'a' }, apiVersion: 'v1', kind: 'Node' }],
      resourceVersion: '7',
      continue: 'more',
    });
  });

  test.each(['not JSON', '{"kind":"NodeList"}'])('%s is garbled, never an empty list', async (body) => {
    answers = { status: 200, body };
    expect(await caught(client.list(nodes))).toMatchObject({ code: 'KUBE_API_GARBLED' });
  });

  test('a refusal carries status, reason, what was done to what, and when to come back', async () => {
    const body = JSON.stringify({ kind: 'Status', reason: 'TooManyRequests', message: 'slow down' });
    answers = { status: 429, headers: { 'retry-after': '90' }, body };
    expect(await caught(client.create(configMaps, { metadata: { namespace: 'a', name: 'b' } }))).toMatchObject({
      status: 429,
      reason: 'TooManyRequests',
      message: 'create configmaps a/b: 429 TooManyRequests: slow down',
      disposition: { retry: 'after', ms: 90_000 },
    });
  });

  test('a watch that is refused rejects before any event', async () => {
    answers = {
      status: 422,
      body: JSON.stringify({ kind: 'Status', reason: 'Invalid', message: 'sendInitialEvents is forbidden' }),
    };
    expect(await caught(client.watch(nodes, { sendInitialEvents: true }))).toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
  });

  test('raw hands out any status', async () => {
    answers = { status: 503, body: 'not ready' };
    expect(await client.raw({ method: 'GET', path: '/readyz' })).toEqual({ status: 503, body: 'not ready' });
  });
});
