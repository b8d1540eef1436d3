// Moves between two API servers in memory: whole, interrupted at every write, into a target that is not empty, with managers that take
// their time to end.
import { describe, expect, test } from '@jest/globals';
import { annotations, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import type { ObjectMeta } from '../../api/objects.ts';
import { clusters, machines, machineSets } from '../../api/resources.ts';
import { pods, secrets } from '../kube-kinds.ts';
import { aCluster, aMachine } from '../test-support/a-cluster.ts';
import { Interruption, WriteBudget } from '../test-support/interrupted-client.ts';
import { aWorld, expectMoved, id, MoveWorld } from '../test-support/move-world.ts';
import { moveCluster } from './pivot.ts';

describe('moveCluster', () => {
  test('CA row P7 a cluster with two MachineDeployments moves whole; CA row P9 with its Secrets and the sealing key', async () => {
    const world = await aWorld();
    const before = world.names(world.source);
    expect(before).toHaveLength(1 + 7 + 1 + 6);
    await expect(moveCluster(id, world.parts())).resolves.toBe('moved');
    expectMoved(world, before);
    expect(world.target.object(secrets, `${PACKET_NAMESPACE}/${SEALING_SECRET}`)?.data).toEqual({ key: 'a2V5' });
    expect(world.target.object(secrets, 'default/web-ca')?.data).toEqual({ value: 'c2VjcmV0' });
  });

  test('CA row P10 owner references are rebuilt with the uids of the target, finalizers and attempt ids come along, statuses do not', async () => {
    const world = await aWorld(['blue']);
    await moveCluster(id, world.parts());
    const machine = world.target.object(machines, 'default/blue-1-x');
    const set = world.target.object(machineSets, 'default/blue-1');
    expect(machine?.metadata?.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'MachineSet', name: 'blue-1', uid: set?.metadata?.uid, controller: true }),
    ]);
    expect(machine?.metadata?.annotations).toEqual({ 'cluster.k8s.io/machine-uid': 'attempt-of-blue-1-x' });
    expect(machine?.metadata?.finalizers).toEqual(['machine.cluster.k8s.io']);
    expect(machine?.status).toBeUndefined();
  });

  test('CA row P4 killed at every write, before or after it was done, and run again: the same end', async () => {
    const whole = await aWorld();
    const budget = new WriteBudget();
    const before = whole.names(whole.source);
    await moveCluster(id, whole.parts(budget));
    expect(budget.writes).toBeGreaterThan(40);
    for (let fatal = 1; fatal <= budget.writes; fatal += 1) {
      for (const isDone of [false, true]) {
        const world = await aWorld();
        await expect(moveCluster(id, world.parts(new WriteBudget(fatal, isDone)))).rejects.toThrow(Interruption);
        const running = (world.replicas(world.source) ?? 0) + (world.replicas(world.target) ?? 0);
        expect(running).toBeLessThanOrEqual(1);
        await moveCluster(id, world.parts());
        expectMoved(world, before);
      }
    }
  });

  test('CA row P4 the managers of the source are never told to run again, whatever the moment of the interruption', async () => {
    const world = await aWorld(['blue']);
    await moveCluster(id, world.parts());
    await expect(moveCluster(id, world.parts())).resolves.toBe('was-moved');
    expect(world.replicas(world.source)).toBe(0);
  });

  test('CA row P5 an equal object on the target is taken as it is', async () => {
    const world = await aWorld(['blue']);
    const before = world.names(world.source);
    await world.target.create(clusters, aCluster());
    await moveCluster(id, world.parts());
    expectMoved(world, before);
  });

  test('CA row P5 a different object on the target is refused with the difference, and nothing is frozen or copied', async () => {
    const world = await aWorld(['blue']);
    const other = aMachine('web-master-0', {}, '1.34.1');
    await world.target.create(machines, other);
    await expect(moveCluster(id, world.parts())).rejects.toMatchObject({
      code: 'CTL_MOVE_CONFLICT',
      message: expect.stringContaining(
        'Machine default/web-master-0: spec.versions.controlPlane is "1.34.1" on the target, "1.36.3" here',
      ),
    });
    expect(world.names(world.target)).toEqual(['Machine web-master-0']);
    const source = world.source.object(clusters, 'default/web');
    expect(source?.metadata?.annotations?.[annotations.moving]).toBeUndefined();
    expect(world.replicas(world.source)).toBe(1);
  });

  test('CA row P6 every object on the target is frozen from its first moment until all are there; the Cluster is released last', async () => {
    const world = await aWorld();
    await moveCluster(id, world.parts());
    const writes = world.target.callsOf('create', 'patch').filter((call) => /^(clusters|machine)/.test(call.resource));
    const created = writes.filter((call) => call.verb === 'create');
    for (const call of created) {
      expect((call.body as { metadata: ObjectMeta }).metadata.annotations?.[annotations.moving]).toBe('move-1');
    }
    expect(writes.at(-1)).toMatchObject({ verb: 'patch', resource: 'clusters' });
    expect(writes.slice(0, created.length).every((call) => call.verb === 'create')).toBe(true);
  });

  test('CA row P8 a Machine that is being deleted moves with its deletion going on', async () => {
    const world = await aWorld(['blue']);
    world.source.delete(machines, { namespace: 'default', name: 'blue-1-x' });
    await moveCluster(id, world.parts());
    const machine = world.target.object(machines, 'default/blue-1-x');
    expect(machine?.metadata?.deletionTimestamp).toBeDefined();
    expect(machine?.metadata?.finalizers).toEqual(['machine.cluster.k8s.io']);
    expect(world.source.objects(machines)).toEqual([]);
  });

  test('CA row P11 nothing is copied before the pods of the source managers are gone', async () => {
    const world = await aWorld(['blue']);
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'controller-manager', uid: 'x' }];
    const metadata = { namespace: PACKET_NAMESPACE, name: 'controller-manager-0', ownerReferences };
    world.source.put(pods, { apiVersion: 'v1', kind: 'Pod', metadata });
    const moving = moveCluster(id, world.parts());
    await world.clock.advance(20_000);
    expect(world.names(world.target)).toEqual([]);
    expect(world.said.at(-1)).toContain(`Pod ${PACKET_NAMESPACE}/controller-manager-0 still there`);
    world.source.delete(pods, metadata);
    await world.clock.advance(5_000);
    await expect(moving).resolves.toBe('moved');
  });

  test('CA row P11 managers that do not end are an error that names them; nothing is copied', async () => {
    const world = await aWorld(['blue']);
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'controller-manager', uid: 'x' }];
    const metadata = { namespace: PACKET_NAMESPACE, name: 'controller-manager-0', ownerReferences };
    world.source.put(pods, { apiVersion: 'v1', kind: 'Pod', metadata });
    const moving = moveCluster(id, world.parts());
    const outcome = expect(moving).rejects.toMatchObject({ code: 'CTL_WAIT_TIMEOUT' });
    await world.clock.advance(90_000);
    await outcome;
    expect(world.names(world.target)).toEqual([]);
  });

  test('CA row P14 other clusters, of the same namespace and of others, stay as they are', async () => {
    const world = await aWorld(['blue']);
    const other = { labels: { 'cluster.k8s.io/cluster-name': 'other' } };
    await world.source.create(clusters, aCluster({ name: 'other' }));
    await world.source.create(clusters, aCluster({ namespace: 'team' }));
    await world.source.create(machines, aMachine('other-0', other));
    await world.source.create(machines, aMachine('web-0', { namespace: 'team' }));
    const foreign = [...world.source.objects(clusters), ...world.source.objects(machines)].filter(
      ({ metadata }) => metadata?.name === 'other' || metadata?.namespace === 'team' || metadata?.name === 'other-0',
    );
    expect(foreign).toHaveLength(4);
    await moveCluster(id, world.parts());
    expect([...world.source.objects(clusters), ...world.source.objects(machines)]).toEqual(foreign);
    expect(world.target.objects(clusters)).toHaveLength(1);
  });

  test('no Cluster of that name on either side', async () => {
    const world = new MoveWorld();
    await expect(moveCluster(id, world.parts())).rejects.toMatchObject({ code: 'CTL_CLUSTER_UNKNOWN' });
  });
});
