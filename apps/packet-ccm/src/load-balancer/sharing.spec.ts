// Several who want an address of one project: Services that share one, Services that must not, pools, and two clusters.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ReservationId } from '@longshore/packet-api';
import { aService, aWorld, CLUSTER } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
const OTHER = 'd0000000-1111-4222-8333-444444444444';
let world: World;
let cluster: Cluster;

beforeEach(async () => {
  world = await aWorld();
  cluster = world.cluster();
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

const tagsOf = (id: string): readonly string[] => world.cloud.state.reservations.get(id)?.tags ?? [];
const addressBehind = (id: string): string => world.cloud.state.reservations.get(id)?.address ?? '';

describe('two clusters in one project', () => {
  let other: Cluster;
  beforeEach(() => {
    other = world.cluster(OTHER);
  });

  test('PK row 48 with Services of the same name: each makes and releases its own address only', async () => {
    for (const one of [cluster, other]) one.put(aService());
    expect(await Promise.all([cluster.codeOf(), other.codeOf()])).toEqual(['ready', 'ready']);
    const [mine = '', theirs = ''] = [cluster.shows()[0], other.shows()[0]];
    expect([mine, theirs].sort()).toEqual([...world.addresses()].sort());
    await cluster.remove();
    expect(world.addresses()).toEqual([theirs]);
    await world.clock.advance(60_000);
    expect(await other.ensure()).toMatchObject({ changes: [], status: { ingress: [{ ip: theirs }] } });
    await other.remove();
    expect(world.addresses()).toEqual([]);
  });

  test('PK row 48 neither sees the other’s address as its orphan, nor removes it when told to', async () => {
    other.put(aService());
    await other.ensure();
    expect(await cluster.balancers.orphans([], signal)).toEqual([]);
    const [id = ''] = [...world.cloud.state.reservations.keys()];
    expect(await cluster.balancers.removeOrphan({ id, name: '', reason: '' }, [], signal)).toMatchObject({
      kind: 'kept',
    });
    expect(world.addresses()).toHaveLength(1);
  });

  test('PK row 48 an address of the other cluster cannot be asked for by name', async () => {
    other.put(aService());
    await other.ensure();
    const [loadBalancerIP = ''] = other.shows();
    cluster.put(aService({ spec: { loadBalancerIP } }));
    expect(await cluster.codeOf()).toBe('ELASTIC_IP_FOREIGN');
    expect(cluster.announcer.history).toEqual([]);
  });

  test('PK row 48 a block of a pool belongs to the first that takes from it', async () => {
    const first = await world.reserve({ quantity: 2, tags: ['web'] });
    for (const one of [cluster, other]) one.put(aService({ annotations: { pool: 'web' } }));
    expect(await cluster.codeOf()).toBe('ready');
    expect(tagsOf(first)).toEqual(['web', `cluster=${CLUSTER}`]);
    await world.clock.advance(60_000);
    await expect(other.ensure()).rejects.toMatchObject({ code: 'ELASTIC_IP_POOL_EMPTY' });
    const second = await world.reserve({ tags: ['web'] });
    await world.clock.advance(60_000);
    expect(await other.codeOf()).toBe('ready');
    expect(other.shows()).toEqual([addressBehind(second)]);
    expect(tagsOf(first)).toEqual(['web', `cluster=${CLUSTER}`]);
  });
});

describe('reservations of programs before v3.0.0, which say nothing of the cluster', () => {
  test('are used by the Service that names the address, without a write; they are never released', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [made] = [...world.cloud.state.reservations.values()];
    const service = made?.tags?.find((tag) => tag.startsWith('service=')) ?? '';
    await cluster.remove();
    const old = await world.reserve({ tags: ['usage=packet-ccm-auto', service] });
    const loadBalancerIP = addressBehind(old);
    await world.clock.advance(60_000);
    world.writes();
    cluster.put(aService({ spec: { loadBalancerIP }, shows: [loadBalancerIP] }));
    const patches = cluster.kube.callsOf().length;
    expect(await cluster.ensure()).toMatchObject({ kind: 'ready', status: { ingress: [{ ip: loadBalancerIP }] } });
    expect([world.writes(), cluster.kube.callsOf().length, cluster.warnings]).toEqual([[], patches, []]);
    expect(await cluster.balancers.orphans([], signal)).toEqual([]);
    await cluster.remove();
    expect(world.addresses()).toEqual([loadBalancerIP]);
  });

  test('are not taken by a Service of the same name that names no address: it may be that of another cluster', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [made] = [...world.cloud.state.reservations.values()];
    const service = made?.tags?.find((tag) => tag.startsWith('service=')) ?? '';
    await cluster.remove();
    const old = await world.reserve({ tags: ['usage=packet-ccm-auto', service] });
    cluster.put(aService());
    await world.clock.advance(60_000);
    expect(await cluster.codeOf()).toBe('ready');
    expect(cluster.shows()).not.toEqual([addressBehind(old)]);
  });
});

describe('one address for several Services', () => {
  const shared = { annotations: { shared: 'edge' } };

  test('annotation eip-shared: one reservation, made once although both are new; the last one releases it', async () => {
    cluster.put(aService({ name: 'a', ports: [80], ...shared }));
    cluster.put(aService({ name: 'b', ports: [443], ...shared }));
    expect(await Promise.all([cluster.codeOf('a'), cluster.codeOf('b')])).toEqual(['ready', 'ready']);
    expect(world.addresses()).toHaveLength(1);
    expect([cluster.shows('a'), cluster.shows('b')]).toEqual([world.addresses(), world.addresses()]);
    await cluster.remove('a');
    expect(world.addresses()).toHaveLength(1);
    await world.clock.advance(60_000);
    expect(await cluster.ensure('b')).toMatchObject({ kind: 'ready', changes: [] });
    await cluster.remove('b');
    expect(world.addresses()).toEqual([]);
  });

  test('both go at once: released when both are withdrawn, and not before', async () => {
    cluster.put(aService({ name: 'a', ports: [80], ...shared }));
    cluster.put(aService({ name: 'b', ports: [443], ...shared }));
    for (const name of ['a', 'b']) await cluster.ensure(name);
    const atWithdrawal: number[] = [];
    cluster.announcer.before = (what) => void (what === 'withdraw' && atWithdrawal.push(world.addresses().length));
    const leaving = ['a', 'b'].map((name) => cluster.leave(name));
    await Promise.all(leaving.map((service) => cluster.balancers.remove(service, signal)));
    expect(atWithdrawal).toEqual([1, 1]);
    expect(world.addresses()).toEqual([]);
  });

  test('a Service of another namespace with the same name there has an address of its own', async () => {
    cluster.put(aService({ ...shared }));
    const elsewhere = cluster.put(aService({ namespace: 'bank', ...shared }));
    await cluster.ensure();
    await cluster.balancers.ensure(elsewhere, [], signal);
    expect(world.addresses()).toHaveLength(2);
  });

  test('one port on one address is one Service’s: the other is told', async () => {
    cluster.put(aService({ name: 'a', ...shared }));
    await cluster.ensure('a');
    cluster.put(aService({ name: 'b', ...shared }));
    await expect(cluster.ensure('b')).rejects.toMatchObject({
      code: 'ELASTIC_IP_PORT_TAKEN',
      message: expect.stringContaining('port 80/TCP of address 198.19.0.0 is that of service shop/a') as unknown,
    });
    expect(await cluster.codeOf('a')).toBe('ready');
  });

  test('by the same spec.loadBalancerIP, as with the Go program: both show it, none releases it', async () => {
    const loadBalancerIP = addressBehind(await world.reserve());
    cluster.put(aService({ name: 'a', ports: [80], spec: { loadBalancerIP } }));
    cluster.put(aService({ name: 'b', ports: [443], spec: { loadBalancerIP } }));
    expect([await cluster.codeOf('a'), await cluster.codeOf('b')]).toEqual(['ready', 'ready']);
    await cluster.remove('a');
    expect(cluster.announcer.announced.has('shop/b')).toBe(true);
    await cluster.remove('b');
    expect(world.addresses()).toEqual([loadBalancerIP]);
  });

  test('an address reserved for one Service is not taken by another; who shows it from before keeps it, and it stays then', async () => {
    cluster.put(aService({ name: 'a', ports: [80] }));
    await cluster.ensure('a');
    const [loadBalancerIP = ''] = cluster.shows('a');
    cluster.put(aService({ name: 'b', ports: [443], spec: { loadBalancerIP } }));
    await expect(cluster.ensure('b')).rejects.toMatchObject({
      code: 'ELASTIC_IP_FOREIGN',
      message: expect.stringContaining('reserved for service shop/a') as unknown,
    });
    cluster.put(aService({ name: 'b', ports: [443], spec: { loadBalancerIP }, shows: [loadBalancerIP] }));
    expect(await cluster.codeOf('b')).toBe('ready');
    await cluster.remove('a');
    expect(world.addresses()).toEqual([loadBalancerIP]);
    expect(await cluster.balancers.orphans(cluster.all(), signal)).toEqual([]);
    await cluster.remove('b');
    expect(await cluster.balancers.orphans(cluster.all(), signal)).toMatchObject([
      { name: `elastic IP ${loadBalancerIP}` },
    ]);
  });
});

describe('pools', () => {
  test('by tag: free addresses one after another; a Service that goes makes room; nothing is released', async () => {
    const block = await world.reserve({ quantity: 2, tags: ['web'] });
    for (const name of ['a', 'b', 'c']) cluster.put(aService({ name, annotations: { pool: 'web' } }));
    expect(await Promise.all(['a', 'b'].map((name) => cluster.codeOf(name)))).toEqual(['ready', 'ready']);
    expect([...cluster.shows('a'), ...cluster.shows('b')].sort()).toEqual(['198.19.0.0', '198.19.0.1']);
    expect(await cluster.codeOf('c')).toBe('ELASTIC_IP_POOL_EMPTY');
    const [freed = ''] = cluster.shows('a');
    await cluster.remove('a');
    expect(await cluster.codeOf('c')).toBe('ready');
    expect(cluster.shows('c')).toEqual([freed]);
    cluster.restart();
    await world.clock.advance(60_000);
    world.writes();
    for (const name of ['b', 'c']) expect(await cluster.ensure(name)).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.writes()).toEqual([]);
    expect([...world.cloud.state.reservations.keys()]).toEqual([block]);
  });

  test('by UUID; addresses on devices are not free', async () => {
    const block = await world.reserve({ quantity: 4 });
    const device = world.cloud.addDevice({ hostname: 'node-1', facility: 'da11' });
    await world.api.assignments.assign(device.id as never, { address: '198.19.0.0' }, signal);
    cluster.put(aService({ annotations: { pool: block } }));
    await cluster.ensure();
    expect(cluster.shows()).toEqual(['198.19.0.1']);
  });

  test('a Service that only changes its type gives its address back to the pool', async () => {
    await world.reserve({ tags: ['web'] });
    cluster.put(aService({ annotations: { pool: 'web' } }));
    await cluster.ensure();
    const leaving = cluster.edit('web', (service) => ({ ...service, spec: { ...service.spec, type: 'ClusterIP' } }));
    await cluster.balancers.remove(leaving, signal);
    expect(cluster.get().spec?.loadBalancerIP).toBeUndefined();
    expect(world.addresses()).toHaveLength(1);
  });

  test('two clusters take from one block at the same moment: one has it', async () => {
    const block = await world.reserve({ quantity: 2, tags: ['web'] });
    const other = world.cluster(OTHER);
    for (const one of [cluster, other]) one.put(aService({ annotations: { pool: 'web' } }));
    const codes = await Promise.all([cluster.codeOf(), other.codeOf()]);
    const owners = tagsOf(block).filter((tag) => tag.startsWith('cluster='));
    expect(owners).toHaveLength(1);
    expect(codes.filter((code) => code === 'ready').length).toBeLessThanOrEqual(2);
    await world.clock.advance(60_000);
    // Who wrote last has it; the other is refused from now on.
    const after = [await cluster.codeOf(), await other.codeOf()];
    expect(after.filter((code) => code === 'ready')).toHaveLength(1);
    expect(owners[0]).toBe(`cluster=${after[0] === 'ready' ? CLUSTER : OTHER}`);
  });
});

describe('kinds and families', () => {
  test.each(['global_ipv4', 'private_ipv4'])('eip-type %s', async (type) => {
    const there = world.cluster(CLUSTER, type === 'global_ipv4' ? {} : { METAL_METRO_NAME: 'da' });
    there.put(aService({ annotations: { type } }));
    expect(await there.codeOf()).toBe('ready');
    expect([...world.cloud.state.reservations.values()]).toMatchObject([{ type }]);
    await world.clock.advance(60_000);
    there.restart();
    expect(await there.ensure()).toMatchObject({ changes: [] });
  });

  test('two families, one address of each: IPv6 of one’s own where the API reserves none', async () => {
    cluster.put(aService({ annotations: { families: 'ipv4,ipv6' } }));
    await expect(cluster.ensure()).rejects.toMatchObject({ code: 'CLOUD_REJECTED' });
    const four = addressBehind(await world.reserve());
    cluster.put(aService({ name: 'dual', annotations: { address: `2001:DB8::7, ${four}` } }));
    expect(await cluster.codeOf('dual')).toBe('ready');
    expect(cluster.shows('dual')).toEqual(['2001:db8::7', four]);
    expect(cluster.get('dual').spec?.loadBalancerIP).toBe(four);
    expect(cluster.announcer.announced.get('shop/dual')?.addresses).toEqual(['2001:db8::7', four]);
  });

  test('what contradicts itself is told before anything is done', () => {
    const problems = (annotations: Record<string, string>, loadBalancerIP?: string): readonly string[] =>
      cluster.balancers
        .problems(aService({ annotations, ...(loadBalancerIP ? { spec: { loadBalancerIP } } : {}) }))
        .map(({ message, severity }) => `${severity} ${message}`);
    expect(problems({ type: 'ipv5' })).toEqual([
      'error annotation metal.equinix.com/eip-type: "ipv5" is not allowed, use one of public_ipv4, global_ipv4, private_ipv4',
    ]);
    expect(problems({ pool: 'web', shared: 'edge' })).toHaveLength(1);
    expect(problems({ families: 'ipv6', address: '192.0.2.1' })).toHaveLength(1);
    expect(problems({ families: 'ipv6' }, '192.0.2.1')).toHaveLength(1);
    expect(problems({ address: '192.0.2.1,192.0.2.2' })).toHaveLength(1);
    expect(problems({ adress: '192.0.2.1' })).toEqual([expect.stringMatching(/^warning .*eip-adress is unknown/)]);
    expect(problems({ type: ' ', families: 'ipv6,ipv4', shared: 'edge', metro: 'DA' })).toEqual([]);
  });
});

test('an address that only its tags know is released by its ID', async () => {
  cluster.put(aService());
  await cluster.ensure();
  const [id] = [...world.cloud.state.reservations.keys()] as ReservationId[];
  cluster.vanish();
  expect(await cluster.balancers.orphans([], signal)).toMatchObject([{ id }]);
});
