// Every check of a load balancer over HTTP, as a table: `validate_only` asks without changing anything.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import type { LoadBalancerBody, RuleBody } from './load-balancer-checks.ts';
import { simulateDigitalOcean } from './simulate-digitalocean.ts';
import type { DigitalOceanSimulator } from './simulate-digitalocean.ts';

let simulator: DigitalOceanSimulator;
let certificateId: string;
const clock = new FakeClock();

beforeAll(async () => {
  simulator = await simulateDigitalOcean({ quota: 'off', droplets: 3, clock });
  simulator.addDroplet({ id: 900, region: 'nyc3' });
  certificateId = simulator.addCertificate({ name: 'web' }).id;
});

afterAll(() => simulator.close());

const tcp: RuleBody = { entry_protocol: 'tcp', entry_port: 80, target_protocol: 'tcp', target_port: 30080 };

function aBody(overrides: Partial<LoadBalancerBody> = {}): LoadBalancerBody {
  return { name: 'a1', region: 'fra1', forwarding_rules: [tcp], validate_only: true, ...overrides };
}

async function send(
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; message: string; id: string }> {
  const headers = { authorization: `Bearer ${simulator.token}`, 'content-type': 'application/json' };
  const answer = await fetch(simulator.url + path, { method, headers, body: JSON.stringify(body) });
  const { message = '', id = '' } = (await answer.json()) as { message?: string; id?: string };
  return { status: answer.status, message, id };
}

const post = (body: unknown) => send('POST', '/v2/load_balancers', body);
const rules = (...list: Partial<RuleBody>[]): LoadBalancerBody =>
  aBody({ forwarding_rules: list.map((rule) => ({ ...tcp, ...rule })) });
const https = { entry_protocol: 'https', entry_port: 443, target_protocol: 'http' };

describe('what is refused with 422', () => {
  test.each<{ when: string; body: () => LoadBalancerBody; message: RegExp }>([
    // 2
    { when: 'no name', body: () => ({ ...aBody(), name: '' }), message: /name is required/ },
    { when: 'a name with a blank', body: () => aBody({ name: 'a b' }), message: /name is invalid/ },
    { when: 'a name that ends in a dash', body: () => aBody({ name: 'a-' }), message: /name is invalid/ },
    { when: 'a name of 256 characters', body: () => aBody({ name: 'a'.repeat(256) }), message: /name is invalid/ },
    { when: 'no region', body: () => aBody({ region: '' }), message: /region is required/ },
    { when: 'an unknown region', body: () => aBody({ region: 'xyz9' }), message: /region "xyz9" is invalid/ },
    { when: 'a region for a global one', body: () => aBody({ type: 'GLOBAL' }), message: /region must be empty/ },
    { when: 'no rules', body: () => aBody({ forwarding_rules: [] }), message: /at least one forwarding rule/ },
    // 3
    { when: 'an unknown type', body: () => aBody({ type: 'FOO' }), message: /^type "FOO" is invalid/ },
    { when: 'an unknown network', body: () => aBody({ network: 'FOO' }), message: /network "FOO" is invalid/ },
    {
      when: 'an unknown stack',
      body: () => aBody({ network_stack: 'IPV6' }),
      message: /network_stack "IPV6" is invalid/,
    },
    { when: 'an unknown size', body: () => aBody({ size: 'lb-huge' }), message: /size "lb-huge" is invalid/ },
    {
      when: 'an unknown algorithm',
      body: () => aBody({ algorithm: 'random' }),
      message: /algorithm "random" is invalid/,
    },
    {
      when: 'an unknown cipher policy',
      body: () => aBody({ tls_cipher_policy: 'WEAK' }),
      message: /tls_cipher_policy "WEAK"/,
    },
    {
      when: 'an unknown sticky type',
      body: () => aBody({ sticky_sessions: { type: 'ip' } }),
      message: /sticky_sessions.type "ip"/,
    },
    {
      when: 'an unknown check protocol',
      body: () => aBody({ health_check: { protocol: 'udp' } }),
      message: /health_check.protocol "udp"/,
    },
    {
      when: 'an unknown entry protocol',
      body: () => rules({ entry_protocol: 'sctp' }),
      message: /entry_protocol "sctp" is invalid/,
    },
    {
      when: 'http3 as target',
      body: () => rules({ target_protocol: 'http3' }),
      message: /target_protocol "http3" is invalid/,
    },
    // 4
    { when: 'entry port 0', body: () => rules({ entry_port: 0 }), message: /^entry port is invalid$/ },
    { when: 'entry port 65536', body: () => rules({ entry_port: 65_536 }), message: /^entry port is invalid$/ },
    ...[50_053, 50_054, 50_055].map((port) => ({
      when: `the reserved entry port ${port}`,
      body: () => rules({ entry_port: port }),
      message: /^entry port is invalid$/,
    })),
    { when: 'target port 0', body: () => rules({ target_port: 0 }), message: /target port is invalid/ },
    {
      when: 'one port twice',
      body: () => rules({}, { target_port: 1 }),
      message: /entry port 80 is used more than once/,
    },
    {
      when: 'one udp port twice',
      body: () =>
        rules({ entry_protocol: 'udp', target_protocol: 'udp' }, { entry_protocol: 'udp', target_protocol: 'udp' }),
      message: /entry port 80 is used more than once/,
    },
    // 5
    { when: 'udp to tcp', body: () => rules({ entry_protocol: 'udp' }), message: /udp can only be forwarded to udp/ },
    { when: 'tcp to udp', body: () => rules({ target_protocol: 'udp' }), message: /udp can only be forwarded to udp/ },
    {
      when: 'https without certificate',
      body: () => rules(https),
      message: /https needs a certificate_id or tls_passthrough/,
    },
    {
      when: 'http2 without certificate',
      body: () => rules({ ...https, entry_protocol: 'http2' }),
      message: /http2 needs a certificate_id/,
    },
    {
      when: 'certificate and pass-through',
      body: () => rules({ ...https, certificate_id: certificateId, tls_passthrough: true }),
      message: /cannot be used together/,
    },
    {
      when: 'an unknown certificate',
      body: () => rules({ ...https, certificate_id: 'no-such-id' }),
      message: /^certificate with ID no-such-id not found$/,
    },
    {
      when: 'http3 with pass-through',
      body: () => rules({ ...https, entry_protocol: 'http3', tls_passthrough: true }),
      message: /tls_passthrough cannot be used with http3/,
    },
    {
      when: 'http3 alone',
      body: () => rules({ ...https, entry_protocol: 'http3', certificate_id: certificateId }),
      message: /http3 needs an https or http2 rule/,
    },
    {
      when: 'http on a network load balancer',
      body: () => ({ ...rules({ entry_protocol: 'http', target_protocol: 'http' }), type: 'REGIONAL_NETWORK' }),
      message: /cannot be used with a network load balancer/,
    },
    // 6
    {
      when: 'check port 0',
      body: () => aBody({ health_check: { port: 0 } }),
      message: /health_check.port must be between/,
    },
    {
      when: 'interval 2',
      body: () => aBody({ health_check: { check_interval_seconds: 2 } }),
      message: /check_interval_seconds/,
    },
    {
      when: 'interval 301',
      body: () => aBody({ health_check: { check_interval_seconds: 301 } }),
      message: /check_interval_seconds/,
    },
    {
      when: 'timeout 2',
      body: () => aBody({ health_check: { response_timeout_seconds: 2 } }),
      message: /response_timeout_seconds/,
    },
    {
      when: 'threshold 1',
      body: () => aBody({ health_check: { healthy_threshold: 1 } }),
      message: /[. ]healthy_threshold/,
    },
    {
      when: 'threshold 11',
      body: () => aBody({ health_check: { unhealthy_threshold: 11 } }),
      message: /unhealthy_threshold/,
    },
    {
      when: 'cookies without name',
      body: () => aBody({ sticky_sessions: { type: 'cookies', cookie_ttl_seconds: 5 } }),
      message: /cookie_name/,
    },
    {
      when: 'a cookie name of 41 characters',
      body: () => aBody({ sticky_sessions: { type: 'cookies', cookie_name: 'x'.repeat(41), cookie_ttl_seconds: 5 } }),
      message: /cookie_name/,
    },
    {
      when: 'cookies without ttl',
      body: () => aBody({ sticky_sessions: { type: 'cookies', cookie_name: 'lb' } }),
      message: /cookie_ttl/,
    },
    {
      when: 'a cookie name without cookies',
      body: () => aBody({ sticky_sessions: { cookie_name: 'lb' } }),
      message: /need the type cookies/,
    },
    {
      when: 'idle timeout 29',
      body: () => aBody({ http_idle_timeout_seconds: 29 }),
      message: /http_idle_timeout_seconds/,
    },
    {
      when: 'idle timeout 601',
      body: () => aBody({ http_idle_timeout_seconds: 601 }),
      message: /http_idle_timeout_seconds/,
    },
    { when: 'size unit 0', body: () => aBody({ size_unit: 0 }), message: /size_unit must be between/ },
    { when: 'size unit 201', body: () => aBody({ size_unit: 201 }), message: /size_unit must be between/ },
    {
      when: 'size and size unit',
      body: () => aBody({ size: 'lb-small', size_unit: 1 }),
      message: /only one of size and size_unit/,
    },
    // 7
    { when: 'an unknown droplet', body: () => aBody({ droplet_ids: [1, 4711] }), message: /droplet 4711 not found/ },
    {
      when: 'a droplet of another region',
      body: () => aBody({ droplet_ids: [900] }),
      message: /droplet 900 is not in region fra1/,
    },
    {
      when: 'tag and droplets',
      body: () => aBody({ droplet_ids: [1], tag: 'web' }),
      message: /only one of tag and droplet_ids/,
    },
    { when: 'an unknown VPC', body: () => aBody({ vpc_uuid: 'nope' }), message: /VPC nope not found/ },
    { when: 'an unknown project', body: () => aBody({ project_id: 'nope' }), message: /project nope not found/ },
    // 8
    {
      when: 'internal and dual stack',
      body: () => aBody({ network: 'INTERNAL', network_stack: 'DUALSTACK' }),
      message: /cannot be dual stack/,
    },
    { when: 'an address that is none', body: () => aBody({ ip: '2001:db8::1' }), message: /ip is invalid/ },
    // 9
    {
      when: 'a firewall entry without prefix',
      body: () => aBody({ firewall: { allow: ['1.2.3.4'] } }),
      message: /must start with ip: or cidr:/,
    },
    {
      when: 'a cidr entry without length',
      body: () => aBody({ firewall: { deny: ['cidr:1.2.3.4'] } }),
      message: /must start with ip: or cidr:/,
    },
  ])('$when', async ({ body, message }) => {
    const answer = await post(body());
    expect(answer).toMatchObject({ status: 422, id: 'unprocessable_entity' });
    expect(answer.message).toMatch(message);
  });
});

describe('what is accepted', () => {
  test.each<{ when: string; body: () => LoadBalancerBody }>([
    { when: 'the least there can be', body: () => aBody() },
    { when: 'tcp and udp on one port', body: () => rules({}, { entry_protocol: 'udp', target_protocol: 'udp' }) },
    {
      when: 'http3 beside http2 on one port',
      body: () =>
        rules(
          { ...https, entry_protocol: 'http2', certificate_id: certificateId },
          { ...https, entry_protocol: 'http3', certificate_id: certificateId },
        ),
    },
    { when: 'https passed through', body: () => rules({ ...https, target_protocol: 'https', tls_passthrough: true }) },
    {
      when: 'sticky cookies',
      body: () => aBody({ sticky_sessions: { type: 'cookies', cookie_name: 'lb', cookie_ttl_seconds: 1 } }),
    },
    { when: 'sticky none', body: () => aBody({ sticky_sessions: { type: 'none' } }) },
    { when: 'no droplets and no tag', body: () => aBody({ droplet_ids: [] }) },
    {
      when: 'firewall entries',
      body: () => aBody({ firewall: { allow: ['cidr:10.0.0.0/8', 'ip:2001:db8::1'], deny: [] } }),
    },
    { when: 'an own address', body: () => aBody({ ip: '203.0.113.7' }) },
    {
      when: 'a global one',
      body: () => ({
        name: 'g',
        type: 'GLOBAL',
        glb_settings: { target_protocol: 'http', target_port: 80 },
        validate_only: true,
      }),
    },
  ])('$when', async ({ body }) => {
    expect(await post(body())).toMatchObject({ status: 202, message: '' });
  });

  test('validate_only has changed nothing in all this', () => {
    expect(simulator.state.loadBalancers.size).toBe(0);
  });
});

describe('what cannot be changed by a PUT', () => {
  const fixed = { type: 'REGIONAL_NETWORK', network: 'EXTERNAL', network_stack: 'IPV4' };
  let path: string;

  beforeAll(async () => {
    await post({ ...aBody(), ...fixed, validate_only: false });
    path = `/v2/load_balancers/${[...simulator.state.loadBalancers.keys()][0]}`;
  });

  test.each<{ field: string; change: () => Partial<LoadBalancerBody> }>([
    { field: 'type', change: () => ({ type: 'REGIONAL' }) },
    { field: 'network', change: () => ({ network: 'INTERNAL' }) },
    { field: 'network_stack', change: () => ({ network_stack: 'DUALSTACK' }) },
    { field: 'region', change: () => ({ region: 'nyc3' }) },
  ])('$field', async ({ field, change }) => {
    const answer = await send('PUT', path, { ...aBody(), ...fixed, ...change() });
    expect(answer).toMatchObject({ status: 422, message: `${field} cannot be changed` });
  });

  test('the size within the cool-down; later it can', async () => {
    const resize = { ...aBody({ size_unit: 3 }), ...fixed };
    expect(await send('PUT', path, resize)).toMatchObject({
      status: 422,
      message: expect.stringMatching(/too recently/),
    });
    await clock.advance(60_000);
    expect(await send('PUT', path, resize)).toMatchObject({ status: 200 });
  });
});

test('no request of this file has had unknown fields or wrong types', () => {
  expect(simulator.schemaProblems).toEqual([]);
});

describe('limits that are settings', () => {
  test('the number of load balancers and empty targets', async () => {
    const strict = await simulateDigitalOcean({ loadBalancerLimit: 1, emptyTargets: 'refuse', droplets: 1 });
    const ask = async (body: unknown): Promise<string> => {
      const headers = { authorization: `Bearer ${strict.token}`, 'content-type': 'application/json' };
      const answer = await fetch(`${strict.url}/v2/load_balancers`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { message?: string }).message ?? String(answer.status);
    };
    const body = { ...aBody(), validate_only: false };
    expect(await ask(body)).toBe('need to provide either a tag or a list of droplets');
    expect(await ask({ ...body, droplet_ids: [1] })).toBe('202');
    expect(await ask({ ...body, droplet_ids: [1] })).toBe('load balancer limit reached');
    await strict.close();
  });
});
