// A move between two real API servers to a target with another sealing key, where the real kube-controller-manager works: its garbage
// collector leaves what was moved alone, takes what is owned by somebody who is not there, and takes all of it when the Cluster goes.
// Managers are not needed for that; what they would do, letting finalizers go, the last test does.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane, startEtcd } from '@longshore/embedded-control-plane';
import type { ControlPlane, SharedEtcd } from '@longshore/embedded-control-plane';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient, ResourceType } from '@longshore/k8s-runtime';
import { systemClock } from '@longshore/reconciler-core';
import { until } from '@longshore/reconciler-core/testing';
import { clusterCrds } from '../../api/crds.ts';
import { CLUSTER_LABEL, clusterSecrets, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import type { OwnerReference } from '../../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { newSealingKeyBytes, open, seal, sealingKey } from '../../bootstrap/seal.ts';
import type { SealingKey } from '../../bootstrap/seal.ts';
import { dataOf, textIn } from '../../cluster/kube-secret.ts';
import { anyType, objectKeyOf, secrets, titleOf } from '../kube-kinds.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { aDeployment, aMachine, seedCluster } from '../test-support/a-cluster.ts';
import { createOnce, ensureNamespace } from './apply-step.ts';
import { observeScope } from './observe-content.ts';
import { moveCluster } from './pivot.ts';
import { StatefulSetManagers } from './provider-managers.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 300_000;
const id = { namespace: 'default', name: 'web' };
const CA = { namespace: 'default', name: clusterSecrets.ca('web') };
const crds: ResourceType<(typeof clusterCrds)[number]> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  isNamespaced: false,
};
const signal = new AbortController().signal;
const [ours, theirs] = [sealingKey(newSealingKeyBytes(), 'ours'), sealingKey(newSealingKeyBytes(), 'theirs')];

let etcd: SharedEtcd;
const planes: ControlPlane[] = [];
let source: KubeClient;
let target: KubeClient;
let moved = 0;
let cluster: AnyObject;

async function aSide(key: SealingKey, options: { readonly controllers: boolean }): Promise<KubeClient> {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  const plane = await startControlPlane({ etcd, onProgress, ...options });
  planes.push(plane);
  const client = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'move-test', env: {} });
  for (const crd of clusterCrds) await client.create(crds, crd);
  for (const { plural } of [clusters, machineDeployments, machineSets, machines]) {
    const path = `/apis/cluster.k8s.io/v1alpha1/${plural}`;
    await until(`${plural} are served`, async () => (await client.raw({ method: 'GET', path })).status === 200);
  }
  await ensureNamespace(client, PACKET_NAMESPACE, signal);
  const metadata = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
  const data = { key: Buffer.from(key.bytes).toString('base64') };
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data });
  return client;
}

/** What is there of the cluster: title and uid, with the uids of owners. */
async function content(client: KubeClient): Promise<readonly (readonly [string, string, readonly string[]])[]> {
  const { objects } = await observeScope(client, id, signal);
  return objects.map(({ type, object: { metadata = {} } }) => [
    titleOf(type.kind, { metadata }),
    metadata.uid ?? '',
    (metadata.ownerReferences ?? []).map(({ uid }) => uid),
  ]);
}

beforeAll(async () => {
  etcd = await startEtcd();
  source = await aSide(ours, { controllers: false });
  target = await aSide(theirs, { controllers: true });
  moved = await seedCluster(source, ['blue']);
  const sealed = dataOf({ 'tls.key': seal('key of the CA', [ours], { ...CA, field: 'tls.key' }) });
  await source.patch(secrets, CA, { kind: 'merge', body: { data: sealed } });
  cluster = (await source.get(anyType(clusters), id)) as AnyObject;
  const wait = { clock: systemClock, signal, say: () => {} };
  const side = (client: KubeClient) => ({
    client,
    managers: new StatefulSetManagers({ client, wait, limit: { limitMs: LONG_MS } }),
  });
  const prepareTarget = (): Promise<void> => Promise.resolve();
  const parts = { source: side(source), target: side(target), prepareTarget, newId: () => 'move-1', wait };
  await moveCluster(id, parts);
}, FIRST_BUILD_MS);

afterAll(async () => {
  for (const plane of planes) await plane.stop();
  await etcd?.stop();
}, LONG_MS);

test('CA row P9 on real API servers: nothing is left, and what was sealed opens with the key of the target', async () => {
  expect(await content(source)).toEqual([]);
  const text = textIn(await target.get(secrets, CA), 'tls.key') ?? '';
  expect(open(text, [theirs], { ...CA, field: 'tls.key' })).toBe('key of the CA');
});

test(
  'CA row P10 the real garbage collector leaves what was moved alone, and takes what names the uids of the source',
  async () => {
    const before = await content(target);
    expect(before).toHaveLength(moved);
    const uids = before.map(([, uid]) => uid);
    expect(before.filter(([, , owners]) => owners.length === 1)).toHaveLength(moved - 1);
    for (const [, , owners] of before) for (const owner of owners) expect(uids).toContain(owner);
    await takenByTheCollector(lostOnes());
    expect(await content(target)).toEqual(before);
  },
  LONG_MS,
);

test(
  'CA row P10 when the Cluster goes, the garbage collector takes everything that was moved',
  async () => {
    const { objects } = await observeScope(target, id, signal);
    for (const { type, object } of objects) {
      if (object.metadata?.finalizers === undefined) continue;
      await target.patch(type, objectKeyOf(object), { kind: 'merge', body: { metadata: { finalizers: null } } });
    }
    await target.remove(clusters, id);
    await until('all is gone', async () => (await content(target)).length === 0, LONG_MS - 30_000);
  },
  LONG_MS,
);

// One of each kind, as it would be had its owner not been rewritten.
function lostOnes(): readonly { readonly type: ReturnType<typeof anyType>; readonly object: AnyObject }[] {
  const { apiVersion = '', kind = '', metadata: { name = '', uid = '' } = {} } = cluster;
  const ownerReferences: readonly OwnerReference[] = [{ apiVersion, kind, name, uid, controller: true }];
  const over = { labels: { [CLUSTER_LABEL]: 'lost' }, finalizers: [], ownerReferences };
  const { spec } = aDeployment('lost');
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'lost', namespace: 'default', ...over } };
  const set = { ...aDeployment('lost', over), kind: 'MachineSet', spec: { ...spec, replicas: 1 } };
  return [
    { type: anyType(secrets), object: secret },
    { type: anyType(machineDeployments), object: aDeployment('lost', over) as AnyObject },
    { type: anyType(machineSets), object: set },
    { type: anyType(machines), object: aMachine('lost', over) as AnyObject },
  ];
}

async function takenByTheCollector(lost: ReturnType<typeof lostOnes>): Promise<void> {
  for (const { type, object } of lost) await createOnce(target, type, object, signal);
  for (const { type, object } of lost) {
    const isGone = async (): Promise<boolean> => (await target.get(type, objectKeyOf(object))) === undefined;
    await until(`${object.kind} is collected`, isGone, LONG_MS - 30_000);
  }
}
