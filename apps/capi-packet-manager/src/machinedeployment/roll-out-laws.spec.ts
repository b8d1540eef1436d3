// Laws of both controllers together: whatever machines, caches, users and the network do, limits hold at every write and all comes to rest.
// A failure prints seed and path of fast-check.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { machineDeployments } from '../api/resources.ts';
import { replicasOf } from '../machineset/machine-set-plan.ts';
import { isReady } from '../machineset/machine-facts.ts';
import { aDeployment, template } from '../machineset/test-support/set-world.ts';
import { LagWorld } from '../machineset/test-support/lag-world.ts';

const index = fc.nat(15);
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deployment' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('both' as const), index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('refresh' as const), index: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh all' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ready' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unready' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('template' as const), version: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), replicas: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('lose' as const), how: fc.constantFrom('lost', 'lost but done') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const limit = fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '50%', '100%'));
const start = fc.record({
  replicas: fc.nat(6),
  maxSurge: limit,
  maxUnavailable: limit,
  minReadySeconds: fc.constantFrom(0, 0, 30),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
});

function worldOf({
  seed,
  replicas,
  minReadySeconds,
  ...rollingUpdate
}: typeof start extends fc.Arbitrary<infer T> ? T : never): LagWorld {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const spec = { replicas, minReadySeconds, strategy: { rollingUpdate }, template: template('1.34.0') };
  return new LagWorld(aDeployment(spec), random);
}

const acts: { readonly [Kind in Command['do']]: (world: LagWorld, given: Extract<Command, { do: Kind }>) => unknown } =
  {
    set: (world, given) => world.reconcileSet(given.index),
    deployment: (world) => world.reconcileDeployment(),
    both: (world, given) => Promise.all([world.reconcileSet(given.index), world.reconcileDeployment()]),
    refresh: (world, given) => world.caches[given.index]?.refresh(),
    'refresh all': (world) => world.refreshAll(),
    ready: (world, given) => world.setReady(given.index, true),
    unready: (world, given) => world.setReady(given.index, false),
    vanish: (world, given) => world.vanish(given.index),
    template: (world, given) => world.setTemplate(given.version),
    scale: (world, given) => world.edit({ replicas: given.replicas }),
    lose: (world, given) => (world.client.fault = given.how as 'lost'),
    wait: (world) => world.clock.advance(20_000),
  };

async function act(world: LagWorld, given: Command): Promise<void> {
  await (acts[given.do] as (on: LagWorld, by: Command) => unknown)(world, given);
}

/** Everything is as the deployment wants it, and nobody writes any more. */
async function expectRest(world: LagWorld): Promise<void> {
  await world.converge();
  const deployment = world.client.object(machineDeployments, 'default/d');
  const kubelet = deployment?.spec?.template?.spec?.versions?.kubelet;
  const desired = deployment ? replicasOf(deployment) : -1;
  expect(world.alive().map(({ spec }) => spec?.versions?.kubelet)).toEqual(
    Array.from({ length: desired }, () => kubelet),
  );
  expect(world.alive().every(isReady)).toBe(true);
  expect(deployment?.status).toMatchObject({ replicas: desired, updatedReplicas: desired, availableReplicas: desired });
  const before = world.client.writes;
  expect(await world.converge()).toBe(0);
  expect(world.client.writes).toBe(before);
}

describe('laws of roll-outs', () => {
  test('limits hold at every write, and all comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(start, fc.array(command, { minLength: 10, maxLength: 60 }), async (given, commands) => {
        const world = worldOf(given);
        for (const each of commands) await act(world, each);
        expect(world.client.broken).toEqual([]);
        await expectRest(world);
        expect(world.client.broken).toEqual([]);
      }),
      { numRuns: 200 },
    );
  }, 300_000);

  test('limits hold in a roll-out from a settled state, with caches that lag', async () => {
    await fc.assert(
      fc.asyncProperty(start, fc.array(command, { minLength: 10, maxLength: 60 }), async (given, commands) => {
        const world = worldOf(given);
        await world.converge();
        world.setTemplate(1);
        for (const each of commands) await act(world, each);
        expect(world.client.broken).toEqual([]);
        await expectRest(world);
        expect(world.client.broken).toEqual([]);
      }),
      { numRuns: 200 },
    );
  }, 300_000);
});
