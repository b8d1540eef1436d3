// The service controller against a real kube-apiserver, as a user who may only do what the documented ClusterRole allows.
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { fakeMetrics, waitFor } from '@longshore/reconciler-core/testing';
import { connect, createEventRecorder, Informer, nodes, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeEvent, KubeService } from '@longshore/k8s-runtime';
import { events as eventType } from '@longshore/k8s-runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeLoadBalancers } from '../testing/fake-load-balancers.ts';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';
import { createServiceController } from './service-controller.ts';

const RULES = [
  { apiGroups: [''], resources: ['nodes', 'services'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services/status'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
];

let controlPlane: ControlPlane;
let admin: KubeClient;
let limited: KubeClient;
let cloud: FakeLoadBalancers;
let stop: AbortController;
let running: Promise<unknown>;
let namespace: string;
let namespaces = 0;

beforeAll(async () => {
  controlPlane = await startControlPlane({ users: [{ name: 'ccm' }] });
  admin = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'test' });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ccm' };
  await post(`${rbac}/clusterroles`, { metadata: { name: 'ccm' }, rules: RULES });
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'ccm' },
    roleRef,
    subjects: [{ kind: 'User', name: 'ccm' }],
  });
  const kubeconfig = `${controlPlane.folder}/ccm.kubeconfig`;
  await controlPlane.writeKubeconfig(kubeconfig, { userName: 'ccm' });
  limited = await connect({ kubeconfig, userAgent: 'ccm' });
}, 300_000);

afterAll(async () => controlPlane?.stop());

beforeEach(async () => {
  namespace = `ns-${++namespaces}`;
  await post('/api/v1/namespaces', { metadata: { name: namespace } });
  cloud = new FakeLoadBalancers();
  await start();
});

afterEach(async () => {
  await stopController();
  // Services of a test must not be worked on by the next one.
  for (const service of (await admin.list(services, { namespace })).items) {
    const key = { namespace, name: service.metadata?.name ?? '' };
    await admin.patch(services, key, { kind: 'merge', body: { metadata: { finalizers: null } } });
    await admin.remove(services, key);
  }
});

async function post(path: string, body: object): Promise<void> {
  const { status, body: text } = await admin.raw({ method: 'POST', path, body });
  if (status !== 201) throw new Error(text);
}

async function start(): Promise<void> {
  stop = new AbortController();
  const shared = { client: limited, clock: systemClock, log: silentLogger, metrics: fakeMetrics() };
  const caches = {
    services: new Informer({ ...shared, type: services }),
    nodes: new Informer({ ...shared, type: nodes }),
  };
  const events = createEventRecorder({ ...shared, component: 'service-controller' });
  const controller = createServiceController({ ...shared, ...caches, events, loadBalancers: cloud });
  const { signal } = stop;
  running = Promise.all([caches.services, caches.nodes, events, controller].map((part) => part.run(signal)));
  await Promise.all([caches.services.synced(signal), caches.nodes.synced(signal)]);
}

async function stopController(): Promise<void> {
  stop.abort(new Error('stopped'));
  await running;
}

const keyOf = (name: string): { namespace: string; name: string } => ({ namespace, name });
const get = (name: string): Promise<KubeService | undefined> => admin.get(services, keyOf(name));
const edit = (name: string, body: object): Promise<unknown> =>
  admin.patch(services, keyOf(name), { kind: 'merge', body });

async function create(name: string, spec: object = {}, metadata: object = {}): Promise<KubeService> {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
  return admin.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...metadata },
    spec: { type: 'LoadBalancer', ports, ...spec },
  });
}

async function ingressOf(name: string): Promise<unknown> {
  return (await get(name))?.status?.loadBalancer?.ingress;
}

async function untilReady(name: string): Promise<KubeService> {
  await waitFor(async () => (await ingressOf(name)) !== undefined, { what: `${name} shows an address` });
  return (await get(name)) as KubeService;
}

async function untilGone(name: string): Promise<void> {
  await waitFor(async () => (await get(name)) === undefined, { what: `${name} is gone` });
}

async function reasons(name: string): Promise<readonly string[]> {
  const { items } = await admin.list(eventType, { namespace, fieldSelector: `involvedObject.name=${name}` });
  const at = ({ metadata }: KubeEvent): string => metadata?.name ?? '';
  return [...items].sort((a, b) => (at(a) < at(b) ? -1 : 1)).map(({ reason }) => reason ?? '');
}

describe('Services in a real cluster', () => {
  test('row S1 finalizer, status and events with nothing but the right to patch services/status', async () => {
    await create('web');
    const service = await untilReady('web');
    expect(service.metadata?.finalizers).toEqual([FINALIZER_LOAD_BALANCER]);
    expect(service.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
    await waitFor(async () => (await reasons('web')).length === 3, { what: 'three events' });
    expect(await reasons('web')).toEqual(['EnsuringLoadBalancer', 'UnAvailableLoadBalancer', 'EnsuredLoadBalancer']);
  });

  test('rows S2 and S3 other types and classes are left alone', async () => {
    await create('inside', { type: 'ClusterIP' });
    await create('port', { type: 'NodePort' });
    await create('classed', { loadBalancerClass: 'example.com/x' });
    await edit('classed', { metadata: { annotations: { a: 'b' } } });
    await admin.remove(services, keyOf('classed'));
    await untilGone('classed');
    // A Service that does want one shows that the controller has seen the others.
    await create('web');
    await untilReady('web');
    expect(new Set(cloud.calls.map(({ service }) => service))).toEqual(new Set(['', `${namespace}/web`]));
    expect((await get('inside'))?.metadata?.finalizers).toBeUndefined();
  });

  test('row S4 deleted: balancer first, then finalizer and object', async () => {
    await create('web');
    await untilReady('web');
    await admin.remove(services, keyOf('web'));
    await untilGone('web');
    expect(cloud.balancers.size).toBe(0);
    await waitFor(async () => (await reasons('web')).includes('DeletedLoadBalancer'), { what: 'the last event' });
  });

  test('row S7 type changed and changed back', async () => {
    await create('web');
    await untilReady('web');
    await edit('web', { spec: { type: 'ClusterIP' } });
    await waitFor(async () => (await get('web'))?.metadata?.finalizers === undefined, { what: 'the finalizer is off' });
    expect(await ingressOf('web')).toBeUndefined();
    expect(cloud.balancers.size).toBe(0);
    await edit('web', { spec: { type: 'LoadBalancer' } });
    expect((await untilReady('web')).status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.2', ipMode: 'VIP' }]);
  });

  test('rows S8 and S9 what left while the controller was down is cleaned up', async () => {
    await create('retyped');
    await create('deleted');
    await untilReady('retyped');
    await untilReady('deleted');
    await stopController();
    await edit('retyped', { spec: { type: 'ClusterIP' } });
    await admin.remove(services, keyOf('deleted'));
    await start();
    await untilGone('deleted');
    await waitFor(async () => (await get('retyped'))?.metadata?.finalizers === undefined, {
      what: 'the finalizer is off',
    });
    expect(cloud.balancers.size).toBe(0);
  });

  test('a restart with nothing to do writes nothing', async () => {
    await create('web');
    const before = await untilReady('web');
    await stopController();
    cloud.calls.length = 0;
    await start();
    await waitFor(() => cloud.callsOf('ensure').length === 1, { what: 'the balancer is looked at' });
    await create('other');
    await untilReady('other');
    expect((await get('web'))?.metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
    expect((await reasons('web')).filter((reason) => reason === 'EnsuredLoadBalancer')).toHaveLength(1);
  });

  test('row S16 (I17) a status edited by hand comes back', async () => {
    await create('web');
    await untilReady('web');
    const body = { status: { loadBalancer: { ingress: [{ ip: '198.51.100.66' }] } } };
    await admin.patch(services, keyOf('web'), { kind: 'merge', body }, { subresource: 'status' });
    await waitFor(async () => JSON.stringify(await ingressOf('web')).includes('192.0.2.1'), {
      what: 'the status is repaired',
    });
  });

  test('rows S17 and S18 the stored form of a status compares equal: no second write', async () => {
    const ingress = [
      { ip: '192.0.2.77' },
      { ip: '192.0.2.78', ipMode: 'Proxy' as const },
      { hostname: 'lb.example.com' },
    ];
    cloud.script('ensure', { kind: 'status', status: { ingress } });
    await create('web');
    const { metadata, status } = await untilReady('web');
    expect(status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.77', ipMode: 'VIP' }, ingress[1], ingress[2]]);
    await stopController();
    await start();
    await waitFor(() => cloud.callsOf('ensure').length === 2, { what: 'the second look' });
    await create('other');
    await untilReady('other');
    expect((await get('web'))?.metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  });

  test('row S20 a foreign finalizer keeps the object, ours goes', async () => {
    await create('web', {}, { finalizers: ['example.com/keep'] });
    await untilReady('web');
    expect((await get('web'))?.metadata?.finalizers).toEqual(['example.com/keep', FINALIZER_LOAD_BALANCER]);
    await admin.remove(services, keyOf('web'));
    await waitFor(async () => (await get('web'))?.metadata?.finalizers?.length === 1, { what: 'ours is off' });
    expect((await get('web'))?.metadata?.finalizers).toEqual(['example.com/keep']);
    expect(cloud.balancers.size).toBe(0);
  });

  test('row S21 re-created under its name without the finalizer: the old balancer goes', async () => {
    const old = await create('web');
    await untilReady('web');
    await stopController();
    await start();
    await waitFor(() => cloud.callsOf('ensure').length === 2, { what: 'the Service is known' });
    // The finalizer is put back as soon as it is off, so both writes must be quick; a lost race is tried again.
    await waitFor(
      async () => {
        await edit('web', { metadata: { finalizers: null } });
        await admin.remove(services, keyOf('web'));
        return (await get('web')) === undefined || (await get('web'))?.metadata?.uid !== old.metadata?.uid;
      },
      { what: 'the first Service is gone' },
    );
    const fresh = await create('web');
    await untilReady('web');
    await waitFor(() => !cloud.balancers.has(old.metadata?.uid ?? ''), { what: 'the old balancer is gone' });
    expect([...cloud.balancers.keys()]).toEqual([fresh.metadata?.uid]);
  });

  test('row S22 no node ports are allocated and the provider is asked', async () => {
    await create('web', { allocateLoadBalancerNodePorts: false });
    const { spec } = await untilReady('web');
    expect(spec?.ports?.[0]?.nodePort).toBeUndefined();
  });

  test('a patch meant for a Service that was replaced meanwhile does not hit its successor', async () => {
    await create('web');
    const { metadata } = await untilReady('web');
    const body = {
      metadata: { uid: '00000000-0000-0000-0000-000000000000' },
      status: { loadBalancer: { ingress: null } },
    };
    const refused = admin.patch(services, keyOf('web'), { kind: 'strategic', body }, { subresource: 'status' });
    await expect(refused).rejects.toMatchObject({ status: expect.any(Number) });
    expect((await get('web'))?.metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  });
});

describe('Nodes in a real cluster', () => {
  afterEach(async () => {
    for (const node of (await admin.list(nodes)).items) await admin.remove(nodes, { name: node.metadata?.name ?? '' });
  });

  test('rows B1, B3 and B11 the target set follows the Nodes', async () => {
    const targets = (): readonly string[] => [...cloud.balancers.values()][0]?.nodes ?? [];
    await create('web');
    await untilReady('web');
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n2' } });
    await waitFor(() => targets().join() === 'n1,n2', { what: 'both are targets' });
    const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
    await admin.patch(nodes, { name: 'n2' }, { kind: 'merge', body: { metadata: { labels } } });
    await waitFor(() => targets().join() === 'n1', { what: 'the excluded one is out' });
    await admin.remove(nodes, { name: 'n1' });
    await waitFor(() => targets().join() === '', { what: 'no target is left' });
    await waitFor(async () => (await reasons('web')).filter((reason) => reason === 'UpdatedLoadBalancer').length > 0, {
      what: 'the event about new hosts',
    });
    expect(cloud.overlapping).toEqual([]);
  });
});
