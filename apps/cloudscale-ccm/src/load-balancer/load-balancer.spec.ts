// Balancers of Services against the simulated cloud over HTTP: the state of the world, and how it was reached.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { aNode, aService } from '../test-support/builders.ts';
import type { ServiceWish } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const UID = '11111111-2222-4333-8444-555555555555';
const KEY = 'k8s.cloudscale.ch/loadbalancer-';
let world: World;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(async () => {
  // Whatever a test does, the program only sends what the API describes.
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

/** Makes the balancer of a Service and forgets the calls. */
async function built(wish: ServiceWish = {}): Promise<void> {
  world.put(aService(wish));
  await world.settle(wish.name);
  world.writes();
}

function edit(change: (service: KubeService) => KubeService, name?: string): void {
  world.put(change(world.get(name)));
}

function annotate(annotations: Readonly<Record<string, string | undefined>>, name?: string): void {
  edit((service) => {
    const all: Record<string, string> = { ...service.metadata?.annotations };
    for (const [suffix, value] of Object.entries(annotations)) {
      if (value === undefined) delete all[KEY + suffix];
      else all[KEY + suffix] = value;
    }
    return { ...service, metadata: { ...service.metadata, annotations: all } };
  }, name);
}

function respec(spec: Partial<KubeService['spec']>): void {
  edit((service) => ({ ...service, spec: { ...service.spec, ...spec } }));
}

function only<T>(map: ReadonlyMap<string, T>): T {
  const [value] = map.values();
  if (value === undefined || map.size !== 1) throw new Error(`there are ${map.size}`);
  return value;
}

function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it did not fail',
    (error: unknown) => (error as Error).message,
  );
}

describe('a new Service', () => {
  test('CS row 16 one port without name: balancer, pool, members, listener, monitor', async () => {
    world.put(aService());
    await world.settle();
    const { state } = world.cloud;
    expect(only(state.loadBalancers)).toMatchObject({
      name: `k8s-service-${UID}`,
      flavor: { slug: 'lb-standard' },
      zone: { slug: 'rma1' },
    });
    expect(only(state.pools)).toMatchObject({ name: 'tcp', algorithm: 'round_robin', protocol: 'tcp' });
    const [first, ...others] = state.members.values();
    expect(first).toMatchObject({ name: `${first?.address}:30080`, protocol_port: 30_080, monitor_port: 30_080 });
    expect(others).toHaveLength(2);
    expect(only(state.listeners)).toMatchObject({ name: 'tcp/80', protocol_port: 80, allowed_cidrs: [] });
    expect(only(state.healthMonitors)).toMatchObject({ type: 'tcp', delay_s: 2, timeout_s: 1, up_threshold: 2 });
    const create = world.cloud.calls.of('POST /v1/load-balancers')[0];
    expect(create?.body).toMatchObject({ vip_addresses: [], zone: 'rma1', flavor: 'lb-standard' });
  });

  test('CS row 17 annotations and status', async () => {
    world.put(aService());
    const result = await world.settle();
    const { uuid, vip_addresses: vips } = only(world.cloud.state.loadBalancers);
    expect(result).toMatchObject({
      kind: 'ready',
      status: { ingress: vips.map(({ address }) => ({ ip: address, ipMode: 'Proxy' })) },
    });
    expect(world.get().metadata?.annotations).toEqual({
      [`${KEY}uuid`]: uuid,
      [`${KEY}config-version`]: '1',
      [`${KEY}zone`]: 'rma1',
    });
  });

  test('CS row 18 a second pass writes nothing, also after a restart', async () => {
    await built();
    expect(await world.ensure()).toMatchObject({ kind: 'ready', changes: [] });
    world.restart();
    await world.ensure();
    expect(world.writes()).toEqual([]);
  });

  test('CS row 20 while it is built nothing is made on it, and nobody waits in a worker', async () => {
    await world.close();
    world = await aWorld({ timeToRunningMs: 60_000 });
    world.put(aService());
    expect(await world.ensure()).toMatchObject({ kind: 'in-progress', checkAgainMs: 2_000 });
    expect(await world.ensure()).toMatchObject({ kind: 'in-progress', changes: [] });
    expect(world.cloud.calls.writes()).toHaveLength(1);
    await world.clock.advance(60_000);
    expect((await world.ensure()).kind).toBe('ready');
    expect(world.cloud.state.members.size).toBe(3);
  });

  test('CS row 21 a balancer in error is brought into line', async () => {
    await built();
    world.cloud.updateLoadBalancer(only(world.cloud.state.loadBalancers).uuid, { forcedStatus: 'error' });
    annotate({ 'timeout-client-data-ms': '1000' });
    await world.ensure();
    expect(world.writes()).toEqual(['PATCH lb/listeners/{uuid} {"timeout_client_data_ms":1000}']);
  });

  test('a change that comes while somebody else changes the balancer is made later, and is no mistake of the Service', async () => {
    await built();
    const { uuid } = only(world.cloud.state.loadBalancers);
    await world.ensure();
    world.cloud.updateLoadBalancer(uuid, { forcedStatus: 'changing' });
    annotate({ 'timeout-client-data-ms': '1000' });
    expect(await world.ensure()).toMatchObject({ kind: 'in-progress' });
    world.cloud.updateLoadBalancer(uuid, { forcedStatus: undefined });
    expect((await world.settle()).kind).toBe('ready');
    expect(only(world.cloud.state.listeners).timeout_client_data_ms).toBe(1_000);
  });

  test('CS row 32 no node: a warning, and no balancer without zone; later it works', async () => {
    world.put(aService());
    expect(await world.ensure('web', [])).toMatchObject({ kind: 'in-progress' });
    expect([world.writes(), world.warnings]).toEqual([[], [expect.stringContaining('NoValidNodes')]]);
    expect((await world.settle()).kind).toBe('ready');
  });

  test('CS row 31 nodes in two zones: an error; with the annotation it works', async () => {
    world.cloud.addServer({ zone: 'lpg1' });
    world.put(aService());
    expect(await messageOf(world.ensure())).toContain('no loadbalancer zone set and nodes in multiple zones');
    annotate({ zone: 'lpg1' });
    await world.settle();
    expect(only(world.cloud.state.loadBalancers).zone.slug).toBe('lpg1');
  });

  test('first ensure with 3 nodes and 2 ports: at most 25 calls', async () => {
    world.put(
      aService({
        ports: [
          { port: 80, name: 'http' },
          { port: 443, name: 'https' },
        ],
      }),
    );
    await world.settle();
    expect(world.cloud.calls.total).toBeLessThanOrEqual(25);
  });

  test('CS row 39 TCP and UDP on port 53', async () => {
    const ports = [
      { name: 'x', port: 53, protocol: 'TCP' },
      { name: 'y', port: 53, protocol: 'UDP' },
    ];
    await built({ ports, annotations: { 'pool-protocol': 'proxy' } });
    const { pools, listeners } = world.cloud.state;
    expect([...pools.values()].map(({ name, protocol }) => [name, protocol])).toEqual([
      ['tcp/x', 'proxy'],
      ['udp/y', 'udp'],
    ]);
    expect([...listeners.values()].map(({ name, protocol }) => [name, protocol])).toEqual([
      ['tcp/53', 'tcp'],
      ['udp/53', 'udp'],
    ]);
  });

  test('CS row 55 IPv6 members', async () => {
    const subnet = world.cloud.addSubnet({ cidr: '2001:db8:7::/64' });
    const { uuid } = world.cloud.addServer({ privateSubnets: [{ subnet: subnet.uuid, address: '2001:db8:7::5' }] });
    world.put(aService());
    await world.settle('web', [aNode('n', { providerId: `cloudscale://${uuid}` })]);
    expect(only(world.cloud.state.members).name).toBe('[2001:db8:7::5]:30080');
  });

  test('CS row 67 another class is not touched', async () => {
    world.put(aService({ spec: { loadBalancerClass: 'other' } }));
    expect(await world.ensure()).toEqual({ kind: 'not-mine' });
    expect(world.cloud.calls.total).toBe(0);
  });
});

describe('what is shown', () => {
  test('CS row 66 (ours: no version is asked, the API server drops what it does not know) ipMode is always there', async () => {
    await built();
    expect(await world.ensure()).toMatchObject({ status: { ingress: [{ ipMode: 'Proxy' }, { ipMode: 'Proxy' }] } });
  });

  test('a plan has the steps and writes nothing', async () => {
    world.put(aService());
    const { signal } = new AbortController();
    const plan = (): ReturnType<typeof world.balancers.plan> =>
      world.balancers.plan(world.get(), world.nodes(), signal);
    expect((await plan()).steps.map(({ kind }) => kind)).toEqual(['create-balancer']);
    await world.ensure();
    world.writes();
    expect((await plan()).steps.map(({ kind }) => kind)).toEqual([
      'create-pool',
      'create-member',
      'create-member',
      'create-member',
      'create-monitor',
      'create-listener',
    ]);
    expect(world.writes()).toEqual([]);
    await world.settle();
    expect(await plan()).toMatchObject({ steps: [], blockedBy: [], status: { ingress: [{}, {}] } });
    edit((service) => ({
      ...service,
      metadata: { ...service.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' },
    }));
    expect((await plan()).steps.map(({ kind }) => kind)).toEqual(['delete-balancer']);
    edit(() => aService({ annotations: { 'ip-mode': 'x' } }));
    expect(await plan()).toMatchObject({ steps: [], blockedBy: [expect.stringContaining('ip-mode')] });
  });

  test('everything that is made is tagged; a balancer without its Service is an orphan', async () => {
    await built();
    const { tags, uuid } = only(world.cloud.state.loadBalancers);
    expect(tags).toEqual({
      kubernetes_cluster: 'c1',
      kubernetes_namespace: 'shop',
      kubernetes_service: 'web',
      kubernetes_service_uid: UID,
    });
    const { pools, members, listeners, healthMonitors } = world.cloud.state;
    const parts = [pools, members, listeners, healthMonitors].flatMap((map) => [...map.values()]);
    for (const part of parts) expect(part.tags).toEqual(tags);
    const { signal } = new AbortController();
    expect(await world.balancers.orphans([world.get()], signal)).toEqual([]);
    expect(await world.balancers.orphans([], signal)).toMatchObject([{ id: uuid }]);
  });
});

describe('mistakes are found before anything is built (CSF 5)', () => {
  test.each<[string, ServiceWish, string]>([
    ['CS row 34', { annotations: { 'node-selector': 'a===b' } }, 'unable to parse selector'],
    ['CS row 40', { ports: [{ port: 80, protocol: 'SCTP' }] }, 'use TCP or UDP'],
    ['CS row 40', { ports: [{ port: 80, nodePort: 0 }] }, 'unknown port'],
    ['CS row 52', { annotations: { 'health-monitor-delay-s': 'soon' } }, `${KEY}health-monitor-delay-s`],
    ['CS row 52', { annotations: { 'timeout-member-data-ms': '1.5' } }, `${KEY}timeout-member-data-ms`],
    ['CS row 65', { annotations: { 'ip-mode': 'foo' } }, `${KEY}ip-mode`],
    ['CSF 5', { annotations: { 'pool-algorithm': 'best' } }, `${KEY}pool-algorithm`],
    ['CSF 5', { annotations: { 'floating-ips': 'x' } }, `${KEY}floating-ips`],
    ['CSF 5', { annotations: { 'floating-ips': '["192.0.2.9"]' } }, 'the project has no floating IP 192.0.2.9'],
  ])('%s %j', async (_row, wish, message) => {
    world.put(aService(wish));
    expect(await messageOf(world.ensure())).toContain(message);
    expect(world.writes()).toEqual([]);
  });

  test('all at once, and the nearest key for an unknown one', () => {
    const service = aService({ annotations: { 'ip-mode': 'x', 'pool-protocol': 'x', flavour: 'x' } });
    const problems = world.balancers.problems(service);
    expect(problems.map(({ field, severity }) => [field.slice(KEY.length), severity])).toEqual([
      ['pool-protocol', 'error'],
      ['ip-mode', 'error'],
      ['flavour', 'warning'],
    ]);
    expect(problems.at(-1)?.message).toContain(`did you mean ${KEY}flavor?`);
  });
});

describe('never two balancers, never one lost', () => {
  test('CS row 22 the answer to the creation is lost: exactly one', async () => {
    world.cloud.fail({ match: { method: 'POST', path: '/v1/load-balancers' }, kind: 'drop-after' });
    world.put(aService());
    await expect(world.ensure()).rejects.toMatchObject({ isLostAnswer: true });
    await world.settle();
    expect(world.cloud.state.loadBalancers.size).toBe(1);
  });

  test('CS row 23 a stale UUID heals through the name', async () => {
    await built();
    annotate({ uuid: 'c10d0000-0000-4000-8000-00000000ffff' });
    await world.ensure();
    const { uuid } = only(world.cloud.state.loadBalancers);
    expect([world.writes(), world.get().metadata?.annotations?.[`${KEY}uuid`]]).toEqual([[], uuid]);
  });

  test('CS row 24 UUID and name on two balancers: an error, nothing made', async () => {
    await built({ annotations: { name: 'first' } });
    await built({ name: 'other', uid: 'u2', annotations: { name: 'second' } });
    edit((service) => ({ ...service, metadata: { ...service.metadata, annotations: {} } }), 'other');
    annotate({ name: 'second' });
    expect(await messageOf(world.ensure())).toContain('found more than one');
    expect(world.writes()).toEqual([]);
  });

  test('CS row 25 another name is one PATCH', async () => {
    await built();
    annotate({ name: 'web' });
    await world.ensure();
    expect(world.writes()).toEqual(['PATCH lb/{uuid} {"name":"web"}']);
  });

  test.each([500, 401, 429])('CS row 26 CSF 2 reads fail with %d: an error and no POST', async (status) => {
    await built();
    world.restart();
    const fault = world.cloud.fail({ match: { method: 'GET' }, status, times: Infinity });
    annotate({ 'timeout-client-data-ms': '1000' });
    await expect(world.ensure()).rejects.toMatchObject({ status });
    fault.remove();
    expect(world.writes()).toEqual([]);
  });

  test.each([
    { row: 'CS row 27 CSF 1', fault: { status: 500 } },
    { row: 'CS row 28 CSF 1', fault: { status: 401 } },
    { row: 'CSF 1', fault: { kind: 'html' as const, status: 502 } },
    { row: 'CS row 11', fault: { kind: 'html' as const, status: 404 } },
  ])('$row deletion during $fault fails, and nothing is left behind afterwards', async ({ fault }) => {
    await built();
    world.restart();
    const handle = world.cloud.fail({ ...fault, times: Infinity });
    await expect(world.remove()).rejects.toThrow();
    handle.remove();
    expect(await world.remove()).toMatchObject({ kind: 'removed' });
    expect(world.cloud.state.loadBalancers.size).toBe(0);
  });

  test('a name that another Service has is not taken from it', async () => {
    await built({ annotations: { name: 'same' } });
    world.put(aService({ name: 'other', uid: 'u2', annotations: { name: 'same' } }));
    expect(await messageOf(world.ensure('other'))).toContain('belongs to load balancer');
    expect(await world.remove('other')).toEqual({ kind: 'removed', changes: [] });
    expect(world.writes()).toEqual([]);
  });
});

describe('deletion', () => {
  test('CS row 68 one DELETE, floating IPs stay', async () => {
    world.cloud.addFloatingIp({ address: '203.0.113.7', region: 'rma' });
    await built({ annotations: { 'floating-ips': '["203.0.113.7/32"]' } });
    expect(await world.remove()).toMatchObject({ kind: 'removed' });
    expect(world.writes()).toEqual(['DELETE lb/{uuid}']);
    expect(only(world.cloud.state.floatingIps).load_balancer).toBeNull();
  });

  test('CS row 69 one that is being built: later; done only when it is gone', async () => {
    await world.close();
    world = await aWorld({ timeToRunningMs: 10_000, timeToDeleteMs: 5_000 });
    world.put(aService());
    await world.ensure();
    expect(await world.remove()).toMatchObject({ kind: 'in-progress', checkAgainMs: 2_000 });
    await world.clock.advance(10_000);
    expect(await world.remove()).toMatchObject({ kind: 'in-progress' });
    expect(await world.remove()).toMatchObject({ kind: 'in-progress' });
    await world.clock.advance(5_000);
    expect(await world.remove()).toEqual({ kind: 'removed', changes: [] });
  });

  test('CS row 70 CSF 6 one that is gone, or never was, is removed', async () => {
    await built();
    world.cloud.removeLoadBalancer(only(world.cloud.state.loadBalancers).uuid);
    expect(await world.remove()).toMatchObject({ kind: 'removed' });
    world.put(aService({ name: 'new', uid: 'u2' }));
    expect(await world.remove('new')).toMatchObject({ kind: 'removed' });
  });

  test('CS row 62 CSF 3 broken annotations and conflicts keep nobody from leaving', async () => {
    await built();
    annotate({ 'floating-ips': '{', 'ip-mode': 'x', 'node-selector': '((' });
    expect(await world.remove()).toMatchObject({ kind: 'removed' });
    expect(world.cloud.state.loadBalancers.size).toBe(0);
  });
});

describe('changes', () => {
  test.each([
    ['timeout-client-data-ms', '1000', 'PATCH lb/listeners/{uuid} {"timeout_client_data_ms":1000}'],
    ['timeout-member-connect-ms', '1000', 'PATCH lb/listeners/{uuid} {"timeout_member_connect_ms":1000}'],
    ['timeout-member-data-ms', '1000', 'PATCH lb/listeners/{uuid} {"timeout_member_data_ms":1000}'],
    ['health-monitor-delay-s', '9', 'PATCH lb/health-monitors/{uuid} {"delay_s":9}'],
    ['health-monitor-timeout-s', '9', 'PATCH lb/health-monitors/{uuid} {"timeout_s":9}'],
    ['health-monitor-up-threshold', '9', 'PATCH lb/health-monitors/{uuid} {"up_threshold":9}'],
    ['health-monitor-down-threshold', '9', 'PATCH lb/health-monitors/{uuid} {"down_threshold":9}'],
  ])('CS row 47 %s is one PATCH of one attribute', async (suffix, value, write) => {
    await built();
    annotate({ [suffix]: value });
    await world.ensure();
    expect(world.writes()).toEqual([write]);
  });

  test('CS rows 44, 45, 46 CIDRs: set, in another order, bare, gone', async () => {
    await built();
    annotate({ 'listener-allowed-cidrs': '["192.0.2.0/24","10.0.0.0/8"]' });
    await world.ensure();
    annotate({ 'listener-allowed-cidrs': '["10.0.0.0/8","192.0.2.0/24"]' });
    await world.ensure();
    expect(world.writes()).toEqual(['PATCH lb/listeners/{uuid} {"allowed_cidrs":["192.0.2.0/24","10.0.0.0/8"]}']);
    annotate({ 'listener-allowed-cidrs': '["1.1.1.1"]' });
    await world.ensure();
    annotate({ 'listener-allowed-cidrs': undefined });
    await world.ensure();
    expect(world.writes()).toEqual([
      'PATCH lb/listeners/{uuid} {"allowed_cidrs":["1.1.1.1/32"]}',
      'PATCH lb/listeners/{uuid} {"allowed_cidrs":[]}',
    ]);
  });

  test('CS row 83 CSF 7 source ranges restrict the listener', async () => {
    await built();
    respec({ loadBalancerSourceRanges: ['10.0.0.0/8'] });
    await world.ensure();
    expect(only(world.cloud.state.listeners).allowed_cidrs).toEqual(['10.0.0.0/8']);
  });

  test('CS rows 49, 50, 51 CSF 7 http options: unchanged, removed, another version', async () => {
    const http = JSON.stringify({ host: 'a.ch', url_path: '/up' });
    await built({ annotations: { 'health-monitor-type': 'http', 'health-monitor-http': http } });
    await world.ensure();
    expect(world.writes()).toEqual([]);
    annotate({ 'health-monitor-http': undefined });
    await world.ensure();
    expect(only(world.cloud.state.healthMonitors).http).toMatchObject({ host: null, url_path: '/' });
    world.writes();
    annotate({ 'health-monitor-http': '{"version":"1.0"}' });
    await world.ensure();
    expect(world.writes()).toEqual(['DELETE lb/health-monitors/{uuid}', 'POST lb/health-monitors']);
  });

  test('CS row 36 another port number with the same name: the listener only', async () => {
    await built();
    respec({ ports: [{ port: 8080, protocol: 'TCP', nodePort: 30_080 }] });
    await world.ensure();
    expect(world.writes()).toEqual(['DELETE lb/listeners/{uuid}', 'POST lb/listeners']);
  });

  test('CS rows 37, 38 CSF 8 another port name, a port more and less: other pools are untouched', async () => {
    const web = { name: 'web', port: 80, nodePort: 30_080, protocol: 'TCP' };
    const other = { name: 'other', port: 81, nodePort: 30_081, protocol: 'TCP' };
    await built({ ports: [web] });
    const { uuid } = only(world.cloud.state.pools);
    respec({ ports: [web, other] });
    await world.ensure();
    respec({ ports: [web, { ...other, name: 'renamed' }] });
    await world.ensure();
    expect([...world.cloud.state.pools.values()].map(({ name }) => name)).toEqual(['tcp/web', 'tcp/renamed']);
    expect(world.cloud.state.listeners.size).toBe(2);
    respec({ ports: [web] });
    await world.ensure();
    expect(only(world.cloud.state.pools).uuid).toBe(uuid);
    expect(world.cloud.state.listeners.size).toBe(1);
  });

  test('CS row 35 CSF 8 another protocol: the new pool is complete before the old one goes', async () => {
    await built();
    annotate({ 'pool-protocol': 'proxyv2' });
    await world.ensure();
    const member = 'POST lb/pools/{pool}/members';
    expect(world.writes()).toEqual([
      'POST lb/pools',
      member,
      member,
      member,
      'POST lb/health-monitors',
      'DELETE lb/pools/{uuid}',
      'POST lb/listeners',
    ]);
    expect(only(world.cloud.state.pools).protocol).toBe('proxyv2');
  });

  test('CS rows 41, 43 CSF 8 Cluster to Local and back: no pool is ever empty', async () => {
    await built();
    respec({ externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 });
    await world.ensure();
    expect([...world.cloud.state.members.values()].map((member) => member.monitor_port)).toEqual([
      32_000, 32_000, 32_000,
    ]);
    expect(only(world.cloud.state.healthMonitors)).toMatchObject({
      type: 'http',
      http: { version: '1.0', url_path: '/livez', method: 'GET', expected_codes: ['200'], host: null },
    });
    respec({ externalTrafficPolicy: 'Cluster', healthCheckNodePort: 0 });
    await world.ensure();
    expect(only(world.cloud.state.healthMonitors)).toMatchObject({ type: 'tcp', http: null });
    expect(world.cloud.emptiedPools).toEqual([]);
    expect(world.cloud.state.members.size).toBe(3);
  });

  test('CS row 42 Local with own http options: they are used, with a warning', async () => {
    await built({
      annotations: { 'health-monitor-http': '{"url_path":"/mine"}' },
      spec: { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 },
    });
    expect(only(world.cloud.state.healthMonitors)).toMatchObject({ type: 'http', http: { url_path: '/mine' } });
    expect(world.balancers.problems(world.get())).toMatchObject([{ severity: 'warning' }]);
  });

  test.each([
    ['flavor', { flavor: 'lb-big' }, 'flavor for'],
    ['zone', { zone: 'lpg1' }, 'zone for'],
    ['VIP', { 'vip-addresses': '[{"subnet":"c10d0000-0000-4000-8000-00000000ffff"}]' }, 'please re-create the service'],
  ])('CS row 29 another %s is refused, nothing is written', async (_what, annotations, message) => {
    await built();
    annotate({ ...annotations, 'timeout-client-data-ms': '1' });
    expect(await messageOf(world.ensure())).toContain(message);
    expect(world.writes()).toEqual([]);
  });

  test('CS row 30 a wish without address is content with any', async () => {
    const subnet = [...world.cloud.state.subnets.values()].find(({ cidr }) => cidr === '10.101.0.0/16')?.uuid;
    await built({ annotations: { 'vip-addresses': JSON.stringify([{ subnet }]) } });
    expect((await world.ensure()).kind).toBe('ready');
    expect(world.writes()).toEqual([]);
  });

  test('CS rows 64, 65 force-hostname and ip-mode change the status only', async () => {
    await built();
    annotate({ 'ip-mode': 'VIP' });
    expect(await world.ensure()).toMatchObject({ status: { ingress: [{ ipMode: 'VIP' }, { ipMode: 'VIP' }] } });
    annotate({ 'force-hostname': 'lb.example.com' });
    expect(await world.ensure()).toMatchObject({ status: { ingress: [{ hostname: 'lb.example.com' }] } });
    expect(world.writes()).toEqual([]);
  });
});

describe('members', () => {
  test('CS row 72 a node less, a node more: its member only', async () => {
    await built();
    const nodes = world.nodes();
    await world.ensure('web', nodes.slice(1));
    expect(world.writes()).toEqual(['DELETE lb/pools/{pool}/members/{uuid}']);
    await world.ensure('web', nodes);
    expect(world.writes()).toEqual(['POST lb/pools/{pool}/members']);
  });

  test('CS row 33 a selector that matches none: members go, the balancer stays, an event', async () => {
    await built();
    annotate({ 'node-selector': 'role=edge' });
    await world.ensure();
    expect([world.cloud.state.members.size, world.cloud.state.loadBalancers.size]).toEqual([0, 1]);
    expect(world.warnings).toEqual([expect.stringContaining('NoValidNodes')]);
  });

  test('CS row 53 two private subnets, one allowed; none that matches is a warning', async () => {
    const [one, two] = ['10.7.0.0/24', '10.8.0.0/24'].map((cidr) => world.cloud.addSubnet({ cidr }).uuid);
    const { uuid } = world.cloud.addServer({
      privateSubnets: [
        { subnet: one ?? '', address: '10.7.0.5' },
        { subnet: two ?? '', address: '10.8.0.5' },
      ],
    });
    const nodes = [aNode('n', { providerId: `cloudscale://${uuid}` })];
    world.put(aService());
    await world.settle('web', nodes);
    expect(world.cloud.state.members.size).toBe(2);
    annotate({ 'listener-allowed-subnets': JSON.stringify([two]) });
    await world.ensure('web', nodes);
    expect(only(world.cloud.state.members).address).toBe('10.8.0.5');
    annotate({ 'listener-allowed-subnets': '["c10d0000-0000-4000-8000-00000000ffff"]' });
    expect((await world.ensure('web', nodes)).kind).toBe('ready');
    expect(world.warnings).toEqual([expect.stringContaining('NoAllowedSubnet')]);
  });

  test('CS row 54 a server with a public address only: no member, a warning', async () => {
    world.cloud.addServer({ name: 'open', privateSubnets: [] });
    await built();
    expect(world.cloud.state.members.size).toBe(3);
    // One about the Node, one about the Service, each once.
    await world.ensure();
    expect(world.warnings).toEqual([
      'NoPrivateAddress load balancers cannot reach server open: it has no private address: attach it to a private network',
      'NoPrivateAddress servers without private address get no traffic: open',
    ]);
  });

  test('CS rows 56, 57 one that was disabled is replaced, a copy removed', async () => {
    await built();
    const [first, second] = world.cloud.state.members.keys();
    world.cloud.updateMember(first ?? '', { enabled: false });
    world.cloud.duplicateMember(second ?? '');
    await world.ensure();
    const members = [...world.cloud.state.members.values()];
    expect([members.length, members.every(({ enabled }) => enabled)]).toEqual([3, true]);
    expect(new Set(members.map(({ address }) => address)).size).toBe(3);
  });

  test('CS row 71 one that is gone by the time of its DELETE does not matter', async () => {
    await built();
    world.cloud.fail({ match: { method: 'DELETE' }, status: 404 });
    expect((await world.ensure('web', world.nodes().slice(1))).kind).toBe('ready');
  });

  test('CSF 4 a node whose server is gone does not keep others from coming', async () => {
    const [gone, ...others] = world.nodes();
    await built();
    world.cloud.removeServer((gone?.spec?.providerID ?? '').replace('cloudscale://', ''));
    world.cloud.addServer({ name: 'new' });
    await world.clock.advance(20_000);
    await world.ensure('web', [...(gone ? [gone] : []), ...others, ...world.nodes().slice(-1)]);
    expect(world.cloud.state.members.size).toBe(3);
  });

  test('a server that cannot be asked for keeps its member', async () => {
    await built();
    await world.clock.advance(20_000);
    world.cloud.fail({ match: { path: '/v1/servers' }, status: 500 });
    await expect(world.ensure()).rejects.toMatchObject({ status: 500 });
    expect(world.writes()).toEqual([]);
  });

  test('CS row 73 20 Services, 50 nodes, one more: at most 90 calls', async () => {
    world.cloud.addServers(47);
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
    for (const name of names) {
      world.put(aService({ name, uid: `uid-${name}`, ports }));
      await world.settle(name);
    }
    await world.clock.advance(20_000);
    world.cloud.addServer();
    world.cloud.calls.clear();
    for (const name of names) await world.ensure(name);
    expect(world.cloud.calls.writes()).toHaveLength(40);
    expect(world.cloud.calls.total).toBeLessThanOrEqual(90);
  }, 180_000);
});

describe('floating IPs', () => {
  const wish = { 'floating-ips': '["203.0.113.7"]' };
  beforeEach(() => void world.cloud.addFloatingIp({ address: '203.0.113.7', region: 'rma' }));

  test('CS rows 58, 59 assigned last under the bare address; one that is no longer wanted stays', async () => {
    await built({ name: 'other', uid: 'u0' });
    world.put(aService({ annotations: wish }));
    await world.settle();
    expect(world.writes().at(-1)).toMatch(/^PATCH floating-ips\/\{ip\} \{"load_balancer":"/);
    annotate({ 'floating-ips': undefined });
    await world.ensure();
    expect(world.writes()).toEqual([]);
  });

  test('CS row 60 CSF 3 the older Service keeps it, the newer is told both names; both can leave', async () => {
    await built({ annotations: wish });
    const younger = { creationTimestamp: '2026-02-01T00:00:00Z' };
    const service = aService({ name: 'young', uid: 'u2', annotations: wish });
    world.put({ ...service, metadata: { ...service.metadata, ...younger } });
    expect(await messageOf(world.ensure('young'))).toMatch(/shop\/young.*shop\/web/);
    expect((await world.ensure()).kind).toBe('ready');
    expect(world.writes()).toEqual([]);
    expect([(await world.remove('young')).kind, (await world.remove()).kind]).toEqual(['removed', 'removed']);
  });

  test('CS row 61 another Service’s broken list is its own affair', async () => {
    world.put(aService({ name: 'broken', uid: 'a', annotations: { 'floating-ips': '{' } }));
    world.put(aService({ annotations: wish }));
    expect((await world.settle()).kind).toBe('ready');
  });
});
