// Removal of orphans over HTTP against the simulated cloud: what is removed, what is kept, what is waited for.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import { aBalancer, aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { reasonToKeep } from './orphan-removal.ts';

const TAG = 'k8s:c1';
const signal = new AbortController().signal;
let world: World;

beforeEach(async () => {
  world = await aWorld({ config: { clusterTag: TAG } });
});
afterEach(() => world.close());

/** A balancer of this cluster whose Service has vanished without a trace. */
async function anOrphan(uid = '99999999-2222-4333-8444-555555555555'): Promise<OrphanedBalancer> {
  const service = world.cluster.put(aService({ uid }));
  await world.balancers.ensure(service, world.nodes(), signal);
  world.cluster.remove('web');
  await world.clock.advance(20_000);
  const orphans = await world.balancers.orphans([], signal);
  const orphan = orphans.at(-1);
  if (!orphan) throw new Error('there is no orphan');
  return orphan;
}

describe('removeOrphan', () => {
  test('a balancer without owner is removed, and certainly gone', async () => {
    const orphan = await anOrphan();
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
    expect(world.cloud.state.loadBalancers.size).toBe(0);
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test('one that processes an earlier action is waited for', async () => {
    const orphan = await anOrphan();
    const message = "Load Balancer can't be updated while it processes previous actions";
    world.cloud.fail({ match: { method: 'DELETE' }, status: 403, body: { id: 'forbidden', message } });
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toMatchObject({
      kind: 'in-progress',
      waitingFor: expect.stringContaining('earlier action') as unknown,
    });
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
  });

  test('a Service that appeared meanwhile keeps it', async () => {
    const orphan = await anOrphan();
    const owner = aService({ uid: '99999999-2222-4333-8444-555555555555' });
    expect(await world.balancers.removeOrphan(orphan, [owner], signal)).toEqual({
      kind: 'kept',
      reason: 'Service shop/web refers to it',
    });
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  test.each([
    { when: 'the token may not delete', fault: { status: 403 } },
    { when: 'a proxy says 404', fault: { kind: 'html' as const, status: 404 } },
    { when: 'the API fails', fault: { status: 500 } },
  ])('$when: an error, and the balancer stays', async ({ fault }) => {
    const orphan = await anOrphan();
    world.cloud.fail({ ...fault, match: { method: 'DELETE' } });
    await expect(world.balancers.removeOrphan(orphan, [], signal)).rejects.toThrow();
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  test('a page of a proxy instead of the answer to GET is not "gone"', async () => {
    const orphan = await anOrphan();
    world.cloud.fail({ kind: 'html', status: 404, match: { method: 'GET', path: /load_balancers\// } });
    await expect(world.balancers.removeOrphan(orphan, [], signal)).rejects.toThrow();
  });
});

describe('reasonToKeep', () => {
  const balancer = aBalancer({ tags: [TAG], ip: '203.0.113.9' });
  const other = '99999999-2222-4333-8444-555555555555';
  const stranger = aService({ uid: other });
  const owners: readonly { readonly when: string; readonly service: KubeService }[] = [
    { when: 'its default name', service: aService() },
    { when: 'its name by annotation', service: aService({ uid: other, annotations: { name: balancer.name } }) },
    { when: 'its ID', service: aService({ uid: other, annotations: { loadBalancerId: balancer.id } }) },
    { when: 'a claim on it', service: aService({ uid: other, annotations: { claim: `x ${balancer.id}` } }) },
    { when: 'its address in the status', service: aService({ uid: other, ingress: [{ ip: '203.0.113.9' }] }) },
    {
      when: 'its ID, although it disowns it',
      service: aService({ uid: other, annotations: { loadBalancerId: balancer.id, disown: 'true' } }),
    },
  ];

  test.each(owners)('a Service with $when', ({ service }) =>
    expect(reasonToKeep(balancer, [stranger, service], TAG)).toBe('Service shop/web refers to it'),
  );

  test('nothing speaks for keeping it', () => {
    expect(reasonToKeep(balancer, [stranger], TAG)).toBeUndefined();
    const { ip: _none, ...withoutAddress } = balancer;
    expect(reasonToKeep(withoutAddress, [stranger], TAG)).toBeUndefined();
  });

  test('a balancer that lost the tag, has another cluster’s, or whose cluster is not known', () => {
    expect(reasonToKeep(aBalancer({ tags: [] }), [], TAG)).toContain("does not have this cluster's tag");
    expect(reasonToKeep(aBalancer({ tags: [TAG, 'k8s:c2'] }), [], TAG)).toContain('k8s:c2 of another cluster');
    expect(reasonToKeep(aBalancer({ id: parseLoadBalancerId('x'), tags: [TAG] }), [], undefined)).toBeDefined();
  });
});
