// The quota of the API: what waits, in which order it goes on, and that nothing is lost and nobody is warned.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { aService } from './test-support/builders.ts';
import { ControllerWorld } from './test-support/controller-world.ts';

const service = (index: number, ports: readonly number[] = [80]): KubeService =>
  aService({ name: `web-${index}`, ports });
let world: ControllerWorld;
afterEach(() => world.stop());

const warnings = (): readonly unknown[] => world.events.filter(({ type }) => type === 'Warning');
const balancerNames = (): readonly string[] =>
  [...world.cloud.state.loadBalancers.values()].map(({ name }) => name).toSorted();
const namesNow = (): readonly string[] =>
  world.services.map(({ metadata }) => world.balancerName(metadata?.name ?? '')).toSorted();

describe('429 with Retry-After', () => {
  test('DO row 116 (ours: one repetition after the time, no Warning) a creation', async () => {
    world = await ControllerWorld.start({ droplets: 1, quota: 'off', timeToActiveMs: 100 });
    const [method, path] = ['POST', '/v2/load_balancers'];
    world.cloud.fail({ match: { method, path }, status: 429, headers: { 'retry-after': '2' } });
    world.put(service(1));
    await world.until('an address', () => world.addressAtMs.has('web-1'));
    const posts = world.cloud.calls.of('POST /v2/load_balancers');
    expect(posts.map(({ status }) => status)).toEqual([429, 202]);
    expect((posts[1]?.atMs ?? 0) - (posts[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
    expect(warnings()).toEqual([]);
    expect(balancerNames()).toEqual(namesNow());
  });
});

describe('a quota that is used up for a minute', () => {
  // Somebody else with the same token takes what there is.
  async function useUp(): Promise<void> {
    for (;;) {
      const headers = { authorization: `Bearer ${world.cloud.token}` };
      const { status } = await fetch(new URL('/v2/account', world.cloud.url), { headers });
      if (status === 429) return;
    }
  }

  test('work goes on by itself, deletions first; nothing is lost, and nobody is warned', async () => {
    const quota = { perHour: 5_000, perMinute: 60 };
    world = await ControllerWorld.start({ droplets: 1, quota, timeToActiveMs: 100 });
    for (const index of [1, 2, 3, 4]) world.put(service(index));
    await world.until('four addresses', () => world.addressAtMs.size === 4);
    await world.advance(61_000, 1_000);
    await useUp();
    const usedUpAtMs = world.clock.monotonicMs();
    world.cloud.calls.clear();
    for (const index of [5, 6, 7]) world.put(service(index));
    const changed = world.services.find(({ metadata }) => metadata?.name === 'web-4');
    world.put({ ...changed, spec: { ...changed?.spec, ...service(4, [81]).spec } });
    for (const name of ['web-1', 'web-2', 'web-3']) world.remove(name);

    await world.until('all as wanted', () => world.addressAtMs.size === 7 && world.services.length === 4, 100);
    await world.advance(5_000, 100);
    expect(balancerNames()).toEqual(namesNow());
    const [first] = [...world.cloud.state.loadBalancers.values()];
    expect(first?.forwarding_rules.map(({ entry_port: port }) => port)).toEqual([81]);
    expect(warnings()).toEqual([]);

    const done = world.cloud.calls.records.filter(({ status }) => status !== 429);
    expect((done[0]?.atMs ?? 0) - usedUpAtMs).toBeGreaterThanOrEqual(59_000);
    const writes = done.filter(({ method }) => method !== 'GET').map(({ method }) => method);
    expect(writes).toEqual([
      'DELETE',
      'DELETE',
      'DELETE',
      expect.any(String),
      expect.any(String),
      expect.any(String),
      expect.any(String),
    ]);
    expect(writes.toSorted()).toEqual(['DELETE', 'DELETE', 'DELETE', 'POST', 'POST', 'POST', 'PUT']);
    // While there is no quota, nobody hammers: each worker is refused at most once before it knows.
    expect(world.cloud.calls.records.length - done.length).toBeLessThanOrEqual(10);
  });
});
