// F3 Two Services and one balancer, or one name: exactly one has it, the other is told; whatever is decided, changed or lost at the same
// moment, nobody's balancer is overwritten, and none is deleted that another Service uses.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LoadBalancerResult } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { ANNOTATIONS } from '../annotations.ts';
import { annotate, aService } from '../test-support/builders.ts';
import type { Annotated, ServiceWish } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import { defaultName } from './evidence.ts';
import type { World } from '../test-support/world.ts';

const signal = new AbortController().signal;
const UIDS = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002'] as const;
let world: World;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

const put = (name: 'a' | 'b', wish: ServiceWish = {}): KubeService =>
  world.cluster.put(aService({ name, uid: name === 'a' ? UIDS[0] : UIDS[1], ...wish }));
const ensure = (name: string): Promise<LoadBalancerResult> =>
  world.balancers.ensure(world.cluster.get(name), world.nodes(), signal);
const codeOf = (name: string): Promise<string> =>
  ensure(name).then(
    ({ kind }) => kind,
    ({ code }: { code: string }) => code,
  );
const cloud = (): readonly { readonly id: string; readonly name: string }[] => [
  ...world.cloud.state.loadBalancers.values(),
];
const annotationsOf = (name: string): Readonly<Record<string, string>> =>
  world.cluster.get(name).metadata?.annotations ?? {};
const edit = (name: 'a' | 'b', annotations: Annotated, wish: ServiceWish = {}): void =>
  void put(name, {
    ...wish,
    metadata: { annotations: { ...annotationsOf(name), ...annotate(annotations) } },
    ingress: (world.cluster.get(name).status?.loadBalancer?.ingress ?? []) as never,
  });

async function ready(name: string): Promise<void> {
  for (let pass = 0; pass < 20; pass += 1) {
    const result = await ensure(name);
    if (result.kind === 'ready') return world.cluster.show(name, result.status);
    await world.clock.advance(11_000);
  }
  throw new Error('never ready');
}

describe('F3 one name for two Services', () => {
  test('both new, decided by two workers at once: one balancer', async () => {
    put('a', { annotations: { name: 'shop' } });
    put('b', { annotations: { name: 'shop' } });
    const codes = await Promise.all([codeOf('a'), codeOf('b')]);
    expect([...codes].sort()).toEqual(['LOAD_BALANCER_NAME_TAKEN', 'in-progress']);
    expect(cloud()).toMatchObject([{ name: 'shop' }]);
  });

  test('the second becomes known while the first is being made, and is older by its date: the first keeps the name', async () => {
    put('a', { annotations: { name: 'shop' } });
    // What the first notes on itself before it asks for its balancer is not to be seen yet when the second decides.
    const { patch } = world.cluster.client;
    const codes: string[] = [];
    const slow: typeof patch = async (...args) => {
      if (codes.length === 0) {
        codes.push('');
        put('b', { metadata: { ...old(), annotations: annotate({ name: 'shop' }) } });
        codes[0] = await codeOf('b');
      }
      return patch(...args);
    };
    world.balancers.start({ region: 'fra1', services: world.cluster.services, client: { patch: slow } });
    expect(await codeOf('a')).toBe('in-progress');
    expect(codes).toEqual(['LOAD_BALANCER_NAME_TAKEN']);
    expect(cloud()).toHaveLength(1);
    await world.clock.advance(11_000);
    expect([await codeOf('b'), await codeOf('a')]).toEqual(['LOAD_BALANCER_FOREIGN', 'ready']);
  });

  test('the answer to the first creation is lost, the second comes in between', async () => {
    put('a', { annotations: { name: 'shop' } });
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    expect(await codeOf('a')).toBe('CLOUD_UNREACHABLE');
    put('b', { metadata: { ...old(), annotations: annotate({ name: 'shop' }) } });
    // A new process, too: what is noted on the Service is enough.
    const again = world.restart();
    await expect(again.ensure(world.cluster.get('b'), world.nodes(), signal)).rejects.toMatchObject({
      code: 'LOAD_BALANCER_FOREIGN',
    });
    await ready('a');
    expect(cloud()).toHaveLength(1);
  });

  test('a rename to a name that another has is not done; everything else is', async () => {
    put('a', { annotations: { name: 'shop' } });
    await ready('a');
    put('b');
    await ready('b');
    edit('b', { name: 'shop', proxyProtocol: 'true' });
    await expect(ensure('b')).rejects.toMatchObject({
      code: 'LOAD_BALANCER_FIELD_IMMUTABLE',
      message: expect.stringContaining('"shop" is that of Service shop/a') as unknown,
    });
    expect(
      cloud()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([defaultName(world.cluster.get('b')), 'shop']);
    expect(cloud()).toContainEqual(expect.objectContaining({ enable_proxy_protocol: true }));
  });

  test('the default name of another Service cannot be had', async () => {
    put('a');
    put('b', { annotations: { name: defaultName(world.cluster.get('a')) } });
    expect(await codeOf('b')).toBe('LOAD_BALANCER_NAME_TAKEN');
    await ready('a');
    expect(cloud()).toHaveLength(1);
  });

  test('when the first goes, the second gets a balancer of its own', async () => {
    put('a', { annotations: { name: 'shop' } });
    await ready('a');
    put('b', { annotations: { name: 'shop' } });
    expect(await codeOf('b')).toBe('LOAD_BALANCER_FOREIGN');
    expect(await world.balancers.remove(world.cluster.get('a'), signal)).toMatchObject({ kind: 'removed' });
    world.cluster.remove('a');
    await ready('b');
    expect(cloud()).toMatchObject([{ id: annotationsOf('b')[ANNOTATIONS.loadBalancerId.key] }]);
  });
});

describe('F3 one balancer for two Services', () => {
  async function aStranger(name: string): Promise<string> {
    const rule = { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 80 };
    const place = { region: 'fra1', type: 'REGIONAL_NETWORK' };
    return (await world.api.loadBalancers.create({ name, ...place, forwardingRules: [rule], dropletIds: [] }, signal))
      .id;
  }

  test('both take over the same one at once: one has it', async () => {
    const id = await aStranger('old');
    await world.clock.advance(11_000);
    put('a', { annotations: { loadBalancerId: id, name: 'old' } });
    put('b', { annotations: { loadBalancerId: id, name: 'old' } });
    const codes = await Promise.all([codeOf('b'), codeOf('a')]);
    expect([...codes].sort()).toEqual(['LOAD_BALANCER_FOREIGN', 'ready']);
    expect(cloud()).toHaveLength(1);
  });

  test('the ID of another’s balancer neither renames nor overwrites it, and deleting the Service deletes the own one', async () => {
    put('a', { annotations: { name: 'one' } });
    await ready('a');
    put('b', { annotations: { name: 'two' }, ports: [81] });
    await ready('b');
    const mine = annotationsOf('b')[ANNOTATIONS.loadBalancerId.key];
    const theirs = annotationsOf('a')[ANNOTATIONS.loadBalancerId.key] ?? '';
    const before = world.cloud.state.loadBalancers.get(theirs);
    edit('b', { loadBalancerId: theirs });
    expect(await codeOf('b')).toBe('LOAD_BALANCER_FOREIGN');
    expect(world.cloud.state.loadBalancers.get(theirs)).toEqual(before);
    expect(await world.balancers.remove(world.cluster.get('b'), signal)).toMatchObject({ kind: 'removed' });
    expect(cloud().map(({ id }) => id)).toEqual([theirs]);
    expect(mine).not.toBe(theirs);
  });

  test('a forged note does not help', async () => {
    put('a');
    await ready('a');
    const id = annotationsOf('a')[ANNOTATIONS.loadBalancerId.key] ?? '';
    put('b', { annotations: { loadBalancerId: id, claim: `${UIDS[1]} ${id}` } });
    expect(await codeOf('b')).toBe('LOAD_BALANCER_FOREIGN');
    expect(await world.balancers.remove(world.cluster.get('b'), signal)).toMatchObject({
      kind: 'removed',
      changes: [],
    });
    expect(cloud()).toMatchObject([{ id }]);
  });

  test('a balancer that another Service has taken over stays when its first Service goes', async () => {
    put('a');
    await ready('a');
    const id = annotationsOf('a')[ANNOTATIONS.loadBalancerId.key] ?? '';
    edit('a', { disown: 'true' });
    put('b', { annotations: { loadBalancerId: id, name: cloud()[0]?.name ?? '' } });
    await ready('b');
    edit('a', { disown: 'false' });
    expect(await world.balancers.remove(world.cluster.get('a'), signal)).toMatchObject({
      kind: 'removed',
      changes: [],
    });
    expect(cloud()).toMatchObject([{ id }]);
  });

  test('a name alone adopts, but does not delete', async () => {
    await aStranger('shop');
    put('a', { annotations: { name: 'shop' } });
    expect(await world.balancers.remove(world.cluster.get('a'), signal)).toMatchObject({
      kind: 'removed',
      changes: [],
    });
    expect(cloud()).toHaveLength(1);
  });
});

describe('F3 any order, any loss', () => {
  type Event =
    | { readonly kind: 'pass'; readonly who: readonly ('a' | 'b')[] }
    | { readonly kind: 'lose' | 'restart' | 'time' }
    | { readonly kind: 'name'; readonly who: 'a' | 'b'; readonly name: string };
  const who = fc.constantFrom<'a' | 'b'>('a', 'b');
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), who: fc.uniqueArray(who, { minLength: 1, maxLength: 2 }) }),
    fc.record({ kind: fc.constantFrom('lose' as const, 'restart' as const, 'time' as const) }),
    fc.record({ kind: fc.constant('name' as const), who, name: fc.constantFrom('one', 'two') }),
  );

  test('no two Services ever have one balancer, and no Service has two in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 10 }), async (events) => {
        const here = await aWorld({ cloud: { timeToActiveMs: 1_000 } });
        try {
          let { balancers } = here;
          const set = (name: 'a' | 'b', own: string, kept: object = {}): void => {
            const uid = name === 'a' ? UIDS[0] : UIDS[1];
            const annotations = { ...kept, ...annotate({ name: own }) };
            here.cluster.put(aService({ name, uid, metadata: { annotations } }));
          };
          set('a', 'one');
          set('b', 'one');
          const pass = async (name: 'a' | 'b'): Promise<string> =>
            balancers.ensure(here.cluster.get(name), here.nodes(), signal).then(
              ({ kind }) => kind,
              ({ code }: { code: string }) => code,
            );
          for (const each of events) {
            if (each.kind === 'pass') await Promise.all(each.who.map(pass));
            else if (each.kind === 'name') set(each.who, each.name, here.cluster.get(each.who).metadata?.annotations);
            else if (each.kind === 'restart') balancers = here.restart();
            else if (each.kind === 'time') await here.clock.advance(11_000);
            else here.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
          }
          here.cloud.clearFaults();
          const last: string[] = [];
          for (let round = 0; round < 6; round += 1) {
            await here.clock.advance(11_000);
            last.splice(0, 2, await pass('a'), await pass('b'));
          }
          const ids = (['a', 'b'] as const)
            .filter((_, at) => last[at] === 'ready')
            .map((name) => here.cluster.get(name).metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key]);
          expect(ids.length).toBeGreaterThan(0);
          expect(new Set(ids).size).toBe(ids.length);
          expect([...here.cloud.state.loadBalancers.keys()].sort()).toEqual([...new Set(held(here))].sort());
        } finally {
          await here.close();
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  // A Service that is refused (its name is taken) keeps the balancer that it has.
  const held = (here: World): readonly string[] =>
    here.cluster.services
      .list()
      .map(({ metadata }) => metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key])
      .filter((id) => id !== undefined);
});

function old(): { readonly creationTimestamp: never } {
  return { creationTimestamp: '2020-01-01T00:00:00Z' as never };
}
