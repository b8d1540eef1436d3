// Services as Equinix Metal Load Balancers against the simulated service over HTTP: the state of the world, and how it was reached.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CONTROL_PLANE_SERVICE } from '../../control-plane/control-plane-service.ts';
import { aNode } from '../../test-support/builders.ts';
import { aBalancedService, anEmlbWorld, CLUSTER_ID, someNodes } from '../../test-support/emlb-world.ts';
import type { EmlbTestWorld } from '../../test-support/emlb-world.ts';
import { balancerNameOf } from './balancer-name.ts';

const signal = new AbortController().signal;
const NAME = balancerNameOf(aBalancedService(), CLUSTER_ID);
const ID = 'equinix.com/loadbalancerID';
const METRO = 'equinix.com/loadbalancerMetro';
let world: EmlbTestWorld;

// A busy machine stands still for seconds.
jest.setTimeout(60_000);

beforeEach(async () => {
  world = await anEmlbWorld();
});
afterEach(() => world.close());

async function built(): Promise<void> {
  await world.put(aBalancedService());
  await world.ensure();
  world.writes();
}

async function edit(change: Parameters<typeof aBalancedService>[0], name = 'web'): Promise<void> {
  const { metadata } = await world.get(name);
  const annotations = { ...metadata?.annotations, ...change?.annotations };
  await world.put(aBalancedService({ name, ...change, annotations }));
}

function only<T>(map: ReadonlyMap<string, T>): T {
  const [value] = map.values();
  if (value === undefined || map.size !== 1) throw new Error(`there are ${map.size}`);
  return value;
}

describe('a new Service', () => {
  test('gets a balancer with port, pool and an origin for each node, and notes of both', async () => {
    await world.put(aBalancedService());
    const result = await world.ensure();
    const balancer = only(world.cloud.state.balancers);
    expect(balancer).toMatchObject({
      name: NAME,
      location: { name: 'da' },
      ports: [{ name: `${NAME}-port-80`, number: 80 }],
      pools: [[{ name: `${NAME}-pool-80`, protocol: 'tcp' }]],
    });
    expect(balancer.pools[0]?.[0]?.origins.map(({ target, port_number: port }) => `${target}:${port}`)).toEqual([
      '198.51.100.1:30080',
      '198.51.100.2:30080',
      '198.51.100.3:30080',
    ]);
    expect(result).toMatchObject({ kind: 'ready', status: { ingress: [{ ip: balancer.ips[0] }] } });
    expect((await world.get()).metadata?.annotations).toEqual({ [ID]: balancer.id, [METRO]: 'da' });
  });

  test('NAME is that of the Go program', () => {
    expect(NAME).toMatch(/^usage=cloud-provider-equinix-metal-auto:service=[A-Za-z0-9+/]{43}=:cluster=c1c1c1c1-/);
  });

  test('waits for the address without holding a worker, and is served meanwhile', async () => {
    await world.close();
    world = await anEmlbWorld({ timeToActiveMs: 60_000 });
    await world.put(aBalancedService());
    expect(await world.ensure()).toMatchObject({ kind: 'in-progress', checkAgainMs: 5_000 });
    expect(only(world.cloud.state.pools).origins).toHaveLength(3);
    await world.clock.advance(60_000);
    expect((await world.ensure()).kind).toBe('ready');
  });

  test('the annotation says another metro', async () => {
    await world.put(aBalancedService({ annotations: { [METRO]: 'sv' } }));
    await world.ensure();
    expect(only(world.cloud.state.balancers).location.name).toBe('sv');
  });

  test('with UDP nothing is made, and the reason is told', async () => {
    await world.put(aBalancedService({ ports: [{ port: 53, nodePort: 30_053, protocol: 'UDP' }] }));
    await expect(world.ensure()).rejects.toMatchObject({
      code: 'SERVICE_INVALID',
      disposition: { retry: 'on-change' },
    });
    expect(await world.balancers.plan(await world.get(), [], signal)).toMatchObject({ steps: [] });
    expect(world.writes()).toEqual([]);
  });

  test('a class of its own is somebody else’s', async () => {
    await world.put(aBalancedService({ spec: { loadBalancerClass: 'x/y' } }));
    expect(await world.ensure()).toEqual({ kind: 'not-mine' });
  });
});

describe('later', () => {
  test('a second pass writes nothing and asks once, also after a restart', async () => {
    await built();
    expect(await world.ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.cloud.calls.total).toBe(1);
    world.restart();
    await world.ensure();
    expect(world.writes()).toEqual([]);
  });

  test('one node more is one write; one less, too', async () => {
    await built();
    await world.ensure('web', someNodes(4));
    expect(world.writes()).toEqual(['POST loadbalancers/pools/{id}/origins']);
    await world.ensure('web', someNodes(3));
    expect(world.writes()).toEqual(['DELETE loadbalancers/pools/origins/{id}']);
  });

  test('ports come and go', async () => {
    await built();
    await edit({ ports: [{ port: 443, nodePort: 30_443 }] });
    expect((await world.ensure()).kind).toBe('ready');
    expect(only(world.cloud.state.balancers).ports.map(({ number }) => number)).toEqual([443]);
    expect(only(world.cloud.state.pools)).toMatchObject({ name: `${NAME}-pool-443`, origins: [{}, {}, {}] });
  });

  test('nodes without external address are named once, and get no traffic', async () => {
    await built();
    const nodes = [...someNodes(1), aNode('inner', { internal: ['10.0.0.9'] })];
    await world.ensure('web', nodes);
    await world.ensure('web', nodes);
    expect(world.warnings).toEqual(['NoExternalAddress nodes without external address get no traffic: inner']);
    expect(only(world.cloud.state.pools).origins).toHaveLength(1);
  });

  test('a lost note: the balancer is found again by its name, no nameless second one (defect 18)', async () => {
    await built();
    const { id } = only(world.cloud.state.balancers);
    await world.put(aBalancedService());
    await world.ensure();
    expect(world.writes()).toEqual([]);
    expect((await world.get()).metadata?.annotations?.[ID]).toBe(id);
  });

  test('a nameless one of the Go program that the Service notes gets its name', async () => {
    await built();
    const { id } = only(world.cloud.state.balancers);
    await world.api.balancers.rename(id as never, '', signal);
    await world.ensure();
    expect(only(world.cloud.state.balancers).name).toBe(NAME);
  });

  test('a note that leads nowhere: a balancer is made again, in its metro', async () => {
    await built();
    const { id } = only(world.cloud.state.balancers);
    await world.api.balancers.remove(id as never, signal);
    await world.ensure();
    expect(only(world.cloud.state.balancers)).toMatchObject({ name: NAME, ports: [{ number: 80 }] });
    expect(only(world.cloud.state.pools).origins).toHaveLength(3);
  });

  test('a note copied from another Service takes nothing from it', async () => {
    await built();
    const { annotations = {} } = (await world.get()).metadata ?? {};
    await world.put(aBalancedService({ name: 'copy', annotations, ports: [{ port: 81, nodePort: 30_081 }] }));
    await world.ensure('copy');
    expect(world.cloud.state.balancers.size).toBe(2);
    expect([...world.cloud.state.balancers.values()].map(({ ports }) => ports.map(({ number }) => number))).toEqual([
      [80],
      [81],
    ]);
    await world.remove('copy');
    expect(only(world.cloud.state.balancers).name).toBe(NAME);
  });

  test('plan says what ensure would do, and writes nothing', async () => {
    await world.put(aBalancedService());
    const before = await world.balancers.plan(await world.get(), someNodes(1), signal);
    expect(before).toMatchObject({ steps: [{ kind: 'create-balancer' }], wanted: { metro: 'da' } });
    await built();
    const later = await world.balancers.plan(await world.get(), someNodes(4), signal);
    expect(later).toMatchObject({ steps: [{ kind: 'create-origin' }], blockedBy: [], status: { ingress: [{}] } });
    await edit({ spec: { type: 'ClusterIP' } });
    const leaving = await world.balancers.plan(await world.get(), [], signal);
    expect(leaving.steps.map(({ kind }) => kind)).toEqual(['delete-balancer', 'delete-pool']);
    expect(world.writes()).toEqual([]);
  });
});

describe('removal', () => {
  test('takes all with it, and may be repeated', async () => {
    await built();
    expect(await world.remove()).toMatchObject({ kind: 'removed', changes: [{}, {}].map(() => expect.any(String)) });
    expect(world.cloud.state).toMatchObject({ balancers: new Map(), pools: new Map() });
    expect(await world.remove()).toEqual({ kind: 'removed', changes: [] });
  });

  test('finds what was never noted, and pools that a broken creation left', async () => {
    await world.put(aBalancedService());
    await world.api.pools.create(world.projectId, { name: `${NAME}-pool-9`, protocol: 'tcp' }, signal);
    for (const name of [NAME, NAME]) await world.api.balancers.create(world.projectId, { name, metro: 'ny' }, signal);
    expect((await world.remove()).kind).toBe('removed');
    expect(world.cloud.state).toMatchObject({ balancers: new Map(), pools: new Map() });
  });

  test('a balancer that is still there after its deletion is waited for', async () => {
    await built();
    world.cloud.fail({ match: { method: 'DELETE', path: '/v1/loadbalancers/{id}' }, status: 202, body: { id: 'x' } });
    expect(await world.remove()).toMatchObject({ kind: 'in-progress', checkAgainMs: 2_000 });
    expect((await world.remove()).kind).toBe('removed');
  });

  test('an error is no absence', async () => {
    await built();
    world.cloud.fail({ match: { method: 'GET' }, kind: 'html', status: 404 });
    await expect(world.remove()).rejects.toMatchObject({ code: 'CLOUD_UNEXPECTED_ANSWER' });
    expect(world.cloud.state.balancers.size).toBe(1);
  });

  test('PK row 47 a balancer that is lent is kept, with all that is not ours', async () => {
    const id = await world.api.balancers.create(world.projectId, { name: 'theirs', metro: 'ny' }, signal);
    await world.api.ports.create(id, { name: 'theirs', number: 443, poolIds: [] }, signal);
    const ports = [80, 443].map((port) => ({ port, nodePort: 30_000 + port }));
    await world.put(aBalancedService({ annotations: { [ID]: id }, ports }));
    expect((await world.ensure()).kind).toBe('ready');
    expect(world.warnings).toEqual([expect.stringContaining('has port 443 of somebody else')]);
    expect(
      only(world.cloud.state.balancers)
        .ports.map(({ number }) => number)
        .sort(),
    ).toEqual([443, 80]);
    expect((await world.get()).metadata?.annotations?.[METRO]).toBe('ny');
    await world.remove();
    expect(only(world.cloud.state.balancers)).toMatchObject({ name: 'theirs', ports: [{ number: 443 }] });
    expect(world.cloud.state.pools.size).toBe(0);
  });
});

describe('two clusters in one project', () => {
  test('PK row 48 the same Service name: each touches only its own', async () => {
    await built();
    world.restart({ clusterId: 'c2' });
    await world.put(aBalancedService());
    await world.ensure();
    expect(world.cloud.state.balancers.size).toBe(2);
    await world.remove();
    expect(only(world.cloud.state.balancers).name).toBe(NAME);
    expect(await world.balancers.orphans([], signal)).toEqual([]);
  });
});

describe('orphans', () => {
  test('PK row 49 are what no Service owns; removed one by one, unless somebody owns them by now', async () => {
    await built();
    const service = await world.get();
    expect(await world.balancers.orphans([service], signal)).toEqual([]);
    const [orphan, ...others] = await world.balancers.orphans([], signal);
    if (orphan === undefined) throw new Error('there is none');
    expect([orphan.name, others]).toEqual([NAME, []]);
    expect(await world.balancers.removeOrphan(orphan, [service], signal)).toMatchObject({ kind: 'kept' });
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
    expect(await world.balancers.removeOrphan(orphan, [], signal)).toEqual({ kind: 'removed' });
    expect(world.cloud.state).toMatchObject({ balancers: new Map(), pools: new Map() });
  });

  test('pools without a balancer, too; others are kept', async () => {
    const id = await world.api.pools.create(world.projectId, { name: `${NAME}-pool-80`, protocol: 'tcp' }, signal);
    const theirs = await world.api.pools.create(world.projectId, { name: 'theirs', protocol: 'tcp' }, signal);
    const orphans = await world.balancers.orphans([], signal);
    expect(orphans.map((orphan) => orphan.id)).toEqual([id]);
    const about = { name: 'x', reason: 'x' };
    expect(await world.balancers.removeOrphan({ ...about, id: theirs }, [], signal)).toMatchObject({ kind: 'kept' });
    expect(await world.balancers.removeOrphan({ ...about, id: 'what' }, [], signal)).toMatchObject({ kind: 'kept' });
    expect(await world.balancers.removeOrphan({ ...about, id }, [], signal)).toEqual({ kind: 'removed' });
    expect([...world.cloud.state.pools.keys()]).toEqual([theirs]);
  });
});

describe('the Service of the control plane', () => {
  const service = aBalancedService({ ...CONTROL_PLANE_SERVICE, ports: [{ port: 6443, nodePort: 30_643 }] });

  test('PK row 78 with an elastic IP it is nobody’s here', async () => {
    await world.put(service);
    expect(world.balancers.isDisowned(service)).toBe(true);
    expect(await world.ensure(CONTROL_PLANE_SERVICE.name)).toEqual({ kind: 'not-mine' });
    expect(await world.remove(CONTROL_PLANE_SERVICE.name)).toEqual({ kind: 'removed', changes: [] });
    expect(world.writes()).toEqual([]);
  });

  test('with METAL_LOAD_BALANCER_ID it is served by that balancer, and by no other', async () => {
    world.restart({ servesControlPlane: true });
    await world.put(service);
    await expect(world.ensure(CONTROL_PLANE_SERVICE.name)).rejects.toMatchObject({
      code: 'CONTROL_PLANE_BALANCER_MISSING',
    });
    const id = await world.api.balancers.create(world.projectId, { name: 'api', metro: 'da' }, signal);
    await world.put({ ...service, metadata: { ...service.metadata, annotations: { [ID]: id } } });
    expect((await world.ensure(CONTROL_PLANE_SERVICE.name)).kind).toBe('ready');
    expect(only(world.cloud.state.balancers)).toMatchObject({ name: 'api', ports: [{ number: 6443 }] });
  });
});
