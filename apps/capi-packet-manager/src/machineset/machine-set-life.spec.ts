// What a set says of itself, that it rests while it is paused or moved, and its deletion; real informers on an API server in memory.
import { describe, expect, test } from '@jest/globals';
import { KubeApiError } from '@longshore/k8s-runtime';
import { backoff } from '@longshore/reconciler-core';
import { annotations } from '../api/names.ts';
import type { MachineSet } from '../api/objects.ts';
import { clusters, machines, machineSets } from '../api/resources.ts';
import { aCluster, aSet, inCluster, NAMESPACE, readyMachine } from './test-support/set-world.ts';
import { startedWorlds } from './test-support/started-worlds.ts';

const { started } = startedWorlds();

const conditionOf = (set: MachineSet, type: string): unknown =>
  set.status?.conditions?.find((condition) => condition.type === type);

describe('status', () => {
  test('CA row S10 ready for half of minReadySeconds: ready 1, available 0; available when the time is up', async () => {
    const world = await started(aSet({ replicas: 1, minReadySeconds: 60 }));
    world.ready(world.names('s')[0] ?? '');
    await world.clock.advance(30_000);
    expect(world.set('s').status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    await world.clock.advance(31_000);
    expect(world.set('s').status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
    expect(conditionOf(world.set('s'), 'Ready')).toMatchObject({ status: 'True' });
  });

  test('CA row S11 the workload API does not answer: last counts with a condition, nothing is scaled on it', async () => {
    const world = await started(aCluster(), aSet({ replicas: 2 }, inCluster()));
    await world.play();
    world.client.edit(clusters, 'c', (cluster) => ({
      ...cluster,
      status: {
        conditions: [
          { type: 'APIServerReachable', status: 'False' as const, reason: 'x', message: '', lastTransitionTime: '' },
        ],
      },
    }));
    for (const name of world.names('s')) {
      world.client.edit(machines, name, (machine) => readyMachine(machine, false, world.clock.nowMs()));
    }
    const before = world.names('s');
    await world.clock.advance(600_000);
    expect(world.set('s').status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 2 });
    expect(conditionOf(world.set('s'), 'APIServerReachable')).toMatchObject({ status: 'False', reason: 'LastKnown' });
    expect(world.names('s')).toEqual(before);
    world.client.edit(clusters, 'c', (cluster) => ({ ...cluster, status: {} }));
    await world.settle();
    expect(world.set('s').status).toMatchObject({ readyReplicas: 0, availableReplicas: 0 });
  });

  test('observedGeneration follows, also when a step fails', async () => {
    const world = await started(aSet({ replicas: 1 }));
    const error = new KubeApiError({ status: 403, reason: 'Forbidden', message: 'no' }, backoff);
    world.client.fail({ verb: 'create', resource: 'machines', times: 100, error });
    world.editSet('s', { replicas: 2 });
    await world.settle();
    expect(world.set('s').status?.observedGeneration).toBe(world.set('s').metadata?.generation);
  });
});

describe('paused', () => {
  test.each([
    { when: 'the set', meta: { annotations: { [annotations.paused]: '' } }, cluster: {} },
    { when: 'its Cluster', meta: {}, cluster: { spec: { paused: true } } },
  ])('$when is paused: one condition and nothing else', async ({ meta, cluster }) => {
    const world = await started(aCluster(cluster), aSet({ replicas: 2 }, { ...inCluster(), ...meta }));
    await world.clock.advance(60_000);
    expect(world.writes).toEqual(['patch machinesets default/s']);
    expect(conditionOf(world.set('s'), 'Paused')).toMatchObject({ status: 'True' });
  });

  test('being moved: not even that', async () => {
    const world = await started(
      aCluster({ meta: { annotations: { [annotations.moving]: 'id' } } }),
      aSet({ replicas: 2 }, inCluster()),
    );
    await world.clock.advance(60_000);
    expect(world.writes).toEqual([]);
  });
});

describe('deletion', () => {
  test('without a garbage collector: its machines first, the finalizer only when none is left', async () => {
    const world = await started(aCluster(), aSet({ replicas: 2 }, inCluster()));
    const held = world.names('s')[0] ?? '';
    world.client.edit(machines, held, (machine) => ({
      ...machine,
      metadata: { ...machine.metadata, finalizers: ['machine.cluster.k8s.io'] },
    }));
    world.client.delete(machineSets, { namespace: NAMESPACE, name: 's' });
    await world.settle();
    expect(world.machines().map(({ metadata }) => metadata?.name)).toEqual([held]);
    expect(world.set('s').metadata?.finalizers).toEqual(['foregroundDeletion']);
    world.client.edit(machines, held, (machine) => ({ ...machine, metadata: { ...machine.metadata, finalizers: [] } }));
    await world.settle();
    expect([world.machines(), world.sets()]).toEqual([[], []]);
  });

  test('with --cascade=orphan the machines stay', async () => {
    const world = await started(aSet({ replicas: 2 }, { finalizers: ['orphan'] }));
    world.client.delete(machineSets, { namespace: NAMESPACE, name: 's' });
    await world.settle();
    expect(world.alive()).toHaveLength(2);
  });
});
