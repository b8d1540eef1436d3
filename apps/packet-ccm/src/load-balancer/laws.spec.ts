// Laws: whatever Services, edits and failures come, in two clusters of one project, each Service ends with its one address, and then nothing
// more is written; no address is released while it is announced; and when all Services are gone, what people reserved themselves is left.
import { describe, expect, jest, test } from '@jest/globals';
import type { Fault } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import fc from 'fast-check';
import { aService, aWorld } from '../test-support/balancer-world.ts';
import type { Cluster, ServiceWish, World } from '../test-support/balancer-world.ts';

jest.setTimeout(300_000);

const signal = new AbortController().signal;
const NAMES = ['own', 'shared-1', 'shared-2', 'pool', 'given'] as const;
type Name = (typeof NAMES)[number];

interface Edit {
  readonly cluster: number;
  readonly name: Name;
  readonly becomes: 'balancer' | 'cluster-ip' | 'gone';
  readonly metro: string | undefined;
  readonly cloudFaults: readonly Fault[];
  readonly isKubeLost: boolean | undefined;
  readonly isRestarted: boolean;
}

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'answer' as const),
  status: fc.constantFrom(500, 429, 401),
  match: fc.record({ method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE') }),
});

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    cluster: fc.nat(1),
    name: fc.constantFrom(...NAMES),
    becomes: fc.constantFrom('balancer' as const, 'balancer' as const, 'cluster-ip' as const, 'gone' as const),
    metro: fc.constantFrom(undefined, 'da', 'ny'),
    cloudFaults: fc.array(faults, { maxLength: 3 }),
    isKubeLost: fc.constantFrom(undefined, undefined, true, false),
    isRestarted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

class Scene {
  readonly world: World;
  readonly clusters: readonly Cluster[];
  readonly mine: readonly string[];
  readonly #given: readonly string[];

  constructor(world: World, addresses: readonly string[], mine: readonly string[]) {
    this.world = world;
    this.mine = mine;
    this.#given = addresses;
    this.clusters = ['c1', 'c2'].map((uid) => world.cluster(uid));
  }

  static async start(): Promise<Scene> {
    const world = await aWorld();
    const reserve = async (): Promise<string> => {
      const id = await world.reserve();
      return world.cloud.state.reservations.get(id)?.address ?? '';
    };
    const given = [await reserve(), await reserve()];
    for (const tag of ['pool-0', 'pool-1']) await world.reserve({ quantity: 2, tags: [tag] });
    return new Scene(world, given, [...world.addresses()]);
  }

  wish(cluster: number, name: Name, metro: string | undefined): ServiceWish {
    const place = metro === undefined ? {} : { metro };
    switch (name) {
      case 'own':
        return { name, annotations: place };
      case 'shared-1':
      case 'shared-2':
        return { name, annotations: { ...place, shared: 'edge' }, ports: [name === 'shared-1' ? 80 : 443] };
      case 'pool':
        return { name, annotations: { pool: `pool-${cluster}` } };
      case 'given':
        return { name, annotations: { address: this.#given[cluster] ?? '' } };
    }
  }

  /** What was announced is reserved, whatever happened. */
  expectSafe(): void {
    const reserved = new Set(this.blocks());
    for (const { announcer } of this.clusters) {
      for (const { addresses } of announcer.announced.values()) {
        for (const address of addresses) expect(reserved).toContain(address);
      }
    }
  }

  blocks(): readonly string[] {
    return [...this.world.cloud.state.reservations.values()].flatMap(({ address = '', cidr }) => {
      const last = Number(address.split('.')[3]);
      return Array.from({ length: 2 ** (32 - (cidr ?? 32)) }, (_, index) => address.replace(/\d+$/, `${last + index}`));
    });
  }
}

function put(scene: Scene, { cluster: index, name, becomes, metro }: Edit): KubeService | undefined {
  const cluster = scene.clusters[index];
  const present = cluster?.all().find(({ metadata }) => metadata?.name === name);
  if (!cluster || (present === undefined && becomes !== 'balancer')) return undefined;
  const wished = aService(scene.wish(index, name, metro));
  if (present === undefined) return cluster.put(wished);
  if (becomes === 'gone') return cluster.leave(name);
  const type = becomes === 'balancer' ? 'LoadBalancer' : 'ClusterIP';
  const finalizers = wished.metadata?.finalizers ?? [];
  return cluster.edit(name, (service) => ({
    ...service,
    metadata: {
      ...service.metadata,
      ...(type === 'LoadBalancer' ? { finalizers } : {}),
      annotations: wished.metadata?.annotations ?? {},
    },
    spec: { ...service.spec, type },
  }));
}

/** One pass of the controller over one Service. */
async function pass(cluster: Cluster, service: KubeService): Promise<void> {
  const { name = '', deletionTimestamp, finalizers = [] } = service.metadata ?? {};
  if (deletionTimestamp === undefined && service.spec?.type === 'LoadBalancer') {
    const result = await cluster.ensure(name);
    if (result.kind !== 'ready') throw new Error(result.kind);
    return;
  }
  if (finalizers.length === 0) return;
  await cluster.balancers.remove(service, signal);
  if (deletionTimestamp !== undefined) cluster.vanish(name);
  else
    cluster.edit(name, (one) => ({
      ...one,
      metadata: { ...one.metadata, finalizers: [] },
      status: { loadBalancer: {} },
    }));
}

async function converge(scene: Scene): Promise<void> {
  for (let attempt = 0; attempt < 15; attempt += 1) {
    const failures: unknown[] = [];
    for (const cluster of scene.clusters) {
      for (const service of cluster.all()) {
        await pass(cluster, service).catch((error: unknown) => failures.push(error));
        scene.expectSafe();
      }
    }
    if (failures.length === 0) return;
    await scene.world.clock.advance(60_000);
  }
  throw new Error('it did not converge');
}

function expectRight(scene: Scene): void {
  const reserved = scene.clusters.map((cluster, index) =>
    expectRightIn(cluster, scene.wish(index, 'given', undefined)),
  );
  expect(scene.world.addresses()).toHaveLength(scene.mine.length + reserved.reduce((sum, one) => sum + one, 0));
  const all = scene.clusters.flatMap(({ announcer }) => [
    ...new Set([...announcer.announced.values()].flatMap(({ addresses }) => addresses)),
  ]);
  expect(new Set(all).size).toBe(all.length);
}

/** The number of addresses that the cluster should have reserved. */
function expectRightIn(cluster: Cluster, given: ServiceWish): number {
  const living = cluster.all().filter(({ spec }) => spec?.type === 'LoadBalancer');
  for (const service of living) expectShown(cluster, service);
  expect(cluster.announcer.announced.size).toBe(living.length);
  const names = new Set(living.map(({ metadata }) => metadata?.name));
  const sharing = ['shared-1', 'shared-2'].filter((name) => names.has(name));
  expect(new Set(sharing.flatMap((name) => cluster.shows(name))).size).toBe(Math.min(1, sharing.length));
  if (names.has('given')) expect(cluster.shows('given')).toEqual([given.annotations?.['address']]);
  return Number(names.has('own')) + Math.min(1, sharing.length);
}

function expectShown(cluster: Cluster, { metadata, spec }: KubeService): void {
  const shown = cluster.shows(metadata?.name);
  expect(shown).toHaveLength(1);
  expect(spec?.loadBalancerIP).toBe(shown[0]);
  expect(cluster.announcer.announced.get(`shop/${metadata?.name ?? ''}`)?.addresses).toEqual(shown);
}

async function law(steps: readonly Edit[]): Promise<void> {
  const scene = await Scene.start();
  const { world } = scene;
  try {
    for (const step of steps) await disturb(scene, step);
    await converge(scene);
    world.cloud.clearFaults();
    await world.clock.advance(60_000);
    await converge(scene);
    expectRight(scene);
    await expectStable(scene);
    for (const cluster of scene.clusters) for (const { metadata } of cluster.all()) cluster.leave(metadata?.name);
    await converge(scene);
    expect([...world.addresses()].sort()).toEqual([...scene.mine].sort());
    expect(world.cloud.schemaProblems).toEqual([]);
  } finally {
    await world.close();
  }
}

async function disturb(scene: Scene, step: Edit): Promise<void> {
  const cluster = scene.clusters[step.cluster];
  const service = put(scene, step);
  if (!cluster || !service) return;
  for (const fault of step.cloudFaults) scene.world.cloud.fail(fault);
  if (step.isKubeLost !== undefined) cluster.kube.fail({ verb: 'patch', isDone: step.isKubeLost });
  await pass(cluster, service).catch(() => undefined);
  scene.expectSafe();
  if (step.isRestarted) cluster.restart();
}

async function expectStable(scene: Scene): Promise<void> {
  for (const cluster of scene.clusters) cluster.restart();
  scene.world.writes();
  const patches = scene.clusters.map(({ kube }) => kube.callsOf().length);
  await converge(scene);
  expect(scene.world.writes()).toEqual([]);
  expect(scene.clusters.map(({ kube }) => kube.callsOf().length)).toEqual(patches);
}

describe('laws', () => {
  test('PK row 41 PK row 48 convergent, stable and safe, in two clusters, with failures at any point', async () => {
    await fc.assert(fc.asyncProperty(edits, law), { numRuns: 25, endOnFailure: true });
  });

  const calls = Array.from({ length: 7 }, (_, index) => index);
  test.each(
    (['own', 'shared-1', 'pool', 'given'] as const).flatMap((name) =>
      (['drop-before', 'drop-after'] as const).map((kind) => ({ name, kind })),
    ),
  )('interrupted at any call of the cloud ($name, $kind): the same world in the end', async ({ name, kind }) => {
    for (const nth of calls) {
      const scene = await Scene.start();
      const edit: Edit = {
        ...{ cluster: 0, name, metro: undefined, becomes: 'balancer', cloudFaults: [] },
        ...{ isKubeLost: undefined, isRestarted: false },
      };
      put(scene, edit);
      // Faults of one kind are used in the order of the calls: the first ones let theirs through.
      if (nth > 0) scene.world.cloud.fail({ kind: 'delay', times: nth });
      scene.world.cloud.fail({ kind });
      await converge(scene);
      expectRight(scene);
      put(scene, { ...edit, becomes: 'gone' });
      await converge(scene);
      scene.world.cloud.clearFaults();
      expect([nth, [...scene.world.addresses()].sort()]).toEqual([nth, [...scene.mine].sort()]);
      await scene.world.close();
    }
  });

  test.each([true, false])(
    'interrupted at any write of the cluster (done: %s): the same world in the end',
    async (isDone) => {
      for (const name of ['own', 'pool'] as const) {
        for (const verb of ['get', 'patch'] as const) {
          const scene = await Scene.start();
          const edit: Edit = {
            ...{ cluster: 0, name, metro: undefined, becomes: 'balancer', cloudFaults: [] },
            ...{ isKubeLost: undefined, isRestarted: false },
          };
          put(scene, edit);
          scene.clusters[0]?.kube.fail({ verb, isDone });
          await converge(scene);
          expectRight(scene);
          put(scene, { ...edit, becomes: 'cluster-ip' });
          scene.clusters[0]?.kube.fail({ verb, isDone });
          await converge(scene);
          expect([...scene.world.addresses()].sort()).toEqual([...scene.mine].sort());
          expect(scene.clusters[0]?.get(name).spec?.loadBalancerIP).toBeUndefined();
          await scene.world.close();
        }
      }
    },
  );
});
