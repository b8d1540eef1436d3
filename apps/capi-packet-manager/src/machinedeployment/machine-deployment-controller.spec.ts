// Roll-outs by both controllers together on an API server in memory, with a player who makes machines ready: rows T1 to T14.
// machine-deployment-life.spec.ts has pauses (T10, T11), what is refused, and deletion.
import { describe, expect, test } from '@jest/globals';
import { annotations, TEMPLATE_HASH_LABEL } from '../api/names.ts';
import { clusters, machineDeployments, machines } from '../api/resources.ts';
import { isReady } from '../machineset/machine-facts.ts';
import {
  aCluster,
  aDeployment,
  inCluster,
  NAMESPACE,
  SetWorld,
  template,
} from '../machineset/test-support/set-world.ts';
import { replicasOf, startedWorlds } from '../machineset/test-support/started-worlds.ts';

const { worlds, started, rolledOut } = startedWorlds();

/** What a roll-out went through. */
interface Extremes {
  most: number;
  least: number;
  readonly check: () => void;
}

function extremesOf(world: SetWorld): Extremes {
  const extremes = {
    most: 0,
    least: Infinity,
    check: () => {
      extremes.most = Math.max(extremes.most, world.alive().length);
      extremes.least = Math.min(extremes.least, world.available());
    },
  };
  return extremes;
}

const kubelets = (world: SetWorld): readonly (string | undefined)[] =>
  world.alive().map(({ spec }) => spec?.versions?.kubelet);

describe('a roll-out', () => {
  test.each([
    {
      row: 'CA row T1 surge 1, unavailable 0',
      replicas: 3,
      limits: { maxSurge: 1, maxUnavailable: 0 },
      most: 4,
      least: 3,
    },
    { row: 'CA row T1 the defaults', replicas: 3, limits: {}, most: 4, least: 3 },
    {
      row: 'CA row T2 surge 0, unavailable 1',
      replicas: 3,
      limits: { maxSurge: 0, maxUnavailable: 1 },
      most: 3,
      least: 2,
    },
    {
      row: 'CA row T3 25 % of 10',
      replicas: 10,
      limits: { maxSurge: '25%', maxUnavailable: '25%' },
      most: 13,
      least: 8,
    },
    {
      row: 'CA row T4 both 0 % after rounding',
      replicas: 3,
      limits: { maxSurge: 0, maxUnavailable: '10%' },
      most: 3,
      least: 2,
    },
  ])('$row: never more than $most machines, never fewer than $least available', async (scene) => {
    const { replicas, limits, most, least } = scene;
    const world = await rolledOut({ replicas }, limits);
    world.editDeployment({ template: template('1.35.0') });
    const seen = extremesOf(world);
    await world.play(seen.check, 100);
    expect([seen.most, seen.least]).toEqual([most, least]);
    expect(kubelets(world)).toEqual(Array.from({ length: replicas }, () => '1.35.0'));
    expect(world.deployment().status).toMatchObject({
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      unavailableReplicas: 0,
      observedGeneration: world.deployment().metadata?.generation,
      labelSelector: 'app=d',
    });
    const before = world.writes.length;
    await world.clock.advance(3_600_000);
    expect(world.writes.slice(before)).toEqual([]);
  });

  test('CA row T5 new machines never become ready: old ones stay, the status says so, no endless creation', async () => {
    const world = await rolledOut();
    world.editDeployment({ template: template('1.35.0') });
    await world.clock.advance(3_600_000);
    expect([world.available(), world.alive().length]).toEqual([3, 4]);
    expect(world.deployment().status).toMatchObject({
      replicas: 4,
      updatedReplicas: 1,
      availableReplicas: 3,
      unavailableReplicas: 1,
    });
    expect(world.deployment().status?.conditions).toEqual([
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'RollingOut' }),
    ]);
    expect(world.client.callsOf('create').filter(({ resource }) => resource === 'machines')).toHaveLength(4);
  });

  test('CA row T6 back to the former template: its set again, revision raised, history kept', async () => {
    const world = await rolledOut({ revisionHistoryLimit: 5 });
    world.editDeployment({ template: template('1.35.0') });
    await world.play();
    world.editDeployment({ template: template('1.34.0') });
    await world.play();
    const [first, second] = world.sets();
    expect(replicasOf(world)).toEqual([3, 0]);
    expect(first?.metadata?.annotations).toMatchObject({
      [annotations.revision]: '3',
      [annotations.revisionHistory]: '1',
    });
    expect(second?.metadata?.annotations?.[annotations.revision]).toBe('2');
    expect(world.deployment().metadata?.annotations?.[annotations.revision]).toBe('3');
    world.editDeployment({ template: template('1.35.0') });
    await world.play();
    world.editDeployment({ template: template('1.34.0') });
    await world.play();
    expect(world.sets()[0]?.metadata?.annotations).toMatchObject({
      [annotations.revision]: '5',
      [annotations.revisionHistory]: '1,3',
    });
  });

  test('CA row T7 a second change during a roll-out: a third set, both older ones shrink, the oldest first', async () => {
    const world = await rolledOut({ revisionHistoryLimit: 5 });
    world.editDeployment({ template: template('1.35.0') });
    await world.settle();
    for (const machine of world.alive().filter((each) => !isReady(each))) world.ready(machine.metadata?.name ?? '');
    await world.settle();
    expect(replicasOf(world)).toEqual([2, 2]);
    world.editDeployment({ template: template('1.36.0') });
    const seen = extremesOf(world);
    const steps: string[] = [];
    await world.play(() => {
      seen.check();
      const step = replicasOf(world).join(' ');
      if (steps.at(-1) !== step) steps.push(step);
    });
    expect(replicasOf(world)).toEqual([0, 0, 3]);
    expect([seen.most, seen.least]).toEqual([4, 3]);
    const second = steps.map((step) => step.split(' ').map(Number));
    // While the oldest has available machines, the second loses only what was not available.
    expect(second.every(([oldest = 0, middle = 0]) => oldest === 0 || middle >= 1)).toBe(true);
  });

  test('CA row T8 unhealthy old machines are removed first', async () => {
    const world = await rolledOut({ replicas: 4 }, { maxSurge: 1, maxUnavailable: 2 });
    const [a = '', b = '', ...healthy] = world.names();
    world.ready(a, false);
    world.ready(b, false);
    world.editDeployment({ template: template('1.35.0') });
    const seen = extremesOf(world);
    await world.settle();
    expect(world.names()).toEqual(expect.arrayContaining([...healthy]));
    expect(world.names()).not.toContain(a);
    await world.play(seen.check);
    expect(seen.least).toBe(2);
    expect(kubelets(world)).toEqual(['1.35.0', '1.35.0', '1.35.0', '1.35.0']);
  });

  test('CA row T8 an unhealthy machine goes before an annotated one that is available', async () => {
    const world = await rolledOut();
    const [annotated = '', unhealthy = ''] = world.names();
    world.client.edit(machines, annotated, (machine) => ({
      ...machine,
      metadata: { ...machine.metadata, annotations: { [annotations.deleteMachine]: 'yes' } },
    }));
    world.ready(unhealthy, false);
    world.editDeployment({ template: template('1.35.0') });
    await world.settle();
    const fresh = world.alive().find(({ spec }) => spec?.versions?.kubelet === '1.35.0')?.metadata?.name ?? '';
    world.ready(fresh);
    await world.settle();
    expect(world.names()).toContain(annotated);
    expect(world.names()).not.toContain(unhealthy);
    expect(world.available()).toBe(3);
    await world.play();
    expect(kubelets(world)).toEqual(['1.35.0', '1.35.0', '1.35.0']);
  });

  test('CA row T9 only replicas, strategy and annotations changed: no new set, annotations travel', async () => {
    const world = await rolledOut();
    const [name] = world.sets().map(({ metadata }) => metadata?.name);
    world.editDeployment({ replicas: 4, strategy: { rollingUpdate: { maxSurge: 2 } }, minReadySeconds: 5 });
    world.client.edit(machineDeployments, 'd', (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: {
          ...object.metadata?.annotations,
          team: 'blue',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
        },
      },
    }));
    await world.play();
    expect(world.sets().map(({ metadata }) => metadata?.name)).toEqual([name]);
    expect(replicasOf(world)).toEqual([4]);
    expect(world.sets()[0]?.spec?.minReadySeconds).toBe(5);
    expect(world.sets()[0]?.metadata?.annotations).toEqual({
      team: 'blue',
      [annotations.revision]: '1',
      [annotations.desiredReplicas]: '4',
      [annotations.maxReplicas]: '6',
    });
  });

  test('CA row T12 revisionHistoryLimit 1: after the third roll-out one old set is left', async () => {
    const world = await rolledOut();
    for (const version of ['1.34.1', '1.34.2', '1.34.3']) {
      world.editDeployment({ template: template(version) });
      await world.play();
    }
    expect(world.sets().map(({ spec }) => spec?.template?.spec?.versions?.kubelet)).toEqual(['1.34.2', '1.34.3']);
    expect(world.events.reasons('d')).toContain('SuccessfulDelete');
  });

  test('CA row T13 scaled to zero during a roll-out: all sets 0', async () => {
    const world = await rolledOut();
    world.editDeployment({ template: template('1.35.0') });
    await world.settle();
    world.editDeployment({ replicas: 0 });
    await world.clock.advance(5000);
    expect(replicasOf(world)).toEqual([0, 0]);
    expect(world.alive()).toEqual([]);
    expect(world.deployment().status).toMatchObject({ replicas: 0, availableReplicas: 0, unavailableReplicas: 0 });
  });

  test('CA row T14 sets of the Go controllers: no new set, annotations and hash stay', async () => {
    const world = new SetWorld().put(aDeployment());
    worlds.push(world);
    const hash = '3271028612';
    const labels = { app: 'd', [TEMPLATE_HASH_LABEL]: hash };
    const kept = {
      [annotations.revision]: '7',
      [annotations.revisionHistory]: '2,4',
      [annotations.desiredReplicas]: '3',
      [annotations.maxReplicas]: '4',
    };
    const reference = {
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'MachineDeployment',
      name: 'd',
      uid: world.deployment().metadata?.uid ?? '',
      controller: true,
    };
    // Go writes zero values and a null time.
    const metadata = { creationTimestamp: null, labels } as never;
    const spec = { metadata: {}, providerSpec: {}, versions: { kubelet: '1.34.0', controlPlane: '' } };
    world.put({
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'MachineSet',
      metadata: { name: 'd-gohash', namespace: NAMESPACE, labels, annotations: kept, ownerReferences: [reference] },
      spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata, spec } },
    });
    await world.start();
    await world.play();
    expect(world.sets().map(({ metadata: { name } = {} }) => name)).toEqual(['d-gohash']);
    expect(world.set('d-gohash').metadata?.annotations).toEqual(kept);
    expect(world.set('d-gohash').metadata?.labels?.[TEMPLATE_HASH_LABEL]).toBe(hash);
    expect(world.alive('d-gohash')).toHaveLength(3);
    expect(world.deployment().metadata?.annotations?.[annotations.revision]).toBe('7');
  });

  test('CA row S11 while the workload API does not answer no old machine is removed for its readiness', async () => {
    const world = await started(aCluster(), aDeployment({ template: template('1.34.0') }, inCluster()));
    await world.play();
    world.client.edit(clusters, 'c', (cluster) => ({
      ...cluster,
      status: {
        conditions: [
          { type: 'APIServerReachable', status: 'False' as const, reason: 'x', message: '', lastTransitionTime: '' },
        ],
      },
    }));
    world.editDeployment({ template: template('1.35.0') });
    await world.settle();
    for (const name of world.names()) world.ready(name);
    await world.clock.advance(60_000);
    expect(kubelets(world).filter((version) => version === '1.34.0')).toHaveLength(3);
    world.client.edit(clusters, 'c', (cluster) => ({ ...cluster, status: {} }));
    await world.play();
    expect(kubelets(world)).toEqual(['1.35.0', '1.35.0', '1.35.0']);
  });
});
