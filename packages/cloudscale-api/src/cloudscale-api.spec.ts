// The typed client against the simulated cloud over real HTTP.
import { afterEach, describe, expect, test } from '@jest/globals';
import { CloudApiError } from '@longshore/cloud-http';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleOptions, CloudscaleSimulator, Fault } from '@longshore/cloud-simulators';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { CLOUDSCALE_URL, toBaseUrl } from './base-url.ts';
import { createCloudscaleApi } from './cloudscale-api.ts';
import type { CloudscaleApi, CloudscaleApiOptions } from './cloudscale-api.ts';
import { canonicalUuid, parseId, toId } from './ids.ts';
import type { LoadBalancerId, PoolId, ServerId, SubnetId } from './ids.ts';

const signal = new AbortController().signal;
const NOBODY = 'c10d0000-0000-4000-8000-00000000ffff';

interface World {
  readonly simulator: CloudscaleSimulator;
  readonly api: CloudscaleApi;
}

let ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

async function start(options: CloudscaleOptions = {}, apiOptions: Partial<CloudscaleApiOptions> = {}): Promise<World> {
  const simulator = await simulateCloudscale({ timeToRunningMs: 0, serverChangeMs: 0, ...options });
  const api = createCloudscaleApi({
    baseUrl: simulator.url,
    token: () => simulator.token,
    userAgent: 'test/1',
    random: () => 0,
    ...apiOptions,
  });
  ends.push(async () => {
    api.http.close();
    await simulator.close();
    // Whatever a test does, the client only sends what the API describes.
    expect(simulator.schemaProblems).toEqual([]);
  });
  return { simulator, api };
}

async function failureOf(promise: Promise<unknown>): Promise<CloudApiError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof CloudApiError) return error;
  throw error;
}

function privateSubnet(simulator: CloudscaleSimulator): SubnetId {
  const found = [...simulator.state.subnets.values()].find(({ cidr }) => cidr === '10.101.0.0/16');
  return parseId<SubnetId>(found?.uuid);
}

const SPEC = { name: 'k8s-service-1', flavor: 'lb-standard', zone: 'rma1', vipAddresses: [] } as const;
const LISTENER = {
  name: 'tcp/80',
  protocol: 'tcp',
  protocolPort: 80,
  allowedCidrs: [],
  timeoutClientDataMs: 50_000,
  timeoutMemberConnectMs: 5_000,
  timeoutMemberDataMs: 50_000,
} as const;
const NUMBERS = { delayS: 2, timeoutS: 1, upThreshold: 2, downThreshold: 3 } as const;

async function aPool(api: CloudscaleApi): Promise<{ readonly balancer: LoadBalancerId; readonly pool: PoolId }> {
  const { id } = await api.loadBalancers.create(SPEC, signal);
  const pool = { name: 'tcp', loadBalancerId: id, algorithm: 'round_robin', protocol: 'tcp' };
  return { balancer: id, pool: (await api.pools.create(pool, signal)).id };
}

describe('servers', () => {
  test('carry what a Node needs', async () => {
    const { simulator, api } = await start();
    const { uuid } = simulator.addServer({ name: 'node-1', flavor: 'flex-4-2', tags: { a: 'b' } });
    const server = await api.servers.get(parseId<ServerId>(uuid), signal);
    expect(server).toMatchObject({ id: uuid, name: 'node-1', status: 'running', zone: 'rma1', flavor: 'flex-4-2' });
    expect(server?.interfaces.map(({ type, addresses }) => [type, addresses.map(({ version }) => version)])).toEqual([
      ['public', [4, 6]],
      ['private', [4]],
    ]);
    expect(server?.interfaces[1]?.addresses[0]?.subnet).toMatchObject({
      id: privateSubnet(simulator),
      cidr: '10.101.0.0/16',
    });
    expect(await api.servers.list(signal)).toEqual([server]);
    expect(await api.servers.get(parseId<ServerId>(NOBODY), signal)).toBeUndefined();
  });

  test('are filtered by tags', async () => {
    const { simulator, api } = await start();
    simulator.addServer({ name: 'a', tags: { cluster: 'one & only' } });
    simulator.addServer({ name: 'b', tags: { cluster: 'two' } });
    const names = async (tags: Record<string, string>): Promise<string[]> =>
      (await api.servers.list(signal, tags)).map(({ name }) => name);
    expect(await names({ cluster: 'one & only' })).toEqual(['a']);
    expect(await names({ cluster: '' })).toEqual(['a', 'b']);
    expect(await names({ cluster: 'two', other: '' })).toEqual([]);
  });

  test('are made, stopped, started, renamed, tagged and removed', async () => {
    const { simulator, api } = await start();
    const subnet = privateSubnet(simulator);
    const spec = { name: 'w1', flavor: 'flex-8-4', image: 'debian-12', zone: 'rma1' };
    const made = await api.servers.create(
      {
        ...spec,
        interfaces: ['public', { subnet, address: '10.101.5.5' }],
        volumeSizeGb: 25,
        sshKeys: ['k'],
        userData: '',
      },
      signal,
    );
    expect(made.interfaces.at(-1)?.addresses[0]?.address).toBe('10.101.5.5');
    const status = (): string | undefined => simulator.state.servers.get(made.id)?.status;
    expect([await api.servers.stop(made.id, signal), status()]).toEqual(['changed', 'stopped']);
    expect([await api.servers.start(made.id, signal), status()]).toEqual(['changed', 'running']);
    await api.servers.rename(made.id, 'w2', signal);
    await api.servers.setTags(made.id, { x: 'y' }, signal);
    expect(simulator.state.servers.get(made.id)).toMatchObject({ name: 'w2', tags: { x: 'y' } });
    expect(await api.servers.remove(made.id, signal)).toBe('removed');
    expect(await api.servers.remove(made.id, signal)).toBe('absent');
    expect(await api.servers.stop(made.id, signal)).toBe('absent');
  });
});

describe('load balancers and their parts', () => {
  test('a balancer is made, read, renamed, tagged, found by tag and removed', async () => {
    const { api } = await start();
    const made = await api.loadBalancers.create({ ...SPEC, tags: { owner: 'me' } }, signal);
    expect(made).toMatchObject({ name: 'k8s-service-1', zone: 'rma1', flavor: 'lb-standard', tags: { owner: 'me' } });
    expect(made.vipAddresses.map(({ version }) => version)).toEqual([4, 6]);
    await api.loadBalancers.rename(made.id, 'web', signal);
    await api.loadBalancers.setTags(made.id, { owner: 'you' }, signal);
    expect((await api.loadBalancers.list(signal, { owner: 'you' })).map(({ name }) => name)).toEqual(['web']);
    expect(await api.loadBalancers.remove(made.id, signal)).toBe('removed');
    expect(await api.loadBalancers.remove(made.id, signal)).toBe('absent');
    expect(await api.loadBalancers.get(made.id, signal)).toBeUndefined();
  });

  test('CS row 69 the removal of one that is being built is "busy", not an error', async () => {
    const clock = new FakeClock();
    const { api } = await start({ timeToRunningMs: 60_000, clock });
    const { id } = await api.loadBalancers.create(SPEC, signal);
    expect(await api.loadBalancers.remove(id, signal)).toBe('busy');
    await clock.advance(60_000);
    expect(await api.loadBalancers.remove(id, signal)).toBe('removed');
  });

  test('pools and members', async () => {
    const { simulator, api } = await start();
    const { balancer, pool } = await aPool(api);
    expect(await api.pools.list(signal)).toMatchObject([{ id: pool, loadBalancerId: balancer, protocol: 'tcp' }]);
    const subnet = privateSubnet(simulator);
    const spec = { name: '10.101.0.1:30080', address: '10.101.0.1', subnet, protocolPort: 30_080, monitorPort: 30_081 };
    const member = await api.members.create(pool, spec, signal);
    expect(member).toMatchObject({ enabled: true, monitorPort: 30_081, poolId: pool, monitorStatus: 'no_monitor' });
    await api.members.setEnabled(pool, member.id, false, signal);
    expect(await api.members.list(pool, signal)).toMatchObject([{ enabled: false, subnet: { id: subnet } }]);
    expect(await api.members.remove(pool, member.id, signal)).toBe('removed');
    expect(await api.members.remove(pool, member.id, signal)).toBe('absent');
    await api.pools.rename(pool, 'other', signal);
    expect((await api.pools.get(pool, signal))?.name).toBe('other');
    expect(await api.pools.remove(pool, signal)).toBe('removed');
    expect(await api.members.list(pool, signal)).toBeUndefined();
  });

  test('listeners: an empty list opens them again', async () => {
    const { simulator, api } = await start();
    const { balancer, pool } = await aPool(api);
    const { id } = await api.listeners.create({ ...LISTENER, poolId: pool, allowedCidrs: ['10.0.0.0/8'] }, signal);
    expect(await api.listeners.get(id, signal)).toMatchObject({ poolId: pool, loadBalancerId: balancer });
    await api.listeners.set(id, { allowedCidrs: [] }, signal);
    await api.listeners.set(id, { timeoutClientDataMs: 0 }, signal);
    expect(await api.listeners.list(signal)).toMatchObject([{ id, allowedCidrs: [], timeoutClientDataMs: 0 }]);
    expect(simulator.calls.of('PATCH /v1/load-balancers/listeners/{uuid}').map(({ body }) => body)).toEqual([
      { allowed_cidrs: [] },
      { timeout_client_data_ms: 0 },
    ]);
    expect(await api.listeners.remove(id, signal)).toBe('removed');
  });

  test('health monitors: http is merged, host can be taken away', async () => {
    const { api } = await start();
    const { pool } = await aPool(api);
    const spec = { ...NUMBERS, poolId: pool, type: 'http', http: { host: 'a.ch', urlPath: '/live' } };
    const { id, http } = await api.healthMonitors.create(spec, signal);
    expect(http).toEqual({ host: 'a.ch', urlPath: '/live', method: 'GET', version: '1.1', expectedCodes: ['200'] });
    await api.healthMonitors.set(id, { http: { host: null } }, signal);
    await api.healthMonitors.set(id, { delayS: 5 }, signal);
    expect(await api.healthMonitors.get(id, signal)).toMatchObject({
      delayS: 5,
      http: { host: null, urlPath: '/live' },
    });
    expect(await api.healthMonitors.remove(id, signal)).toBe('removed');
    const plain = await api.healthMonitors.create({ ...spec, type: 'tcp', http: {} }, signal);
    expect([plain.http, await api.healthMonitors.list(signal)]).toEqual([undefined, [plain]]);
  });

  test('CS row 58 a floating IP moves under its bare address', async () => {
    const { simulator, api } = await start();
    const { balancer } = await aPool(api);
    const made = await api.floatingIps.create({ version: 6, region: 'rma' }, signal);
    expect(await api.floatingIps.assignToLoadBalancer(made.address, balancer, signal)).toBe('changed');
    const server = parseId<ServerId>(simulator.addServer().uuid);
    expect(await api.floatingIps.list(signal)).toMatchObject([{ loadBalancerId: balancer, serverId: undefined }]);
    await api.floatingIps.assignToServer(made.address, server, signal);
    expect(await api.floatingIps.get(made.address, signal)).toMatchObject({
      serverId: server,
      version: 6,
      region: 'rma',
    });
    expect(await api.floatingIps.remove(made.address, signal)).toBe('removed');
    expect(await api.floatingIps.assignToServer('192.0.2.1', server, signal)).toBe('absent');
  });

  test('networks, subnets, regions and flavors', async () => {
    const { api } = await start();
    const network = await api.networks.create({ name: 'n', zone: 'lpg1', autoCreateIpv4Subnet: false }, signal);
    const subnet = await api.subnets.create({ cidr: '10.100.1.0/24', networkId: network.id }, signal);
    expect(await api.networks.get(network.id, signal)).toMatchObject({ zone: 'lpg1', subnetIds: [subnet.id] });
    expect(await api.subnets.get(subnet.id, signal)).toMatchObject({ gateway: '10.100.1.1', networkId: network.id });
    expect((await api.subnets.list(signal)).length).toBe(3);
    expect((await api.networks.list(signal)).length).toBe(3);
    expect(await api.subnets.remove(subnet.id, signal)).toBe('removed');
    expect(await api.networks.remove(network.id, signal)).toBe('removed');
    expect(await api.catalog.regions(signal)).toEqual([
      { slug: 'lpg', zones: ['lpg1'] },
      { slug: 'rma', zones: ['rma1'] },
    ]);
    expect((await api.catalog.flavors(signal))[0]).toMatchObject({ slug: 'flex-4-1', vcpuCount: 1, memoryGb: 4 });
  });
});

describe('failures', () => {
  const cases: readonly (Fault & { readonly what: string; readonly code: string; readonly retry: string })[] = [
    { what: '401', status: 401, code: 'CLOUD_UNAUTHORIZED', retry: 'backoff' },
    { what: '403', status: 403, code: 'CLOUD_FORBIDDEN', retry: 'backoff' },
    { what: '404 of a proxy', kind: 'html', status: 404, code: 'CLOUD_UNEXPECTED_ANSWER', retry: 'backoff' },
    { what: '404 without a body', kind: 'empty-body', status: 404, code: 'CLOUD_UNEXPECTED_ANSWER', retry: 'backoff' },
    {
      what: '404 of a gateway',
      status: 404,
      body: { message: 'no route' },
      code: 'CLOUD_UNEXPECTED_ANSWER',
      retry: 'backoff',
    },
    {
      what: '404 about a route',
      status: 404,
      body: { detail: 'Unknown path' },
      code: 'CLOUD_UNEXPECTED_ANSWER',
      retry: 'backoff',
    },
    {
      what: '404 as a list',
      status: 404,
      body: [{ detail: 'Not found.' }],
      code: 'CLOUD_UNEXPECTED_ANSWER',
      retry: 'backoff',
    },
    { what: '400', status: 400, body: { name: 'Bad.' }, code: 'CLOUD_REJECTED', retry: 'on-change' },
    { what: '429', status: 429, headers: { 'retry-after': '60' }, code: 'CLOUD_RATE_LIMITED', retry: 'after' },
    { what: '500', status: 500, times: 3, code: 'CLOUD_UNAVAILABLE', retry: 'backoff' },
    { what: '502 of a proxy', kind: 'html', status: 502, times: 3, code: 'CLOUD_UNAVAILABLE', retry: 'backoff' },
    { what: '503', status: 503, headers: { 'retry-after': '90' }, code: 'CLOUD_UNAVAILABLE', retry: 'after' },
    { what: 'a list that is none', status: 200, body: {}, times: 3, code: 'CLOUD_UNREADABLE_ANSWER', retry: 'backoff' },
    {
      what: 'a success without a body',
      kind: 'empty-body',
      status: 200,
      times: 3,
      code: 'CLOUD_UNREADABLE_ANSWER',
      retry: 'backoff',
    },
    { what: 'a broken connection', kind: 'drop-before', times: 3, code: 'CLOUD_UNREACHABLE', retry: 'backoff' },
  ];

  test.each(cases)(
    'CS row 11 $what never reads as absence, of one or of all',
    async ({ what: _what, code, retry, ...fault }) => {
      const { simulator, api } = await start();
      const { uuid } = simulator.addServer();
      for (const ask of [() => api.servers.get(parseId<ServerId>(uuid), signal), () => api.servers.list(signal)]) {
        const handle = simulator.fail(fault);
        const error = await failureOf(ask());
        expect([error.code, error.disposition.retry]).toEqual([code, retry]);
        handle.remove();
        // A budget that was told to wait must not spoil the next question.
        if (retry === 'after') return;
      }
    },
  );

  test('CS row 78 bodies with lists and objects stay readable; the status is kept', async () => {
    const { simulator, api } = await start();
    const body = { vip_addresses: [{}, { subnet: ['Must be a valid UUID.'] }], name: 'Bad.' };
    simulator.fail({ status: 400, body });
    const error = await failureOf(api.loadBalancers.create(SPEC, signal));
    expect(error.message).toContain('400 vip_addresses: subnet: Must be a valid UUID.; name: Bad.');
    expect([error.status, error.hasApiBody, error.isLostAnswer]).toEqual([400, true, false]);
    simulator.fail({ kind: 'html', status: 502 });
    const page = await failureOf(api.loadBalancers.create(SPEC, signal));
    expect([page.status, page.isLostAnswer]).toEqual([502, true]);
    expect(page.message).toContain('502');
  });

  test.each([
    { kind: 'drop-after' as const, made: 1 },
    { kind: 'drop-before' as const, made: 0 },
    { kind: 'answer' as const, status: 500, made: 0 },
  ])('CS row 22 $kind: a POST is sent once, and its error says that nobody knows', async ({ made, ...fault }) => {
    const { simulator, api } = await start();
    simulator.fail({ match: { method: 'POST' }, times: Infinity, ...fault });
    const error = await failureOf(api.loadBalancers.create({ ...SPEC, tags: { uid: 'u1' } }, signal));
    expect(error.isLostAnswer).toBe(true);
    expect(simulator.callsByRoute()).toEqual({ 'POST /v1/load-balancers': 1 });
    expect(await api.loadBalancers.list(signal, { uid: 'u1' })).toHaveLength(made);
  });

  test('a lost answer of a PATCH or DELETE is asked again', async () => {
    const { simulator, api } = await start();
    const { id } = await api.loadBalancers.create(SPEC, signal);
    simulator.fail({ match: { method: 'PATCH' }, kind: 'drop-after' });
    expect(await api.loadBalancers.rename(id, 'web', signal)).toBe('changed');
    simulator.fail({ match: { method: 'DELETE' }, kind: 'drop-after' });
    expect(await api.loadBalancers.remove(id, signal)).toBe('absent');
    expect(simulator.state.loadBalancers.size).toBe(0);
  });

  test('a DELETE that a proxy refuses is an error, not "busy"', async () => {
    const { simulator, api } = await start();
    const { id } = await api.loadBalancers.create(SPEC, signal);
    simulator.fail({ match: { method: 'DELETE' }, kind: 'html', status: 400 });
    expect((await failureOf(api.loadBalancers.remove(id, signal))).code).toBe('CLOUD_UNEXPECTED_ANSWER');
  });

  test('CS row 75 a 503 with Retry-After is repeated then, GET and DELETE but not POST', async () => {
    const clock = new FakeClock();
    const { simulator, api } = await start({ clock }, { clock });
    simulator.fail({ status: 503, headers: { 'retry-after': '3' } });
    let servers: readonly unknown[] | undefined;
    const asked = api.servers.list(signal).then((list) => (servers = list));
    while (clock.nextTimerInMs !== 3_000) await clock.settle();
    await clock.advance(2_999);
    expect([servers, simulator.calls.total]).toEqual([undefined, 1]);
    await clock.advance(1);
    expect(await asked).toEqual([]);
    simulator.fail({ status: 503, headers: { 'retry-after': '3' } });
    const error = await failureOf(api.loadBalancers.create(SPEC, signal));
    expect(error.disposition).toEqual({ retry: 'after', ms: 3_000 });
    expect(simulator.state.loadBalancers.size).toBe(0);
  });

  test('CS row 76 an API that hangs is given up after 20 s; the error names method and path', async () => {
    const clock = new FakeClock();
    const { simulator, api } = await start({ clock }, { clock });
    simulator.fail({ kind: 'hang' });
    const failed = failureOf(api.servers.list(signal));
    while (simulator.calls.total === 0) await clock.settle();
    await clock.advance(20_000);
    const error = await failed;
    expect(error.code).toBe('CLOUD_TIMEOUT');
    expect(error.message).toBe(`GET ${simulator.url}/v1/servers: no answer within 20000 ms`);
  });

  test('the token is in no message', async () => {
    const { simulator, api } = await start({ token: 'very-secret-token' });
    simulator.fail({ status: 400, body: { detail: 'Token very-secret-token is bad' } });
    const error = await failureOf(api.servers.list(signal));
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('very-secret');
  });

  test('a dry run reads and writes nothing', async () => {
    const { simulator, api } = await start({ servers: 1 }, { dryRun: true });
    const [server] = await api.servers.list(signal);
    expect(server).toBeDefined();
    expect((await failureOf(api.loadBalancers.create(SPEC, signal))).code).toBe('CLOUD_DRY_RUN');
    expect((await failureOf(api.servers.remove(server?.id ?? parseId<ServerId>(NOBODY), signal))).code).toBe(
      'CLOUD_DRY_RUN',
    );
    expect(simulator.calls.writes()).toEqual([]);
  });
});

describe('base URL', () => {
  test.each([
    ['https://h', 'https://h/'],
    ['https://h/', 'https://h/'],
    ['https://h/v1', 'https://h/'],
    ['https://h/v1/', 'https://h/'],
    ['https://h/gateway/', 'https://h/gateway/'],
    ['https://h/gateway/v1/', 'https://h/gateway/'],
    ['nothing', 'nothing'],
    [CLOUDSCALE_URL, 'https://api.cloudscale.ch/'],
  ])('CS row 4 %s is asked below %s', (text, base) => expect(toBaseUrl(text)).toBe(base));

  test.each(['', '/', '/v1', '/v1/'])('CS row 4 "%s" at the end: always one /v1/', async (end) => {
    const simulator = await simulateCloudscale();
    const api = createCloudscaleApi({
      baseUrl: `${simulator.url}${end}`,
      token: () => simulator.token,
      userAgent: 't',
    });
    await api.servers.list(signal);
    expect(simulator.calls.records.map(({ path }) => path)).toEqual(['/v1/servers']);
    api.http.close();
    await simulator.close();
  });
});

describe('ids', () => {
  const uuid = 'a1b2c3d4-1111-4222-8333-444455556666';

  test.each([uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), `{${uuid}}`, `urn:uuid:${uuid}`])(
    'CS row 7 %s is read as one form',
    (text) => expect(canonicalUuid(text)).toBe(uuid),
  );

  test.each(['', 'foo', uuid.slice(1), `${uuid}0`, 'a1b2c3d41111-4222-8333-444455556666'])('"%s" is none', (text) => {
    expect(toId(text)).toBeUndefined();
    expect(() => parseId(text)).toThrow('is not a UUID');
  });
});
