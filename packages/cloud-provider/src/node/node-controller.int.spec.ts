// The cloud node controller against a real API server: what patches really do to taints, provider IDs, addresses and labels.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { aMachine, aNode, anInitializedNode, foundRunning } from '../testing/a-node.ts';
import { interferingClient, LiveCluster, LiveScene } from '../test-support/live-cluster.ts';
import { TAINT_UNINITIALIZED } from '../well-known.ts';
import { createNodeController } from './node-controller.ts';
import type { NodeControllerOptions } from './node-controller.ts';
import { isUninitialized } from './node-facts.ts';

let cluster: LiveCluster;
const scenes: LiveScene[] = [];
beforeAll(async () => {
  cluster = await LiveCluster.start();
}, 600_000);
afterAll(() => cluster?.stop());
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop();
  await cluster?.removeNodes();
});

function aScene(client: KubeClient = cluster.admin): LiveScene {
  const scene = new LiveScene({ client, component: 'cloud-node-controller' });
  scenes.push(scene);
  return scene;
}

/** Starts the controller, and the address loop with this period. */
async function control(scene: LiveScene, options: Partial<NodeControllerOptions> = {}): Promise<void> {
  const { controller, statusLoop } = createNodeController({ ...scene, statusFrequencyMs: 100_000, ...options });
  await scene.start(controller, ...(options.statusFrequencyMs === undefined ? [] : [statusLoop]));
}

const isInitialized = (node: KubeNode): boolean => !isUninitialized(node);
const addressesOf = (node: KubeNode): readonly string[] => (node.status?.addresses ?? []).map(({ address }) => address);
const labelOf = (node: KubeNode, key: string): string | undefined => node.metadata?.labels?.[key];
const taintKeys = (node: KubeNode): readonly string[] => (node.spec?.taints ?? []).map(({ key }) => key);

const STABLE = 'topology.kubernetes.io/zone';
const BETA = 'failure-domain.beta.kubernetes.io/zone';

describe('initialization', () => {
  test('row N1 (I5) provider ID, six labels, no taint, addresses in order, one Synced event in `default`', async () => {
    const scene = aScene();
    scene.cloud.setRunning('n1');
    await cluster.create(aNode({ name: 'n1' }));
    await control(scene);
    await cluster.until('n1', 'is initialized', isInitialized);
    const node = await cluster.node('n1');
    expect(node.spec?.providerID).toBe('fake://n1');
    expect(node.status?.addresses).toEqual(aMachine().addresses);
    expect(node.metadata?.labels).toEqual({
      'beta.kubernetes.io/instance-type': 'small',
      'node.kubernetes.io/instance-type': 'small',
      [BETA]: 'z1',
      [STABLE]: 'z1',
      'failure-domain.beta.kubernetes.io/region': 'r1',
      'topology.kubernetes.io/region': 'r1',
    });
    await waitFor(async () => (await cluster.eventsOf('n1')).length > 0, { what: 'an event' });
    const { uid } = node.metadata ?? {};
    expect(await cluster.eventsOf('n1')).toEqual([
      expect.objectContaining({
        reason: 'Synced',
        message: 'Node synced successfully',
        involvedObject: expect.objectContaining({ kind: 'Node', name: 'n1', uid }),
      }),
    ]);
  });

  test('row N2 a node without taint is not changed and not asked about', async () => {
    const scene = aScene();
    const created = await cluster.create(anInitializedNode({ name: 'n2' }));
    scene.cloud.setRunning('marker');
    await cluster.create(aNode({ name: 'marker' }));
    await control(scene);
    await cluster.until('marker', 'is initialized', isInitialized);
    expect((await cluster.node('n2')).metadata?.resourceVersion).toBe(created.metadata?.resourceVersion);
    expect(scene.cloud.timesOf('n2')).toEqual([]);
  });

  test('row N3 (I6) an initialized node without provider ID gets one', async () => {
    const scene = aScene();
    scene.cloud.setRunning('n3');
    const { providerID: _, ...spec } = anInitializedNode().spec ?? {};
    await cluster.create({ ...anInitializedNode({ name: 'n3' }), spec });
    await control(scene);
    await cluster.until('n3', 'has a provider ID', (node) => node.spec?.providerID === 'fake://n3');
  });

  test('row N4, row N5 only the uninitialized taints go, whatever their effect; the others keep their order', async () => {
    const scene = aScene();
    scene.cloud.setRunning('n4');
    const taints = [
      { key: 'a', effect: 'NoSchedule' },
      { key: TAINT_UNINITIALIZED, effect: 'NoExecute' },
      { key: 'b', effect: 'NoExecute' },
      { key: TAINT_UNINITIALIZED, effect: 'NoSchedule', value: 'true' },
    ];
    await cluster.create(aNode({ name: 'n4', taints }));
    await control(scene);
    await cluster.until('n4', 'is initialized', isInitialized);
    // The API server's admission adds its own not-ready taint.
    expect(taintKeys(await cluster.node('n4')).filter((key) => !key.startsWith('node.kubernetes.io/'))).toEqual([
      'a',
      'b',
    ]);
  });

  test("row N8 the cloud's provider ID differs: the node's is kept, the API server refuses nothing", async () => {
    const scene = aScene();
    scene.cloud.setRunning('n8', { providerId: 'fake://other' });
    await cluster.create(aNode({ name: 'n8', providerId: 'fake://own' }));
    await control(scene);
    await cluster.until('n8', 'is initialized', isInitialized);
    expect((await cluster.node('n8')).spec?.providerID).toBe('fake://own');
    expect([scene.lines('warn'), scene.lines('error')]).toEqual([[], []]);
  });

  test('row N16 another writer between the two writes: both changes are there, within two seconds', async () => {
    let hasInterfered = false;
    const client = interferingClient(cluster.admin, {
      patch: async (type, key, patch, options) => {
        if (options?.subresource === undefined && !hasInterfered) {
          hasInterfered = true;
          const taints = [...((await cluster.node('n16')).spec?.taints ?? []), { key: 'theirs', effect: 'NoSchedule' }];
          await cluster.change('n16', { metadata: { labels: { theirs: 'x' } }, spec: { taints } });
        }
        return cluster.admin.patch(type, key, patch, options);
      },
    });
    const scene = aScene(client);
    scene.cloud.setRunning('n16');
    await cluster.create(aNode({ name: 'n16' }));
    await control(scene);
    await cluster.until('n16', 'is initialized', isInitialized);
    const node = await cluster.node('n16');
    expect(taintKeys(node)).toContain('theirs');
    expect(node.metadata?.labels).toMatchObject({ theirs: 'x', [STABLE]: 'z1' });
    expect(scene.log.lines.filter(({ message }) => message.includes('reading it again'))).toHaveLength(1);
  });

  test('row N17 deleted while the cloud is asked: no error loop', async () => {
    const scene = aScene();
    scene.cloud.setRunning('n17').setRunning('marker');
    scene.cloud.latencyMs = 300;
    await cluster.create(aNode({ name: 'n17' }));
    await control(scene);
    await waitFor(() => scene.cloud.calls.length > 0, { what: 'a look-up' });
    await cluster.admin.remove(nodeType, { name: 'n17' });
    await cluster.create(aNode({ name: 'marker' }));
    await cluster.until('marker', 'is initialized', isInitialized);
    expect(await cluster.has('n17')).toBe(false);
    expect([scene.lines('warn'), scene.lines('error')]).toEqual([[], []]);
  });

  test('a node that is created anew under our write keeps nothing of the old one', async () => {
    let hasInterfered = false;
    const client = interferingClient(cluster.admin, {
      patch: async (type, key, patch, options) => {
        if (options?.subresource === 'status' && !hasInterfered) {
          hasInterfered = true;
          await cluster.admin.remove(nodeType, { name: 'anew' });
          await cluster.create(aNode({ name: 'anew' }));
        }
        return cluster.admin.patch(type, key, patch, options);
      },
    });
    const scene = aScene(client);
    const renewed = foundRunning({ providerId: 'fake://new', addresses: [] });
    scene.cloud.set('anew', foundRunning({ providerId: 'fake://old' }), renewed);
    await cluster.create(aNode({ name: 'anew' }));
    await control(scene);
    await cluster.until('anew', 'is initialized', isInitialized);
    const node = await cluster.node('anew');
    expect([node.spec?.providerID, addressesOf(node)]).toEqual(['fake://new', []]);
  });

  test('row N18 (I3, I4) a hundred nodes: two writes each and no read', async () => {
    const calls: string[] = [];
    const client = interferingClient(cluster.admin, {
      patch: (...args) => {
        calls.push('patch');
        return cluster.admin.patch(...args);
      },
      get: (...args) => {
        calls.push('get');
        return cluster.admin.get(...args);
      },
    });
    const names = Array.from({ length: 100 }, (_, index) => `n18-${index}`);
    const scene = aScene(client);
    for (const name of names) {
      scene.cloud.setRunning(name);
      await cluster.create(aNode({ name }));
    }
    const started = createNodeController({ ...scene, events: { normal() {}, warning() {} } });
    await scene.start(started.controller);
    const isDone = async (): Promise<boolean> => !(await cluster.admin.list(nodeType)).items.some(isUninitialized);
    await waitFor(isDone, { what: 'all nodes to be initialized' });
    expect(calls.filter((verb) => verb === 'get')).toEqual([]);
    expect(calls.filter((verb) => verb === 'patch')).toHaveLength(200);
    expect(scene.cloud.calls.length).toBeLessThanOrEqual(2);
  });

  test('row N19 nodes that were tainted before the start are initialized', async () => {
    const names = ['n19-a', 'n19-b', 'n19-c', 'n19-d', 'n19-e'];
    const scene = aScene();
    for (const name of names) {
      scene.cloud.setRunning(name);
      await cluster.create(aNode({ name }));
    }
    await scene.start();
    await control(scene);
    for (const name of names) await cluster.until(name, 'is initialized', isInitialized);
  });
});

describe('addresses', () => {
  test('row A8 no addresses in the cloud: initialized, the status is not touched', async () => {
    const scene = aScene();
    scene.cloud.setRunning('a8', { addresses: [] });
    const addresses = [{ type: 'Hostname', address: 'a8' }] as const;
    await cluster.create(aNode({ name: 'a8', addresses }));
    await control(scene);
    await cluster.until('a8', 'is initialized', isInitialized);
    expect((await cluster.node('a8')).status?.addresses).toEqual(addresses);
  });

  test('row A9 an address changes in the cloud: replaced within one period, nothing is left of the old list', async () => {
    const scene = aScene();
    const before = foundRunning({ providerId: 'fake://a9' });
    const after = foundRunning({ providerId: 'fake://a9', addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] });
    scene.cloud.set('a9', before);
    await cluster.create(aNode({ name: 'a9' }));
    await control(scene, { statusFrequencyMs: 100 });
    await cluster.until('a9', 'has two addresses', (node) => addressesOf(node).length === 2);
    scene.cloud.set('a9', after);
    await cluster.until('a9', 'has the new address', (node) => addressesOf(node).join() === '10.0.0.9');
  });

  test('row A10 (I7) a dual-stack node that did not change: no request', async () => {
    const dualStack = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'InternalIP', address: '2001:db8::1' },
    ] as const;
    const scene = aScene();
    scene.cloud.setRunning('a10', { addresses: dualStack });
    await cluster.create(aNode({ name: 'a10' }));
    await control(scene, { statusFrequencyMs: 50 });
    await cluster.until('a10', 'is initialized', isInitialized);
    const { resourceVersion } = (await cluster.node('a10')).metadata ?? {};
    const before = scene.cloud.calls.length;
    await waitFor(() => scene.cloud.calls.length >= before + 3, { what: 'three more rounds' });
    expect((await cluster.node('a10')).metadata?.resourceVersion).toBe(resourceVersion);
    expect(addressesOf(await cluster.node('a10'))).toEqual(['10.0.0.1', '2001:db8::1']);
  });
});

describe('labels of an initialized node', () => {
  const labels = { [BETA]: 'z1', [STABLE]: 'z1' };

  test('row L1 the stable label is edited: back to the beta value', async () => {
    await cluster.create(anInitializedNode({ name: 'l1', labels }));
    await control(aScene());
    await cluster.change('l1', { metadata: { labels: { [STABLE]: 'q' } } });
    await cluster.until('l1', 'has its zone again', (node) => labelOf(node, STABLE) === 'z1');
  });

  test('row L2 the beta label is edited: the stable one follows', async () => {
    await cluster.create(anInitializedNode({ name: 'l2', labels }));
    await control(aScene());
    await cluster.change('l2', { metadata: { labels: { [BETA]: 'q' } } });
    await cluster.until('l2', 'has the new zone', (node) => labelOf(node, STABLE) === 'q');
  });

  test('row L3 the stable label is removed: added again', async () => {
    await cluster.create(anInitializedNode({ name: 'l3', labels }));
    await control(aScene());
    await cluster.change('l3', { metadata: { labels: { [STABLE]: null } } });
    await cluster.until('l3', 'has its zone again', (node) => labelOf(node, STABLE) === 'z1');
  });

  test('row L4 the beta label is removed: nothing happens', async () => {
    const region = 'failure-domain.beta.kubernetes.io/region';
    await cluster.create(anInitializedNode({ name: 'l4', labels }));
    await control(aScene());
    await cluster.change('l4', { metadata: { labels: { [BETA]: null } } });
    // The repair of another pair shows that the controller has seen the Node since.
    await cluster.change('l4', { metadata: { labels: { [region]: 'r1' } } });
    await cluster.until('l4', 'has its region', (node) => labelOf(node, 'topology.kubernetes.io/region') === 'r1');
    const node = await cluster.node('l4');
    expect([labelOf(node, BETA), labelOf(node, STABLE)]).toEqual([undefined, 'z1']);
  });
});
