import { afterEach, describe, expect, test } from '@jest/globals';
import { KubeApiError, nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { backoff } from '@longshore/reconciler-core';
import { TAINT_SHUTDOWN } from '../well-known.ts';
import { aNode, anInitializedNode, foundGone, foundRunning, foundStopped, foundUnknown } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { NodeWorld } from '../test-support/node-world.ts';
import { createNodeLifecycleController } from './node-lifecycle-controller.ts';
import type { NodeLifecycleControllerOptions } from './node-lifecycle-controller.ts';

const PERIOD_MS = 5000;
const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function watching(world: NodeWorld, options: Partial<NodeLifecycleControllerOptions> = {}): Promise<NodeWorld> {
  worlds.push(world);
  await world.start(createNodeLifecycleController({ ...world, providerIdSchemes: ['fake'], ...options }));
  return world;
}

const broken = (traits: NodeTraits = {}): KubeNode => anInitializedNode({ ready: 'Unknown', ...traits });
const taintsOf = (world: NodeWorld): readonly unknown[] => world.node().spec?.taints ?? [];
const shutdown = { key: TAINT_SHUTDOWN, effect: 'NoSchedule' };

/** The Node's condition Ready becomes this. */
function becomes(world: NodeWorld, status: string, name = 'node-1'): void {
  const lastTransitionTime = new Date(world.clock.nowMs()).toISOString();
  const conditions = [{ type: 'Ready', status, lastTransitionTime }];
  world.change(name, (node) => ({ ...node, status: { ...node.status, conditions } }));
}

describe('a node whose machine is gone', () => {
  test('row C1 (I10) is asked about twice and removed within two periods, with one event and its UID as condition', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone);
    await watching(world);
    await world.clock.advance(PERIOD_MS - 100);
    expect([world.has('node-1'), world.events.all]).toEqual([true, []]);
    await world.clock.advance(PERIOD_MS + 200);
    expect(world.has('node-1')).toBe(false);
    expect(world.events.all).toEqual([
      {
        type: 'Normal',
        about: 'node-1',
        reason: 'DeletingNode',
        message: 'Deleting node node-1 because it does not exist in the cloud provider',
      },
    ]);
    expect(world.client.callsOf('remove')[0]?.body).toMatchObject({
      preconditions: { uid: expect.stringMatching(/^uid/) },
    });
    expect(world.metrics.value('node_lifecycle_controller_deleted_nodes_total')).toBe(1);
  });

  test('row C2 (I10) the condition Ready is missing: the same', async () => {
    const world = new NodeWorld(broken({ ready: null }));
    world.cloud.set('node-1', foundGone);
    await watching(world);
    await world.clock.advance(2 * PERIOD_MS + 200);
    expect(world.has('node-1')).toBe(false);
  });

  test('row C7 stays while it is ready, without any call to the cloud', async () => {
    const world = new NodeWorld(anInitializedNode());
    world.cloud.set('node-1', foundGone);
    await watching(world);
    await world.clock.advance(60_000);
    expect([world.has('node-1'), world.cloud.calls, world.writes]).toEqual([true, [], []]);
  });

  test('row C12 the deletion is forbidden: a Warning event each time, and the loop goes on', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone);
    const error = new KubeApiError({ status: 403, reason: 'Forbidden', message: 'nodes is forbidden' }, backoff);
    world.client.fail({ verb: 'remove', error });
    await watching(world);
    await world.clock.advance(2 * PERIOD_MS + 200);
    expect(world.events.of('DeletingNodeFailed')).toEqual([
      expect.objectContaining({ type: 'Warning', message: 'Failed deleting node node-1: nodes is forbidden' }),
    ]);
    await world.clock.advance(60_000);
    expect(world.has('node-1')).toBe(false);
  });

  test('row C13 (I10) created anew with the same name between check and deletion: it survives', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone, foundGone, foundRunning());
    const remove = world.client.remove.bind(world.client);
    let renewed: KubeNode | undefined;
    world.client.remove = async (type, key, options) => {
      if (!renewed) world.client.delete(nodeType, { name: 'node-1' });
      renewed ??= world.client.put(nodeType, broken());
      return remove(type, key, options);
    };
    await watching(world);
    await world.clock.advance(60_000);
    expect(world.node().metadata?.uid).toBe(renewed?.metadata?.uid);
    expect(world.events.of('DeletingNodeFailed')).toEqual([]);
  });

  test('I10 a node that became ready between check and deletion survives', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone);
    const remove = world.client.remove.bind(world.client);
    world.client.remove = async (type, key, options) => {
      becomes(world, 'True');
      return remove(type, key, options);
    };
    await watching(world);
    await world.clock.advance(60_000);
    expect(world.has('node-1')).toBe(true);
  });

  test('I10 a negative answer from before the node was ready does not count', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone);
    await watching(world);
    await world.clock.advance(PERIOD_MS);
    becomes(world, 'True');
    await world.clock.advance(10);
    becomes(world, 'Unknown');
    await world.clock.advance(4000);
    expect(world.cloud.calls.length).toBeGreaterThanOrEqual(2);
    expect(world.has('node-1')).toBe(true);
    await world.clock.advance(2 * PERIOD_MS);
    expect(world.has('node-1')).toBe(false);
  });

  test('a node that somebody labels between check and deletion is removed all the same', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone);
    const remove = world.client.remove.bind(world.client);
    let tries = 0;
    world.client.remove = async (type, key, options) => {
      tries += 1;
      if (tries === 1)
        world.change('node-1', (node) => ({ ...node, metadata: { ...node.metadata, labels: { a: 'b' } } }));
      return remove(type, key, options);
    };
    await watching(world);
    await world.clock.advance(2 * PERIOD_MS + 1000);
    expect([world.has('node-1'), tries]).toEqual([false, 2]);
  });

  test('row C14 (I10) fresh and unknown to the cloud: removed only after the grace and a second answer', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.set('node-1', foundGone);
    await watching(world);
    await world.clock.advance(119_000);
    expect([world.has('node-1'), world.cloud.calls]).toEqual([true, []]);
    await world.clock.advance(2000);
    expect([world.has('node-1'), world.cloud.calls.length]).toEqual([true, 1]);
    await world.clock.advance(PERIOD_MS + 1000);
    expect(world.has('node-1')).toBe(false);
  });

  test('row C14 (I10) fresh, and known to the cloud a little later: nothing happens', async () => {
    const world = new NodeWorld(aNode());
    world.cloud.set('node-1', foundRunning());
    await watching(world);
    await world.clock.advance(600_000);
    expect([world.has('node-1'), world.writes]).toEqual([true, []]);
  });

  test('I12 a node of another cloud, or one that opted out, is not asked about', async () => {
    const world = new NodeWorld(
      broken({ name: 'foreign', providerId: 'gce://p/z/i' }),
      broken({ name: 'opted-out', labels: { 'longshore.dev/ignore-node': '' } }),
    );
    world.cloud.set('foreign', foundGone).set('opted-out', foundGone);
    await watching(world);
    await world.clock.advance(60_000);
    expect([world.has('foreign'), world.has('opted-out'), world.cloud.calls]).toEqual([true, true, []]);
  });

  test('a node that the cloud leaves out of its answer is kept', async () => {
    const world = await watching(new NodeWorld(broken()));
    await world.clock.advance(600_000);
    expect([world.has('node-1'), world.writes]).toEqual([true, []]);
  });
});

describe('doubt', () => {
  test.each([
    { when: 'row C8 (I11) the look-up fails for the node', finding: foundUnknown('timeout') },
    { when: 'row C9 the cloud throws "not found" instead of saying it', finding: foundUnknown('instance not found') },
    { when: 'row C11 whether it is off cannot be told', finding: foundUnknown('state?') },
  ])('$when: kept, no taint, no event, asked again and again', async ({ finding }) => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', finding);
    await watching(world);
    await world.clock.advance(20_000);
    expect([world.has('node-1'), world.writes, world.events.all]).toEqual([true, [], []]);
    expect(world.cloud.calls.length).toBeGreaterThanOrEqual(3);
    expect(world.metrics.value('node_lifecycle_controller_unknown_instances_total')).toBe(world.cloud.calls.length);
  });

  test('row C8 (I11) the whole look-up fails: the same', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundRunning()).failNext(3);
    await watching(world);
    await world.clock.advance(20_000);
    expect([world.has('node-1'), world.writes]).toEqual([true, []]);
  });

  test('I10 an error between two negative answers neither confirms nor helps', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundGone, foundUnknown());
    await watching(world);
    await world.clock.advance(600_000);
    expect(world.has('node-1')).toBe(true);
  });

  test('I10 too many gone at once: none is removed, people are told, and it goes on when the situation clears', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const world = new NodeWorld(...names.map((name) => (name < 'n6' ? broken({ name }) : anInitializedNode({ name }))));
    for (const name of names) world.cloud.set(name, foundGone);
    await watching(world);
    await world.clock.advance(120_000);
    expect(names.filter((name) => world.has(name))).toHaveLength(10);
    expect(world.events.of('NodeRemovalsHeld')).toHaveLength(6);
    expect(world.events.all[0]?.message).toContain('the machines of 6 of 10 nodes do not exist, more than the 5');
    expect(world.metrics.value('node_lifecycle_controller_removals_held')).toBe(1);
    expect(world.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    becomes(world, 'True', 'n0');
    await world.clock.advance(120_000);
    expect(names.filter((name) => world.has(name))).toEqual(['n0', 'n6', 'n7', 'n8', 'n9']);
    expect(world.metrics.value('node_lifecycle_controller_removals_held')).toBe(0);
  });
});

describe('a small cluster (I10)', () => {
  const three = (): NodeWorld => {
    const world = new NodeWorld(...['n0', 'n1', 'n2'].map((name) => broken({ name })));
    return world;
  };

  test('I10 the wrong answer that two of three machines are gone, for a minute, removes nothing', async () => {
    const world = three();
    world.cloud.set('n0', foundGone).set('n1', foundGone).setRunning('n2');
    await watching(world);
    await world.clock.advance(60_000);
    world.cloud.setRunning('n0').setRunning('n1');
    await world.clock.advance(600_000);
    expect(['n0', 'n1', 'n2'].filter((name) => world.has(name))).toEqual(['n0', 'n1', 'n2']);
    expect(world.log.lines.filter(({ message }) => message.startsWith('nodes are removed later'))).toHaveLength(1);
  });

  test('I10 two of three machines that stay gone are removed minutes later', async () => {
    const world = three();
    world.cloud.set('n0', foundGone).set('n1', foundGone).setRunning('n2');
    await watching(world);
    await world.clock.advance(119_000);
    expect(world.has('n0') && world.has('n1')).toBe(true);
    await world.clock.advance(70_000);
    expect(['n0', 'n1', 'n2'].filter((name) => world.has(name))).toEqual(['n2']);
  });
});

describe('a node whose machine is off', () => {
  test('row C4 (I13) gets the taint once; later periods write and read nothing', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundStopped());
    await watching(world);
    await world.clock.advance(60_000);
    expect(taintsOf(world)).toEqual([shutdown]);
    expect([world.writes, world.client.callsOf('get')]).toEqual([['patch node-1'], []]);
  });

  test('row C5 loses the taint when it is ready again, at once, and keeps the others', async () => {
    const other = { key: 'other', effect: 'NoExecute' };
    const world = new NodeWorld(broken({ taints: [other] }));
    world.cloud.set('node-1', foundStopped());
    await watching(world);
    await world.clock.advance(1000);
    expect(taintsOf(world)).toEqual([other, shutdown]);
    becomes(world, 'True');
    await world.clock.advance(500);
    expect(taintsOf(world)).toEqual([other]);
  });

  test('row C6 keeps the taint when the machine runs but the node is not ready yet', async () => {
    const world = new NodeWorld(broken({ taints: [shutdown] }));
    world.cloud.set('node-1', foundRunning());
    await watching(world);
    await world.clock.advance(60_000);
    expect([taintsOf(world), world.writes]).toEqual([[shutdown], []]);
  });

  test('row C3 is unchanged when it exists and is not off', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundRunning());
    await watching(world);
    await world.clock.advance(60_000);
    expect([world.has('node-1'), world.writes, world.events.all]).toEqual([true, [], []]);
  });

  test('a taint that somebody adds meanwhile is not lost', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundStopped());
    const patch = world.client.patch.bind(world.client);
    let hasInterfered = false;
    world.client.patch = async (...args) => {
      if (!hasInterfered) {
        hasInterfered = true;
        world.change('node-1', (node) => ({
          ...node,
          spec: { ...node.spec, taints: [{ key: 'theirs', effect: 'NoExecute' }] },
        }));
      }
      return patch(...args);
    };
    await watching(world);
    await world.clock.advance(2000);
    expect(taintsOf(world)).toEqual([{ key: 'theirs', effect: 'NoExecute' }, shutdown]);
  });
});

describe('how often the cloud is asked', () => {
  test('I11 a node that stops being ready is checked within a second, not at the next period', async () => {
    const world = new NodeWorld(anInitializedNode());
    world.cloud.set('node-1', foundStopped());
    await watching(world);
    await world.clock.advance(61_000);
    const atMs = world.clock.monotonicMs();
    becomes(world, 'Unknown');
    await world.clock.advance(900);
    expect(world.cloud.timesOf('node-1').map((time) => time - atMs <= 900)).toEqual([true]);
    expect(taintsOf(world)).toEqual([shutdown]);
  });

  test('I11 a dead machine costs about one call a minute', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundStopped());
    await watching(world);
    await world.clock.advance(3_600_000);
    expect(world.cloud.calls.length).toBeLessThanOrEqual(65);
    expect(world.cloud.calls.length).toBeGreaterThanOrEqual(50);
  });

  test('I11 another condition starts the pauses over', async () => {
    const world = new NodeWorld(broken());
    world.cloud.set('node-1', foundRunning());
    await watching(world);
    await world.clock.advance(300_000);
    const before = world.cloud.calls.length;
    becomes(world, 'False');
    await world.clock.advance(6000);
    expect(world.cloud.calls.length - before).toBe(2);
  });

  test('I2 all nodes that are due in a pass are one look-up', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const world = new NodeWorld(...names.map((name) => broken({ name })));
    for (const name of names) world.cloud.set(name, foundRunning());
    await watching(world);
    await world.clock.advance(1000);
    expect(world.cloud.calls.map((call) => call.names.length)).toEqual([20]);
  });
});

describe('dry run and health', () => {
  test('a dry run says what it would do, and removes nothing', async () => {
    const world = new NodeWorld(broken({ name: 'gone' }), broken({ name: 'off' }));
    world.cloud.set('gone', foundGone).set('off', foundStopped());
    await watching(world, { isDryRun: true });
    await world.clock.advance(120_000);
    expect([world.writes, world.events.all]).toEqual([[], []]);
    const steps = world.log.lines.flatMap(({ message, fields }) =>
      message.startsWith('dry run') ? [fields['step']] : [],
    );
    expect(steps.sort()).toEqual([
      'would add the shutdown taint to node off',
      'would delete node gone, because its machine does not exist in the cloud',
    ]);
  });

  test('I23 a pass that does not end makes the controller unhealthy', async () => {
    const world = new NodeWorld(broken());
    worlds.push(world);
    const controller = createNodeLifecycleController({
      ...world,
      instances: { lookup: () => new Promise<never>(() => {}) },
    });
    await world.start(controller);
    await world.clock.advance(60_000);
    expect(controller.check().isHealthy).toBe(true);
    await world.clock.advance(61_000);
    expect(controller.check().isHealthy).toBe(false);
  });
});
