// The life of a Service's address: reserved once, noted, announced, shown; withdrawn before it is released. Against the simulated Packet.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aService, aWorld, CLUSTER } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';

// Slow machines are slow.
jest.setTimeout(120_000);

let world: World;
let cluster: Cluster;

beforeEach(async () => {
  world = await aWorld({ ipQuota: 4 });
  cluster = world.cluster();
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
const ONE_WRITE = ['POST /projects/{id}/ips'];

describe('a new Service', () => {
  test('PK row 40 gets one reservation with three tags; spec.loadBalancerIP and status show its address', async () => {
    cluster.put(aService({ annotations: { metro: 'ny' } }));
    expect(await cluster.ensure()).toMatchObject({ kind: 'ready' });
    const [made, ...others] = [...world.cloud.state.reservations.values()];
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      type: 'public_ipv4',
      cidr: 32,
      metro: { code: 'ny' },
      details: 'Equinix Metal Kubernetes CCM auto-generated for Load Balancer',
      tags: ['usage=cloud-provider-equinix-metal-auto', `service=${digest('shop/web')}`, `cluster=${CLUSTER}`],
    });
    expect(world.cloud.calls.writes()[0]?.body).toMatchObject({ fail_on_approval_required: true, quantity: 1 });
    expect(cluster.get().spec?.loadBalancerIP).toBe(made?.address);
    expect(cluster.shows()).toEqual([made?.address]);
    expect(cluster.announcer.history).toEqual([`announce shop/web ${made?.address ?? ''}`]);
  });

  test('PK row 41 synced again, by this process or another: nothing is written', async () => {
    cluster.put(aService());
    await cluster.ensure();
    world.writes();
    const patches = cluster.kube.callsOf().length;
    expect(await cluster.ensure()).toMatchObject({ kind: 'ready', changes: [] });
    cluster.restart();
    await world.clock.advance(60_000);
    expect(await cluster.ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.writes()).toEqual([]);
    expect(cluster.kube.callsOf()).toHaveLength(patches);
    expect(cluster.warnings).toEqual([]);
  });

  test('PK row 41 the answer to the reservation is lost: it is found by its tags, in the same pass', async () => {
    cluster.put(aService());
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    expect(await cluster.ensure()).toMatchObject({ kind: 'ready' });
    expect(world.writes()).toEqual(ONE_WRITE);
    expect(cluster.shows()).toEqual(world.addresses());
  });

  test('PK row 41 the answer is lost and the list fails too: the next pass, or another process, finds it', async () => {
    for (const isAnother of [false, true]) {
      const name = isAnother ? 'b' : 'a';
      cluster.put(aService({ name }));
      world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
      await world.clock.advance(60_000);
      world.cloud.fail({ match: { method: 'GET' }, kind: 'delay' });
      world.cloud.fail({ match: { method: 'GET' }, status: 500 });
      expect(await cluster.codeOf(name)).toBe('CLOUD_UNAVAILABLE');
      if (isAnother) cluster.restart();
      expect(await cluster.codeOf(name)).toBe('ready');
      expect(world.writes()).toEqual(ONE_WRITE);
    }
    expect(world.addresses()).toHaveLength(2);
  });

  test('PK row 41 a crash between the reservation and the note on the Service: no second reservation', async () => {
    cluster.put(aService());
    cluster.kube.fail({ verb: 'patch', resource: 'services' });
    expect(await cluster.codeOf()).toBe('KUBE_API_UNREACHABLE');
    cluster.restart();
    expect(await cluster.codeOf()).toBe('ready');
    expect(world.writes()).toEqual(ONE_WRITE);
    expect(cluster.get().spec?.loadBalancerIP).toBe(world.addresses()[0]);
  });

  test('somebody writes the Service while its address is noted: their wish is not overwritten', async () => {
    const before = cluster.put(aService());
    const byHand = await world.reserve();
    const { address = '' } = world.cloud.state.reservations.get(byHand) ?? {};
    const ensured = cluster.balancers.ensure(before, [], new AbortController().signal);
    cluster.put(aService({ spec: { loadBalancerIP: address } }));
    await expect(ensured).rejects.toMatchObject({ code: 'SERVICE_CHANGED' });
    expect(cluster.get().spec?.loadBalancerIP).toBe(address);
    expect(await cluster.ensure()).toMatchObject({ status: { ingress: [{ ip: address }] } });
  });

  test('two reservations of one Service, from an answer that came too late: the one that was never shown goes', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [first] = [...world.cloud.state.reservations.values()];
    const twin = await world.reserve({ tags: first?.tags ?? [] });
    await world.clock.advance(60_000);
    expect(await cluster.ensure()).toMatchObject({
      changes: [expect.stringMatching(/^release 198\.19\.0\.1 /)],
      status: { ingress: [{ ip: first?.address }] },
    });
    expect(world.cloud.state.reservations.has(twin)).toBe(false);
  });

  test('a reservation that waits for approval is waited for, then used; one that is denied is told', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [{ tags = [] } = {}] = [...world.cloud.state.reservations.values()];
    const other = aService({ name: 'late' });
    cluster.put(other);
    const lateTags = tags.map((tag) => (tag.startsWith('service=') ? `service=${digest('shop/late')}` : tag));
    await Promise.all([1, 2, 3].map(() => world.reserve()));
    const wish = { type: 'public_ipv4', quantity: 1, metro: 'da', tags: lateTags, failOnApprovalRequired: false };
    const pending = await world.api.reservations.reserve(cluster.config.projectId, wish, new AbortController().signal);
    await world.clock.advance(60_000);
    world.writes();
    expect(await cluster.ensure('late')).toMatchObject({ kind: 'in-progress', changes: [] });
    expect(world.writes()).toEqual([]);
    world.cloud.approveReservation(pending.id);
    await world.clock.advance(60_000);
    expect(await cluster.codeOf('late')).toBe('ready');
    expect(world.writes()).toEqual([]);
  });
});

describe('places', () => {
  test('PK row 43 without metro and facility anywhere: the four ways to set one, and no request', async () => {
    const lost = world.cluster(CLUSTER, {});
    lost.put(aService());
    await expect(lost.ensure()).rejects.toMatchObject({
      code: 'ELASTIC_IP_PLACE_MISSING',
      disposition: { retry: 'on-change' },
      message: expect.stringMatching(
        /metal\.equinix\.com\/eip-metro .*metal\.equinix\.com\/eip-facility.*METAL_METRO_NAME.*METAL_FACILITY_NAME/,
      ) as unknown,
    });
    expect(world.writes()).toEqual([]);
  });

  test.each([
    { annotations: { metro: 'ny', facility: 'da11' }, settings: { METAL_METRO_NAME: 'sv' }, sent: { metro: 'ny' } },
    { annotations: { facility: 'ny5' }, settings: { METAL_METRO_NAME: 'da' }, sent: { facility: 'ny5' } },
    { annotations: {}, settings: { METAL_METRO_NAME: 'da', METAL_FACILITY_NAME: 'ny5' }, sent: { metro: 'da' } },
    { annotations: {}, settings: { METAL_FACILITY_NAME: 'ny5' }, sent: { facility: 'ny5' } },
  ])('PK row 44 the annotation wins over the setting, the metro over the facility: $sent', async (row) => {
    const there = world.cluster(CLUSTER, row.settings);
    there.put(aService({ annotations: row.annotations }));
    expect(await there.codeOf()).toBe('ready');
    const { metro, facility } = world.cloud.calls.writes()[0]?.body as Record<string, string>;
    expect({ metro, facility }).toEqual({ metro: undefined, facility: undefined, ...row.sent });
  });

  test('PK row 44 annotations under the names that the configuration gives', async () => {
    const there = world.cluster(CLUSTER, { METAL_ANNOTATION_EIP_METRO: 'example.com/metro' });
    const service = aService();
    there.put({ ...service, metadata: { ...service.metadata, annotations: { 'example.com/metro': 'sv' } } });
    await there.ensure();
    expect(world.cloud.calls.writes()[0]?.body).toMatchObject({ metro: 'sv' });
  });

  test('an address that is there stays where it is; the Service is told', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const shown = cluster.shows();
    cluster.edit('web', (service) => ({
      ...service,
      metadata: { ...service.metadata, annotations: { 'metal.equinix.com/eip-metro': 'ny' } },
    }));
    expect(await cluster.codeOf()).toBe('ready');
    expect(cluster.shows()).toEqual(shown);
    expect(cluster.warnings).toEqual([expect.stringContaining('is of da and stays so, although ny is asked for')]);
    expect(world.writes()).toEqual(ONE_WRITE);
  });
});

describe('quota', () => {
  test('PK row 45 used up: an error that names it; while it is young nobody asks again', async () => {
    for (let index = 0; index < 4; index += 1) await world.reserve();
    world.writes();
    for (const name of ['a', 'b', 'c']) {
      cluster.put(aService({ name }));
      await expect(cluster.ensure(name)).rejects.toMatchObject({
        code: 'CLOUD_REJECTED',
        disposition: { retry: 'backoff' },
        message: expect.stringContaining('quota') as unknown,
      });
    }
    expect(world.writes()).toEqual(ONE_WRITE);
    await world.clock.advance(30_000);
    expect(await cluster.codeOf('a')).toBe('CLOUD_REJECTED');
    expect(world.writes()).toEqual(ONE_WRITE);
    expect(world.addresses()).toHaveLength(4);
  });
});

describe('a Service that goes', () => {
  test('PK row 46 is withdrawn first, while its address is still reserved; then the address is released', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const reservedAt: Record<string, number> = {};
    cluster.announcer.before = (what) => void (reservedAt[what] = world.addresses().length);
    expect(await cluster.remove()).toMatchObject({ kind: 'removed' });
    expect(reservedAt).toEqual({ withdraw: 1 });
    expect(cluster.announcer.history.at(-1)).toBe('withdraw shop/web');
    expect(world.addresses()).toEqual([]);
  });

  test('PK row 46 that cannot be withdrawn keeps its address; the finalizer stays', async () => {
    cluster.put(aService());
    await cluster.ensure();
    cluster.announcer.before = () => {
      throw new Error('MetalLB does not answer');
    };
    await expect(cluster.remove()).rejects.toThrow('MetalLB does not answer');
    expect(world.addresses()).toHaveLength(1);
    expect(cluster.get().metadata?.finalizers).toHaveLength(1);
  });

  test.each([{ kind: 'drop-before' }, { kind: 'drop-after' }] as const)(
    'PK row 46 a release whose answer is lost ($kind) is repeated until it is known',
    async ({ kind }) => {
      cluster.put(aService());
      await cluster.ensure();
      world.cloud.fail({ match: { method: 'DELETE' }, kind });
      await expect(cluster.remove()).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
      expect(await cluster.remove()).toMatchObject({ kind: 'removed' });
      expect(world.addresses()).toEqual([]);
    },
  );

  test('that goes before the lost answer to its reservation is known leaves nothing', async () => {
    cluster.put(aService());
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    world.cloud.fail({ match: { method: 'GET' }, kind: 'delay' });
    world.cloud.fail({ match: { method: 'GET' }, status: 500 });
    expect(await cluster.codeOf()).toBe('CLOUD_UNAVAILABLE');
    await cluster.remove();
    expect(world.addresses()).toEqual([]);
  });

  test('PK row 50 by its type: the address is released and the note taken back; back again it gets a new one', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const before = cluster.shows();
    const leaving = cluster.edit('web', (service) => ({ ...service, spec: { ...service.spec, type: 'ClusterIP' } }));
    expect(await cluster.balancers.remove(leaving, new AbortController().signal)).toMatchObject({ kind: 'removed' });
    expect(world.addresses()).toEqual([]);
    expect(cluster.get().spec?.loadBalancerIP).toBeUndefined();
    await world.reserve();
    cluster.edit('web', (service) => ({
      ...service,
      spec: { ...service.spec, type: 'LoadBalancer' },
      status: { loadBalancer: {} },
    }));
    expect(await cluster.codeOf()).toBe('ready');
    expect(cluster.shows()).not.toEqual(before);
    expect(cluster.get().spec?.loadBalancerIP).toBe(cluster.shows()[0]);
    expect(cluster.warnings).toEqual([]);
  });

  test('a tag of another cluster that appeared meanwhile keeps the reservation', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [made] = [...world.cloud.state.reservations.values()];
    const { id = '', tags = [] } = made ?? {};
    await world.api.reservations.update(
      id as never,
      { tags: [...tags, 'cluster=other'] },
      new AbortController().signal,
    );
    expect(await cluster.remove()).toMatchObject({ kind: 'removed', changes: ['withdraw shop/web'] });
    expect(world.addresses()).toHaveLength(1);
  });
});

describe('an address of one’s own', () => {
  const given = async (): Promise<string> => {
    const id = await world.reserve();
    world.writes();
    return world.cloud.state.reservations.get(id)?.address ?? '';
  };

  test('PK row 42 spec.loadBalancerIP: no request; it is announced and shown', async () => {
    const address = await given();
    cluster.put(aService({ spec: { loadBalancerIP: address } }));
    expect(await cluster.codeOf()).toBe('ready');
    expect(world.writes()).toEqual([]);
    expect(cluster.shows()).toEqual([address]);
    expect(cluster.announcer.history).toEqual([`announce shop/web ${address}`]);
    expect(cluster.warnings).toEqual([]);
  });

  test('PK row 47 when the Service goes it is withdrawn, and kept', async () => {
    const address = await given();
    cluster.put(aService({ spec: { loadBalancerIP: address } }));
    await cluster.ensure();
    await cluster.remove();
    expect(world.addresses()).toEqual([address]);
    expect(cluster.announcer.announced.size).toBe(0);
    expect(world.writes()).toEqual([]);
  });

  test('PK row 42 what is no address is refused; one that the project does not hold is announced with a warning', async () => {
    cluster.put(aService({ spec: { loadBalancerIP: '198.51.100.300' } }));
    await expect(cluster.ensure()).rejects.toMatchObject({ code: 'SERVICE_INVALID' });
    cluster.put(aService({ spec: { loadBalancerIP: '192.0.2.7' } }));
    expect(await cluster.codeOf()).toBe('ready');
    expect(cluster.warnings).toEqual([expect.stringContaining('192.0.2.7 is in no reservation of the project')]);
  });

  test('PK row 42 the address that a device was born with is nobody’s balancer', async () => {
    world.cloud.addDevice({ hostname: 'node-1' });
    const block = [...world.cloud.state.reservations.values()].find(({ management }) => management);
    const [device] = [...world.cloud.state.devices.values()];
    const address = device?.ip_addresses.find((one) => !one.public)?.address ?? block?.address ?? '';
    cluster.put(aService({ spec: { loadBalancerIP: address } }));
    expect(await cluster.codeOf()).toBe('ELASTIC_IP_FOREIGN');
  });

  test('named later: the Service moves to it; what was reserved for it is kept until it goes', async () => {
    cluster.put(aService());
    await cluster.ensure();
    const [own = ''] = cluster.shows();
    const address = await given();
    cluster.edit('web', (service) => ({ ...service, spec: { ...service.spec, loadBalancerIP: address } }));
    await world.clock.advance(60_000);
    expect(await cluster.codeOf()).toBe('ready');
    expect(cluster.shows()).toEqual([address]);
    expect(cluster.warnings).toEqual([
      expect.stringContaining(`${own} was reserved for the Service and is not in use`),
    ]);
    expect(world.addresses()).toEqual([own, address]);
    await cluster.remove();
    expect(world.addresses()).toEqual([address]);
  });
});

describe('what is read', () => {
  test('PK row 73 the reservation is the last of 301: found, no second request', async () => {
    const big = await aWorld({ largestPageSize: 250 });
    const there = big.cluster();
    await Promise.all(Array.from({ length: 300 }, (_, index) => big.reserve({ tags: [`other-${index}`] })));
    there.put(aService());
    await there.ensure();
    there.restart();
    await big.clock.advance(60_000);
    big.writes();
    there.edit('web', (service) => ({
      ...service,
      spec: { ...service.spec, loadBalancerIP: undefined as never },
      status: {},
    }));
    expect(await there.codeOf()).toBe('ready');
    expect(big.writes()).toEqual([]);
    await big.close();
  });

  test('no-op passes of 50 Services, one after another or at once, cost one list', async () => {
    const big = await aWorld();
    const there = big.cluster();
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    for (const name of names) there.put(aService({ name }));
    await Promise.all(names.map((name) => there.ensure(name)));
    expect(big.cloud.callsByRoute()).toEqual({ 'GET /projects/{id}/ips': 1, 'POST /projects/{id}/ips': 50 });
    await big.clock.advance(600_000);
    big.writes();
    for (const name of names.slice(0, 25)) await there.ensure(name);
    await Promise.all(names.slice(25).map((name) => there.ensure(name)));
    expect(big.cloud.callsByRoute()).toEqual({ 'GET /projects/{id}/ips': 1 });
    await big.close();
  });

  test('nodes that are not ready are told to the announcer as unknown, and looked at again', async () => {
    cluster.put(aService());
    cluster.notReady = [{ nodeName: 'node-1', reason: 'the API answers 500' }];
    expect(await cluster.ensure()).toMatchObject({
      kind: 'ready',
      unfinished: { waitingFor: 'BGP of node node-1: the API answers 500' },
    });
    expect(cluster.announcer.announced.get('shop/web')).toMatchObject({ speakers: [], unknownNodes: ['node-1'] });
  });

  test('without the UID of kube-system nothing is reserved', async () => {
    cluster.put(aService());
    cluster.kube.fail({ verb: 'get', resource: 'namespaces' });
    expect(await cluster.codeOf()).toBe('CLUSTER_IDENTITY_UNKNOWN');
    expect(world.writes()).toEqual([]);
  });

  test('PK row 78 the Service of the control plane is left alone', async () => {
    const name = 'cloud-provider-equinix-metal-kubernetes-external';
    const external = cluster.put(aService({ name, namespace: 'kube-system', spec: { loadBalancerIP: '192.0.2.7' } }));
    const signal = new AbortController().signal;
    expect(cluster.balancers.isDisowned(external)).toBe(true);
    expect(await cluster.balancers.ensure(external, [], signal)).toEqual({ kind: 'not-mine' });
    expect(await cluster.balancers.remove(external, signal)).toEqual({ kind: 'removed', changes: [] });
    expect(cluster.announcer.history).toEqual([]);
    expect(world.cloud.calls.total).toBe(0);
  });

  test('Services of another class are not ours', async () => {
    const service = cluster.put(aService({ spec: { loadBalancerClass: 'example.com/other' } }));
    expect(await cluster.balancers.ensure(service, [], new AbortController().signal)).toEqual({ kind: 'not-mine' });
    expect(world.cloud.calls.total).toBe(0);
  });
});
