// Clients and Nodes of the clusters that machines make up, as their kubeconfig Secrets come, change and go.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Informer, nodes } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { CLUSTER_LABEL } from '../api/names.ts';
import { dataOf, secrets } from '../cluster/kube-secret.ts';
import { WatchedWorkloadClusters } from './workload-clusters.ts';

const KEY = { namespace: 'default', name: 'test' };
const place = { namespace: 'default', name: 'test-kubeconfig' };
const stop = { current: new AbortController() };
const { signal } = new AbortController();

let clock: FakeClock;
let client: FakeKubeClient;
let servers: Map<string, FakeKubeClient>;
let workloads: WatchedWorkloadClusters;
let running: Promise<unknown>;

beforeEach(async () => {
  clock = new FakeClock();
  client = new FakeKubeClient();
  servers = new Map();
  stop.current = new AbortController();
  const cache = new Informer({ client, type: secrets, clock, log: silentLogger });
  workloads = new WatchedWorkloadClusters({
    client,
    clusterSecrets: cache,
    userAgent: 'test',
    env: {},
    clock,
    log: silentLogger,
    connect: async (text) => servers.get(text) ?? (servers.set(text, new FakeKubeClient()).get(text) as FakeKubeClient),
  });
  running = Promise.all([cache.run(stop.current.signal), workloads.run(stop.current.signal)]);
  await clock.settle();
});
afterEach(async () => {
  stop.current.abort(new Error('stopped'));
  await clock.advance(5_000);
  await running.catch(() => {});
});

function put(kubeconfig: string): Promise<void> {
  client.put(secrets, {
    metadata: { ...place, labels: { [CLUSTER_LABEL]: 'test' } },
    data: dataOf({ value: kubeconfig }),
  });
  return clock.settle();
}

test('without a kubeconfig there is nothing', async () => {
  expect(await workloads.clientOf(KEY, signal)).toBeUndefined();
  expect(await workloads.nodesOf(KEY, signal)).toBeUndefined();
});

test('one client per kubeconfig; a changed Secret replaces it and its watch', async () => {
  await put('one');
  const first = await workloads.clientOf(KEY, signal);
  expect(await workloads.clientOf(KEY, signal)).toBe(first);
  const before = await workloads.nodesOf(KEY, signal);
  await clock.settle();
  expect(servers.get('one')?.openWatches).toBe(1);
  await put('two');
  expect(await workloads.clientOf(KEY, signal)).toBe(servers.get('two'));
  expect(await workloads.nodesOf(KEY, signal)).not.toBe(before);
  await clock.advance(1_000);
  expect(servers.get('one')?.openWatches).toBe(0);
  expect(servers.get('two')?.openWatches).toBe(1);
});

test('who subscribes hears of Nodes; a Secret that is gone ends the watch', async () => {
  const heard: string[] = [];
  workloads.subscribe(({ name }, node) => heard.push(`${name}/${node}`));
  await put('one');
  await workloads.nodesOf(KEY, signal);
  await clock.settle();
  servers.get('one')?.put(nodes, { metadata: { name: 'node-1' } });
  await clock.settle();
  expect(heard).toEqual(['test/node-1']);
  client.delete(secrets, place);
  await clock.advance(1_000);
  expect(workloads.watched).toBe(0);
  expect(servers.get('one')?.openWatches).toBe(0);
});

test('an API server that does not answer leaves the caller with an informer that is not synced', async () => {
  const silent = new FakeKubeClient();
  silent.fail({ times: 1_000 });
  servers.set('one', silent);
  await put('one');
  const informer = await workloads.nodesOf(KEY, signal);
  await clock.advance(1_000);
  expect(informer?.health().isSynced).toBe(false);
});
