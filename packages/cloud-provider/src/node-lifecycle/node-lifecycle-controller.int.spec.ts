// The cloud node lifecycle controller against a real API server: deletions with preconditions, taints with versions, missing rights.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { TAINT_SHUTDOWN } from '../well-known.ts';
import { aNode, anInitializedNode, foundGone, foundRunning, foundStopped, foundUnknown } from '../testing/a-node.ts';
import { interferingClient, LiveCluster, LiveScene } from '../test-support/live-cluster.ts';
import { createNodeLifecycleController } from './node-lifecycle-controller.ts';
import type { NodeLifecycleControllerOptions } from './node-lifecycle-controller.ts';

let cluster: LiveCluster;
const scenes: LiveScene[] = [];
beforeAll(async () => {
  cluster = await LiveCluster.start(['may-not-delete']);
}, 600_000);
afterAll(() => cluster?.stop());
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop();
  await cluster?.removeNodes();
});

function aScene(client: KubeClient = cluster.admin): LiveScene {
  const scene = new LiveScene({ client, component: 'cloud-node-lifecycle-controller' });
  scenes.push(scene);
  return scene;
}

/** Starts the controller with a short period. */
async function control(scene: LiveScene, options: Partial<NodeLifecycleControllerOptions> = {}): Promise<void> {
  await scene.start(createNodeLifecycleController({ ...scene, periodMs: 100, ...options }));
}

const broken = (name: string): KubeNode => anInitializedNode({ name, ready: 'Unknown' });
const shutdowns = (node: KubeNode): readonly unknown[] =>
  (node.spec?.taints ?? []).filter(({ key }) => key === TAINT_SHUTDOWN);
const vanished = (name: string): Promise<void> =>
  waitFor(async () => !(await cluster.has(name)), { what: `node ${name} to be deleted` });

async function asked(scene: LiveScene, name: string, times: number): Promise<void> {
  const isSo = (): boolean => scene.cloud.timesOf(name).length >= times;
  await waitFor(isSo, { what: `${times} look-ups of ${name}` });
}

describe('a machine that is gone', () => {
  test('row C1 (I10) the node is deleted after the second answer, with an event', async () => {
    const scene = aScene();
    scene.cloud.set('c1', foundGone);
    const { metadata } = await cluster.create(broken('c1'));
    await control(scene);
    await vanished('c1');
    expect(scene.cloud.timesOf('c1').length).toBeGreaterThanOrEqual(2);
    await waitFor(async () => (await cluster.eventsOf('c1')).length > 0, { what: 'an event' });
    expect(await cluster.eventsOf('c1')).toEqual([
      expect.objectContaining({
        type: 'Normal',
        reason: 'DeletingNode',
        message: 'Deleting node c1 because it does not exist in the cloud provider',
        involvedObject: expect.objectContaining({ apiVersion: 'v1', kind: 'Node', uid: metadata?.uid }),
      }),
    ]);
  });

  test('row C2 (I10) the same without a condition Ready', async () => {
    const scene = aScene();
    scene.cloud.set('c2', foundGone);
    await cluster.create(anInitializedNode({ name: 'c2', ready: null }));
    await control(scene);
    await vanished('c2');
  });

  test('row C12 deleting is forbidden: a Warning event, and the loop goes on', async () => {
    const scene = aScene(await cluster.clientOf('may-not-delete', ['get', 'list', 'watch', 'patch']));
    scene.cloud.set('c12', foundGone).set('c12-off', foundStopped());
    await cluster.create(broken('c12'));
    await control(scene);
    const failures = async (): Promise<readonly unknown[]> =>
      (await cluster.eventsOf('c12')).filter(
        ({ type, reason }) => type === 'Warning' && reason === 'DeletingNodeFailed',
      );
    await waitFor(async () => (await failures()).length > 0, { what: 'the event' });
    expect(await failures()).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^Failed deleting node c12: .*forbidden/) }),
    ]);
    await cluster.create(broken('c12-off'));
    await cluster.until('c12-off', 'has the shutdown taint', (node) => shutdowns(node).length === 1);
    expect(await cluster.has('c12')).toBe(true);
  });

  test('row C13 (I10) created anew between check and deletion: the new one survives', async () => {
    let renewed: KubeNode | undefined;
    const client = interferingClient(cluster.admin, {
      remove: async (type, key, options) => {
        if (!renewed) {
          await cluster.admin.remove(nodeType, { name: 'c13' });
          renewed = await cluster.create(broken('c13'));
        }
        return cluster.admin.remove(type, key, options);
      },
    });
    const scene = aScene(client);
    scene.cloud.set('c13', foundGone, foundGone, foundRunning());
    await cluster.create(broken('c13'));
    await control(scene);
    await asked(scene, 'c13', 4);
    expect((await cluster.node('c13')).metadata?.uid).toBe(renewed?.metadata?.uid);
    expect(scene.lines('error')).toEqual([]);
  });

  test('I10 a node that is touched between check and deletion is deleted all the same, on the next try', async () => {
    let tries = 0;
    const client = interferingClient(cluster.admin, {
      remove: async (type, key, options) => {
        tries += 1;
        if (tries === 1) await cluster.change('touched', { metadata: { labels: { a: 'b' } } });
        return cluster.admin.remove(type, key, options);
      },
    });
    const scene = aScene(client);
    scene.cloud.set('touched', foundGone);
    await cluster.create(broken('touched'));
    await control(scene);
    await vanished('touched');
    expect(tries).toBe(2);
  });

  test('row C14 (I10) a fresh node that the cloud does not know is kept during its grace', async () => {
    const scene = aScene();
    scene.cloud.set('c14', foundGone).set('old', foundGone);
    await cluster.create(aNode({ name: 'c14' }));
    await cluster.create(broken('old'));
    await control(scene);
    await vanished('old');
    expect([await cluster.has('c14'), scene.cloud.timesOf('c14')]).toEqual([true, []]);
  });

  test.each([
    { id: 'c8', when: 'row C8 (I11) an error', finding: foundUnknown('timeout') },
    { id: 'c9', when: 'row C9 "not found" as an error', finding: foundUnknown('instance not found') },
  ])('$when keeps the node', async ({ id, finding }) => {
    const scene = aScene();
    scene.cloud.set(id, finding);
    const { metadata } = await cluster.create(broken(id));
    await control(scene);
    await asked(scene, id, 3);
    expect((await cluster.node(id)).metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  });
});

describe('a machine that is off', () => {
  test('row C4 (I13), row C5 tainted once, and not any more when the node is ready again', async () => {
    const scene = aScene();
    scene.cloud.set('c4', foundStopped());
    const theirs = { key: 'theirs', effect: 'NoSchedule' };
    await cluster.create(anInitializedNode({ name: 'c4', ready: 'Unknown', taints: [theirs] }));
    await control(scene);
    await cluster.until('c4', 'has the shutdown taint', (node) => shutdowns(node).length > 0);
    const tainted = await cluster.node('c4');
    expect(shutdowns(tainted)).toEqual([{ key: TAINT_SHUTDOWN, effect: 'NoSchedule' }]);
    await asked(scene, 'c4', scene.cloud.timesOf('c4').length + 2);
    expect((await cluster.node('c4')).metadata?.resourceVersion).toBe(tainted.metadata?.resourceVersion);
    await cluster.change('c4', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    await cluster.until('c4', 'has lost the shutdown taint', (node) => shutdowns(node).length === 0);
    expect((await cluster.node('c4')).spec?.taints).toContainEqual(theirs);
  });

  test('row C6 it runs again, but the node is not ready yet: the taint stays', async () => {
    const scene = aScene();
    scene.cloud.set('c6', foundRunning());
    const taints = [{ key: TAINT_SHUTDOWN, effect: 'NoSchedule' }];
    const { metadata } = await cluster.create(anInitializedNode({ name: 'c6', ready: 'False', taints }));
    await control(scene);
    await asked(scene, 'c6', 3);
    expect((await cluster.node('c6')).metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  });

  test('row C7 a ready node is not asked about', async () => {
    const scene = aScene();
    scene.cloud.set('c7', foundGone).set('marker', foundRunning());
    await cluster.create(anInitializedNode({ name: 'c7' }));
    await cluster.create(broken('marker'));
    await control(scene);
    await asked(scene, 'marker', 3);
    expect([await cluster.has('c7'), scene.cloud.timesOf('c7')]).toEqual([true, []]);
  });
});
