// Informers against a real kube-apiserver: which requests they make, and what they do when the server is old, strict or away. A proxy in
// between records and refuses; the schedules of informer-faults.int.spec.ts mix all of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import type { Change, Clock } from '@longshore/reconciler-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../client/connect.ts';
import { startFaultProxy } from '../client/fake/fault-proxy.ts';
import type { FaultProxy } from '../client/fake/fault-proxy.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { configMaps, keyOf, nodes, resourceType } from '../client/resource-type.ts';
import type { KubeConfigMap, KubeNode, KubeObject } from '../client/resource-type.ts';
import { fastClock } from './test-support/fast-clock.ts';
import { Informer } from './informer.ts';

let controlPlane: ControlPlane;
let admin: KubeClient;
let proxy: FaultProxy;
let client: KubeClient;
let stop: AbortController;
const running: Promise<void>[] = [];
// For tests that wait for pauses and silences; the others count requests, which a hurried time-out would repeat.
const hurried = fastClock(20);

beforeAll(async () => {
  controlPlane = await startControlPlane({ users: [{ name: 'reader' }] });
  admin = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'informer-test' });
}, 300_000);

afterAll(async () => controlPlane?.stop());

beforeEach(async () => {
  proxy = await startFaultProxy({
    server: controlPlane.server,
    ca: controlPlane.caCertPem,
    token: controlPlane.adminToken,
  });
  client = await connect({ master: proxy.url, userAgent: 'informer-test', env: {} });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.all(running.splice(0));
  await proxy.stop();
});

interface Watched<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly told: string[];
}

async function startInformer(fieldSelector: string, clock: Clock = systemClock): Promise<Watched<KubeNode>> {
  const informer = new Informer({ client, type: nodes, selection: { fieldSelector }, clock, log: silentLogger });
  return { informer, told: await start(informer) };
}

async function start<T extends KubeNode | KubeConfigMap>(informer: Informer<T>): Promise<string[]> {
  const told: string[] = [];
  informer.subscribe((change: Change<T>) => told.push(`${change.kind} ${keyOf(change.object)}`));
  running.push(informer.run(stop.signal));
  await informer.synced(stop.signal);
  return told;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 90_000; !isTrue(); await pause(5)) {
    if (Date.now() > endMs) throw new Error(`not within 90 s; requests: ${proxy.requests.join('\n')}`);
  }
}

/** Requests by kind, in order. */
function kinds(): readonly string[] {
  return proxy.requests.map((line) => {
    if (line.includes('sendInitialEvents')) return 'stream';
    if (line.includes('watch=true')) return 'watch';
    return line.includes('continue=') ? 'page' : 'list';
  });
}

const status = (code: number, reason: string): string =>
  JSON.stringify({ kind: 'Status', code, reason, message: reason });

describe('reading the present state', () => {
  test('one streaming request does both list and watch', async () => {
    await admin.create(nodes, { metadata: { name: 'streamed' } });
    const { informer, told } = await startInformer('metadata.name=streamed');
    expect(told).toEqual(['added streamed']);
    await admin.patch(nodes, { name: 'streamed' }, { kind: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await admin.remove(nodes, { name: 'streamed' });
    await until(() => told.length === 3);
    expect(told).toEqual(['added streamed', 'updated streamed', 'deleted streamed']);
    expect(informer.size).toBe(0);
    expect(kinds()).toEqual(['stream']);
    expect(proxy.requests[0]).toMatch(/resourceVersionMatch=NotOlderThan/);
    expect(proxy.requests[0]).toMatch(/allowWatchBookmarks=true/);
    expect(proxy.requests[0]).toMatch(/timeoutSeconds=[345]\d\d\b/);
  });

  test.each([400, 422])(
    'a server that answers %i to WatchList is listed, and not asked to stream again',
    async (code) => {
      proxy.add({ match: /sendInitialEvents/, status: code, body: status(code, 'Invalid') });
      const name = `old-${code}`;
      await admin.create(nodes, { metadata: { name } });
      const { informer, told } = await startInformer(`metadata.name=${name}`);
      await until(() => kinds().length === 3 && informer.health().isConnected);
      expect(kinds()).toEqual(['stream', 'list', 'watch']);
      proxy.injectLine(JSON.stringify({ type: 'ERROR', object: JSON.parse(status(410, 'Expired')) as object }));
      await until(() => kinds().length === 5);
      expect(kinds().slice(3)).toEqual(['list', 'watch']);
      await admin.remove(nodes, { name });
      await until(() => told.length === 2);
      expect(told).toEqual([`added ${name}`, `deleted ${name}`]);
    },
  );

  test('lists come in pages of 250, and whole when a page has expired', async () => {
    const namespace = 'kube-public';
    const names = Array.from({ length: 1100 }, (_, index) => `many-${index}`);
    const left = names.values();
    const worker = async (): Promise<void> => {
      for (const name of left)
        await admin.create(configMaps, { metadata: { namespace, name } }, { discardAnswer: true });
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    proxy.add({ match: /sendInitialEvents/, status: 422, body: status(422, 'Invalid') });
    const informer = new Informer({
      client,
      type: configMaps,
      selection: { namespace },
      clock: systemClock,
      log: silentLogger,
    });
    const told = await start(informer);
    expect(kinds().slice(0, 6)).toEqual(['stream', 'list', 'page', 'page', 'page', 'page']);
    expect(new Set(told).size).toBe(1100);
    proxy.add({ match: /continue=/, status: 410, body: status(410, 'Expired'), times: 1 });
    await until(() => kinds().length === 7 && informer.health().isConnected);
    proxy.injectLine(JSON.stringify({ type: 'ERROR', object: JSON.parse(status(410, 'Expired')) as object }));
    await until(() => kinds().filter((kind) => kind === 'watch').length === 2 && informer.health().isConnected);
    expect(kinds().slice(7)).toEqual(['list', 'page', 'list', 'watch']);
    expect(proxy.requests[9]).toMatch(/configmaps$/);
    await admin.remove(configMaps, { namespace, name: 'many-7' });
    await until(() => informer.size === 1099);
    expect(told.filter((line) => line.startsWith('added'))).toHaveLength(1100);
  });

  test('who may list but not watch still sees changes', async () => {
    const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }];
    const role = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'ClusterRole',
      plural: 'clusterroles',
      isNamespaced: false,
    };
    await admin.create(resourceType<object>(role), { metadata: { name: 'lister' }, rules });
    const binding = { ...role, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings' };
    const subjects = [{ apiGroup: role.group, kind: 'User', name: 'reader' }];
    const roleRef = { apiGroup: role.group, kind: 'ClusterRole', name: 'lister' };
    await admin.create(resourceType<object>(binding), { metadata: { name: 'lister' }, subjects, roleRef });
    const folder = await mkdtemp(join(tmpdir(), 'reader-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await controlPlane.writeKubeconfig(kubeconfig, { userName: 'reader' });
    const reader = await connect({ kubeconfig, userAgent: 'reader' });
    const informer = new Informer({ client: reader, type: nodes, clock: hurried, log: silentLogger });
    await start(informer);
    await admin.create(nodes, { metadata: { name: 'polled' } });
    await until(() => informer.get('polled') !== undefined);
    await rm(folder, { recursive: true });
  });
});

describe('after an interruption', () => {
  test('a regular end is followed by a watch from the last version, without a list', async () => {
    await admin.create(nodes, { metadata: { name: 'ended' } });
    const { told } = await startInformer('metadata.name=ended');
    await admin.patch(nodes, { name: 'ended' }, { kind: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await until(() => told.length === 2);
    const { resourceVersion } = (await admin.get(nodes, { name: 'ended' }))?.metadata ?? {};
    proxy.endWatches();
    await until(() => kinds().length === 2);
    expect(kinds()).toEqual(['stream', 'watch']);
    expect(proxy.requests[1]).toContain(`resourceVersion=${resourceVersion}&`);
    expect(told).toEqual(['added ended', 'updated ended']);
  });

  test('row P11 a node that was deleted while the watch was cut is told as deleted', async () => {
    await admin.create(nodes, { metadata: { name: 'missed' } });
    const { informer, told } = await startInformer('metadata.name=missed', hurried);
    await proxy.goDown();
    await admin.remove(nodes, { name: 'missed' });
    await controlPlane.etcd.compact();
    await controlPlane.apiServer.stop();
    await controlPlane.apiServer.start();
    await proxy.heal();
    await until(() => told.length === 2);
    expect(told).toEqual(['added missed', 'deleted missed']);
    expect(informer.size).toBe(0);
  }, 240_000);

  test('a node that was deleted and made anew meanwhile is told as both', async () => {
    await admin.create(nodes, { metadata: { name: 'anew' } });
    const { told } = await startInformer('metadata.name=anew', hurried);
    proxy.add({ match: /watch=true/, status: 410, body: status(410, 'Expired'), times: 1 });
    await proxy.goDown();
    await admin.remove(nodes, { name: 'anew' });
    await admin.create(nodes, { metadata: { name: 'anew' } });
    await proxy.heal();
    await until(() => told.length === 3);
    expect(told).toEqual(['added anew', 'deleted anew', 'added anew']);
  });

  test('a connection that went silent is given up', async () => {
    await admin.create(nodes, { metadata: { name: 'silent' } });
    client = await connect({ master: proxy.url, userAgent: 'informer-test', env: {}, clock: hurried });
    const { told } = await startInformer('metadata.name=silent', hurried);
    proxy.freezeWatches();
    await admin.remove(nodes, { name: 'silent' });
    await until(() => told.length === 2);
    expect(told).toEqual(['added silent', 'deleted silent']);
  }, 240_000);

  test('stopping while a list hangs ends at once and opens nothing', async () => {
    proxy.add({ match: /sendInitialEvents/, status: 422, body: status(422, 'Invalid') });
    proxy.add({ match: /limit=250/, delayMs: 3000 });
    const informer = new Informer({ client, type: nodes, clock: systemClock, log: silentLogger });
    const run = informer.run(stop.signal);
    await until(() => kinds().includes('list'));
    stop.abort(new Error('enough'));
    await run;
    expect(kinds()).toEqual(['stream', 'list']);
    expect(informer.health()).toMatchObject({ isSynced: false, isConnected: false });
  });
});
