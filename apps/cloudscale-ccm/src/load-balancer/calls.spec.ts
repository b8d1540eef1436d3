// What things cost: calls to cloudscale.ch, counted. The Go program's figures are in docs/conformance and the README.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CloudscaleOptions } from '@longshore/cloud-simulators';
import { aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

let world: World;
afterEach(async () => {
  expect([...world.cloud.schemaProblems, ...world.cloud.overlappingWrites]).toEqual([]);
  await world.close();
});

const PORTS = [
  { port: 80, name: 'http' },
  { port: 443, name: 'https' },
];

async function start(options: CloudscaleOptions): Promise<void> {
  world = await aWorld(options);
}

/** Tries all of them together until none is left, as the controller does. */
async function settleAll(names: readonly string[]): Promise<void> {
  let left = names;
  while (left.length > 0) {
    const results = await Promise.all(left.map(async (name) => ({ name, result: await world.ensure(name) })));
    const waiting = results.flatMap(({ name, result }) =>
      result.kind === 'in-progress' ? [{ name, checkAgainMs: result.checkAgainMs }] : [],
    );
    left = waiting.map(({ name }) => name);
    await world.clock.advance(Math.max(0, ...waiting.map(({ checkAgainMs }) => checkAgainMs)));
  }
}

function services(count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  for (const name of names) world.put(aService({ name, uid: `uid-${name}`, ports: PORTS }));
  return names;
}

describe('a first ensure', () => {
  test.each([0, 20, 60, 90, 120])(
    'CS row 20 with 3 nodes and 2 ports, built in %d s: at most 25 calls (Go: 132 to 204), noticed within 30 s',
    async (seconds) => {
      await start({ timeToRunningMs: seconds * 1000, servers: 3 });
      world.put(aService({ ports: PORTS }));
      const startedMs = world.clock.monotonicMs();
      await world.settle();
      expect(world.cloud.calls.total).toBeLessThanOrEqual(25);
      expect(world.clock.monotonicMs() - startedMs).toBeLessThanOrEqual((seconds + 30) * 1000);
      const { pools, members, listeners, healthMonitors } = world.cloud.state;
      expect([pools.size, members.size, listeners.size, healthMonitors.size]).toEqual([2, 6, 2, 2]);
    },
    60_000,
  );

  test.each([60, 90])(
    'CS row 74 ten at once, built in %d s, ask together how far they are, and are ready within 30 s',
    async (seconds) => {
      await start({ timeToRunningMs: seconds * 1000, servers: 3 });
      const startedMs = world.clock.monotonicMs();
      await settleAll(services(10));
      expect(world.clock.monotonicMs() - startedMs).toBeLessThan((seconds + 30) * 1000);
      expect(world.cloud.callsByRoute()['GET /v1/load-balancers']).toBeLessThanOrEqual(12);
      expect(world.cloud.callsByRoute()['GET /v1/load-balancers/{uuid}'] ?? 0).toBe(0);
    },
    60_000,
  );
});

describe('nothing to do', () => {
  test('all Services together: each list once, members once a pool, however many nodes (Go: S·(N+12+2P))', async () => {
    await start({ servers: 20 });
    const names = services(10);
    await settleAll(names);
    world.writes();
    world.restart();
    await Promise.all(names.map((name) => world.ensure(name)));
    expect(world.cloud.callsByRoute()).toEqual({
      'GET /v1/servers': 1,
      'GET /v1/load-balancers': 1,
      'GET /v1/load-balancers/pools': 1,
      'GET /v1/load-balancers/listeners': 1,
      'GET /v1/load-balancers/health-monitors': 1,
      // The API has no list of all members.
      'GET /v1/load-balancers/pools/{pool}/members': 20,
    });
  }, 120_000);
});
