// The simulated cloudscale.ch as a client on the wire sees it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock, waitFor } from '@longshore/reconciler-core/testing';
import { simulateCloudscale } from './simulate-cloudscale.ts';
import type { CloudscaleOptions, CloudscaleSimulator } from './simulate-cloudscale.ts';

let running: CloudscaleSimulator[] = [];

afterEach(async () => {
  for (const simulator of running) await simulator.close();
  running = [];
});

async function start(options: CloudscaleOptions = {}): Promise<CloudscaleSimulator> {
  const simulator = await simulateCloudscale({ timeToRunningMs: 0, ...options });
  running.push(simulator);
  return simulator;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly list: readonly Readonly<Record<string, unknown>>[];
  readonly uuid: string;
}

async function ask(
  simulator: CloudscaleSimulator,
  route: string,
  body?: unknown,
  token = simulator.token,
): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ');
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${simulator.url}/v1/${path}`, { method, headers, ...init });
  const text = await answer.text();
  const value: unknown = /^[[{]/.test(text) ? JSON.parse(text) : undefined;
  const json = (Array.isArray(value) ? {} : (value ?? {})) as Answer['json'];
  const list = (Array.isArray(value) ? value : []) as Answer['list'];
  return { status: answer.status, headers: answer.headers, text, json, list, uuid: String(json['uuid']) };
}

interface Made {
  readonly balancer: string;
  readonly pool: string;
}

const LB = { name: 'k8s-service-1', flavor: 'lb-standard', zone: 'rma1', vip_addresses: [] };
const MONITOR = { delay_s: 2, timeout_s: 1, up_threshold: 2, down_threshold: 3, type: 'tcp', http: {} };

async function aPool(simulator: CloudscaleSimulator): Promise<Made> {
  const balancer = (await ask(simulator, 'POST load-balancers', LB)).uuid;
  const body = { name: 'tcp', load_balancer: balancer, algorithm: 'round_robin', protocol: 'tcp' };
  return { balancer, pool: (await ask(simulator, 'POST load-balancers/pools', body)).uuid };
}

function timers(clock: FakeClock, count: number): Promise<void> {
  return waitFor(() => clock.pendingTimers >= count, { what: `${count} timers` });
}

function subnetOf(simulator: CloudscaleSimulator, cidr: string): string {
  const found = [...simulator.state.subnets.values()].find((subnet) => subnet.cidr === cidr);
  return found?.uuid ?? '';
}

function aMember(simulator: CloudscaleSimulator, address = '10.101.0.1'): object {
  return {
    name: `${address}:30080`,
    protocol_port: 30_080,
    monitor_port: 30_080,
    address,
    subnet: subnetOf(simulator, '10.101.0.0/16'),
  };
}

describe('transport', () => {
  test('lists are bare arrays, hrefs lead back to the simulator, errors carry CORS headers', async () => {
    const simulator = await start({ servers: 2 });
    const { list, headers } = await ask(simulator, 'GET servers');
    expect(list).toHaveLength(2);
    expect(list[0]?.['href']).toBe(`${simulator.url}/v1/servers/${String(list[0]?.['uuid'])}`);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const missing = await ask(simulator, 'GET servers/c10d0000-0000-4000-8000-00000000ffff');
    expect([missing.status, missing.json]).toEqual([404, { detail: 'Not found.' }]);
    expect(missing.headers.get('access-control-allow-methods')).toContain('PATCH');
  });

  test('a token that is unknown is refused with 401, one that may only read with 403 for writes', async () => {
    const simulator = await start();
    simulator.addToken('reader', 'read-only');
    expect((await ask(simulator, 'GET servers', undefined, 'nobody')).status).toBe(401);
    expect((await ask(simulator, 'GET servers', undefined, 'reader')).status).toBe(200);
    expect((await ask(simulator, 'POST load-balancers', LB, 'reader')).status).toBe(403);
    simulator.removeToken('reader');
    expect((await ask(simulator, 'GET servers', undefined, 'reader')).status).toBe(401);
  });

  test('tag filters: with value, without, several; an unknown name is noted', async () => {
    const simulator = await start();
    simulator.addServer({ name: 'a', tags: { cluster: 'one', role: 'node' } });
    simulator.addServer({ name: 'b', tags: { cluster: 'two' } });
    const names = async (query: string): Promise<unknown[]> =>
      (await ask(simulator, `GET servers?${query}`)).list.map(({ name }) => name);
    expect(await names('tag%3Acluster=one')).toEqual(['a']);
    expect(await names('tag:cluster')).toEqual(['a', 'b']);
    expect(await names('tag:cluster&tag:role=node')).toEqual(['a']);
    expect(simulator.schemaProblems).toEqual([]);
    await names('name=a');
    expect(simulator.schemaProblems).toEqual([
      { method: 'GET', path: '/v1/servers', problem: 'query/name is unknown' },
    ]);
  });

  test('CS row 48 a PATCH with two attributes is refused, unless it is told to be lenient', async () => {
    const simulator = await start();
    const { balancer } = await aPool(simulator);
    const refused = await ask(simulator, `PATCH load-balancers/${balancer}`, { name: 'x', tags: {} });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('Only one attribute')]);
    expect((await ask(simulator, `PATCH load-balancers/${balancer}`, { name: 'x' })).status).toBe(204);
    const lenient = await start({ attributesPerPatch: 'any' });
    const other = (await ask(lenient, 'POST load-balancers', LB)).uuid;
    expect((await ask(lenient, `PATCH load-balancers/${other}`, { name: 'x', tags: { a: 'b' } })).status).toBe(204);
  });

  test('faults: the work is done and its answer lost; a proxy has its own page; a stale read', async () => {
    const simulator = await start();
    simulator.fail({ match: { method: 'POST', path: '/v1/load-balancers' }, kind: 'drop-after' });
    await expect(ask(simulator, 'POST load-balancers', LB)).rejects.toThrow();
    expect(simulator.state.loadBalancers.size).toBe(1);
    simulator.fail({ kind: 'html', status: 404 });
    expect((await ask(simulator, 'GET load-balancers')).text).toMatch(/^<html>/);
    simulator.fail({ kind: 'stale' });
    expect((await ask(simulator, 'GET load-balancers')).list).toEqual([]);
    expect(simulator.callsByRoute()).toEqual({ 'GET /v1/load-balancers': 2, 'POST /v1/load-balancers': 1 });
    simulator.fail({ status: 500 });
    expect((await ask(simulator, 'GET servers')).json).toEqual({ detail: 'Server error.' });
  });

  test('fields that nobody knows are noted', async () => {
    const simulator = await start();
    const answer = await ask(simulator, 'POST load-balancers', { ...LB, colour: 'red' });
    expect(answer.status).toBe(400);
    expect(simulator.schemaProblems.map(({ problem }) => problem)).toEqual(['body/colour is unknown']);
  });
});

describe('servers', () => {
  test('have a public interface first, IPv4 before IPv6, and a private one with the subnet that members use', async () => {
    const simulator = await start();
    const { uuid } = simulator.addServer({ name: 'node-1' });
    const { json } = await ask(simulator, `GET servers/${uuid}`);
    const interfaces = json['interfaces'] as { type: string; addresses: { version: number; subnet: unknown }[] }[];
    expect(interfaces.map(({ type, addresses }) => [type, addresses.map(({ version }) => version)])).toEqual([
      ['public', [4, 6]],
      ['private', [4]],
    ]);
    const { pool } = await aPool(simulator);
    const member = await ask(simulator, `POST load-balancers/pools/${pool}/members`, aMember(simulator));
    expect(member.json['subnet']).toEqual(interfaces[1]?.addresses[0]?.subnet);
  });

  test('are changing for a while after start and stop', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, serverChangeMs: 20_000 });
    const { uuid } = simulator.addServer();
    const status = (): string | undefined => simulator.state.servers.get(uuid)?.status;
    expect(status()).toBe('running');
    expect((await ask(simulator, `POST servers/${uuid}/stop`)).status).toBe(204);
    expect(status()).toBe('changing');
    await clock.advance(20_000);
    expect(status()).toBe('stopped');
    await ask(simulator, `POST servers/${uuid}/start`);
    await clock.advance(20_000);
    expect(status()).toBe('running');
  });

  test('are made, changed and deleted by helpers', async () => {
    const simulator = await start({ serverChangeMs: 0 });
    const subnet = simulator.addSubnet({ cidr: '10.100.1.0/24' });
    const body = {
      name: 'k8test-worker-1',
      flavor: 'flex-8-4',
      image: 'ubuntu-24.04',
      zone: 'rma1',
      interfaces: [{ network: 'public' }, { addresses: [{ subnet: subnet.uuid, address: '10.100.1.7' }] }],
      tags: { source: 'k8test' },
    };
    const made = await ask(simulator, 'POST servers', body);
    expect([made.status, made.json['zone']]).toEqual([201, { slug: 'rma1' }]);
    expect(made.text).toContain('"address":"10.100.1.7"');
    expect((await ask(simulator, 'POST servers', { ...body, flavor: 'huge' })).text).toContain('is not a valid choice');
    expect((await ask(simulator, 'POST servers', { ...body, name: '' })).json).toEqual({
      name: 'This field may not be blank.',
    });
    expect((await ask(simulator, `PATCH servers/${made.uuid}`, { name: 'other' })).status).toBe(204);
    expect(simulator.state.servers.get(made.uuid)?.name).toBe('other');
    expect((await ask(simulator, `DELETE servers/${made.uuid}`)).status).toBe(204);
    expect((await ask(simulator, `GET servers/${made.uuid}`)).status).toBe(404);
  });
});

describe('load balancers', () => {
  test('are changing, then running; nothing can be added or deleted before', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, timeToRunningMs: 60_000 });
    const made = await ask(simulator, 'POST load-balancers', LB);
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      status: 'changing',
      flavor: { slug: 'lb-standard', name: 'LB-Standard' },
      vip_addresses: [{ version: 4 }, { version: 6 }],
    });
    expect((await ask(simulator, `GET load-balancers/${made.uuid}`)).json).toEqual(made.json);
    const pool = { name: 'tcp', load_balancer: made.uuid, algorithm: 'round_robin', protocol: 'tcp' };
    expect((await ask(simulator, 'POST load-balancers/pools', pool)).status).toBe(400);
    expect((await ask(simulator, `DELETE load-balancers/${made.uuid}`)).status).toBe(400);
    await clock.advance(60_000);
    expect((await ask(simulator, `GET load-balancers/${made.uuid}`)).json['status']).toBe('running');
    expect((await ask(simulator, 'POST load-balancers/pools', pool)).status).toBe(201);
    expect((await ask(simulator, `DELETE load-balancers/${made.uuid}`)).status).toBe(204);
    expect([simulator.state.loadBalancers.size, simulator.state.pools.size]).toEqual([0, 0]);
  });

  test('a private VIP: one address, the wished one or a free one', async () => {
    const simulator = await start();
    const subnet = subnetOf(simulator, '10.101.0.0/16');
    const make = async (vips: object[]): Promise<Answer> =>
      ask(simulator, 'POST load-balancers', { ...LB, vip_addresses: vips });
    expect((await make([{ subnet, address: '10.101.7.7' }])).json['vip_addresses']).toMatchObject([
      { address: '10.101.7.7', version: 4 },
    ]);
    expect((await make([{ subnet }])).json['vip_addresses']).toHaveLength(1);
    expect((await make([{ subnet: 'x' }])).text).toContain('Must be a valid UUID.');
    expect((await make([{ subnet, address: '10.9.9.9' }])).text).toContain(
      'is not a valid IP for the specified subnet',
    );
  });

  test.each([
    { what: 'flavor', body: { ...LB, flavor: 'lb-huge' }, says: 'is not a valid choice' },
    { what: 'zone', body: { ...LB, zone: 'mars1' }, says: 'is not a valid choice. Choose one of' },
    { what: 'name', body: { ...LB, name: ' ' }, says: 'This field may not be blank.' },
  ])('refuses a wrong $what', async ({ body, says }) => {
    const simulator = await start();
    const answer = await ask(simulator, 'POST load-balancers', body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(says)]);
  });

  test('CS row 85 all monitored members down: error; one up again: running', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, dataPlaneMs: 10_000 });
    const { balancer, pool } = await aPool(simulator);
    const status = (): string | undefined => simulator.state.loadBalancers.get(balancer)?.status;
    const memberStates = (): unknown[] => [...simulator.state.members.values()].map((member) => member.monitor_status);
    await ask(simulator, `POST load-balancers/pools/${pool}/members`, aMember(simulator, '10.101.0.1'));
    await ask(simulator, `POST load-balancers/pools/${pool}/members`, aMember(simulator, '10.101.0.2'));
    expect(memberStates()).toEqual(['no_monitor', 'no_monitor']);
    await ask(simulator, 'POST load-balancers/health-monitors', { ...MONITOR, pool });
    simulator.setHealth('10.101.0.1', 'sick');
    simulator.setHealth('10.101.0.2', 'sick');
    expect([memberStates(), status()]).toEqual([['changing', 'changing'], 'running']);
    await clock.advance(10_000);
    expect([memberStates(), status()]).toEqual([['down', 'down'], 'error']);
    simulator.setHealth('10.101.0.2', 'healthy');
    expect([memberStates(), status()]).toEqual([['down', 'up'], 'running']);
  });

  test('CS row 84 a pool takes its members, listeners and monitor with it', async () => {
    const simulator = await start();
    const { balancer, pool } = await aPool(simulator);
    await ask(simulator, `POST load-balancers/pools/${pool}/members`, aMember(simulator));
    await ask(simulator, 'POST load-balancers/health-monitors', { ...MONITOR, pool });
    const listener = { name: 'tcp/80', pool, protocol: 'tcp', protocol_port: 80, allowed_cidrs: [] };
    expect((await ask(simulator, 'POST load-balancers/listeners', listener)).json).toMatchObject({
      timeout_client_data_ms: 50_000,
      timeout_member_connect_ms: 5_000,
      load_balancer: { uuid: balancer },
    });
    await ask(simulator, `DELETE load-balancers/pools/${pool}`);
    const { members, listeners, healthMonitors, loadBalancers } = simulator.state;
    expect([members.size, listeners.size, healthMonitors.size, loadBalancers.size]).toEqual([0, 0, 0, 1]);
    expect((await ask(simulator, `GET load-balancers/pools/${pool}/members`)).status).toBe(404);
  });

  test('a removal that takes a while: changing until it is gone', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, timeToDeleteMs: 5_000 });
    const { balancer } = await aPool(simulator);
    expect((await ask(simulator, `DELETE load-balancers/${balancer}`)).status).toBe(204);
    expect((await ask(simulator, `GET load-balancers/${balancer}`)).json['status']).toBe('changing');
    expect((await ask(simulator, `DELETE load-balancers/${balancer}`)).status).toBe(400);
    await clock.advance(5_000);
    expect((await ask(simulator, `GET load-balancers/${balancer}`)).status).toBe(404);
    expect(simulator.state.pools.size).toBe(0);
  });

  test('CS row 77 writes to one balancer wait for each other and are noted; writes to two do not', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, writeMs: 1_000 });
    const make = async (name: string): Promise<string> => {
      const { uuid } = await ask(simulator, 'POST load-balancers', { ...LB, name });
      return uuid;
    };
    const [one, two] = [await make('one'), await make('two')];
    const ends: string[] = [];
    const rename = (uuid: string, name: string): Promise<unknown> =>
      ask(simulator, `PATCH load-balancers/${uuid}`, { name }).then(() => ends.push(name));
    const both = [rename(one, 'a'), rename(two, 'b')];
    await timers(clock, 2);
    await clock.advance(1_000);
    await Promise.all(both);
    expect(simulator.overlappingWrites).toEqual([]);
    const first = rename(one, 'c');
    await timers(clock, 1);
    const second = rename(one, 'd');
    await timers(clock, 2);
    expect(simulator.overlappingWrites).toEqual([`${one} PATCH /v1/load-balancers/{uuid}`]);
    await clock.advance(1_000);
    await first;
    expect(ends).not.toContain('d');
    await clock.advance(1_000);
    await second;
    expect(ends.at(-1)).toBe('d');
  });
});

describe('parts of a balancer', () => {
  const nowhere = 'c10d0000-0000-4000-8000-00000000ffff';

  test.each([
    {
      route: 'pools',
      body: { name: 'x', load_balancer: nowhere, algorithm: 'round_robin', protocol: 'tcp' },
      says: 'does not exist',
    },
    {
      route: 'pools',
      body: { name: 'x', load_balancer: 'LB', algorithm: 'best', protocol: 'tcp' },
      says: 'Expect one of',
    },
    {
      route: 'pools',
      body: { name: 'x', load_balancer: 'LB', algorithm: 'round_robin', protocol: 'sctp' },
      says: 'Expect one of',
    },
    {
      route: 'listeners',
      body: { name: 'x', pool: nowhere, protocol: 'tcp', protocol_port: 80 },
      says: 'does not exist',
    },
    {
      route: 'listeners',
      body: { name: 'x', pool: 'POOL', protocol: 'tcp', protocol_port: 11_111_111 },
      says: 'The protocol_port must be between',
    },
    {
      route: 'listeners',
      body: { name: 'x', pool: 'POOL', protocol: 'tcp', protocol_port: 80, allowed_cidrs: ['1.1.1.1'] },
      says: 'Enter a valid network address in CIDR notation',
    },
    { route: 'health-monitors', body: { pool: 'POOL' }, says: 'This field is required' },
    { route: 'health-monitors', body: { type: 'tcp' }, says: 'This field is required' },
    { route: 'health-monitors', body: { pool: nowhere, type: 'tcp' }, says: 'does not exist' },
    { route: 'health-monitors', body: { pool: 'POOL', type: 'smoke' }, says: 'Expect one of' },
    {
      route: 'health-monitors',
      body: { pool: 'POOL', type: 'udp-connect', delay_s: 2 },
      says: 'greater than or equal to 3',
    },
    {
      route: 'health-monitors',
      body: { pool: 'POOL', type: 'http', http: { version: '1.0', host: 'a' } },
      says: 'The host argument can not be used with HTTP version 1.0',
    },
  ])('$route refuses $body: $says', async ({ route, body, says }) => {
    const simulator = await start();
    const { balancer, pool } = await aPool(simulator);
    const text = JSON.stringify(body).replace('"LB"', `"${balancer}"`).replace('"POOL"', `"${pool}"`);
    const answer = await ask(simulator, `POST load-balancers/${route}`, JSON.parse(text));
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(says)]);
    expect(simulator.state.listeners.size + simulator.state.healthMonitors.size).toBe(0);
  });

  test('are unique: a listener by port, a member by address and port, a monitor by pool', async () => {
    const simulator = await start();
    const { pool } = await aPool(simulator);
    const twice = async (route: string, body: object): Promise<number[]> => [
      (await ask(simulator, `POST load-balancers/${route}`, body)).status,
      (await ask(simulator, `POST load-balancers/${route}`, body)).status,
    ];
    const listener = { name: 'tcp/80', pool, protocol: 'tcp', protocol_port: 80 };
    expect(await twice('listeners', listener)).toEqual([201, 400]);
    expect(await twice('listeners', { ...listener, protocol: 'udp' })).toEqual([201, 400]);
    expect(await twice(`pools/${pool}/members`, aMember(simulator))).toEqual([201, 400]);
    expect(await twice('health-monitors', { ...MONITOR, pool })).toEqual([201, 400]);
    const lenient = await start({ uniqueness: 'off' });
    const other = await aPool(lenient);
    await ask(lenient, `POST load-balancers/pools/${other.pool}/members`, aMember(lenient));
    await ask(lenient, `POST load-balancers/pools/${other.pool}/members`, aMember(lenient));
    expect(lenient.state.members.size).toBe(2);
  });

  test('http of a monitor: null for others, defaults, a PATCH is merged, the version stays', async () => {
    const simulator = await start();
    const { pool } = await aPool(simulator);
    const made = await ask(simulator, 'POST load-balancers/health-monitors', { ...MONITOR, pool });
    expect(made.json['http']).toBeNull();
    await ask(simulator, `DELETE load-balancers/health-monitors/${made.uuid}`);
    const http = await ask(simulator, 'POST load-balancers/health-monitors', {
      ...MONITOR,
      pool,
      type: 'http',
      http: { host: 'a.ch' },
    });
    const path = `load-balancers/health-monitors/${http.uuid}`;
    expect(http.json['http']).toEqual({
      expected_codes: ['200'],
      method: 'GET',
      url_path: '/',
      version: '1.1',
      host: 'a.ch',
    });
    expect((await ask(simulator, `PATCH ${path}`, { http: { expected_codes: ['200-204'] } })).status).toBe(204);
    expect((await ask(simulator, `GET ${path}`)).json['http']).toMatchObject({
      expected_codes: ['200-204'],
      host: 'a.ch',
    });
    expect((await ask(simulator, `PATCH ${path}`, { http: { version: '1.0' } })).status).toBe(400);
    expect((await ask(simulator, `PATCH ${path}`, { http: { host: null } })).status).toBe(204);
    expect((await ask(simulator, `GET ${path}`)).json['http']).toMatchObject({ host: null });
  });

  test('the last member of a pool leaves a note; what is done by hand does not', async () => {
    const simulator = await start();
    const { pool } = await aPool(simulator);
    const { uuid } = await ask(simulator, `POST load-balancers/pools/${pool}/members`, aMember(simulator));
    const copy = simulator.duplicateMember(uuid);
    await ask(simulator, `DELETE load-balancers/pools/${pool}/members/${uuid}`);
    expect(simulator.emptiedPools).toEqual([]);
    await ask(simulator, `DELETE load-balancers/pools/${pool}/members/${copy.uuid}`);
    expect(simulator.emptiedPools).toEqual([pool]);
    expect((await ask(simulator, `DELETE load-balancers/pools/${pool}/members/${copy.uuid}`)).status).toBe(404);
  });
});

describe('floating IPs and networks', () => {
  test('a floating IP moves, knows its next hop, and survives its target', async () => {
    const simulator = await start();
    const { balancer } = await aPool(simulator);
    const made = await ask(simulator, 'POST floating-ips', { ip_version: 4, region: 'rma' });
    expect(made.json).toMatchObject({ load_balancer: null, server: null, region: { slug: 'rma' }, type: 'regional' });
    const [address = ''] = String(made.json['network']).split('/');
    expect((await ask(simulator, `PATCH floating-ips/${address}`, { load_balancer: balancer })).status).toBe(204);
    const vip = simulator.state.loadBalancers.get(balancer)?.vip_addresses[0]?.address;
    const seen = async (): Promise<unknown> => (await ask(simulator, `GET floating-ips/${address}`)).json;
    expect(await seen()).toMatchObject({ load_balancer: { uuid: balancer }, next_hop: vip });
    await ask(simulator, `DELETE load-balancers/${balancer}`);
    expect(await seen()).toMatchObject({ load_balancer: null, next_hop: null });
  });

  test('a regional one does not leave its region, a global one has none', async () => {
    const simulator = await start();
    const { balancer } = await aPool(simulator);
    const far = simulator.addFloatingIp({ region: 'lpg' });
    const [address = ''] = far.network.split('/');
    expect((await ask(simulator, `PATCH floating-ips/${address}`, { load_balancer: balancer })).status).toBe(400);
    simulator.addFloatingIp({ address: '2001:db8:f000::1', type: 'global' });
    const patch = await ask(simulator, 'PATCH floating-ips/2001:DB8:F000:0::1', { load_balancer: balancer });
    expect(patch.status).toBe(204);
    expect(simulator.state.floatingIps.get('2001:db8:f000::1')).toMatchObject({
      region: null,
      network: '2001:db8:f000::1/128',
    });
  });

  test('networks bring a subnet; one that is used stays', async () => {
    const simulator = await start();
    const network = await ask(simulator, 'POST networks', { name: 'net', zone: 'rma1' });
    expect((await ask(simulator, `GET networks/${network.uuid}`)).json['subnets']).toHaveLength(1);
    const subnet = await ask(simulator, 'POST subnets', { cidr: '10.7.0.0/24', network: network.uuid });
    const { uuid } = await ask(simulator, 'POST load-balancers', { ...LB, vip_addresses: [{ subnet: subnet.uuid }] });
    expect((await ask(simulator, `DELETE networks/${network.uuid}`)).status).toBe(400);
    await ask(simulator, `DELETE load-balancers/${uuid}`);
    expect((await ask(simulator, `DELETE networks/${network.uuid}`)).status).toBe(204);
    expect((await ask(simulator, `GET subnets/${subnet.uuid}`)).status).toBe(404);
  });

  test('regions, flavors, the audit log, and the world for people', async () => {
    const simulator = await start({ servers: 1 });
    expect((await ask(simulator, 'GET regions')).list).toEqual([
      { slug: 'lpg', zones: [{ slug: 'lpg1' }] },
      { slug: 'rma', zones: [{ slug: 'rma1' }] },
    ]);
    expect((await ask(simulator, 'GET flavors')).list[0]).toMatchObject({ slug: 'flex-4-1', gpu: null });
    await ask(simulator, 'POST load-balancers', LB);
    const log = await ask(simulator, 'GET project-logs?start=2020-01-01T00:00:00Z');
    expect(log.json).toMatchObject({ results: [{ action: 'load_balancer_create' }], poll_more: null });
    const world = (await (await fetch(`${simulator.url}/__world`)).json()) as { readonly servers: unknown[] };
    expect(world.servers).toHaveLength(1);
  });
});
