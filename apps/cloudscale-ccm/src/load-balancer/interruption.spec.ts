// The program is cut off after any single call, its answer lost, and another process goes on: nothing is there twice, nothing is left over, no
// pool was emptied, and the end is that of an undisturbed run.
import { describe, expect, test } from '@jest/globals';
import { aLawWorld, areFloatingIpsRight, converge, nodesOf, putWish, shapeOf } from '../test-support/laws.ts';
import type { Wish } from '../test-support/laws.ts';
import type { World } from '../test-support/world.ts';

const plain: Wish = {
  annotations: {},
  ports: [
    { name: 'a', port: 80, protocol: 'TCP' },
    { name: 'b', port: 81, protocol: 'TCP' },
  ],
  isLocal: false,
  nodes: 2,
  sourceRanges: [],
};

const scenes: readonly { readonly what: string; readonly from?: Wish; readonly to: Wish }[] = [
  { what: 'a first ensure', to: { ...plain, annotations: { 'floating-ips': '["203.0.113.7"]' } } },
  { what: 'Cluster to Local', from: plain, to: { ...plain, isLocal: true } },
  { what: 'another protocol', from: plain, to: { ...plain, annotations: { 'pool-protocol': 'proxyv2' } } },
  {
    what: 'ports, nodes, name and who may come in',
    from: plain,
    to: {
      ...plain,
      annotations: { name: 'shop', 'node-selector': 'disk=ssd', 'health-monitor-type': 'ping' },
      ports: [
        { name: 'a', port: 82, protocol: 'TCP' },
        { name: 'c', port: 82, protocol: 'UDP' },
      ],
      nodes: 3,
      sourceRanges: ['10.1.0.0/16'],
    },
  },
];

/** The world in which the owner has just written the last wish. */
async function prepared({ from, to }: (typeof scenes)[number]): Promise<World> {
  const world = await aLawWorld();
  if (from) {
    putWish(world, undefined, from);
    await converge(world, from);
  }
  putWish(world, from && world.get(), to);
  world.restart();
  world.cloud.calls.clear();
  return world;
}

/** Loses the answer of one call, the program ends with it, and another one goes on. */
async function interruptedAt(call: number, scene: (typeof scenes)[number]): Promise<World> {
  const world = await prepared(scene);
  // These let their calls through.
  if (call > 0) world.cloud.fail({ kind: 'delay', times: call });
  world.cloud.fail({ kind: 'drop-after' });
  await world.settle('web', nodesOf(world, scene.to)).catch(() => undefined);
  world.cloud.clearFaults();
  world.restart();
  await world.clock.advance(60_000);
  await converge(world, scene.to);
  return world;
}

describe('interrupted after any call', () => {
  test.each(scenes)(
    '$what',
    async (scene) => {
      const straight = await prepared(scene);
      await converge(straight, scene.to);
      const calls = straight.cloud.calls.total;
      expect(calls).toBeGreaterThan(8);
      for (let call = 0; call < calls; call += 1) {
        const world = await interruptedAt(call, scene);
        try {
          const { emptiedPools, overlappingWrites, schemaProblems } = world.cloud;
          expect({ call, emptiedPools, overlappingWrites, schemaProblems, shape: shapeOf(world) }).toEqual({
            call,
            ...{ emptiedPools: [], overlappingWrites: [], schemaProblems: [] },
            shape: shapeOf(straight),
          });
          expect(areFloatingIpsRight(world, scene.to)).toBe(true);
          world.writes();
          await world.ensure('web', nodesOf(world, scene.to));
          expect(world.writes()).toEqual([]);
        } finally {
          await world.close();
        }
      }
      await straight.close();
    },
    300_000,
  );
});
