// The client of the load balancer service against the simulated one over HTTP.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { simulateMetalLoadBalancers } from '@longshore/cloud-simulators';
import type { EmlbSimulator } from '@longshore/cloud-simulators';
import { systemClock } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { parseProjectId } from '../ids.ts';
import type { ProjectId } from '../ids.ts';
import { idOf } from '../test-support/samples.ts';
import { startStub } from '../test-support/stub-server.ts';
import { createEmlbApi } from './emlb-api.ts';
import type { EmlbApi } from './emlb-api.ts';
import type { EmlbHttpOptions } from './emlb-http.ts';
import { parseEmlbBalancerId, parseEmlbPoolId } from './emlb-ids.ts';
import { parseEmlbBalancer, parseEmlbPool } from './emlb-model.ts';

const signal = new AbortController().signal;
const project = parseProjectId(idOf(1)) as ProjectId;
let clock: FakeClock;
let simulator: EmlbSimulator;
let api: EmlbApi;

function client(options: Partial<EmlbHttpOptions> = {}): EmlbApi {
  const { url: baseUrl, exchangeUrl: tokenUrl, token } = simulator;
  return createEmlbApi({
    baseUrl,
    tokenUrl,
    token: () => token,
    clock,
    userAgent: 'test/1',
    maxAttempts: 1,
    ...options,
  });
}

// A busy machine stands still for seconds.
jest.setTimeout(60_000);

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await simulateMetalLoadBalancers({ clock, timeToActiveMs: 5_000, pathPrefix: '/gateway' });
  api = client();
});

afterEach(async () => {
  api.http.close();
  await simulator.close();
});

describe('access tokens', () => {
  test('one serves many calls, and a new one is got before it ends', async () => {
    const exchanges = (): number => simulator.callsByRoute()['POST /api-keys/exchange'] ?? 0;
    await Promise.all([api.balancers.list(project, signal), api.pools.list(project, signal)]);
    await clock.advance(3_500_000);
    await api.balancers.list(project, signal);
    expect(exchanges()).toBe(1);
    await clock.advance(50_000);
    await api.balancers.list(project, signal);
    expect(exchanges()).toBe(2);
  });

  test('one that is refused before its time is got anew, within the call', async () => {
    // The pause before the repetition is one of the real clock.
    const other = client({ clock: systemClock, maxAttempts: 3 });
    await other.balancers.list(project, signal);
    simulator.fail({ match: { method: 'GET' }, status: 401 });
    expect(await other.balancers.list(project, signal)).toEqual([]);
    other.http.close();
    expect(simulator.callsByRoute()['POST /api-keys/exchange']).toBe(2);
  });

  test('a wrong API key is named as such, without its text', async () => {
    const other = client({ token: () => 'wrong-key' });
    const error: unknown = await other.balancers.list(project, signal).catch((reason: unknown) => reason);
    other.http.close();
    expect(error).toMatchObject({ code: 'CLOUD_TOKEN_UNUSABLE' });
    expect(String(error)).not.toContain('wrong-key');
  });

  test('a short-lived token is used, too', async () => {
    const stub = await startStub(({ path }) =>
      path.startsWith('/token') ? { json: { access_token: 'a', expires_in: 30 } } : { json: { pools: [] } },
    );
    const other = client({ baseUrl: stub.url, tokenUrl: `${stub.url}/token` });
    await other.pools.list(project, signal);
    await other.pools.list(project, signal);
    expect(stub.requests.map(({ path }) => path.split('?')[0])).toEqual([
      '/token',
      `/v1/projects/${project}/loadbalancers/pools`,
      `/v1/projects/${project}/loadbalancers/pools`,
    ]);
    expect(stub.requests[1]?.headers.authorization).toBe('Bearer a');
    other.http.close();
    await stub.close();
  });

  test('a dry run may exchange and read, and writes nothing', async () => {
    const dry = client({ dryRun: true });
    expect(await dry.balancers.list(project, signal)).toEqual([]);
    await expect(dry.pools.create(project, { name: 'p', protocol: 'tcp' }, signal)).rejects.toMatchObject({
      code: 'CLOUD_DRY_RUN',
    });
    dry.http.close();
  });
});

describe('calls', () => {
  test('make, show, change and remove a balancer with all its parts', async () => {
    const id = await api.balancers.create(project, { name: 'web', metro: 'ny' }, signal);
    const pool = await api.pools.create(project, { name: 'web-pool-80', protocol: 'tcp' }, signal);
    const origin = await api.origins.create(pool, { name: 'o', target: '198.18.0.1', portNumber: 30_080 }, signal);
    const port = await api.ports.create(id, { name: 'web-port-80', number: 80, poolIds: [pool] }, signal);
    expect(await api.balancers.get(id, signal)).toMatchObject({ name: 'web', metro: 'ny', ips: [] });
    await clock.advance(5_000);
    const [balancer] = await api.balancers.list(project, signal);
    expect(balancer?.ips).toHaveLength(1);
    expect(balancer?.ports).toMatchObject([
      {
        id: port,
        number: 80,
        poolIds: [pool],
        pools: [{ id: pool, origins: [{ id: origin, target: '198.18.0.1', portNumber: 30_080, isActive: true }] }],
      },
    ]);
    const other = await api.pools.create(project, { name: 'other', protocol: 'udp' }, signal);
    await api.ports.update(port, { addPoolIds: [other], removePoolIds: [pool] }, signal);
    expect(await api.ports.get(id, 80, signal)).toMatchObject({ name: 'web-port-80', poolIds: [other] });
    await api.origins.update(origin, { isActive: false, portNumber: 1 }, signal);
    expect(await api.origins.list(pool, signal)).toMatchObject([{ portNumber: 1, isActive: false }]);
    await api.pools.update(pool, { name: 'new' }, signal);
    expect((await api.pools.list(project, signal)).map(({ name }) => name)).toEqual(['new', 'other']);
    await api.balancers.rename(id, 'shop', signal);
    expect(await api.ports.list(id, signal)).toHaveLength(1);
    expect(await api.origins.remove(origin, signal)).toBe('removed');
    expect(await api.ports.remove(port, signal)).toBe('removed');
    expect([await api.pools.remove(pool, signal), await api.pools.remove(other, signal)]).toEqual([
      'removed',
      'removed',
    ]);
    expect(await api.balancers.remove(id, signal)).toBe('removed');
    expect(simulator.state).toMatchObject({ balancers: new Map(), pools: new Map() });
  });

  test('what is not there is a value; only in the words of the service', async () => {
    const id = parseEmlbBalancerId('loadbal-none00000000');
    if (id === undefined) throw new Error('it is an ID');
    expect(await api.balancers.get(id, signal)).toBeUndefined();
    expect(await api.balancers.remove(id, signal)).toBe('absent');
    await expect(api.ports.list(id, signal)).rejects.toMatchObject({ code: 'CLOUD_NOT_FOUND' });
    simulator.fail({ kind: 'html', status: 404 });
    await expect(api.balancers.get(id, signal)).rejects.toMatchObject({ code: 'CLOUD_UNEXPECTED_ANSWER' });
  });

  test('a lost answer to a creation is said to be one, a refusal is not', async () => {
    await api.balancers.list(project, signal);
    simulator.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    const spec = { name: 'web', metro: 'da' };
    await expect(api.balancers.create(project, spec, signal)).rejects.toMatchObject({ isLostAnswer: true });
    expect(await api.balancers.list(project, signal)).toHaveLength(1);
    await expect(api.pools.create(project, { name: 'x', protocol: 'sctp' }, signal)).rejects.toMatchObject({
      code: 'CLOUD_REJECTED',
      isLostAnswer: false,
    });
  });

  test('a list that comes in pages is read whole', async () => {
    const stub = await startStub(({ path }) => {
      if (path.startsWith('/token')) return { json: { access_token: 'a', expires_in: 3600 } };
      const page = Number(/[?&]page=(\d)/.exec(path)?.[1] ?? 1);
      const meta = { current_page: page, last_page: 3, total: 3, next: page < 3 ? { href: '/x' } : null };
      return { json: { pools: [{ id: `loadpol-${page}`, name: `p${page}` }], meta } };
    });
    const other = client({ baseUrl: stub.url, tokenUrl: `${stub.url}/token` });
    expect((await other.pools.list(project, signal)).map(({ name }) => name)).toEqual(['p1', 'p2', 'p3']);
    other.http.close();
    await stub.close();
  });

  test('errors of the form { message } are the words of the service', async () => {
    simulator.fail({ match: { method: 'GET' }, status: 422, body: { message: 'no such thing', status: 422 } });
    await expect(api.balancers.list(project, signal)).rejects.toMatchObject({
      code: 'CLOUD_REJECTED',
      message: expect.stringContaining('no such thing'),
    });
  });
});

describe('readers', () => {
  test('IDs keep their case; others than the service’s are none', () => {
    expect(parseEmlbBalancerId('loadbal-AbC_d-efgh12')).toBe('loadbal-AbC_d-efgh12');
    expect([parseEmlbBalancerId('loadpol-AbCdefgh'), parseEmlbBalancerId('x'), parseEmlbPoolId('../ips/1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a pool that only names its origins tells nothing about them; a port number may be a text', () => {
    expect(parseEmlbPool({ id: 'p', origins: ['loadogn-1'] }).origins).toBeUndefined();
    expect(parseEmlbPool({ id: 'p' }).origins).toBeUndefined();
    const origins = [{ id: 'o', target: '10.0.0.1', port_number: '80' }];
    expect(parseEmlbPool({ id: 'p', origins }).origins).toMatchObject([{ portNumber: 80 }]);
  });

  test('pools of a port that does not name them are those beside it', () => {
    const ports = [{ id: 'a', number: 80 }];
    const balancer = parseEmlbBalancer({ id: 'b', ports, pools: [[{ id: 'p', name: 'n' }]], location: { id: 'x' } });
    expect(balancer).toMatchObject({ metro: undefined, ports: [{ poolIds: ['p'], pools: [{ name: 'n' }] }] });
    expect(() => parseEmlbBalancer({ id: '' })).toThrow('empty');
  });
});
