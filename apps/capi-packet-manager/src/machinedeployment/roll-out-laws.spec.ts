// Laws of both controllers together: whatever machines, caches, users and the network do, limits hold at every write and all comes to rest.
// A failure prints seed and path of fast-check.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { machineDeployments } from '../api/resources.ts';
import { replicasOf } from '../machineset/machine-set-plan.ts';
import { isReady } from '../machineset/machine-facts.ts';
import { aDeployment, template } from '../machineset/test-support/set-world.ts';
import { LagWorld } from '../machineset/test-support/lag-world.ts';

// Random seeds: fast-check prints seed and path of a failure. The long run looks at ten times as many worlds.
const IS_LONG = process.env['LONGSHORE_LONG'] === '1';
const RUNS = { numRuns: IS_LONG ? 1500 : 150 };
const LIMIT_MS = IS_LONG ? 1_200_000 : 300_000;

const index = fc.nat(15);
// Both passes read three times at most before they write.
const holdAt = fc.integer({ min: 1, max: 6 });
// What the controllers, their caches and the network do.
const working = [
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deployment' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hold set' as const), index, holdAt }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold deployment' as const), holdAt }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('refresh' as const), index: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refresh all' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ready' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('template' as const), version: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      how: fc.constantFrom('lost' as const, 'lost but done' as const),
      verb: fc.constantFrom(undefined, 'remove' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
] as const;
// What machines and users do.
const disturbing = [
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unready' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), replicas: fc.nat(6) }) },
] as const;
const calm = fc.oneof(...working);
const command = fc.oneof(...working, ...disturbing);
const commandsOf = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 10, maxLength: 60 });
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
    'hold set': (world, given) => world.reconcileSet(given.index, given.holdAt),
    'hold deployment': (world, given) => world.reconcileDeployment(given.holdAt),
    release: (world, given) => world.release(given.index),
    refresh: (world, given) => world.caches[given.index]?.refresh(),
    'refresh all': (world) => world.refreshAll(),
    ready: (world, given) => world.setReady(given.index, true),
    unready: (world, given) => world.setReady(given.index, false),
    vanish: (world, given) => world.vanish(given.index),
    template: (world, given) => world.setTemplate(given.version),
    scale: (world, given) => world.edit({ replicas: given.replicas }),
    lose: (world, { how, verb }) => (world.client.fault = { how, verb }),
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
  test.each([
    { law: 'every write is right by what its pass could know, and all comes to rest', isSettledFirst: false },
    { law: 'the same in a roll-out from a settled state', isSettledFirst: true },
  ])(
    '$law',
    async ({ isSettledFirst }) => {
      await fc.assert(
        fc.asyncProperty(start, commandsOf(command), async (given, commands) => {
          const world = worldOf(given);
          if (isSettledFirst) {
            await world.converge();
            world.setTemplate(1);
          }
          for (const each of commands) await act(world, each);
          expect(world.judge.broken).toEqual([]);
          await expectRest(world);
          expect(world.judge.broken).toEqual([]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  // No excuses here: the limits are counted, whatever the judge says.
  test(
    'while machines only become ready and nobody scales, the limits hold at every moment',
    async () => {
      await fc.assert(
        fc.asyncProperty(start, commandsOf(calm), async (given, commands) => {
          const world = worldOf(given);
          await world.converge();
          world.setTemplate(1);
          for (const each of commands) {
            await act(world, each);
            expect(world.beyondLimits()).toEqual([]);
          }
          expect(world.judge.broken).toEqual([]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});

/** Index of the set with machines of this version. */
function setOf(world: LagWorld, kubelet: string): number {
  return world.sets().findIndex(({ spec }) => spec?.template?.spec?.versions?.kubelet === kubelet);
}

const sizesOf = (world: LagWorld): readonly (number | undefined)[] => world.sets().map(({ spec }) => spec?.replicas);

describe('worlds that random ones seldom reach', () => {
  test('a deletion for a former number may be under way when the set grows again: nothing goes that counts on the victim', async () => {
    const limits = { maxSurge: 2, maxUnavailable: 0 };
    const world = worldOf({ replicas: 3, ...limits, minReadySeconds: 0, seed: 1 });
    const turn = async (): Promise<void> => {
      world.refreshAll();
      await world.reconcileDeployment();
      world.refreshAll();
      for (const index of world.sets().keys()) await world.reconcileSet(index);
    };
    const readyAll = (): void => world.alive().forEach((_, index) => world.setReady(index, true));
    await world.converge();
    world.setTemplate(1);
    await turn();
    readyAll();
    await turn();
    await turn();
    // Three of the new set, one of them not ready; one of the old set. The deletion of the one that is too many now gets lost.
    world.edit({ replicas: 2 });
    world.refreshAll();
    await world.reconcileDeployment();
    world.refreshAll();
    world.client.fault = { how: 'lost', verb: 'remove' };
    await world.reconcileSet(setOf(world, '1.34.1'));
    readyAll();
    expect(world.available()).toBe(4);
    await world.reconcileSet(setOf(world, '1.34.1'), 3);
    world.edit({ replicas: 3 });
    await turn();
    await turn();
    await world.releaseAll();
    expect(world.beyondLimits()).toEqual([]);
    expect(world.judge.broken).toEqual([]);
    await expectRest(world);
  });

  test('a deployment scaled while the caches stand still gets the present number of machines', async () => {
    const world = worldOf({ replicas: 3, maxSurge: 1, maxUnavailable: 0, minReadySeconds: 0, seed: 1 });
    world.edit({ replicas: 1 });
    await world.reconcileDeployment();
    expect(sizesOf(world)).toEqual([1]);
    expect(world.judge.broken).toEqual([]);
  });

  test('a pass that read a former number may still make its machines: until it is over no other set grows', async () => {
    const world = worldOf({ replicas: 3, maxSurge: 1, maxUnavailable: 3, minReadySeconds: 0, seed: 1 });
    await world.reconcileDeployment();
    world.refreshAll();
    await world.reconcileSet(0, 3);
    world.setTemplate(1);
    for (let pass = 0; pass < 5; pass += 1) {
      world.refreshAll();
      await world.reconcileDeployment();
    }
    expect(world.sets()[setOf(world, '1.34.0')]?.spec?.replicas).toBe(0);
    expect(world.sets()[setOf(world, '1.34.1')]?.spec?.replicas).toBe(0);
    await world.releaseAll();
    expect(world.alive()).toHaveLength(3);
    expect(world.judge.broken).toEqual([]);
    await expectRest(world);
  });

  test('a machine that is to go recovers first: it goes all the same, and that breaks no law', async () => {
    const world = worldOf({ replicas: 1, maxSurge: 1, maxUnavailable: 0, minReadySeconds: 0, seed: 1 });
    await world.converge();
    world.setTemplate(1);
    world.refreshAll();
    await world.reconcileDeployment();
    world.setReady(0, false);
    world.setTemplate(2);
    for (let pass = 0; pass < 3; pass += 1) {
      world.refreshAll();
      await world.reconcileDeployment();
    }
    expect(world.sets()[setOf(world, '1.34.0')]?.spec?.replicas).toBe(0);
    world.setReady(0, true);
    expect(world.available()).toBe(1);
    world.refreshAll();
    await world.reconcileSet(setOf(world, '1.34.0'));
    expect(world.available()).toBe(0);
    expect(world.judge.broken).toEqual([]);
    await expectRest(world);
  });
});
