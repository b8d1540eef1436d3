// The limit of announced addresses: one more than the project's BGP allows, and all its sessions are gone until support resets them.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aService, aWorld, CLUSTER } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';

jest.setTimeout(120_000);

let world: World;
let cluster: Cluster;
const TEN = Array.from({ length: 10 }, (_, index) => `s${index}`);

beforeEach(async () => {
  world = await aWorld({ limit: 10 });
  cluster = world.cluster();
});
afterEach(() => world.close());

async function tenServices(of: Cluster = cluster): Promise<void> {
  for (const name of TEN) of.put(aService({ name }));
  await Promise.all(TEN.map((name) => of.ensure(name)));
  world.writes();
}

describe('ten addresses are announced, and ten is the limit', () => {
  beforeEach(() => tenServices());

  test('PK row 77 the eleventh Service is refused with limit and setting; nothing is reserved, nothing else changes', async () => {
    const before = [...cluster.announcer.announced];
    cluster.put(aService({ name: 'eleventh' }));
    await expect(cluster.ensure('eleventh')).rejects.toMatchObject({
      code: 'BGP_PREFIX_LIMIT',
      message: expect.stringMatching(
        /the project allows 10 announced addresses.*set METAL_BGP_MAX_PREFIXES/,
      ) as unknown,
    });
    expect(world.writes()).toEqual([]);
    expect([...cluster.announcer.announced]).toEqual(before);
    cluster.restart();
    for (const name of TEN) expect(await cluster.ensure(name)).toMatchObject({ kind: 'ready', changes: [] });
    expect(await cluster.codeOf('eleventh')).toBe('BGP_PREFIX_LIMIT');
  });

  test('PK row 77 an address of one’s own counts as any other', async () => {
    const id = await world.reserve();
    const { address = '' } = world.cloud.state.reservations.get(id) ?? {};
    cluster.put(aService({ name: 'own', spec: { loadBalancerIP: address } }));
    await world.clock.advance(60_000);
    expect(await cluster.codeOf('own')).toBe('BGP_PREFIX_LIMIT');
  });

  test('PK row 77 a Service that goes makes room', async () => {
    cluster.put(aService({ name: 'eleventh' }));
    expect(await cluster.codeOf('eleventh')).toBe('BGP_PREFIX_LIMIT');
    await cluster.remove('s3');
    expect(await cluster.codeOf('eleventh')).toBe('ready');
  });

  test('PK row 77 addresses that tags show to be another cluster’s count too', async () => {
    await cluster.remove('s3');
    const other = world.cluster('d0000000-1111-4222-8333-444444444444');
    for (const name of ['a', 'b']) other.put(aService({ name }));
    expect(await other.codeOf('a')).toBe('ready');
    await expect(other.ensure('b')).rejects.toMatchObject({
      message: expect.stringContaining('1 are announced by this cluster and 9 by others') as unknown,
    });
  });

  test.each([
    { setting: '11', codes: ['ready', 'BGP_PREFIX_LIMIT'] },
    { setting: '0', codes: ['ready', 'ready'] },
    // What is announced stays announced.
    { setting: '5', codes: ['BGP_PREFIX_LIMIT', 'BGP_PREFIX_LIMIT'] },
  ])('PK row 77 METAL_BGP_MAX_PREFIXES=$setting', async ({ setting, codes }) => {
    const there = world.cluster(CLUSTER, { METAL_METRO_NAME: 'da', METAL_BGP_MAX_PREFIXES: setting });
    for (const name of TEN) there.put(cluster.get(name));
    for (const name of ['x', 'y']) there.put(aService({ name }));
    for (const name of TEN) expect(await there.codeOf(name)).toBe('ready');
    expect([await there.codeOf('x'), await there.codeOf('y')]).toEqual(codes);
  });
});

test('PK row 77 eleven new Services at once: exactly ten get an address', async () => {
  const names = [...TEN, 's10'];
  for (const name of names) cluster.put(aService({ name }));
  const codes = await Promise.all(names.map((name) => cluster.codeOf(name)));
  expect(codes.filter((code) => code === 'ready')).toHaveLength(10);
  expect(codes.filter((code) => code === 'BGP_PREFIX_LIMIT')).toHaveLength(1);
  expect(world.addresses()).toHaveLength(10);
});

test('PK row 77 where the API does not say, ten', async () => {
  cluster.maxPrefixes = undefined;
  await tenServices();
  cluster.put(aService({ name: 'eleventh' }));
  expect(await cluster.codeOf('eleventh')).toBe('BGP_PREFIX_LIMIT');
});

test('a request that failed does not hold its place', async () => {
  cluster.maxPrefixes = 1;
  for (const name of ['a', 'b']) cluster.put(aService({ name }));
  world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-before' });
  expect(await cluster.codeOf('a')).toBe('CLOUD_UNREACHABLE');
  expect(await cluster.codeOf('b')).toBe('ready');
  expect(await cluster.codeOf('a')).toBe('BGP_PREFIX_LIMIT');
});
