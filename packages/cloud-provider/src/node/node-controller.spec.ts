import { afterEach, describe, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { OperatorError, retryAfter } from '@longshore/reconciler-core';
import { ANNOTATION_PROVIDED_NODE_IP, TAINT_UNINITIALIZED } from '../well-known.ts';
import { aMachine, aNode, anInitializedNode, foundGone, foundRunning, foundUnknown } from '../testing/a-node.ts';
import { NodeWorld } from '../test-support/node-world.ts';
import { createNodeController } from './node-controller.ts';
import type { NodeControllerOptions } from './node-controller.ts';
import { isUninitialized } from './node-facts.ts';

const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

/** A world with the node controller running (and the address loop, when asked for). */
async function controlling(
  world: NodeWorld,
  options: Partial<NodeControllerOptions> & { readonly withLoop?: boolean } = {},
): Promise<NodeWorld> {
  worlds.push(world);
  const { withLoop = false, ...own } = options;
  const { controller, statusLoop } = createNodeController({ ...world, providerIdSchemes: ['fake'], ...own });
  await world.start(controller, ...(withLoop ? [statusLoop] : []));
  return world;
}

const zoneLabels = { 'failure-domain.beta.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/zone': 'z1' };
const foundAddresses = aMachine().addresses;
const claimed = (ip: string): KubeNode => aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: ip } });

describe('a fresh node', () => {
  test('row N1 (I5) two writes, addresses first, no read, one Synced event', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(200);
    expect(world.writes).toEqual(['patch node-1 status', 'patch node-1']);
    expect(world.client.callsOf('get')).toEqual([]);
    expect(world.node()).toMatchObject({
      metadata: { labels: zoneLabels },
      spec: { providerID: 'fake://node-1', taints: [] },
      status: { addresses: [{ address: '10.0.0.1' }, { address: '192.0.2.1' }] },
    });
    expect(world.events.all).toEqual([
      { type: 'Normal', about: 'node-1', reason: 'Synced', message: 'Node synced successfully' },
    ]);
  });

  test('one log line tells of both writes', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(200);
    const lines = world.log.lines.filter(({ message }) => message === 'node changed');
    expect(lines.map(({ fields }) => fields['step'])).toEqual([
      expect.stringMatching(
        /^set the addresses .*10\.0\.0\.1.*, then set the provider ID fake:\/\/node-1, .* and remove the taint/,
      ),
    ]);
  });

  test('row N2 a node without taint costs no call and no write', async () => {
    const world = await controlling(new NodeWorld(anInitializedNode()));
    await world.clock.advance(1000);
    expect([world.writes, world.cloud.calls, world.events.all]).toEqual([[], [], []]);
  });

  test('row N9 the cloud leaves it out: no write, no failure, no retry before the next event', async () => {
    const world = await controlling(new NodeWorld(aNode()));
    await world.clock.advance(3_600_000);
    expect([world.writes, world.cloud.calls.length, world.events.all]).toEqual([[], 1, []]);
    expect(world.metrics.value('workqueue_retries_total', { name: 'Nodes' }) ?? 0).toBe(0);
    world.change('node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { a: 'b' } } }));
    await world.clock.advance(1000);
    expect(world.cloud.calls).toHaveLength(2);
  });

  test('row N10 the cloud fails three times, then answers: four calls at growing distances', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.set('node-1', foundUnknown(), foundUnknown(), foundUnknown(), foundRunning());
    await controlling(world);
    await world.clock.advance(2000);
    const times = world.cloud.timesOf('node-1');
    expect(times).toHaveLength(4);
    [5, 10, 20].forEach((gap, index) => expect(times[index + 1]! - times[index]!).toBeGreaterThanOrEqual(gap));
    expect(isUninitialized(world.node())).toBe(false);
    expect(world.events.all.map(({ reason }) => reason)).toEqual(['Synced']);
  });

  test('row N11 the cloud fails for one node for ever: at most nine calls in a second, the others are done meanwhile', async () => {
    const world = new NodeWorld(...['bad', 'good', 'fine'].map((name) => aNode({ name })));
    world.cloud.set('bad', foundUnknown()).setRunning('good').setRunning('fine');
    await controlling(world);
    await world.clock.advance(1000);
    expect(world.cloud.timesOf('bad').length).toBeLessThanOrEqual(9);
    expect(['bad', 'good', 'fine'].map((name) => isUninitialized(world.node(name)))).toEqual([true, false, false]);
  });

  test('a cloud that says when to come back is obeyed', async () => {
    const world = new NodeWorld(aNode());
    const error = new OperatorError('CLOUD_BUSY', 'too many requests', retryAfter(30_000));
    world.cloud.set('node-1', { state: 'unknown', error }, foundRunning());
    await controlling(world);
    await world.clock.advance(29_000);
    expect(world.cloud.calls).toHaveLength(1);
    await world.clock.advance(2000);
    expect(isUninitialized(world.node())).toBe(false);
  });

  test('row N18 (I3) a hundred nodes at once with a slow cloud: done within six seconds, few calls, all events', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const world = new NodeWorld(...names.map((name) => aNode({ name })));
    world.cloud.latencyMs = 300;
    for (const name of names) world.cloud.setRunning(name);
    await controlling(world);
    await world.clock.advance(6000);
    expect(names.filter((name) => isUninitialized(world.node(name)))).toEqual([]);
    expect(world.cloud.mostInFlight).toBeLessThanOrEqual(10);
    expect(world.cloud.calls).toHaveLength(1);
    expect(world.writes).toHaveLength(200);
    expect(world.events.of('Synced')).toHaveLength(100);
  });

  test('I2 nodes that appear one after the other while others wait share their look-ups', async () => {
    const world = await controlling(new NodeWorld());
    for (let index = 0; index < 50; index += 1) {
      world.cloud.setRunning(`n${index}`);
      world.client.put(nodeType, aNode({ name: `n${index}` }));
      await world.clock.advance(2);
    }
    await world.clock.advance(500);
    expect(world.client.objects(nodeType).filter(isUninitialized)).toEqual([]);
    expect(world.cloud.calls.length).toBeLessThanOrEqual(3);
  });

  test('row N19 nodes that were tainted before the start are initialized without any event', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const world = new NodeWorld(...names.map((name) => aNode({ name })));
    for (const name of names) world.cloud.setRunning(name);
    await controlling(world);
    await world.clock.advance(500);
    expect(names.filter((name) => isUninitialized(world.node(name)))).toEqual([]);
  });

  test('row N17 deleted while the cloud is asked: no error, no write that matters, the key is forgotten', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    world.cloud.latencyMs = 500;
    await controlling(world);
    await world.clock.advance(100);
    world.client.delete(nodeType, { name: 'node-1' });
    await world.clock.advance(60_000);
    expect(world.has('node-1')).toBe(false);
    expect(world.log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(world.cloud.calls).toHaveLength(1);
  });

  test('deleted and created anew while the cloud is asked: the answer about the old one does not reach the new one', async () => {
    const world = new NodeWorld(aNode());
    const renewed = foundRunning({ providerId: 'fake://new', addresses: [] });
    world.cloud.set('node-1', foundRunning({ providerId: 'fake://old' }), renewed);
    world.cloud.latencyMs = 500;
    await controlling(world);
    await world.clock.advance(100);
    world.client.delete(nodeType, { name: 'node-1' });
    world.client.put(nodeType, aNode());
    await world.clock.advance(10_000);
    expect(world.node()).toMatchObject({ spec: { providerID: 'fake://new' }, status: { addresses: [] } });
  });

  test('the cache lags behind our own write: nothing is written or asked twice', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(60_000);
    expect(world.writes).toHaveLength(2);
    expect(world.cloud.calls).toHaveLength(1);
    expect(world.client.callsOf('get')).toEqual([]);
  });

  test('a taint that somebody puts back is removed again', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(500);
    const taints = [{ key: TAINT_UNINITIALIZED, effect: 'NoSchedule' }];
    world.change('node-1', (node) => ({ ...node, spec: { ...node.spec, taints } }));
    await world.clock.advance(10_000);
    expect(isUninitialized(world.node())).toBe(false);
  });
});

describe('writes that fail', () => {
  test('I5 the addresses cannot be written: the taint stays, and the next try does both', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    world.client.fail({ verb: 'patch', subresource: 'status' });
    await controlling(world);
    await world.clock.advance(72);
    expect(isUninitialized(world.node())).toBe(true);
    expect(world.writes).toEqual(['patch node-1 status']);
    await world.clock.advance(500);
    expect(isUninitialized(world.node())).toBe(false);
    expect(world.writes).toEqual(['patch node-1 status', 'patch node-1 status', 'patch node-1']);
  });

  test('row N16 another writer between our two writes: both changes are there, within two seconds', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    const taint = { key: 'other', effect: 'NoSchedule' };
    const patch = world.client.patch.bind(world.client);
    let hasInterfered = false;
    world.client.patch = async (type, key, change, options) => {
      const isSecond = options?.subresource === undefined && !hasInterfered;
      if (isSecond) {
        hasInterfered = true;
        world.change('node-1', (node) => ({
          ...node,
          metadata: { ...node.metadata, labels: { theirs: 'x' } },
          spec: { ...node.spec, taints: [...(node.spec?.taints ?? []), taint] },
        }));
      }
      return patch(type, key, change, options);
    };
    await controlling(world);
    await world.clock.advance(2000);
    expect(world.node()).toMatchObject({
      metadata: { labels: { theirs: 'x', ...zoneLabels } },
      spec: { taints: [taint] },
    });
    expect(world.events.of('Synced')).toHaveLength(1);
  });

  test('the second answer is lost: the next try finds the work done', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    world.client.fail({ verb: 'patch', key: 'node-1', isDone: true, times: 2 });
    await controlling(world);
    await world.clock.advance(10_000);
    expect(isUninitialized(world.node())).toBe(false);
    expect(world.writes.length).toBeLessThanOrEqual(3);
  });
});

describe('failures that a person must see (I9)', () => {
  test('row A6 (I9) one event with both sides, and no manual action once the cloud shows the address', async () => {
    const world = new NodeWorld(claimed('10.0.0.7'));
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(5000);
    expect(world.events.of('CloudNodeInitFailed')).toEqual([
      expect.objectContaining({
        type: 'Warning',
        message: expect.stringMatching(
          /matches ip: 10\.0\.0\.7; kubelet claims "10\.0\.0\.7".*the cloud returned InternalIP 10\.0\.0\.1/,
        ),
      }),
    ]);
    world.cloud.setRunning('node-1', { addresses: [{ type: 'InternalIP', address: '10.0.0.7' }] });
    await world.clock.advance(60_000);
    expect(isUninitialized(world.node())).toBe(false);
    expect(world.events.of('Synced')).toHaveLength(1);
  });

  test('I9 another message is told again, the same one is not', async () => {
    const world = new NodeWorld(claimed('10.0.0.7'));
    const other = foundRunning({ addresses: [{ type: 'InternalIP', address: '10.0.0.3' }] });
    world.cloud.set('node-1', foundRunning(), foundRunning(), other, foundRunning(), other);
    await controlling(world);
    await world.clock.advance(5000);
    expect(world.events.of('CloudNodeInitFailed')).toHaveLength(2);
  });

  test('row N6 no provider ID anywhere: the taint stays, it is retried, the event says why', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1', { providerId: '' });
    await controlling(world);
    await world.clock.advance(1000);
    expect(isUninitialized(world.node())).toBe(true);
    expect(world.cloud.calls.length).toBeGreaterThan(2);
    expect(world.events.all.map(({ message }) => message)).toEqual([
      'cloud provider does not set node provider ID for node node-1',
    ]);
  });

  test.each([
    { when: 'the cloud cannot be asked', finding: foundUnknown('401 unauthorized'), message: '401 unauthorized' },
    { when: 'the cloud does not know the machine', finding: foundGone, message: 'the cloud knows no machine' },
  ])('I9 $when: told after a minute, not before', async ({ finding, message }) => {
    const world = new NodeWorld(aNode());
    world.cloud.set('node-1', finding);
    await controlling(world);
    await world.clock.advance(59_000);
    expect(world.events.all).toEqual([]);
    await world.clock.advance(120_000);
    expect(world.events.all).toEqual([
      expect.objectContaining({ reason: 'CloudNodeInitFailed', message: expect.stringContaining(message) }),
    ]);
  });
});

describe('an initialized node', () => {
  test('row N3 (I6) without provider ID gets one at the start, and is asked about once', async () => {
    const world = new NodeWorld(anInitializedNode({ providerId: '', addresses: foundAddresses }));
    world.cloud.setRunning('node-1');
    await controlling(world);
    await world.clock.advance(1000);
    expect(world.node().spec?.providerID).toBe('fake://node-1');
    expect(world.writes).toEqual(['patch node-1']);
    expect(world.events.all).toEqual([]);
  });

  test('I6 heartbeats of a node that the cloud does not know cost no further look-ups until the next address loop', async () => {
    const world = await controlling(new NodeWorld(anInitializedNode({ providerId: '' })), {
      statusFrequencyMs: 300_000,
    });
    for (let beat = 0; beat < 29; beat += 1) {
      world.change('node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { beat: String(beat) } } }));
      await world.clock.advance(10_000);
    }
    expect(world.cloud.calls).toHaveLength(1);
    await world.clock.advance(11_000);
    world.change('node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { beat: 'last' } } }));
    await world.clock.advance(1000);
    expect(world.cloud.calls).toHaveLength(2);
  });

  test.each([
    { when: 'row L1 the stable label is edited', edit: { 'topology.kubernetes.io/zone': 'q' }, zone: 'z1' },
    { when: 'row L2 the beta label is edited', edit: { 'failure-domain.beta.kubernetes.io/zone': 'q' }, zone: 'q' },
  ])('$when: put right without the cloud', async ({ edit, zone }) => {
    const world = await controlling(new NodeWorld(anInitializedNode({ labels: zoneLabels })));
    world.change('node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { ...zoneLabels, ...edit } } }));
    await world.clock.advance(1000);
    expect(world.node().metadata?.labels?.['topology.kubernetes.io/zone']).toBe(zone);
    expect(world.cloud.calls).toEqual([]);
  });

  test('I12 a node of another cloud is not asked about and not written', async () => {
    const world = await controlling(new NodeWorld(aNode({ providerId: 'gce://p/z/i' })));
    await world.clock.advance(10_000);
    expect([world.cloud.calls, world.writes]).toEqual([[], []]);
  });
});

describe('dry run, metrics, health', () => {
  test('a dry run says what it would do, once, and writes nothing', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await controlling(world, { isDryRun: true, withLoop: true });
    await world.clock.advance(400_000);
    expect([world.writes, world.events.all]).toEqual([[], []]);
    const steps = world.log.lines.flatMap(({ message, fields }) =>
      message.startsWith('dry run') ? [fields['step']] : [],
    );
    expect(steps).toEqual([
      'would set the addresses InternalIP 10.0.0.1, ExternalIP 192.0.2.1',
      expect.stringMatching(/^would set the provider ID fake:\/\/node-1, .* and remove the taint/),
    ]);
  });

  test('I25 delays, uninitialized nodes and the age of the address loop are measured', async () => {
    const world = new NodeWorld(aNode({ name: 'good' }), aNode({ name: 'bad' }));
    world.cloud.setRunning('good').set('bad', foundGone);
    await controlling(world, { withLoop: true });
    await world.clock.advance(500);
    const delays = world.metrics.observations('node_controller_initial_node_sync_delay_seconds');
    expect(delays).toEqual([expect.any(Number)]);
    expect(world.metrics.observations('node_controller_cloud_provider_taint_removal_delay_seconds')).toEqual(delays);
    expect(world.metrics.value('node_controller_nodes_uninitialized_over_minute')).toBe(0);
    await world.clock.advance(90_000);
    expect(world.metrics.value('node_controller_nodes_uninitialized_over_minute')).toBe(1);
    expect(world.metrics.value('node_controller_seconds_since_address_loop')).toBeCloseTo(90.4, 0);
  });

  test('I23 a worker that is stuck makes the controller unhealthy', async () => {
    const world = new NodeWorld(aNode());
    const stuck = { lookup: () => new Promise<never>(() => {}) };
    worlds.push(world);
    const { controller } = createNodeController({ ...world, instances: stuck });
    await world.start(controller);
    await world.clock.advance(60_000);
    expect(controller.check().isHealthy).toBe(true);
    await world.clock.advance(300_000);
    expect(controller.check()).toEqual({ isHealthy: false, message: 'the oldest item has been waiting for 360 s' });
  });
});
