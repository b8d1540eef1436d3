// `orphans --delete`: what it removes, and above all what it keeps.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const { signal } = new AbortController();
let world: World;
let id: string;

beforeEach(async () => {
  world = await aWorld();
  world.put(aService());
  await world.settle();
  id = [...world.cloud.state.loadBalancers.keys()][0] ?? '';
});
afterEach(() => world.close());

const remove = (services: readonly KubeService[], orphan = id): ReturnType<World['balancers']['removeOrphan']> =>
  world.balancers.removeOrphan({ id: orphan, name: '', reason: '' }, services, signal);

const stranger = aService({ name: 'other', uid: 'uid-other' });

describe('removeOrphan', () => {
  test('one that nobody refers to goes with all its parts; once more is no error', async () => {
    expect(await remove([stranger])).toEqual({ kind: 'removed' });
    const { loadBalancers, pools, members } = world.cloud.state;
    expect([loadBalancers.size, pools.size, members.size]).toEqual([0, 0, 0]);
    expect(await remove([stranger])).toEqual({ kind: 'removed' });
    expect(await world.balancers.orphans([], signal)).toEqual([]);
  });

  test('one that is still there after the DELETE is waited for', async () => {
    await world.close();
    world = await aWorld({ timeToDeleteMs: 20_000 });
    world.put(aService());
    await world.settle();
    id = [...world.cloud.state.loadBalancers.keys()][0] ?? '';
    expect(await remove([])).toMatchObject({ kind: 'in-progress' });
    await world.clock.advance(20_000);
    expect(await remove([])).toEqual({ kind: 'removed' });
  });

  test('one that is being built is waited for', async () => {
    world.cloud.updateLoadBalancer(id, { forcedStatus: 'changing' });
    expect(await remove([])).toMatchObject({ kind: 'in-progress', waitingFor: 'cloudscale.ch still builds it' });
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  const name = (): string => world.cloud.state.loadBalancers.get(id)?.name ?? '';
  test.each<[string, () => KubeService]>([
    ['its UID', () => aService({ name: 'again' })],
    ['its UUID in the annotation', () => aService({ uid: 'u', annotations: { uuid: id } })],
    ['its name in the annotation', () => aService({ uid: 'u', annotations: { name: name() } })],
    [
      'its address in the status',
      () => {
        const ip = world.cloud.state.loadBalancers.get(id)?.vip_addresses[0]?.address ?? '';
        return { ...aService({ uid: 'u' }), status: { loadBalancer: { ingress: [{ ip }] } } };
      },
    ],
  ])('a Service with %s keeps it', async (_what, service) => {
    expect(await remove([stranger, service()])).toMatchObject({
      kind: 'kept',
      reason: expect.stringMatching(/^Service shop\//),
    });
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  test('another cluster’s tag keeps it, and so does none', async () => {
    for (const tags of [{ kubernetes_cluster: 'c2' }, {}]) {
      world.cloud.updateLoadBalancer(id, { tags });
      expect(await remove([])).toMatchObject({ kind: 'kept', reason: expect.stringContaining('kubernetes_cluster') });
    }
    expect(await remove([], 'no UUID')).toMatchObject({ kind: 'kept' });
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  test.each([500, 401])('an API that answers %d removes nothing and says so', async (status) => {
    world.cloud.fail({ status });
    await expect(remove([])).rejects.toThrow();
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });
});
