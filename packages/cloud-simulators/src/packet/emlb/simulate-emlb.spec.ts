// The simulated load balancer service of Equinix Metal, as a client on the wire sees it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { ask } from '../test-support/ask.ts';
import type { Answer } from '../test-support/ask.ts';
import { EMLB_LOCATIONS, EMLB_PROVIDER_ID } from './emlb-world.ts';
import { simulateMetalLoadBalancers } from './simulate-emlb.ts';
import type { EmlbSimulator } from './simulate-emlb.ts';

const PROJECT = '/v1/projects/p1/loadbalancers';
let clock: FakeClock;
let simulator: EmlbSimulator;
let access = '';

interface Made {
  readonly id: string;
}

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await simulateMetalLoadBalancers({ clock, timeToActiveMs: 5000 });
  const headers = { authorization: `Bearer ${simulator.token}` };
  const answer = await ask<{ access_token: string }>(simulator, 'POST /api-keys/exchange', { headers });
  access = answer.json.access_token;
});

afterEach(() => simulator.close());

function call<T = Made>(route: string, body?: unknown): Promise<Answer<T>> {
  return ask<T>(simulator, route, { headers: { authorization: `Bearer ${access}` }, body });
}

function create(): Promise<Answer<Made>> {
  return call(`POST ${PROJECT}`, { name: 'web', location_id: EMLB_LOCATIONS['ny'], provider_id: EMLB_PROVIDER_ID });
}

describe('tokens', () => {
  test('are exchanged for an API key, and end after an hour', async () => {
    const wrong = await ask(simulator, 'POST /api-keys/exchange', { headers: { authorization: 'Bearer nonsense' } });
    expect(wrong.status).toBe(401);
    expect((await call(`GET ${PROJECT}`)).status).toBe(200);
    await clock.advance(3_600_000);
    expect((await call(`GET ${PROJECT}`)).status).toBe(401);
  });
});

describe('a balancer', () => {
  test('gets its address after a while, has pools parallel to its ports, and goes with its ports', async () => {
    const { id } = (await create()).json;
    const pool = (await call(`POST ${PROJECT}/pools`, { name: 'pool', protocol: 'tcp' })).json.id;
    const other = (await call(`POST ${PROJECT}/pools`, { name: 'other', protocol: 'udp' })).json.id;
    await call(`POST /v1/loadbalancers/pools/${pool}/origins`, {
      name: 'n1',
      target: '198.18.0.1',
      port_number: '30080',
      active: true,
    });
    const port = (await call(`POST /v1/loadbalancers/${id}/ports`, { name: 'http', number: 80, pool_ids: [pool] })).json
      .id;
    expect((await call(`GET /v1/loadbalancers/${id}`)).json).toMatchObject({
      name: 'web',
      ips: [],
      location: { name: 'ny' },
    });
    await clock.advance(5000);
    expect((await call(`GET /v1/loadbalancers/${id}`)).json).toMatchObject({
      ips: [expect.stringMatching(/^198\.19\.254\./)],
      ports: [{ number: 80, pool_ids: [pool] }],
      pools: [[{ id: pool, origins: [{ target: '198.18.0.1', port_number: 30080 }] }]],
    });
    await call(`PATCH /v1/loadbalancers/ports/${port}`, { add_pool_ids: [other], remove_pool_ids: [pool] });
    expect((await call(`GET /v1/loadbalancers/${id}/ports/80`)).json).toMatchObject({ pool_ids: [other] });
    await call(`DELETE /v1/loadbalancers/pools/${other}`);
    expect((await call(`GET /v1/loadbalancers/${id}/ports`)).json).toMatchObject({ ports: [{ pool_ids: [] }] });
    expect((await call(`DELETE /v1/loadbalancers/${id}`)).status).toBe(202);
    expect((await call(`PATCH /v1/loadbalancers/ports/${port}`, {})).status).toBe(404);
    expect(simulator.state.balancers.size).toBe(0);
    expect(simulator.state.pools.size).toBe(1);
  });

  test.each([
    { location_id: 'nowhere', provider_id: EMLB_PROVIDER_ID },
    { location_id: EMLB_LOCATIONS['da'], provider_id: 'x' },
  ])('at %j is refused', async (body) => {
    expect((await call(`POST ${PROJECT}`, { name: 'web', ...body })).status).toBe(422);
  });

  test('has each port once, and only pools that exist', async () => {
    const { id } = (await create()).json;
    const path = `POST /v1/loadbalancers/${id}/ports`;
    expect((await call(path, { name: 'a', number: 80 })).status).toBe(202);
    expect((await call(path, { name: 'b', number: 80 })).status).toBe(422);
    expect((await call(path, { name: 'c', number: 81, pool_ids: ['none'] })).status).toBe(422);
    expect((await call(path, { name: 'd', number: 0 })).status).toBe(422);
  });
});

describe('origins', () => {
  test('are changed and removed one by one', async () => {
    const pool = (await call(`POST ${PROJECT}/pools`, { name: 'pool', protocol: 'tcp' })).json.id;
    const all = `/v1/loadbalancers/pools/${pool}/origins`;
    const origin = (await call(`POST ${all}`, { name: 'n1', target: '198.18.0.1', port_number: 1 })).json.id;
    const one = `/v1/loadbalancers/pools/origins/${origin}`;
    await call(`PATCH ${one}`, { target: '198.18.0.3', active: false });
    expect((await call(`GET ${one}`)).json).toMatchObject({
      target: '198.18.0.3',
      active: false,
      port_number: 1,
      pool_id: pool,
    });
    expect((await call(`POST ${all}`, { name: 'n2', target: '', port_number: 1 })).status).toBe(422);
    await call(`DELETE ${one}`);
    expect((await call(`GET ${all}`)).json).toEqual({ origins: [] });
    expect((await call(`POST ${PROJECT}/pools`, { name: 'x', protocol: 'sctp' })).status).toBe(422);
  });
});
