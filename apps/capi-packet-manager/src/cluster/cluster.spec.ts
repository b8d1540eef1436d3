// The life of a Cluster: finalizers, keys, endpoint, kubeconfig, conditions, deletion. State of the world after one reconcile or several.
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { checkAgain, settled } from '@longshore/reconciler-core';
import type { KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { parse } from 'yaml';
import { conditionOf } from '../api/conditions.ts';
import { CLUSTER_LABEL } from '../api/names.ts';
import type { Condition } from '../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import { caCertHash } from '../bootstrap/pki.ts';
import { dataOf, secrets } from './kube-secret.ts';
import { ClusterWorld, KEY, quickKeys } from './test-support/cluster-world.ts';

// Keys are made, and a busy machine stands still for seconds.
jest.setTimeout(60_000);
let world: ClusterWorld;
const signal = new AbortController().signal;

beforeEach(async () => {
  world = await ClusterWorld.start();
});
afterEach(() => world.close());

const endpoints = (): unknown => world.cluster()?.status?.apiEndpoints;
const textOf = (name: string): string => world.text(name, 'tls.crt') ?? '';
const hostOf = (id: string): string | undefined => world.cloud.state.devices.get(id)?.ip_addresses[0]?.address;

function condition(type: string, name = 'test', namespace = 'default'): Condition | undefined {
  return conditionOf(world.cluster(name, namespace)?.status, type);
}

const DAY_MS = 86_400_000;

describe('a new Cluster', () => {
  test('row C1 (I10) CA row C1 has finalizers and sealed keys after one reconcile, and a kubeconfig that it owns once a master is there', async () => {
    const { metadata } = world.addCluster();
    await world.reconcile();
    expect(world.cluster()?.metadata?.finalizers).toEqual(['foregroundDeletion', 'cluster.cluster.k8s.io']);
    for (const name of ['test-ca', 'test-etcd', 'test-proxy', 'test-sa', 'test-admin']) {
      expect(world.text(name, 'tls.crt')).toContain('-----BEGIN');
      expect(world.text(name, 'tls.key')).toMatch(/^longshore-sealed:v1:/);
    }
    expect(world.text('test-token', 'token')).toMatch(/^longshore-sealed:v1:/);
    expect(world.secret('test-ca')).toMatchObject({
      type: 'cluster.x-k8s.io/secret',
      metadata: { labels: { [CLUSTER_LABEL]: 'test' }, ownerReferences: [{ kind: 'Cluster', uid: metadata?.uid }] },
    });
    world.addMaster();
    await world.sweepPasses();
    await world.reconcile();
    const kubeconfig = world.secret('test-kubeconfig');
    expect(kubeconfig?.metadata?.ownerReferences).toMatchObject([{ uid: metadata?.uid }]);
    expect(condition('Ready')).toMatchObject({ status: 'True' });
    const hash = caCertHash(textOf('test-ca'));
    expect(world.cluster()?.status?.providerStatus).toEqual({
      ready: true,
      endpointSource: 'device',
      caFingerprint: hash,
    });
  });

  test('CA row R10 the kubeconfig names endpoint, CA and an administrator whose certificate the CA signed', async () => {
    world.addCluster();
    const { id } = world.addMaster();
    await world.reconcile();
    const host = hostOf(id);
    const kubeconfig = parse(world.text('test-kubeconfig', 'value') ?? '') as Record<string, never>;
    const [cluster] = kubeconfig['clusters'] as unknown as [{ cluster: Record<string, string> }];
    expect(cluster.cluster['server']).toBe(`https://${host}:6443`);
    const [user] = kubeconfig['users'] as unknown as [{ user: Record<string, string> }];
    const certificate = new X509Certificate(Buffer.from(user.user['client-certificate-data'] ?? '', 'base64'));
    expect(certificate.verify(new X509Certificate(textOf('test-ca')).publicKey)).toBe(true);
    expect(certificate.subject).toContain('system:masters');
  });

  test('a second reconcile writes nothing', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    await world.reconcile();
    const before = world.client.callsOf().length;
    await world.clock.advance(30_000);
    await world.reconcile();
    expect(world.client.callsOf().slice(before)).toEqual([]);
  });

  test('CA row C4 two Clusters of one name in two namespaces have nothing in common', async () => {
    world.addCluster();
    world.addCluster({ metadata: { namespace: 'other' } });
    world.addMaster();
    world.addMaster({ hostname: 'master-1' }, { namespace: 'other', name: 'test' });
    await world.reconcile();
    await world.reconcile('test', 'other');
    expect(world.text('test-ca', 'tls.crt', 'other')).toBeDefined();
    expect(world.text('test-ca', 'tls.crt', 'other')).not.toBe(world.text('test-ca', 'tls.crt'));
    const [one, two] = [world.cluster()?.status?.apiEndpoints, world.cluster('test', 'other')?.status?.apiEndpoints];
    expect(one).toHaveLength(1);
    expect(two).toHaveLength(1);
    expect(one).not.toEqual(two);
    expect([...world.caFile.pairs.keys()].sort()).toEqual(['default/test', 'other/test']);
  });

  test('CA row C5 without a control plane it looks again in 15 s, and nothing is an error', async () => {
    world.addCluster();
    expect(await world.reconcile()).toEqual(checkAgain(15_000, 'waiting for the control plane'));
    expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForControlPlane' });
    expect(world.events).toEqual([]);
  });
});

describe('stray servers', () => {
  const warned = (): readonly string[] =>
    world.events.filter(({ reason }) => reason === 'StrayServer').map(({ message }) => message);

  test('are named on the Cluster once two lists have shown them, with one warning for each', async () => {
    world.addCluster();
    world.addMaster();
    const strays = ['lost-0', 'lost-1'].map((hostname) => world.addMaster({ hostname }).id);
    world.strays.add(strays[0] ?? '');
    await world.reconcile();
    expect(condition('ServersOwned')).toBeUndefined();
    for (let times = 0; times < 3; times += 1) {
      await world.sweepPasses();
      await world.reconcile();
    }
    expect(condition('ServersOwned')).toMatchObject({ status: 'False', reason: 'StrayServers' });
    expect(condition('ServersOwned')?.message).toContain(strays[0]);
    expect(warned()).toEqual([expect.stringContaining(strays[0] ?? '')]);
    world.strays.add(strays[1] ?? '');
    for (let times = 0; times < 3; times += 1) {
      await world.sweepPasses();
      await world.reconcile();
    }
    expect(warned()).toHaveLength(2);
    expect(warned()[1]).toContain(strays[1]);
    world.strays.clear();
    await world.sweepPasses();
    await world.reconcile();
    expect(condition('ServersOwned')?.status).toBe('True');
    expect(warned()).toHaveLength(2);
  });
});

describe('configuration', () => {
  test('CA row C12 a name that does not fit into a tag is refused with the limit, and nothing is made', async () => {
    const name = 'a'.repeat(42);
    world.addCluster({ metadata: { name, namespace: 'default' } });
    expect(await world.reconcile(name)).toEqual(settled);
    expect(condition('Ready', name)).toMatchObject({ reason: 'InvalidConfiguration' });
    expect(condition('Ready', name)?.message).toMatch(/42.*41/);
    expect(world.client.objects(secrets)).toEqual([]);
    expect(world.cloud.calls.total).toBe(0);
  });

  test('CA row C13 all problems come at once, and one event tells them', async () => {
    world.addCluster({ spec: { clusterNetwork: {} } });
    await world.reconcile();
    await world.reconcile();
    const { message = '' } = condition('Ready') ?? {};
    for (const field of ['serviceDomain', 'pods', 'services']) expect(message).toContain(field);
    expect(world.cluster()?.status?.errorReason).toBe('InvalidConfiguration');
    expect(world.events).toMatchObject([{ type: 'Warning', reason: 'InvalidConfiguration' }]);
    world.addCluster();
    await world.reconcile();
    expect(world.cluster()?.status?.errorReason).toBeUndefined();
    expect(condition('Ready')).toMatchObject({ reason: 'WaitingForControlPlane' });
  });

  test.each([
    { how: 'spec.paused', change: { spec: { paused: true } } },
    { how: 'the annotation', change: { metadata: { annotations: { 'cluster.k8s.io/paused': '' } } } },
  ])('CA row C15 paused by $how nothing is done but the condition, once', async ({ change }) => {
    world.addCluster(change);
    await world.reconcile();
    await world.reconcile();
    expect(world.client.callsOf()).toMatchObject([{ verb: 'patch', resource: 'clusters', subresource: 'status' }]);
    expect(condition('Paused')).toMatchObject({ status: 'True' });
    expect(world.cloud.calls.total).toBe(0);
    world.client.put(clusters, { ...world.addCluster(), metadata: { name: 'test', namespace: 'default' } });
    await world.reconcile();
    expect(condition('Ready')).toBeDefined();
  });

  test('while it is being moved not even a condition is written', async () => {
    world.addCluster({ metadata: { annotations: { 'cluster-api-provider-packet/moving': 'id' } } });
    await world.reconcile();
    expect(world.client.callsOf()).toEqual([]);
  });
});

describe('keys', () => {
  const userSecret = async (fields: readonly string[]): Promise<Record<string, string>> => {
    const { ca } = await quickKeys('test', world.clock.nowMs());
    const all: Record<string, string> = { 'tls.crt': ca.certPem, 'tls.key': ca.keyPem };
    return dataOf(Object.fromEntries(fields.map((field) => [field, all[field] ?? ''])));
  };
  const put = (data: Record<string, string>): void =>
    void world.client.put(secrets, { metadata: { name: 'test-ca', namespace: 'default' }, data });

  test('CA row C2 a pair of the user is kept byte for byte, and stays after deletion', async () => {
    const data = await userSecret(['tls.crt', 'tls.key']);
    put(data);
    world.addCluster();
    await world.reconcile();
    expect(world.secret('test-ca')?.data).toEqual(data);
    expect(world.secret('test-ca')?.metadata?.ownerReferences ?? []).toEqual([]);
    expect((await world.materials.keysOf(KEY, signal))?.ca.keyPem).toBe(
      Buffer.from(data['tls.key'] ?? '', 'base64').toString(),
    );
    world.client.delete(clusters, KEY);
    await world.reconcile();
    expect(world.cluster()).toBeUndefined();
    expect(world.client.objects(secrets).map(({ metadata }) => metadata?.name)).toEqual([
      'cluster-api-provider-packet-sealing-key',
      'test-ca',
    ]);
  });

  test('CA row C2 a key that belongs to another certificate makes the CA invalid, and no machine gets keys', async () => {
    const [one, two] = [await userSecret(['tls.crt', 'tls.key']), await userSecret(['tls.crt', 'tls.key'])];
    put({ ...one, 'tls.key': two['tls.key'] ?? '' });
    world.addCluster();
    await world.reconcile();
    expect(condition('CAValid')).toMatchObject({ status: 'False', reason: 'CAInvalid' });
    expect(await world.materials.keysOf(KEY, signal)).toBeUndefined();
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'CAInvalid' }));
  });

  test.each([
    { has: 'tls.crt', missing: 'private key' },
    { has: 'tls.key', missing: 'certificate' },
  ])('CA row C3 with only $has the missing half is named and nothing is made', async ({ has, missing }) => {
    put(await userSecret([has]));
    world.addCluster();
    await world.reconcile();
    expect(condition('CAValid')?.message).toContain(missing);
    const names = world.client.objects(secrets).map(({ metadata }) => metadata?.name);
    expect(names.filter((name) => name?.startsWith('test-'))).toEqual(['test-ca']);
  });

  test('CA row C9 a CA that ends in 20 days is told, client certificates are renewed, the CA is not', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    const [ca, admin] = [world.text('test-ca', 'tls.crt') ?? '', world.text('test-admin', 'tls.crt') ?? ''];
    const endsMs = new X509Certificate(ca).validToDate.getTime();
    world.clock.setWallClock(endsMs - 20 * DAY_MS);
    await world.reconcile();
    expect(condition('CAValid')).toMatchObject({ status: 'False', reason: 'CAExpiresSoon' });
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'CAExpiresSoon' }));
    expect(world.text('test-ca', 'tls.crt')).toBe(ca);
    expect(world.text('test-admin', 'tls.crt')).not.toBe(admin);
    const renewed = new X509Certificate(world.text('test-admin', 'tls.crt') ?? '');
    expect(renewed.validToDate.getTime()).toBe(endsMs);
    expect(world.text('test-kubeconfig', 'value')).toContain(
      Buffer.from(world.text('test-admin', 'tls.crt') ?? '').toString('base64'),
    );
    expect(await world.materials.keysOf(KEY, signal)).toBeDefined();
  });

  test('the admin certificate is renewed when less than half of its year is left', async () => {
    world.addCluster();
    await world.reconcile();
    const first = world.text('test-admin', 'tls.crt');
    world.clock.setWallClock(world.clock.nowMs() + 182 * DAY_MS);
    await world.reconcile();
    expect(world.text('test-admin', 'tls.crt')).toBe(first);
    world.clock.setWallClock(world.clock.nowMs() + 2 * DAY_MS);
    await world.reconcile();
    expect(world.text('test-admin', 'tls.crt')).not.toBe(first);
  });

  test('a CA that was there and is gone is not made anew', async () => {
    world.addCluster();
    await world.reconcile();
    world.caFile.pairs.clear();
    world.client.delete(secrets, { namespace: 'default', name: 'test-ca' });
    await world.reconcile();
    expect(condition('CAValid')).toMatchObject({ status: 'False', reason: 'CAMissing' });
    expect(world.secret('test-ca')).toBeUndefined();
  });

  test('the CA of the Go provider is taken over, with its double base64', async () => {
    const { ca } = await quickKeys('test', world.clock.nowMs());
    const twice = (pem: string): string => Buffer.from(pem).toString('base64');
    world.client.put(secrets, {
      metadata: {
        name: 'cluster-api-provider-packet-ca-test',
        namespace: 'cluster-api-provider-packet-system',
      },
      data: dataOf({ certificate: twice(ca.certPem), key: ca.keyPem }),
    });
    world.addMachine('master-0', {
      spec: { versions: { controlPlane: '1.36.0' } },
      metadata: {
        name: 'master-0',
        namespace: 'default',
        labels: { [CLUSTER_LABEL]: 'test' },
        // As the Go program wrote it.
        annotations: { 'cluster.k8s.io/machine-uid': '0d9f6a3e-0000-4000-8000-000000000001' },
      },
    });
    world.addCluster();
    await world.reconcile();
    expect((await world.materials.keysOf(KEY, signal))?.ca).toEqual(ca);
    expect(world.text('test-ca', 'tls.key')).toMatch(/^longshore-sealed:/);
    // Its master has other pairs than those that were made now: no further master joins, until somebody brings them.
    expect(condition('ControlPlaneJoinable')).toMatchObject({ status: 'False', reason: 'KeysOfMastersUnknown' });
    expect(await world.materials.mastersObstacle(KEY, signal)).toContain('/etc/kubernetes/pki');
    expect(world.events.map(({ reason }) => reason)).toContain('KeysOfMastersUnknown');
    const { etcdCa, frontProxyCa, serviceAccount } = await quickKeys('test', world.clock.nowMs());
    const brought = { etcd: etcdCa, proxy: frontProxyCa, sa: { ...serviceAccount, certPem: serviceAccount.publicPem } };
    for (const [name, { certPem, keyPem }] of Object.entries(brought)) {
      const secret = world.secret(`test-${name}`);
      const data = { ...secret?.data, ...dataOf({ 'tls.crt': certPem, 'tls.key': keyPem }) };
      world.client.put(secrets, { ...secret, data });
    }
    await world.reconcile();
    expect(await world.materials.mastersObstacle(KEY, signal)).toBeUndefined();
    expect(condition('ControlPlaneJoinable')?.status).toBe('True');
    expect((await world.materials.keysOf(KEY, signal))?.etcdCa).toEqual(etcdCa);
  });

  test('a new cluster has the pairs of its masters, and no condition says more', async () => {
    world.addCluster();
    await world.reconcile();
    expect(await world.materials.mastersObstacle(KEY, signal)).toBeUndefined();
    expect(condition('ControlPlaneJoinable')).toBeUndefined();
  });

  test('the CA of the cache file is used, and a different one beside a Secret is refused', async () => {
    const { ca } = await quickKeys('test', world.clock.nowMs());
    world.caFile.pairs.set('test', ca);
    world.addCluster();
    await world.reconcile();
    expect((await world.materials.keysOf(KEY, signal))?.ca).toEqual(ca);
    world.caFile.pairs.set('test', (await quickKeys('test', world.clock.nowMs())).ca);
    await world.reconcile();
    expect(condition('CAValid')).toMatchObject({ status: 'False', reason: 'CAInvalid' });
    expect(condition('CAValid')?.message).toContain('CA cache file');
  });

  test('keys that were sealed with a lost sealing key are not replaced', async () => {
    world.addCluster();
    await world.reconcile();
    const before = world.secret('test-ca')?.data;
    world.client.delete(secrets, {
      namespace: 'cluster-api-provider-packet-system',
      name: 'cluster-api-provider-packet-sealing-key',
    });
    await world.clock.advance(61_000);
    await world.reconcile();
    expect(condition('CAValid')?.message).toMatch(/sealed with key/);
    expect(world.secret('test-ca')?.data).toEqual(before);
  });
});

describe('endpoint', () => {
  test('CA row C6 it is the public IPv4 of the master, whatever comes first', async () => {
    world.addCluster();
    const { id } = world.addMaster({ addresses: ['public-ipv6', 'private-ipv4', 'public-ipv4'] });
    await world.reconcile();
    const device = world.cloud.state.devices.get(id);
    const host = device?.ip_addresses.find((one) => one.public && one.address_family === 4)?.address;
    expect(world.cluster()?.status?.apiEndpoints).toEqual([{ host, port: 6443 }]);
  });

  test('CA row C7 one that an operator wrote stays as it is', async () => {
    const apiEndpoints = [{ host: 'api.example.org', port: 443 }];
    world.client.put(clusters, { ...world.addCluster(), status: { apiEndpoints } });
    world.addMaster();
    await world.reconcile();
    await world.reconcile();
    expect(world.cluster()?.status).toMatchObject({ apiEndpoints, providerStatus: { endpointSource: 'operator' } });
    expect(world.text('test-kubeconfig', 'value')).toContain('server: https://api.example.org:443');
  });

  test('CA row C8 a device that is leaving is not the endpoint', async () => {
    world.addCluster();
    world.addMaster({ hostname: 'old', state: 'deprovisioning' });
    const { id } = world.addMaster({ hostname: 'new' });
    await world.reconcile();
    const device = world.cloud.state.devices.get(id);
    expect(world.cluster()?.status?.apiEndpoints?.[0]?.host).toBe(device?.ip_addresses[0]?.address);
  });

  test('the endpoint stays while its master lives, then moves to the next, and is kept while there is none', async () => {
    world.addCluster();
    const first = world.addMaster({ hostname: 'first' });
    await world.reconcile();
    const before = endpoints();
    const second = world.addMaster({ hostname: 'second' });
    await world.sweepPasses();
    await world.reconcile();
    expect(endpoints()).toEqual(before);
    const host = hostOf(second.id);
    world.cloud.removeDevice(first.id);
    await world.sweepPasses();
    await world.reconcile();
    expect(endpoints()).toEqual([{ host, port: 6443 }]);
    expect(world.text('test-kubeconfig', 'value')).toContain(`https://${host}:6443`);
    world.cloud.removeDevice(second.id);
    await world.sweepPasses();
    await world.reconcile();
    expect(endpoints()).toEqual([{ host, port: 6443 }]);
  });

  test('an elastic IP is reserved once, assigned to the first active master, and given back in the end', async () => {
    const value = { projectID: world.cloud.projectId, controlPlaneEndpoint: { type: 'elasticIP', facility: 'ewr1' } };
    const { spec } = world.addCluster();
    world.addCluster({ spec: { ...spec, providerSpec: { value } } });
    await world.reconcile();
    await world.reconcile();
    const own = (): readonly { readonly address?: string | null }[] => world.reservations();
    expect(own()).toHaveLength(1);
    expect(world.cluster()?.status?.apiEndpoints).toEqual([{ host: own()[0]?.address, port: 6443 }]);
    const { id } = world.addMaster();
    await world.sweepPasses();
    await world.reconcile();
    const device = world.cloud.state.devices.get(id);
    expect(device?.ip_addresses.map(({ address }) => address)).toContain(own()[0]?.address);
    world.client.delete(clusters, KEY);
    await world.reconcile();
    expect(own()).toEqual([]);
    expect(world.cluster()).toBeUndefined();
  });

  test('a host that somebody else looks after is the endpoint at once', async () => {
    const value = {
      projectID: world.cloud.projectId,
      controlPlaneEndpoint: { type: 'host', host: 'api.example.org', port: 8443 },
    };
    const { spec } = world.addCluster();
    world.addCluster({ spec: { ...spec, providerSpec: { value } } });
    await world.reconcile();
    expect(world.cluster()?.status?.apiEndpoints).toEqual([{ host: 'api.example.org', port: 8443 }]);
  });
});

describe('credentials', () => {
  test('CA row M18 a refused key is a condition, calls stay rare, and a good key clears it', async () => {
    world.addCluster();
    world.cloud.removeToken(world.cloud.token);
    const rounds = 20;
    for (let round = 0; round < rounds; round += 1) {
      await world.reconcile();
      await world.clock.advance(15_000);
    }
    expect(condition('CredentialsValid')).toMatchObject({ status: 'False', reason: 'CredentialsInvalid' });
    expect(world.events.filter(({ reason }) => reason === 'CredentialsInvalid')).toHaveLength(1);
    // Five minutes: at most one call each 30 s.
    expect(world.cloud.calls.total).toBeLessThanOrEqual(10);
    world.cloud.addToken(world.cloud.token);
    world.addMaster();
    await world.sweepPasses();
    await world.reconcile();
    expect(condition('CredentialsValid')).toMatchObject({ status: 'True' });
    expect(condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('tokens', () => {
  const signed = (token: string): void =>
    void world.workload.put(
      { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true },
      {
        metadata: { namespace: 'kube-public', name: 'cluster-info' },
        data: { [`jws-kubeconfig-${token.slice(0, 6)}`]: 'x' },
      },
    );

  test('the token of kubeadm init is the one that machines join with, once cluster-info is signed', async () => {
    world.addCluster();
    world.addMaster();
    expect(await world.materials.initToken(KEY, signal)).toBeUndefined();
    await world.reconcile();
    const init = await world.materials.initToken(KEY, signal);
    expect(await world.materials.joinToken(KEY, signal)).toBeUndefined();
    const name = `kube-system/bootstrap-token-${init?.token.slice(0, 6)}`;
    expect(world.workload.object(secrets, name)).toMatchObject({ type: 'bootstrap.kubernetes.io/token' });
    signed(init?.token ?? '');
    expect(await world.materials.joinToken(KEY, signal)).toEqual(init);
    expect(Date.parse(init?.expiresAt ?? '') - world.clock.nowMs()).toBeGreaterThanOrEqual(30 * 60_000);
  });

  test('one with less than an hour is replaced when a machine asks, and the former stays valid until its end', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    const first = await world.materials.initToken(KEY, signal);
    signed(first?.token ?? '');
    await world.materials.joinToken(KEY, signal);
    await world.clock.advance(61 * 60_000);
    const second = await world.materials.initToken(KEY, signal);
    expect(second?.token).not.toBe(first?.token);
    expect(await world.materials.initToken(KEY, signal)).toEqual(second);
    expect(await world.materials.joinToken(KEY, signal)).toBeUndefined();
    expect(world.workload.objects(secrets)).toHaveLength(2);
  });

  test('twenty machines at once get one token and cost few calls', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    await world.clock.advance(61 * 60_000);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => world.materials.initToken(KEY, signal)));
    expect(new Set(tokens.map((token) => token?.token)).size).toBe(1);
  });

  test('an API server that does not answer means waiting', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    world.workload.fail({ times: 5 });
    expect(await world.materials.joinToken(KEY, signal)).toBeUndefined();
  });
});

describe('deletion', () => {
  const belonging = (name: string): { metadata: object } => ({
    metadata: { name, namespace: 'default', labels: { [CLUSTER_LABEL]: 'test' }, finalizers: ['held'] },
  });
  const letGo = <T extends KubeObject>(type: ResourceType<T>, name: string): void => {
    const object = world.client.object(type, `default/${name}`);
    if (object) world.client.put(type, { ...object, metadata: { ...object.metadata, finalizers: [] } });
  };
  const deleting = (): readonly string[] =>
    [machineDeployments, machineSets, machines].flatMap((type) =>
      world.client
        .objects(type as typeof machines)
        .filter(({ metadata }) => metadata?.deletionTimestamp !== undefined)
        .map(({ metadata }) => metadata?.name ?? ''),
    );

  test('CA row C10 deployments, sets, workers, masters, then Secrets, and the finalizer last', async () => {
    world.addCluster();
    world.addMaster();
    await world.reconcile();
    world.client.put(machineDeployments, belonging('deployment'));
    world.client.put(machineSets, belonging('set'));
    world.client.put(machines, belonging('worker'));
    world.client.put(machines, { ...belonging('master'), spec: { versions: { controlPlane: '1.36.0' } } });
    world.client.delete(clusters, KEY);
    const seen: (readonly string[])[] = [];
    for (let round = 0; round < 4; round += 1) {
      await world.reconcile();
      seen.push(deleting());
    }
    expect(seen.slice(0, 3)).toEqual([['deployment'], ['deployment', 'set'], ['deployment', 'set', 'worker']]);
    expect(seen[3]).not.toContain('master');
    expect(condition('Ready')).toMatchObject({ reason: 'Deleting' });
    expect(condition('Ready')?.message).toContain('1 worker machine, 1 control plane machine');
    letGo(machines, 'worker');
    await world.reconcile();
    expect(deleting()).toContain('master');
    expect(world.secret('test-ca')).toBeDefined();
    letGo(machineDeployments, 'deployment');
    letGo(machineSets, 'set');
    letGo(machines, 'master');
    await world.reconcile();
    expect(world.cluster()).toBeUndefined();
    expect(world.client.objects(secrets).map(({ metadata }) => metadata?.name)).toEqual([
      'cluster-api-provider-packet-sealing-key',
    ]);
    expect(world.caFile.pairs.size).toBe(0);
  });

  test('without a garbage collector its finalizer is taken off by hand', async () => {
    world.addCluster();
    await world.reconcile();
    const held = {
      name: 'set',
      namespace: 'default',
      labels: { [CLUSTER_LABEL]: 'test' },
      finalizers: ['foregroundDeletion'],
    };
    world.client.put(machineSets, { metadata: held });
    world.client.put(machines, { metadata: { ...held, name: 'worker' } });
    world.client.delete(clusters, KEY);
    for (let round = 0; round < 5; round += 1) await world.reconcile();
    expect(world.client.objects(machines)).toEqual([]);
    expect(world.client.objects(machineSets)).toEqual([]);
    expect(world.cluster()).toBeUndefined();
  });

  test('CA row C11 while the Packet API fails the finalizer stays; afterwards the deletion ends', async () => {
    const value = { projectID: world.cloud.projectId, controlPlaneEndpoint: { type: 'elasticIP', facility: 'ewr1' } };
    const { spec } = world.addCluster();
    world.addCluster({ spec: { ...spec, providerSpec: { value } } });
    await world.reconcile();
    world.client.delete(clusters, KEY);
    const fault = world.cloud.fail({ status: 500, times: Number.POSITIVE_INFINITY });
    for (let round = 0; round < 4; round += 1) {
      await expect(world.reconcile()).rejects.toThrow();
      expect(world.cluster()?.metadata?.finalizers).toContain('cluster.cluster.k8s.io');
      expect(world.secret('test-ca')).toBeDefined();
      await world.clock.advance(30_000);
    }
    fault.remove();
    await world.reconcile();
    expect(world.cluster()).toBeUndefined();
    expect(world.reservations()).toEqual([]);
  });

  test('an invalid Cluster can be deleted', async () => {
    world.addCluster({ spec: {} });
    await world.reconcile();
    world.client.delete(clusters, KEY);
    await world.reconcile();
    expect(world.cluster()).toBeUndefined();
  });
});
