// The client against a real kube-apiserver: every verb, every kind of patch, refusals as values or errors, identities.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findMissingRights } from './access-review.ts';
import { connect } from './connect.ts';
import { dryRunClient } from './dry-run-client.ts';
import type { KubeApiError } from './kube-api-error.ts';
import { isConflict } from './kube-api-error.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeTransportError } from './kube-transport-error.ts';
import { configMaps, leases, nodes, resourceType, serviceAccounts, services } from './resource-type.ts';
import { startFaultProxy } from './fake/fault-proxy.ts';

let controlPlane: ControlPlane;
let client: KubeClient;
let folder: string;

beforeAll(async () => {
  controlPlane = await startControlPlane({ users: [{ name: 'nobody' }] });
  client = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'client-test' });
  folder = await mkdtemp(join(tmpdir(), 'client-int-'));
}, 300_000);

afterAll(async () => {
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

const aService = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80 }] },
});

async function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolved: value }),
    (error: unknown) => error,
  );
}

async function kubeconfigFor(name: string, user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, `${name}.kubeconfig`);
  const ca = Buffer.from(controlPlane.caCertPem).toString('base64');
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: controlPlane.server, 'certificate-authority-data': ca, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** Who the API server takes us for. */
async function whoAmI(as: KubeClient): Promise<{ username: string; groups: string[]; uid?: string; extra?: object }> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await as.raw({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body });
  expect(answer.status).toBe(201);
  return (JSON.parse(answer.body) as { status: { userInfo: { username: string; groups: string[] } } }).status.userInfo;
}

describe('verbs', () => {
  test('create, get, list, replace, remove', async () => {
    const created = await client.create(nodes, { metadata: { name: 'verbs' } });
    expect(created).toMatchObject({
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'verbs', uid: expect.any(String) },
    });
    const listed = await client.list(nodes, { fieldSelector: 'metadata.name=verbs' });
    expect(listed.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata?.name])).toEqual([
      ['Node', 'v1', 'verbs'],
    ]);
    expect(listed.resourceVersion).toMatch(/^\d+$/);
    const replaced = await client.replace(nodes, { ...created, metadata: { ...created.metadata, labels: { a: 'b' } } });
    expect(replaced.metadata?.labels).toEqual({ a: 'b' });
    expect((await client.get(nodes, { name: 'verbs' }))?.metadata?.labels).toEqual({ a: 'b' });
    expect(await client.remove(nodes, { name: 'verbs' })).toBe('accepted');
    expect(await client.get(nodes, { name: 'verbs' })).toBeUndefined();
  });

  test('what does not exist is a value', async () => {
    expect(await client.get(nodes, { name: 'absent' })).toBeUndefined();
    expect(await client.patch(nodes, { name: 'absent' }, { kind: 'merge', body: {} })).toBeUndefined();
    expect(
      await client.patch(
        nodes,
        { name: 'absent' },
        { kind: 'merge', body: {} },
        { subresource: 'status', discardAnswer: true },
      ),
    ).toBeUndefined();
    expect(await client.remove(services, { namespace: 'no-such', name: 'absent' })).toBe('gone');
  });

  test('an unknown kind or namespace is an error, never an absent object', async () => {
    const unknown = resourceType({
      group: 'example.com',
      version: 'v1',
      kind: 'Thing',
      plural: 'things',
      isNamespaced: false,
    });
    for (const call of [
      client.get(unknown, { name: 'x' }),
      client.remove(unknown, { name: 'x' }),
      client.patch(unknown, { name: 'x' }, { kind: 'merge', body: {} }),
      client.create(configMaps, { metadata: { namespace: 'no-such', name: 'x' } }),
    ]) {
      expect(await caught(call)).toMatchObject({ name: 'KubeApiError', status: 404 });
    }
  });

  test('lists come in pages', async () => {
    for (let index = 0; index < 5; index += 1) {
      await client.create(configMaps, {
        metadata: { namespace: 'default', name: `page-${index}`, labels: { paged: 'yes' } },
      });
    }
    const names: string[] = [];
    let page: string | undefined;
    do {
      const list = await client.list(configMaps, {
        namespace: 'default',
        labelSelector: 'paged=yes',
        limit: 2,
        ...(page ? { continue: page } : {}),
      });
      expect(list.items.length).toBeLessThanOrEqual(2);
      names.push(...list.items.map((item) => item.metadata?.name ?? ''));
      page = list.continue;
    } while (page);
    expect(names).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
  });

  test('dryRun and fieldManager reach the server', async () => {
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'dry' } }, { dryRun: true });
    expect(await client.get(configMaps, { namespace: 'default', name: 'dry' })).toBeUndefined();
    const made = await client.create(
      configMaps,
      { metadata: { namespace: 'default', name: 'wet' }, data: { a: '1' } },
      { fieldManager: 'tester' },
    );
    expect(made.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(['tester']);
  });

  test('discardAnswer writes all the same and answers with stubs', async () => {
    const object = { metadata: { name: 'stub' } };
    expect(await client.create(nodes, object, { discardAnswer: true })).toBe(object);
    const patch = { kind: 'merge', body: { metadata: { labels: { stub: 'yes' } } } } as const;
    expect(await client.patch(nodes, { name: 'stub' }, patch, { discardAnswer: true })).toEqual({
      metadata: { name: 'stub' },
    });
    expect((await client.get(nodes, { name: 'stub' }))?.metadata?.labels).toEqual({ stub: 'yes' });
  });

  test('raw answers any path and any status', async () => {
    expect(await client.raw({ method: 'GET', path: '/readyz' })).toEqual({ status: 200, body: 'ok' });
    expect((await client.raw({ method: 'GET', path: '/nonsense' })).status).toBe(404);
  });
});

describe('conflicts and preconditions', () => {
  test('a stale replace is a conflict that says what to do', async () => {
    const first = await client.create(configMaps, { metadata: { namespace: 'default', name: 'stale' } });
    await client.replace(configMaps, { ...first, data: { a: '1' } });
    const error = await caught(client.replace(configMaps, { ...first, data: { a: '2' } }));
    expect(isConflict(error)).toBe(true);
    expect((error as KubeApiError).message).toContain('replace configmaps default/stale: 409 Conflict');
  });

  test('a patch with an old resourceVersion is a conflict', async () => {
    const made = await client.create(nodes, { metadata: { name: 'versioned' } });
    await client.patch(nodes, { name: 'versioned' }, { kind: 'merge', body: { metadata: { labels: { a: '1' } } } });
    const body = { metadata: { resourceVersion: made.metadata?.resourceVersion, labels: { a: '2' } } };
    expect(isConflict(await caught(client.patch(nodes, { name: 'versioned' }, { kind: 'merge', body })))).toBe(true);
  });

  test('creating twice is AlreadyExists, not a conflict to repeat', async () => {
    await client.create(nodes, { metadata: { name: 'twice' } });
    const error = await caught(client.create(nodes, { metadata: { name: 'twice' } }));
    expect(error).toMatchObject({ status: 409, reason: 'AlreadyExists' });
    expect(isConflict(error)).toBe(false);
  });

  test('a delete for another uid or version keeps the object', async () => {
    const made = await client.create(nodes, { metadata: { name: 'guarded' } });
    const guarded = { name: 'guarded' };
    const wrongUid = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    expect(await caught(client.remove(nodes, guarded, wrongUid))).toMatchObject({ status: 409 });
    expect(await caught(client.remove(nodes, guarded, { preconditions: { resourceVersion: '1' } }))).toMatchObject({
      status: 409,
    });
    expect(await client.get(nodes, guarded)).toBeDefined();
    const uid = made.metadata?.uid ?? '';
    expect(await client.remove(nodes, guarded, { preconditions: { uid } })).toBe('accepted');
    expect(await client.get(nodes, guarded)).toBeUndefined();
  });

  test('an invalid object waits for its user', async () => {
    const error = await caught(client.create(configMaps, { metadata: { namespace: 'default', name: 'Bad_Name' } }));
    expect(error).toMatchObject({ status: 422, reason: 'Invalid', disposition: { retry: 'on-change' } });
  });
});

describe('patches', () => {
  test('merge replaces lists, null deletes', async () => {
    const taint = (key: string) => ({ key, effect: 'NoSchedule' });
    await client.create(nodes, {
      metadata: { name: 'merged', labels: { a: '1', b: '2' } },
      spec: { taints: [taint('x'), taint('y')] },
    });
    const body = { metadata: { labels: { a: null } }, spec: { taints: [taint('z')] } };
    const patched = await client.patch(nodes, { name: 'merged' }, { kind: 'merge', body });
    expect(patched?.metadata?.labels).toEqual({ b: '2' });
    expect(patched?.spec?.taints?.map(({ key }) => key)).toEqual(['z']);
  });

  test('strategic keeps foreign conditions and replaces addresses when told to', async () => {
    await client.create(nodes, { metadata: { name: 'strategic' } });
    const status = (body: object) =>
      client.patch(
        nodes,
        { name: 'strategic' },
        { kind: 'strategic', body: { status: body } },
        { subresource: 'status' },
      );
    await status({
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    });
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.2' },
      { type: 'InternalIP', address: '10.0.0.3' },
    ];
    const patched = await status({
      conditions: [{ type: 'NetworkUnavailable', status: 'False' }],
      addresses: [{ $patch: 'replace' }, ...addresses],
    });
    expect(patched?.status?.conditions?.map(({ type }) => type).sort()).toEqual(['NetworkUnavailable', 'Ready']);
    expect(patched?.status?.addresses).toEqual(addresses);
  });

  test('strategic takes one finalizer away', async () => {
    await client.create(configMaps, {
      metadata: { namespace: 'default', name: 'final', finalizers: ['a.io/x', 'b.io/y'] },
    });
    const key = { namespace: 'default', name: 'final' };
    const body = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.io/x'] } };
    expect((await client.patch(configMaps, key, { kind: 'strategic', body }))?.metadata?.finalizers).toEqual([
      'b.io/y',
    ]);
    expect(await client.remove(configMaps, key)).toBe('accepted');
    expect((await client.get(configMaps, key))?.metadata?.deletionTimestamp).toBeDefined();
  });

  test('a json patch whose test fails changes nothing', async () => {
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'json' }, data: { a: '1' } });
    const key = { namespace: 'default', name: 'json' };
    const json = (expected: string) =>
      ({
        kind: 'json',
        body: [
          { op: 'test', path: '/data/a', value: expected },
          { op: 'replace', path: '/data/a', value: '2' },
        ],
      }) as const;
    expect(await caught(client.patch(configMaps, key, json('wrong')))).toMatchObject({ status: 422 });
    expect((await client.patch(configMaps, key, json('1')))?.data).toEqual({ a: '2' });
  });

  test('apply owns fields and refuses those of others', async () => {
    const key = { namespace: 'default', name: 'applied' };
    const apply = (value: string, fieldManager: string, force?: boolean) =>
      client.patch(configMaps, key, {
        kind: 'apply',
        body: { metadata: key, data: { a: value } },
        fieldManager,
        ...(force ? { force } : {}),
      });
    expect((await apply('1', 'one'))?.data).toEqual({ a: '1' });
    expect(await caught(apply('2', 'two'))).toMatchObject({ status: 409, reason: 'Conflict' });
    expect((await apply('2', 'two', true))?.data).toEqual({ a: '2' });
  });

  test('the status of a Service takes an ingress and metadata', async () => {
    await client.create(services, aService('with-status'));
    const key = { namespace: 'default', name: 'with-status' };
    const body = {
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } },
      spec: { type: 'ClusterIP' },
    };
    const patched = await client.patch(services, key, { kind: 'merge', body }, { subresource: 'status' });
    expect(patched?.status?.loadBalancer?.ingress).toMatchObject([{ ip: '203.0.113.1' }]);
    expect(patched?.spec?.type).toBe('LoadBalancer');
  });
});

describe('watch', () => {
  test('streams the present state, a bookmark that ends it, then changes', async () => {
    await client.create(configMaps, { metadata: { namespace: 'kube-system', name: 'w1' } });
    const signal = AbortSignal.timeout(90_000);
    const events = await client.watch(configMaps, {
      namespace: 'kube-system',
      fieldSelector: 'metadata.name=w1',
      sendInitialEvents: true,
      signal,
    });
    const seen: string[] = [];
    for await (const event of events) {
      const isEnd = event.object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true';
      // The server sends further bookmarks when it likes.
      if (isEnd || event.type !== 'BOOKMARK') seen.push(isEnd ? 'end' : event.type);
      if (isEnd) await client.remove(configMaps, { namespace: 'kube-system', name: 'w1' });
      if (event.type === 'DELETED') break;
    }
    expect(seen).toEqual(['ADDED', 'end', 'DELETED']);
  });

  test('rejects at once when the request is refused', async () => {
    const error = await caught(client.watch(nodes, { labelSelector: '!!' }));
    expect(error).toMatchObject({ name: 'KubeApiError', status: 400 });
  });

  test('ends by its signal while it waits', async () => {
    const stop = new AbortController();
    const events = await client.watch(nodes, {
      fieldSelector: 'metadata.name=nothing',
      sendInitialEvents: true,
      signal: stop.signal,
    });
    const reason = new Error('enough');
    await expect(async () => {
      for await (const event of events) if (event.type === 'BOOKMARK') stop.abort(reason);
    }).rejects.toBe(reason);
  });
});

describe('transport', () => {
  test('reads survive a connection that breaks, writes are not repeated', async () => {
    const proxy = await startFaultProxy({
      server: controlPlane.server,
      ca: controlPlane.caCertPem,
      token: controlPlane.adminToken,
    });
    const throughProxy = await connect({ master: proxy.url, userAgent: 'x', env: {} });
    proxy.add({ match: /^GET /, loseAnswer: true, times: 1 });
    proxy.add({ match: /^POST /, loseAnswer: true, times: 1 });
    expect((await throughProxy.list(nodes)).items.length).toBeGreaterThan(0);
    const error = await caught(throughProxy.create(nodes, { metadata: { name: 'lost-answer' } }));
    expect(error).toBeInstanceOf(KubeTransportError);
    expect(error).toMatchObject({ code: 'KUBE_API_UNREACHABLE', disposition: { retry: 'backoff' } });
    expect(await client.get(nodes, { name: 'lost-answer' })).toBeDefined();
    expect(proxy.requests.filter((line) => line.startsWith('POST'))).toHaveLength(1);
    await proxy.stop();
  });

  test('row P12 an answer of 429 with Retry-After is repeated after that time', async () => {
    const proxy = await startFaultProxy({
      server: controlPlane.server,
      ca: controlPlane.caCertPem,
      token: controlPlane.adminToken,
    });
    const clock = new FakeClock();
    const throughProxy = await connect({ master: proxy.url, userAgent: 'x', env: {}, clock });
    proxy.add({ match: /^POST /, status: 429, headers: { 'retry-after': '1' }, times: 1 });
    const made = throughProxy.create(nodes, { metadata: { name: 'put-off' } });
    while (clock.nextTimerInMs !== 1000) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(999);
    expect(proxy.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await made).metadata?.name).toBe('put-off');
    expect(proxy.requests).toHaveLength(2);
    await proxy.stop();
  });

  test('two hundred calls in a row use one connection', async () => {
    const proxy = await startFaultProxy({
      server: controlPlane.server,
      ca: controlPlane.caCertPem,
      token: controlPlane.adminToken,
    });
    const throughProxy = await connect({ master: proxy.url, userAgent: 'x', env: {} });
    for (let count = 0; count < 200; count += 1) await throughProxy.raw({ method: 'GET', path: '/version' });
    expect(proxy.connections).toBe(1);
    await proxy.stop();
  });

  test('goes through the CONNECT proxy of proxy-url', async () => {
    const tunnels: string[] = [];
    const proxy = http.createServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const [host = '', port] = (request.url ?? '').split(':');
      const upstream = net.connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const kubeconfig = await kubeconfigFor('proxied', { token: controlPlane.adminToken }, { 'proxy-url': url });
    const proxied = await connect({ kubeconfig, userAgent: 'x' });
    expect((await proxied.raw({ method: 'GET', path: '/readyz' })).body).toBe('ok');
    expect((await proxied.raw({ method: 'GET', path: '/readyz' })).body).toBe('ok');
    expect(tunnels).toEqual([new URL(controlPlane.server).host]);
    proxy.closeAllConnections();
    proxy.close();
  });

  test('a certificate that is not trusted says so', async () => {
    const other = await kubeconfigFor('untrusted', { token: 'x' }, { 'certificate-authority-data': undefined });
    const untrusting = await connect({ kubeconfig: other, userAgent: 'x' });
    const error = await caught(untrusting.get(nodes, { name: 'x' }));
    expect(error).toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
    expect((error as Error).message).toContain('certificate is not trusted; check the CA');
    const lax = await kubeconfigFor(
      'lax',
      { token: controlPlane.adminToken },
      { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true },
    );
    expect(
      (await (await connect({ kubeconfig: lax, userAgent: 'x' })).raw({ method: 'GET', path: '/readyz' })).status,
    ).toBe(200);
  });

  test('nothing listening says so', async () => {
    const nowhere = await connect({ master: 'http://127.0.0.1:1', userAgent: 'x', env: {} });
    const error = await caught(nowhere.get(nodes, { name: 'x' }));
    expect(error).toMatchObject({ code: 'KUBE_API_UNREACHABLE', causeCode: 'ECONNREFUSED' });
    expect((error as Error).message).toContain('is it running, and is the address right?');
  });
});

describe('identities', () => {
  test('client certificates from files that are replaced are picked up', async () => {
    const one = await controlPlane.createClientCertificate('first-user', ['system:masters']);
    const two = await controlPlane.createClientCertificate('second-user', ['system:masters']);
    const write = (pair: typeof one) =>
      Promise.all([writeFile(join(folder, 'tls.crt'), pair.certPem), writeFile(join(folder, 'tls.key'), pair.keyPem)]);
    await write(one);
    const clock = new FakeClock();
    const kubeconfig = await kubeconfigFor('certificates', {
      'client-certificate': 'tls.crt',
      'client-key': 'tls.key',
    });
    const certified = await connect({ kubeconfig, userAgent: 'x', clock });
    expect((await whoAmI(certified)).username).toBe('first-user');
    await write(two);
    expect((await whoAmI(certified)).username).toBe('first-user');
    await clock.advance(60_000);
    expect((await whoAmI(certified)).username).toBe('second-user');
  });

  test('impersonation sends user, uid, groups and extra', async () => {
    const kubeconfig = await kubeconfigFor('impersonating', {
      token: controlPlane.adminToken,
      as: 'jane',
      'as-uid': 'u-1',
      'as-groups': ['devs', 'ops'],
      'as-user-extra': { 'example.com/scope': ['a', 'b'] },
    });
    const seen = await whoAmI(await connect({ kubeconfig, userAgent: 'x' }));
    expect(seen).toMatchObject({ username: 'jane', uid: 'u-1', extra: { 'example.com/scope': ['a', 'b'] } });
    expect(seen.groups).toEqual(expect.arrayContaining(['devs', 'ops']));
  });

  test('a pod reads its service account folder and reads a rotated token again after 401', async () => {
    const [token, next] = [
      await controlPlane.createToken({ namespace: 'default', name: 'pod' }),
      await controlPlane.createToken({ namespace: 'default', name: 'pod2' }),
    ];
    const inClusterFolder = join(folder, 'pod');
    await mkdir(inClusterFolder);
    await writeFile(join(inClusterFolder, 'ca.crt'), controlPlane.caCertPem);
    await writeFile(join(inClusterFolder, 'token'), `${token}\n`);
    const { hostname, port } = new URL(controlPlane.server);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, KUBECONFIG: '/nonexistent' };
    const pod = await connect({ userAgent: 'x', env, inClusterFolder });
    expect((await whoAmI(pod)).username).toBe('system:serviceaccount:default:pod');
    await client.remove(serviceAccounts, { namespace: 'default', name: 'pod' });
    await writeFile(join(inClusterFolder, 'token'), next);
    // The server remembers a token that was good for 10 s.
    for (let username = 'system:serviceaccount:default:pod'; username.endsWith(':pod');) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      username = (await whoAmI(pod)).username;
      expect(username).toMatch(/:pod2?$/);
    }
  });

  test('an exec plugin is asked once, told its api version, and its answer is used', async () => {
    const script = join(folder, 'plugin.mjs');
    const log = join(folder, 'plugin.log');
    const token = controlPlane.adminToken;
    const source = `import { appendFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(log)}, process.env.KUBERNETES_EXEC_INFO + '\\n');
      const status = { token: ${JSON.stringify(token)}, expirationTimestamp: new Date(Date.now() + 3600e3).toISOString() };
      console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }));`;
    await writeFile(script, source);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [script],
      interactiveMode: 'Never',
      provideClusterInfo: true,
    };
    const kubeconfig = await kubeconfigFor('exec', { exec });
    const plugged = await connect({ kubeconfig, userAgent: 'x' });
    const answers = await Promise.all([1, 2, 3].map(() => plugged.raw({ method: 'GET', path: '/api/v1/nodes' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { readFile } = await import('node:fs/promises');
    const told = (await readFile(log, 'utf8')).trim().split('\n');
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: controlPlane.server } },
    });
  });

  test('an exec plugin that fails is one line with the place in the file', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin-here' };
    const error = await caught(connect({ kubeconfig: await kubeconfigFor('exec-bad', { exec }), userAgent: 'x' }));
    expect(error).toMatchObject({ code: 'KUBE_CREDENTIALS_FAILED' });
    expect((error as Error).message).toMatch(/exec-bad\.kubeconfig: users\[name=u\].*ENOENT/);
    expect((error as Error).message).not.toContain('\n');
  });

  test('named clients act as service accounts, which are made when missing', async () => {
    const kubeconfig = controlPlane.kubeconfigPath;
    const names = ['node-controller'];
    const base = await connect({ kubeconfig, userAgent: 'ccm', serviceAccounts: { namespace: 'kube-system', names } });
    expect((await whoAmI(base.named('node-controller'))).username).toBe(
      'system:serviceaccount:kube-system:node-controller',
    );
    expect((await whoAmI(base.named('leader-election'))).groups).toContain('system:masters');
    expect(await client.get(serviceAccounts, { namespace: 'kube-system', name: 'node-controller' })).toBeDefined();
  });
});

describe('access review', () => {
  test('names each verb that is missing', async () => {
    const kubeconfig = await kubeconfigFor('nobody', { token: controlPlane.tokenOf('nobody') });
    const nobody = await connect({ kubeconfig, userAgent: 'x' });
    const needed = [
      { group: '', resource: 'nodes', verb: 'delete', neededFor: 'removing nodes whose server is gone' },
      {
        group: 'coordination.k8s.io',
        resource: 'leases',
        verb: 'update',
        namespace: 'kube-system',
        neededFor: 'leader election',
      },
    ];
    const { signal } = new AbortController();
    expect((await findMissingRights(nobody, needed, signal)).map(({ message }) => message)).toEqual([
      'may not delete nodes: needed for removing nodes whose server is gone; add to the ClusterRole: apiGroups [""], resources ["nodes"], verbs ["delete"]',
      'may not update leases in kube-system: needed for leader election; add to the Role in kube-system: apiGroups ["coordination.k8s.io"], resources ["leases"], verbs ["update"]',
    ]);
    expect(await findMissingRights(client, needed, signal)).toEqual([]);
  });
});

describe('dry run', () => {
  test('changes nothing in the cluster', async () => {
    await client.create(nodes, { metadata: { name: 'untouched' } });
    const dry = dryRunClient(client, silentLogger);
    const before = await client.get(nodes, { name: 'untouched' });
    const body = { metadata: { labels: { a: 'b' } } };
    expect((await dry.patch(nodes, { name: 'untouched' }, { kind: 'merge', body }))?.metadata?.labels).toEqual({
      a: 'b',
    });
    expect(await dry.remove(nodes, { name: 'untouched' })).toBe('accepted');
    await dry.create(leases, { metadata: { namespace: 'kube-system', name: 'dry' } });
    await dry.raw({ method: 'DELETE', path: '/api/v1/nodes/untouched' });
    expect(await client.get(nodes, { name: 'untouched' })).toEqual(before);
    expect(await client.get(leases, { namespace: 'kube-system', name: 'dry' })).toBeUndefined();
  });
});
