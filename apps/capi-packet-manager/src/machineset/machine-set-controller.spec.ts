// The MachineSet controller with real informers on an API server in memory: whose machines a set has and
// how many, rows S1 to S13. machine-set-life.spec.ts has its status (S10, S11), pauses and deletion.
import { describe, expect, test } from '@jest/globals';
import { KubeApiError } from '@longshore/k8s-runtime';
import { lostAnswer } from '@longshore/k8s-runtime/testing';
import { backoff } from '@longshore/reconciler-core';
import { annotations } from '../api/names.ts';
import type { Machine, MachineSet } from '../api/objects.ts';
import { clusters, machines, machineSets } from '../api/resources.ts';
import { controllerOf } from './machine-facts.ts';
import { aCluster, aMachine, aSet, inCluster, NAMESPACE, SetWorld } from './test-support/set-world.ts';
import { startedWorlds } from './test-support/started-worlds.ts';

const { worlds, started } = startedWorlds();

/** A set with machines of these names. */
async function setOf(world: SetWorld, ...owned: readonly Machine[]): Promise<void> {
  for (const machine of owned) {
    const reference = {
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'MachineSet',
      name: 's',
      uid: world.set('s').metadata?.uid ?? '',
      controller: true,
      blockOwnerDeletion: true,
    };
    world.put({ ...machine, metadata: { ...machine.metadata, ownerReferences: [reference] } });
  }
}

const conditionOf = (set: MachineSet, type: string): unknown =>
  set.status?.conditions?.find((condition) => condition.type === type);

describe('making machines', () => {
  test('CA row S1 three machines with our names, controller reference, labels and spec of the template', async () => {
    const world = await started(aSet({ replicas: 3 }));
    const made = world.alive('s');
    expect(made).toHaveLength(3);
    for (const machine of made) {
      expect(machine.metadata?.name).toMatch(/^s-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(machine.metadata?.labels).toEqual({ app: 's' });
      expect(machine.spec).toEqual({ versions: { kubelet: '1.34.0' } });
      expect(controllerOf(machine)).toEqual({
        apiVersion: 'cluster.k8s.io/v1alpha1',
        kind: 'MachineSet',
        name: 's',
        uid: world.set('s').metadata?.uid,
        controller: true,
        blockOwnerDeletion: true,
      });
    }
    expect(world.events.reasons('s')).toEqual(['SuccessfulCreate', 'SuccessfulCreate', 'SuccessfulCreate']);
  });

  test('CA row S2 one of three creations is refused: two exist, the third follows, never four', async () => {
    const world = new SetWorld().put(aSet({ replicas: 3 }));
    worlds.push(world);
    const create = world.client.create.bind(world.client);
    const standing: number[] = [];
    let calls = 0;
    world.client.create = async (...args) => {
      calls += 1;
      if (calls === 2) throw new KubeApiError({ status: 403, reason: 'Forbidden', message: 'quota' }, backoff);
      if (calls === 4) standing.push(world.alive('s').length);
      return create(...args);
    };
    await world.start();
    expect(world.events.reasons('s')).toContain('FailedCreate');
    expect(standing).toEqual([2]);
    expect([world.alive('s').length, calls]).toEqual([3, 4]);
  });

  test.each([true, false])(
    'CA row S2 the answer to a creation is lost (done: %s): three in the end',
    async (isDone) => {
      const world = new SetWorld().put(aSet({ replicas: 3 }));
      worlds.push(world);
      world.client.fail({ verb: 'create', resource: 'machines', isDone, error: lostAnswer() });
      await world.start();
      expect(world.alive('s')).toHaveLength(3);
      // What was lost is tried again under its own name.
      const tried = world.client.callsOf('create').map(({ key }) => key);
      expect(new Set(tried).size).toBe(3);
    },
  );

  test('CA row S3 the caches stand still after the creation: no further machine', async () => {
    const world = await started(aSet({ replicas: 1 }));
    // From now on the informers hear nothing.
    const hold = world.client.watch.bind(world.client);
    world.client.watch = async () => Promise.reject(lostAnswer());
    world.client.endWatches('break');
    await world.settle();
    world.editSet('s', { replicas: 3 });
    world.client.watch = hold;
    await world.clock.advance(120_000);
    expect(world.alive('s')).toHaveLength(3);
    expect(world.client.callsOf('create')).toHaveLength(3);
  });

  test('CA row S9 zero to two: two new ones', async () => {
    const world = await started(aSet({ replicas: 0 }));
    expect(world.alive()).toEqual([]);
    world.editSet('s', { replicas: 2 });
    await world.settle();
    expect(world.alive('s')).toHaveLength(2);
  });

  test('CA row S12 the selector does not match the template: error, condition and event, no machines', async () => {
    const world = await started(aSet({ replicas: 3, selector: { matchLabels: { app: 'other' } } }));
    expect(world.alive()).toEqual([]);
    expect(new Set(world.events.reasons('s'))).toEqual(new Set(['ReconcileError']));
    expect(world.set('s').status).toMatchObject({ errorReason: 'InvalidConfiguration' });
    world.editSet('s', { selector: { matchLabels: { app: 's' } } });
    await world.settle();
    expect(world.alive('s')).toHaveLength(3);
    expect(world.set('s').status?.errorReason).toBeUndefined();
  });

  test('CA row S13 replicas absent: one', async () => {
    const world = await started(aSet());
    expect(world.alive('s')).toHaveLength(1);
  });

  test('a machine that is being deleted does not count: it is replaced at once', async () => {
    const world = await started(aSet({ replicas: 2 }));
    const [first = ''] = world.names('s');
    world.client.edit(machines, first, (machine) => ({
      ...machine,
      metadata: { ...machine.metadata, finalizers: ['machine.cluster.k8s.io'] },
    }));
    world.vanish(first);
    await world.settle();
    expect(world.machines('s')).toHaveLength(3);
    expect(world.names('s')).not.toContain(first);
    expect(world.set('s').status?.replicas).toBe(2);
  });

  test('what has settled writes nothing', async () => {
    const world = await started(aCluster(), aSet({ replicas: 2 }, inCluster()));
    await world.play();
    const before = world.writes.length;
    await world.clock.advance(3_600_000);
    expect(world.writes.slice(before)).toEqual([]);
  });
});

describe('whose machines', () => {
  test('CA row S4 an orphan with matching labels is adopted, a machine of another controller is not', async () => {
    const foreign = { apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'u', controller: true };
    const world = await started(
      aMachine('orphan'),
      aMachine('foreign', { meta: { ownerReferences: [foreign] } }),
      aMachine('unlabelled', { meta: { labels: {} } }),
      aSet({ replicas: 2 }),
    );
    const names = world.names('s');
    expect(names).toHaveLength(2);
    expect(names).toContain('orphan');
    expect(world.client.object(machines, `${NAMESPACE}/foreign`)?.metadata?.ownerReferences).toEqual([foreign]);
    expect(world.events.reasons('s')).toContain('SuccessfulAdopt');
  });

  test('CA row S4 adoption is refused: nothing is made in its place, and it is tried again', async () => {
    const world = new SetWorld().put(aMachine('orphan'), aSet({ replicas: 1 }));
    worlds.push(world);
    const error = new KubeApiError({ status: 403, reason: 'Forbidden', message: 'no' }, backoff);
    world.client.fail({ verb: 'patch', resource: 'machines', error });
    await world.start();
    expect(world.names('s')).toEqual(['orphan']);
    expect(world.events.reasons('s')).toEqual(['FailedAdopt', 'ReconcileError', 'SuccessfulAdopt']);
    expect(world.client.callsOf('create')).toEqual([]);
  });

  test('CA row S5 an owned machine gets other labels: released and replaced, the count is right', async () => {
    const world = await started(aSet({ replicas: 2 }));
    const [first = ''] = world.names('s');
    world.client.edit(machines, first, (machine) => ({
      ...machine,
      metadata: { ...machine.metadata, labels: { app: 'mine' } },
    }));
    await world.settle();
    expect(world.names('s')).toHaveLength(2);
    expect(world.names()).toHaveLength(3);
    expect(world.client.object(machines, `${NAMESPACE}/${first}`)?.metadata?.ownerReferences).toEqual([]);
    expect(world.set('s').status?.replicas).toBe(2);
  });

  test('D17 after a move without owner references all of them are there again, and none names the Cluster twice', async () => {
    const clusterRef = { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster', name: 'c', uid: 'former' };
    const world = await started(
      aCluster(),
      aMachine('m', { meta: { ownerReferences: [clusterRef] } }),
      aSet({ replicas: 1 }, { ...inCluster(), finalizers: ['foregroundDeletion'], ownerReferences: [clusterRef] }),
    );
    expect(world.set('s').metadata?.ownerReferences).toEqual([
      {
        apiVersion: 'cluster.k8s.io/v1alpha1',
        kind: 'Cluster',
        name: 'c',
        uid: world.client.object(clusters, `${NAMESPACE}/c`)?.metadata?.uid,
        blockOwnerDeletion: true,
      },
    ]);
    // With the Cluster as a second owner the garbage collector would keep the machine when its set goes.
    expect(world.alive()[0]?.metadata?.ownerReferences).toEqual([expect.objectContaining({ kind: 'MachineSet' })]);
  });

  test('a set of a Cluster that does not exist yet waits for it, and says so', async () => {
    const world = await started(aSet({ replicas: 2 }, inCluster()));
    expect(world.alive()).toEqual([]);
    expect(conditionOf(world.set('s'), 'Ready')).toMatchObject({ reason: 'WaitingForCluster' });
    world.put(aCluster());
    await world.settle();
    expect(world.alive('s')).toHaveLength(2);
    expect(world.set('s').metadata?.finalizers).toEqual(['foregroundDeletion']);
  });
});

describe('fewer machines', () => {
  test('CA row S6 five to two: the annotated one and the failed one first, then by policy', async () => {
    const world = await started(aSet({ replicas: 5 }, { annotations: { [annotations.paused]: '' } }));
    await setOf(
      world,
      aMachine('annotated', { meta: { annotations: { [annotations.deleteMachine]: 'yes' } } }),
      aMachine('failed', { status: { errorReason: 'CreateError' } }),
      aMachine('plain-1', { spec: { providerID: 'packet://1' } }),
      aMachine('plain-2', { spec: { providerID: 'packet://2' } }),
      aMachine('no-device'),
    );
    world.client.edit(machineSets, 's', (set) => ({ ...set, metadata: { ...set.metadata, annotations: {} } }));
    await world.settle();
    expect(world.names('s')).toHaveLength(5);
    world.editSet('s', { replicas: 3 });
    await world.settle();
    expect([...world.names('s')].sort()).toEqual(['no-device', 'plain-1', 'plain-2']);
    // #425: of equal ones that without a device costs nothing.
    world.editSet('s', { replicas: 2 });
    await world.settle();
    expect([...world.names('s')].sort()).toEqual(['plain-1', 'plain-2']);
  });

  test.each([
    { policy: 'Newest', stays: ['m0', 'm1'] },
    { policy: 'Oldest', stays: ['m2', 'm3'] },
  ])('CA row S7 policy $policy', async ({ policy, stays }) => {
    // Paused, so that the set makes none of its own meanwhile.
    const world = await started(
      aSet({ replicas: 4, deletePolicy: policy }, { annotations: { [annotations.paused]: '' } }),
    );
    for (const name of ['m0', 'm1', 'm2', 'm3']) {
      await setOf(world, aMachine(name));
      await world.clock.advance(86_400_000);
    }
    world.client.edit(machineSets, 's', (set) => ({
      ...set,
      metadata: { ...set.metadata, annotations: {} },
      spec: { ...set.spec, replicas: 2 },
    }));
    await world.settle();
    expect([...world.names('s')].sort()).toEqual(stays);
  });

  test('CA row S7 an unknown policy: error and event, nothing is deleted', async () => {
    const world = await started(aSet({ replicas: 3, deletePolicy: 'Biggest' }));
    expect(world.alive('s')).toHaveLength(3);
    world.editSet('s', { replicas: 1 });
    await world.settle();
    expect(world.alive('s')).toHaveLength(3);
    expect(world.events.all.at(-1)).toMatchObject({
      reason: 'ReconcileError',
      message: expect.stringContaining('set it to one of Random, Newest, Oldest'),
    });
    world.editSet('s', { deletePolicy: 'Random' });
    await world.settle();
    expect(world.alive('s')).toHaveLength(1);
  });

  test('CA row S8 scale to zero: no machine, all counts 0, the selector stays for the scale subresource', async () => {
    const world = await started(aSet({ replicas: 3 }));
    await world.play();
    world.editSet('s', { replicas: 0 });
    await world.settle();
    expect(world.alive()).toEqual([]);
    expect(world.set('s').status).toMatchObject({
      replicas: 0,
      fullyLabeledReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      labelSelector: 'app=s',
    });
  });

  test('a paused machine is never deleted by its set', async () => {
    const world = await started(aSet({ replicas: 2 }));
    const [first = ''] = world.names('s');
    world.client.edit(machines, first, (machine) => ({
      ...machine,
      metadata: { ...machine.metadata, annotations: { [annotations.paused]: '' } },
    }));
    world.editSet('s', { replicas: 0 });
    await world.settle();
    expect(world.names('s')).toEqual([first]);
  });
});
