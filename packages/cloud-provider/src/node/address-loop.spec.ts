import { afterEach, describe, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import { ANNOTATION_PROVIDED_NODE_IP } from '../well-known.ts';
import {
  aMachine,
  aNode,
  anInitializedNode,
  foundGone,
  foundRunning,
  foundUnknown,
  uninitializedTaint,
} from '../testing/a-node.ts';
import { NodeWorld } from '../test-support/node-world.ts';
import { createNodeController } from './node-controller.ts';
import type { NodeControllerOptions } from './node-controller.ts';

const PERIOD_MS = 300_000;
const { addresses } = aMachine();
const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

/** A world with the address loop running, and nothing else. */
async function looping(world: NodeWorld, options: Partial<NodeControllerOptions> = {}): Promise<NodeWorld> {
  worlds.push(world);
  await world.start(createNodeController({ ...world, providerIdSchemes: ['fake'], ...options }).statusLoop);
  return world;
}

function addressesOf(world: NodeWorld, name: string): readonly string[] {
  return (world.node(name).status?.addresses ?? []).map(({ address }) => address);
}

describe('the address loop', () => {
  test('row A9 an address that changed in the cloud replaces the old one within one period', async () => {
    const world = new NodeWorld(anInitializedNode({ addresses }));
    const moved = foundRunning({ addresses: [{ type: 'InternalIP', address: '10.0.0.99' }] });
    world.cloud.set('node-1', foundRunning(), moved);
    await looping(world);
    await world.clock.advance(1000);
    expect(world.writes).toEqual([]);
    await world.clock.advance(PERIOD_MS);
    expect(addressesOf(world, 'node-1')).toEqual(['10.0.0.99']);
    expect(world.writes).toEqual(['patch node-1 status']);
  });

  test('row A10 (I7) a dual-stack node that did not change: no request in two periods', async () => {
    const dualStack = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'InternalIP', address: '2001:db8::1' },
    ] as const;
    const world = new NodeWorld(anInitializedNode({ addresses: dualStack }));
    world.cloud.setRunning('node-1', { addresses: dualStack });
    await looping(world);
    await world.clock.advance(2 * PERIOD_MS + 1000);
    expect(world.cloud.calls).toHaveLength(3);
    expect(world.writes).toEqual([]);
  });

  test('row A11 the cloud fails for one of three nodes: the other two are updated', async () => {
    const names = ['a', 'b', 'c'];
    const world = new NodeWorld(...names.map((name) => anInitializedNode({ name })));
    world.cloud.setRunning('a').set('b', foundUnknown('boom')).setRunning('c');
    await looping(world);
    await world.clock.advance(1000);
    expect(names.map((name) => addressesOf(world, name).length)).toEqual([2, 0, 2]);
    expect(
      world.log.lines.some(({ level, fields }) => level === 'warn' && String(fields['problem']).includes('boom')),
    ).toBe(true);
  });

  test('one node that cannot be written does not keep the others from being written', async () => {
    const world = new NodeWorld(anInitializedNode({ name: 'a' }), anInitializedNode({ name: 'b' }));
    world.cloud.setRunning('a').setRunning('b');
    world.client.fail({ verb: 'patch', key: 'a' });
    await looping(world);
    await world.clock.advance(1000);
    expect([addressesOf(world, 'a').length, addressesOf(world, 'b').length]).toEqual([0, 2]);
    await world.clock.advance(PERIOD_MS);
    expect(addressesOf(world, 'a')).toHaveLength(2);
  });

  test('row A12 a tainted node is not touched, nor asked about', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.setRunning('node-1');
    await looping(world);
    await world.clock.advance(PERIOD_MS + 1000);
    expect([world.cloud.calls, world.writes]).toEqual([[], []]);
  });

  test('row A12 a node that becomes tainted while the cloud is asked is not touched', async () => {
    const world = new NodeWorld(anInitializedNode());
    world.cloud.setRunning('node-1');
    world.cloud.latencyMs = 1000;
    await looping(world);
    await world.clock.advance(500);
    world.change('node-1', (node) => ({ ...node, spec: { ...node.spec, taints: [uninitializedTaint] } }));
    await world.clock.advance(5000);
    expect([world.cloud.calls.length, world.writes]).toEqual([1, []]);
  });

  test('I2 all nodes of a round are one look-up', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const world = new NodeWorld(...names.map((name) => anInitializedNode({ name, addresses })));
    for (const name of names) world.cloud.setRunning(name);
    await looping(world);
    await world.clock.advance(1000);
    expect(world.cloud.calls.map((call) => call.names.length)).toEqual([30]);
  });

  test('nothing is taken back when the cloud shows no addresses, or not the claimed one, or no machine', async () => {
    const annotations = { [ANNOTATION_PROVIDED_NODE_IP]: '10.0.0.7' };
    const world = new NodeWorld(
      anInitializedNode({ name: 'empty', addresses }),
      anInitializedNode({ name: 'claims', addresses, annotations }),
      anInitializedNode({ name: 'gone', addresses }),
    );
    world.cloud.setRunning('empty', { addresses: [] }).setRunning('claims').set('gone', foundGone);
    await looping(world);
    await world.clock.advance(1000);
    expect(world.writes).toEqual([]);
  });

  test('I8 labels follow the cloud when that is switched on, with the same look-up', async () => {
    const world = new NodeWorld(
      anInitializedNode({ addresses, labels: { 'node.kubernetes.io/instance-type': 'small' } }),
    );
    world.cloud.setRunning('node-1', { instanceType: 'large' });
    await looping(world, { refreshLabels: true });
    await world.clock.advance(1000);
    expect(world.node().metadata?.labels).toMatchObject({
      'node.kubernetes.io/instance-type': 'large',
      'beta.kubernetes.io/instance-type': 'large',
    });
    expect(world.cloud.calls).toHaveLength(1);
  });

  test('I12 a node of another cloud is left out', async () => {
    const world = new NodeWorld(anInitializedNode({ providerId: 'gce://p/z/i' }));
    world.cloud.setRunning('node-1');
    await looping(world);
    await world.clock.advance(1000);
    expect([world.cloud.calls, world.writes]).toEqual([[], []]);
  });

  test('the period counts from the end of a round', async () => {
    const world = new NodeWorld(anInitializedNode({ addresses }));
    world.cloud.setRunning('node-1');
    world.cloud.latencyMs = 20_000;
    await looping(world);
    await world.clock.advance(PERIOD_MS + 19_000);
    expect(world.cloud.calls).toHaveLength(1);
    await world.clock.advance(2000);
    expect(world.cloud.calls).toHaveLength(2);
  });

  test('I25 a round in which the cloud answered nothing does not count as done', async () => {
    const world = new NodeWorld(anInitializedNode({ addresses }));
    world.cloud.set('node-1', foundUnknown());
    await looping(world);
    await world.clock.advance(2 * PERIOD_MS);
    expect(world.metrics.value('node_controller_seconds_since_address_loop')).toBeGreaterThanOrEqual(
      (2 * PERIOD_MS) / 1000,
    );
  });

  test('I23 a round that does not end makes the loop unhealthy', async () => {
    const world = new NodeWorld(anInitializedNode({ addresses }));
    worlds.push(world);
    const instances = { lookup: () => new Promise<never>(() => {}) };
    const { statusLoop } = createNodeController({ ...world, instances });
    expect(statusLoop.check()).toEqual({ isHealthy: true, message: 'not started' });
    world.client.put(nodeType, anInitializedNode());
    // Left behind on purpose: a loop that hangs cannot be stopped.
    void world.start().then(() => statusLoop.run(new AbortController().signal));
    await world.clock.advance(601_000);
    expect(statusLoop.check().isHealthy).toBe(false);
  });
});
