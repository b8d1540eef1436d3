// What `plan` and `explain` show: the steps that `ensure` and `remove` would take, and nothing is changed by looking.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { aNode } from '../test-support/builders.ts';
import { aService, aWorld } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
let world: World;
let cluster: Cluster;

beforeEach(async () => {
  world = await aWorld({ limit: 2 });
  cluster = world.cluster();
});
afterEach(() => world.close());

const plan = (name = 'web'): ReturnType<Cluster['balancers']['plan']> =>
  cluster.balancers.plan(cluster.get(name), [aNode('node-1')], signal);
const summaries = async (name?: string): Promise<readonly string[]> =>
  (await plan(name)).steps.map(({ summary }) => summary);

test('a new Service: reserve, note, announce; afterwards nothing', async () => {
  cluster.put(aService());
  expect(await plan()).toMatchObject({
    wanted: { addresses: [{ kind: 'own', family: 4, type: 'public_ipv4' }] },
    steps: [{ kind: 'reserve' }, { kind: 'note-address' }, { kind: 'announce' }],
    blockedBy: [],
  });
  expect(await summaries()).toEqual([
    'reserve an address (public_ipv4 in da)',
    'write the reserved IPv4 address into spec.loadBalancerIP',
    'announce the reserved IPv4 address',
  ]);
  expect(world.writes()).toEqual([]);
  expect(cluster.kube.callsOf()).toEqual([]);
  await cluster.ensure();
  expect(await plan()).toMatchObject({ steps: [], blockedBy: [], status: { ingress: [{ ip: '198.19.0.0' }] } });
});

test('a Service that leaves: withdraw, take back the note, release', async () => {
  cluster.put(aService());
  await cluster.ensure();
  cluster.edit('web', (service) => ({ ...service, spec: { ...service.spec, type: 'ClusterIP' } }));
  const { id = '' } = [...world.cloud.state.reservations.values()][0] ?? {};
  expect(await summaries()).toEqual([
    'withdraw 198.19.0.0',
    'take 198.19.0.0 out of spec.loadBalancerIP',
    `release 198.19.0.0 (reservation ${id})`,
  ]);
  expect(world.addresses()).toHaveLength(1);
});

test('what is in the way is said: the limit, the place, the owner', async () => {
  for (const name of ['a', 'b', 'c']) cluster.put(aService({ name }));
  for (const name of ['a', 'b']) await cluster.ensure(name);
  expect(await plan('c')).toMatchObject({ steps: [], blockedBy: [expect.stringContaining('allows 2 announced')] });
  const nowhere = world.cluster(undefined, {});
  nowhere.put(aService());
  expect(await nowhere.balancers.plan(nowhere.get(), [], signal)).toMatchObject({
    blockedBy: [expect.stringContaining('no metro or facility')],
  });
});

test('looking claims nothing: what is planned for one Service is free for another', async () => {
  await world.reserve({ tags: ['web'] });
  for (const name of ['a', 'b']) cluster.put(aService({ name, annotations: { pool: 'web' } }));
  expect(await summaries('a')).toHaveLength(3);
  expect(await cluster.codeOf('b')).toBe('ready');
});
