// Laws: whatever edits come and whatever goes wrong on the way, the balancer ends as wanted, once, and then nothing more is written; no pool
// is empty while there is somebody to send to.
import { describe, expect, test } from '@jest/globals';
import type { Fault } from '@longshore/cloud-simulators';
import fc from 'fast-check';
import { aBalancedService, anEmlbWorld, someNodes } from '../../test-support/emlb-world.ts';
import type { EmlbTestWorld } from '../../test-support/emlb-world.ts';

interface Wish {
  readonly ports: readonly number[];
  readonly nodePortsFrom: number;
  readonly nodes: number;
  /** The note of the balancer's ID is lost. */
  readonly isNoteLost: boolean;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  ports: fc.uniqueArray(fc.constantFrom(80, 81, 443), { minLength: 1, maxLength: 3 }),
  nodePortsFrom: fc.constantFrom(30_000, 31_000),
  nodes: fc.integer({ min: 1, max: 4 }),
  isNoteLost: fc.boolean(),
});

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'answer' as const),
  status: fc.constantFrom(500, 429, 422),
  match: fc.record({ method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE') }),
});

async function put(world: EmlbTestWorld, { ports, nodePortsFrom, isNoteLost }: Wish): Promise<void> {
  const before = await world.get().catch(() => undefined);
  const annotations = isNoteLost ? {} : { ...before?.metadata?.annotations };
  await world.put(
    aBalancedService({ annotations, ports: ports.map((port) => ({ port, nodePort: nodePortsFrom + port })) }),
  );
}

/** Tries until it succeeds, as the controller does; looks at each moment whether a pool behind a port has lost all its origins. */
async function converge(world: EmlbTestWorld, nodes: number): Promise<void> {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const result = await world.ensure('web', someNodes(nodes)).catch(() => undefined);
    const pools = [...world.cloud.state.balancers.values()].flatMap((balancer) => balancer.pools.flat());
    expect(pools.filter(({ origins }) => origins.length === 0)).toEqual([]);
    if (result?.kind === 'ready') return;
    await world.clock.advance(60_000);
  }
  throw new Error('it did not converge');
}

function shapeOf({ cloud }: EmlbTestWorld): unknown {
  return [...cloud.state.balancers.values()].map(({ name, ports, pools }) => ({
    name,
    ports: ports
      .map((port, index) => ({
        port: [port.number, port.name],
        pools: pools[index]?.map((pool) => ({
          name: pool.name,
          origins: pool.origins.map(({ target, port_number: number }) => `${target}:${number}`).sort(),
        })),
      }))
      .sort((a, b) => Number(a.port[0]) - Number(b.port[0])),
  }));
}

describe('laws', () => {
  test('stable and convergent, with faults at any point; the end does not depend on the way', async () => {
    const edits = fc.array(fc.record({ wish: wishes, faults: fc.array(faults, { maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const law = async (steps: readonly { readonly wish: Wish; readonly faults: readonly Fault[] }[]): Promise<void> => {
      const world = await anEmlbWorld();
      const straight = await anEmlbWorld();
      try {
        for (const { wish, faults: planned } of steps) {
          await put(world, wish);
          for (const fault of planned) world.cloud.fail(fault);
          await converge(world, wish.nodes);
          world.cloud.clearFaults();
          await converge(world, wish.nodes);
          world.writes();
          world.restart();
          await world.ensure('web', someNodes(wish.nodes));
          expect(world.writes()).toEqual([]);
        }
        const last = steps.at(-1)?.wish;
        if (last) {
          await put(straight, last);
          await converge(straight, last.nodes);
        }
        expect(shapeOf(world)).toEqual(shapeOf(straight));
        expect(world.cloud.state.balancers.size).toBe(1);
        await world.remove();
        expect(world.cloud.state).toMatchObject({ balancers: new Map(), pools: new Map() });
      } finally {
        await world.close();
        await straight.close();
      }
    };
    await fc.assert(fc.asyncProperty(edits, law), { numRuns: 15, endOnFailure: true });
  }, 180_000);

  test('interrupted after any write, the next pass finishes without anything twice', async () => {
    for (let writes = 0; writes < 7; writes += 1) {
      const world = await anEmlbWorld();
      await world.put(aBalancedService());
      // The faults before it let their calls through; the first POST is for the access token.
      world.cloud.fail({ match: { method: 'POST' }, kind: 'delay', times: writes + 1 });
      world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
      await converge(world, 3);
      const { balancers, pools } = world.cloud.state;
      const [pool] = pools.values();
      expect({ writes, sizes: [balancers.size, pools.size, pool?.origins.length] }).toEqual({
        writes,
        sizes: [1, 1, 3],
      });
      await world.close();
    }
  }, 120_000);
});
