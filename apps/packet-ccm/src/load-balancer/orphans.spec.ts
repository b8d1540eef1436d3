// Elastic IPs of this cluster that no Service owns: reported, and released only when somebody says so.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { recordingLogger, waitFor } from '@longshore/reconciler-core/testing';
import { aService, aWorld } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';
import { orphanSweep, SWEEP_EVERY_MS } from './orphan-sweep.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
let world: World;
let cluster: Cluster;

beforeEach(async () => {
  world = await aWorld();
  cluster = world.cluster();
  cluster.put(aService());
  await cluster.ensure();
});
afterEach(() => world.close());

const orphans = (): ReturnType<Cluster['balancers']['orphans']> => cluster.balancers.orphans(cluster.all(), signal);

describe('orphans', () => {
  test('PK row 49 the address of a Service whose deletion was missed is reported, and stays', async () => {
    expect(await orphans()).toEqual([]);
    cluster.vanish();
    cluster.restart();
    expect(await orphans()).toMatchObject([
      { name: 'elastic IP 198.19.0.0', reason: expect.stringContaining('not there') as unknown },
    ]);
    expect(world.addresses()).toHaveLength(1);
  });

  test('PK row 49 told to, it is withdrawn and then released', async () => {
    cluster.vanish();
    const [orphan] = await orphans();
    if (!orphan) throw new Error('no orphan');
    const outcome = cluster.balancers.removeOrphan(orphan, cluster.all(), signal);
    expect(await outcome).toEqual({ kind: 'removed' });
    expect(cluster.announcer.history.at(-1)).toBe('withdraw 198.19.0.0');
    expect(cluster.announcer.announced.size).toBe(0);
    expect(world.addresses()).toEqual([]);
    expect(await cluster.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
  });

  test.each([
    ['has its name again', aService({ uid: 'another' })],
    ['shows the address', aService({ name: 'other', shows: ['198.19.0.0'] })],
    ['asks for the address', aService({ name: 'other', spec: { loadBalancerIP: '198.19.0.0' } })],
    ['asks for the address by annotation', aService({ name: 'other', annotations: { address: '198.19.0.0' } })],
  ])('kept when a Service %s', async (_what, service) => {
    cluster.vanish();
    const [orphan] = await orphans();
    if (!orphan) throw new Error('no orphan');
    expect(await cluster.balancers.orphans([service], signal)).toEqual([]);
    expect(await cluster.balancers.removeOrphan(orphan, [service], signal)).toMatchObject({ kind: 'kept' });
    expect(world.addresses()).toHaveLength(1);
  });

  test('kept when a device has the address, and when it cannot be withdrawn', async () => {
    cluster.vanish();
    const [orphan] = await orphans();
    if (!orphan) throw new Error('no orphan');
    cluster.announcer.withdrawAddresses = () => Promise.reject(new Error('MetalLB does not answer'));
    await expect(cluster.balancers.removeOrphan(orphan, [], signal)).rejects.toThrow('MetalLB');
    const device = world.cloud.addDevice({ hostname: 'node-1', facility: 'da11' });
    await world.api.assignments.assign(device.id as never, { address: '198.19.0.0' }, signal);
    expect(await cluster.balancers.removeOrphan(orphan, [], signal)).toMatchObject({ kind: 'kept' });
    expect(world.addresses()).toHaveLength(1);
  });
});

describe('the sweep that is switched on', () => {
  test('PK row 49 releases what two rounds found; what a Service owns by then stays', async () => {
    for (const name of ['gone', 'back']) cluster.put(aService({ name }));
    for (const name of ['gone', 'back']) await cluster.ensure(name);
    const [web = '', back = ''] = [cluster.shows()[0], cluster.shows('back')[0]];
    const held = cluster.get('back');
    for (const name of ['gone', 'back']) cluster.vanish(name);
    const stop = new AbortController();
    const { clock } = world;
    const sweep = orphanSweep({
      loadBalancers: cluster.balancers,
      client: cluster.kube,
      clock,
      log: recordingLogger(),
    });
    const rounds = sweep.run(stop.signal);
    const isPausing = (): boolean => clock.nextTimerInMs === SWEEP_EVERY_MS;
    await waitFor(isPausing, { what: 'the end of the first round' });
    expect(world.addresses()).toHaveLength(3);
    cluster.put(aService({ name: 'back', spec: { ...held.spec } }));
    await clock.advance(SWEEP_EVERY_MS);
    await waitFor(() => isPausing() && world.addresses().length < 3, { what: 'the end of the second round' });
    expect([...world.addresses()].sort()).toEqual([web, back].sort());
    stop.abort();
    await rounds;
  });
});
