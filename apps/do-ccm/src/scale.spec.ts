// Many Services at once: how soon they have an address once the cloud says so, what that costs, and that nobody is warned on the way.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nodes } from '@longshore/k8s-runtime';
import { aNode, aService } from './test-support/builders.ts';
import { ControllerWorld } from './test-support/controller-world.ts';

const COUNT = 50;
const ACTIVE_MS = 1_500;
let world: ControllerWorld;

beforeEach(async () => {
  world = await ControllerWorld.start({ droplets: 10, latencyMs: 20, timeToActiveMs: ACTIVE_MS });
  for (let index = 0; index < COUNT; index += 1) world.put(aService({ name: `web-${index}` }));
  await world.until('all addresses', () => world.addressAtMs.size === COUNT);
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.stop();
});

/** When the balancer of each Service became active. */
function activeAt(): ReadonlyMap<string, number> {
  const posts = world.cloud.calls.of('POST /v2/load_balancers');
  const byName = new Map(posts.map(({ body, atMs }) => [(body as { name: string }).name, atMs + ACTIVE_MS]));
  return new Map(
    world.services.map(({ metadata }) => {
      const name = metadata?.name ?? '';
      return [name, byName.get(world.balancerName(name)) ?? 0];
    }),
  );
}

describe('50 Services at once, 20 ms a call, 1.5 s a balancer', () => {
  test('F9 each shows its address within a second after its balancer is active, and nobody is warned', () => {
    const active = activeAt();
    const delays = [...world.addressAtMs].map(([name, atMs]) => atMs - (active.get(name) ?? 0));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_000);
    expect(world.events.filter(({ type }) => type === 'Warning')).toEqual([]);
    const reasons = new Set(world.events.map(({ reason }) => reason));
    expect([...reasons].toSorted()).toEqual(['EnsuredLoadBalancer', 'EnsuringLoadBalancer', 'LoadBalancerPending']);
  });

  test('they cost one POST each and a few lists for all of them, within the real quota', () => {
    const { 'GET /v2/load_balancers': lists = 0, ...others } = world.cloud.callsByRoute();
    expect(others).toEqual({ 'POST /v2/load_balancers': COUNT });
    // One at the start, then one in 700 ms while somebody waits.
    expect(lists).toBeLessThanOrEqual(6);
  });

  test('one Node more is one PUT for each balancer, and at most one list', async () => {
    await world.advance(15_000, 100);
    world.cloud.calls.clear();
    const { id, name } = world.cloud.addDroplet();
    world.client.put(nodes, aNode(name, { providerId: `digitalocean://${id}` }));
    const haveIt = (): boolean =>
      [...world.cloud.state.loadBalancers.values()].every(({ droplet_ids: ids }) => ids.includes(id));
    await world.until('the new droplet in every balancer', haveIt);
    await world.advance(2_000);
    const { 'GET /v2/load_balancers': lists = 0, ...others } = world.cloud.callsByRoute();
    expect(others).toEqual({ 'PUT /v2/load_balancers/{id}': COUNT });
    expect(lists).toBeLessThanOrEqual(1);
    expect(world.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });
});
