// A deployment that is paused, that somebody has to correct, or that is deleted; both controllers on an API server in memory.
import { describe, expect, test } from '@jest/globals';
import { annotations } from '../api/names.ts';
import { machineDeployments, machineSets } from '../api/resources.ts';
import { isReady } from '../machineset/machine-facts.ts';
import { aCluster, aDeployment, inCluster, NAMESPACE, template } from '../machineset/test-support/set-world.ts';
import type { SetWorld } from '../machineset/test-support/set-world.ts';
import { replicasOf, startedWorlds } from '../machineset/test-support/started-worlds.ts';

const { started, rolledOut } = startedWorlds();

describe('paused', () => {
  async function halfRolled(): Promise<SetWorld> {
    const world = await rolledOut({ replicas: 4 });
    world.editDeployment({ template: template('1.35.0') });
    await world.settle();
    for (const machine of world.alive().filter((each) => !isReady(each))) world.ready(machine.metadata?.name ?? '');
    await world.settle();
    expect(replicasOf(world)).toEqual([3, 2]);
    world.editDeployment({ paused: true });
    await world.settle();
    return world;
  }

  test('CA row T10 scaled from 4 to 8 with two sets: shares in proportion, no template is rolled out', async () => {
    const world = await halfRolled();
    world.editDeployment({ replicas: 8 });
    await world.play();
    // 9 machines (8 and a surge of 1) instead of 5: 3 become round(3·9/5) = 5, 2 become 4.
    expect(replicasOf(world)).toEqual([5, 4]);
    world.editDeployment({ template: template('1.36.0') });
    await world.clock.advance(60_000);
    expect(world.sets()).toHaveLength(2);
    expect(world.deployment().status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Paused', status: 'True' }),
    );
  });

  test('CA row T11 unpaused: the roll-out goes on', async () => {
    const world = await halfRolled();
    await world.clock.advance(600_000);
    expect(replicasOf(world)).toEqual([3, 2]);
    world.editDeployment({ paused: false });
    await world.play();
    expect(replicasOf(world)).toEqual([0, 4]);
  });

  test.each([annotations.paused, annotations.moving])('%s stops everything, scaling too', async (annotation) => {
    const world = await rolledOut();
    world.client.edit(machineDeployments, 'd', (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, [annotation]: 'x' } },
    }));
    world.editDeployment({ replicas: 8, template: template('1.35.0') });
    await world.clock.advance(60_000);
    expect(replicasOf(world)).toEqual([3]);
    const condition = world.deployment().status?.conditions?.find(({ type }) => type === 'Paused');
    expect(condition?.status).toBe(annotation === annotations.paused ? 'True' : undefined);
  });
});

describe('what somebody has to correct', () => {
  test.each([
    { what: 'selector', spec: { selector: { matchLabels: { app: 'x' } } }, message: 'does not select the labels' },
    { what: 'strategy', spec: { strategy: { type: 'Recreate' } }, message: 'set spec.strategy.type to RollingUpdate' },
    {
      what: 'limit',
      spec: { strategy: { rollingUpdate: { maxSurge: 'some' } } },
      message: 'spec.strategy.rollingUpdate.maxSurge is "some"',
    },
  ])('$what: event and condition, no set', async ({ spec, message }) => {
    const world = await started(aDeployment(spec));
    expect(world.sets()).toEqual([]);
    const expected = expect.stringContaining(message);
    expect(world.events.all[0]).toMatchObject({ about: 'd', reason: 'ReconcileError', message: expected });
    expect(world.deployment().status?.conditions).toEqual([
      expect.objectContaining({ type: 'Ready', reason: 'InvalidConfiguration', message: expected }),
    ]);
  });

  test('the name of the new set is taken by somebody else: event, and a new try when it is free', async () => {
    const world = await rolledOut();
    const [own] = world.sets();
    world.put(aDeployment({ selector: { matchLabels: { app: 'e' } }, paused: true }, { name: 'other' }));
    world.client.delete(machineDeployments, { namespace: NAMESPACE, name: 'd' });
    world.client.edit(machineSets, own?.metadata?.name ?? '', (set) => ({
      ...set,
      metadata: {
        ...set.metadata,
        ownerReferences: [{ apiVersion: 'x', kind: 'X', name: 'x', uid: 'x', controller: true }],
      },
    }));
    world.put(aDeployment());
    await world.settle();
    expect(world.events.all.filter(({ about }) => about === 'd').at(-1)?.message).toContain('belongs to somebody else');
    world.client.delete(machineSets, { namespace: NAMESPACE, name: own?.metadata?.name ?? '' });
    await world.clock.advance(120_000);
    expect(world.sets()[0]?.metadata?.ownerReferences).toEqual([expect.objectContaining({ name: 'd' })]);
  });
});

describe('deletion', () => {
  test('without a garbage collector: machines, then sets, then the deployment', async () => {
    const world = await started(aCluster(), aDeployment({ template: template('1.34.0') }, inCluster()));
    await world.play();
    expect(world.deployment().metadata?.finalizers).toEqual(['foregroundDeletion']);
    world.client.delete(machineDeployments, { namespace: NAMESPACE, name: 'd' });
    await world.clock.advance(10_000);
    expect([world.machines(), world.sets(), world.client.objects(machineDeployments)]).toEqual([[], [], []]);
  });

  test('a set without owner references (after a move) is adopted, its owner is the deployment alone', async () => {
    const world = await started(aCluster(), aDeployment({}, inCluster()));
    await world.play();
    const name = world.sets()[0]?.metadata?.name ?? '';
    world.client.edit(machineSets, name, (set) => ({ ...set, metadata: { ...set.metadata, ownerReferences: [] } }));
    await world.settle();
    expect(world.set(name).metadata?.ownerReferences).toEqual([expect.objectContaining({ kind: 'MachineDeployment' })]);
    expect(world.sets()).toHaveLength(1);
    expect(world.events.reasons('d')).toContain('SuccessfulAdopt');
  });
});
