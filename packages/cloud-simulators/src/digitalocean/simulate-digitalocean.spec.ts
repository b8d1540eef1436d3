// The simulated DigitalOcean as a client on the wire sees it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { simulateDigitalOcean } from './simulate-digitalocean.ts';
import type { DigitalOceanOptions, DigitalOceanSimulator } from './simulate-digitalocean.ts';
import type { WireCertificate, WireDroplet, WireFirewall, WireLoadBalancer, WireProject, WireVpc } from './wire.ts';

let running: DigitalOceanSimulator[] = [];

afterEach(async () => {
  for (const simulator of running) await simulator.close();
  running = [];
});

async function start(options: DigitalOceanOptions = {}): Promise<DigitalOceanSimulator> {
  const simulator = await simulateDigitalOcean(options);
  running.push(simulator);
  return simulator;
}

/** What answers can carry; a test looks only at what its route gives. */
interface Reply {
  readonly id: string;
  readonly message: string;
  readonly links: { readonly pages: Readonly<Record<string, string>> };
  readonly meta: { readonly total: number };
  readonly droplet: WireDroplet;
  readonly droplets: readonly WireDroplet[];
  readonly load_balancer: WireLoadBalancer;
  readonly load_balancers: readonly WireLoadBalancer[];
  readonly certificate: WireCertificate;
  readonly certificates: readonly WireCertificate[];
  readonly firewall: WireFirewall;
  readonly tag: { readonly resources: object };
  readonly vpc: WireVpc;
  readonly members: readonly object[];
  readonly project: WireProject;
  readonly resources: readonly { readonly status: string }[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Reply;
}

async function ask(
  simulator: DigitalOceanSimulator,
  route: string,
  options: { readonly body?: unknown; readonly token?: string; readonly raw?: string } = {},
): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ');
  const raw = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const authorization = `Bearer ${options.token ?? simulator.token}`;
  const init = raw === undefined ? {} : { body: raw };
  const headers = { authorization, ...(raw === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(simulator.url + path, { method, headers, ...init });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parseReply(text) };
}

function parseReply(text: string): Reply {
  return (text.startsWith('{') ? JSON.parse(text) : {}) as Reply;
}

const rule = { entry_protocol: 'tcp', entry_port: 80, target_protocol: 'tcp', target_port: 30080 };
const balancer = { name: 'a1', region: 'fra1', forwarding_rules: [rule] };

describe('pages', () => {
  test('row 115 the first page has next and last, the middle one all four, the last one first and prev', async () => {
    const simulator = await start({ droplets: 5 });
    const page = async (n: number) => (await ask(simulator, `GET /v2/droplets?page=${n}&per_page=2`)).json;
    const link = (n: number): string => `${simulator.url}/v2/droplets?page=${n}&per_page=2`;
    expect((await page(1)).links).toEqual({ pages: { next: link(2), last: link(3) } });
    expect((await page(2)).links).toEqual({ pages: { first: link(1), prev: link(1), next: link(3), last: link(3) } });
    const last = await page(3);
    expect(last.links).toEqual({ pages: { first: link(1), prev: link(2) } });
    expect(last.meta).toEqual({ total: 5 });
    expect(last.droplets).toHaveLength(1);
  });

  test('one page has no links, and 20 objects are the default', async () => {
    const simulator = await start({ droplets: 21 });
    expect((await ask(simulator, 'GET /v2/regions')).json.links).toEqual({});
    expect((await ask(simulator, 'GET /v2/droplets')).json.droplets).toHaveLength(20);
  });

  test('links keep the filter, and start where they are told to', async () => {
    const simulator = await start({ linksBase: 'https://api.digitalocean.com', pathPrefix: '/gateway' });
    simulator.addDroplets(3, { tags: ['web'] });
    const { json } = await ask(simulator, 'GET /v2/droplets?tag_name=web&per_page=2');
    expect(json.links.pages.next).toBe('https://api.digitalocean.com/v2/droplets?tag_name=web&per_page=2&page=2');
  });

  test('a page beyond the end is empty; sizes over 200 are cut and noted', async () => {
    const simulator = await start({ droplets: 300 });
    expect((await ask(simulator, 'GET /v2/droplets?page=99')).json.droplets).toEqual([]);
    expect((await ask(simulator, 'GET /v2/droplets?per_page=500')).json.droplets).toHaveLength(200);
    expect(simulator.schemaProblems).toEqual([
      { method: 'GET', path: '/v2/droplets', problem: 'query: per_page is not 1 to 200' },
    ]);
  });
});

describe('droplets', () => {
  test('are found by id, whole name in any case, tag and type', async () => {
    const simulator = await start();
    const web = simulator.addDroplet({ name: 'Web-1', tags: ['web'] });
    const gpu = simulator.addDroplet({ name: 'gpu-1', hasGpu: true });
    const idsOf = async (query: string): Promise<number[]> =>
      (await ask(simulator, `GET /v2/droplets${query}`)).json.droplets.map(({ id }) => id);
    expect((await ask(simulator, `GET /v2/droplets/${web.id}`)).json.droplet).toEqual(web);
    expect(await idsOf('')).toEqual([web.id]);
    expect(await idsOf('?name=web-1')).toEqual([web.id]);
    expect(await idsOf('?name=web')).toEqual([]);
    expect(await idsOf('?tag_name=web')).toEqual([web.id]);
    expect(await idsOf('?type=gpus')).toEqual([gpu.id]);
    expect((await ask(simulator, 'GET /v2/droplets?tag_name=web&name=x')).status).toBe(422);
    expect((await ask(simulator, 'GET /v2/droplets/4711')).json).toMatchObject({ id: 'not_found' });
  });

  test('have a private, a public and, if wished, an IPv6 address, nobody two alike', async () => {
    const simulator = await start({ droplets: 1_000 });
    const addresses = [...simulator.state.droplets.values()].flatMap(({ networks }) => networks?.v4 ?? []);
    expect(new Set(addresses.map(({ ip_address: ip }) => ip)).size).toBe(2_000);
    expect(addresses.slice(0, 2).map(({ type }) => type)).toEqual(['private', 'public']);
    const special = simulator.addDroplet({ publicIpv4: null, publicIpv6: '2001:db8::5' });
    expect(special.networks).toMatchObject({
      v4: [{ type: 'private', gateway: null }],
      v6: [{ ip_address: '2001:db8::5' }],
    });
    expect(simulator.addDroplet({ hasNullNetworks: true }).networks).toBeNull();
  });

  test('that go away leave their load balancers', async () => {
    const simulator = await start({ droplets: 2 });
    await ask(simulator, 'POST /v2/load_balancers', { body: { ...balancer, droplet_ids: [1, 2] } });
    simulator.removeDroplet(1);
    expect((await ask(simulator, 'GET /v2/droplets/1')).status).toBe(404);
    expect([...simulator.state.loadBalancers.values()][0]?.droplet_ids).toEqual([2]);
  });
});

describe('load balancers', () => {
  test('are new without an address, then active with one; time passes by the clock only', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock });
    const created = await ask(simulator, 'POST /v2/load_balancers', {
      body: { ...balancer, network_stack: 'DUALSTACK' },
    });
    expect(created.status).toBe(202);
    expect(created.json.load_balancer).toMatchObject({
      status: 'new',
      ip: '',
      ipv6: '',
      created_at: '2026-01-01T00:00:00Z',
    });
    const get = async () =>
      (await ask(simulator, `GET /v2/load_balancers/${created.json.load_balancer.id}`)).json.load_balancer;
    await clock.advance(59_999);
    expect((await get()).status).toBe('new');
    await clock.advance(1);
    expect(await get()).toMatchObject({
      status: 'active',
      ip: expect.stringMatching(/^198\.18\./),
      ipv6: expect.stringMatching(/^2001:db8:/),
    });
  });

  test('what is absent is at its default, in the answer and after a PUT', async () => {
    const simulator = await start();
    const full = {
      ...balancer,
      enable_proxy_protocol: true,
      http_idle_timeout_seconds: 120,
      firewall: { allow: ['ip:1.2.3.4'] },
    };
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: full })).json.load_balancer;
    const { status, json } = await ask(simulator, `PUT /v2/load_balancers/${id}`, { body: { ...balancer, name: 'b' } });
    expect(status).toBe(200);
    expect(json.load_balancer).toMatchObject({
      name: 'b',
      enable_proxy_protocol: false,
      http_idle_timeout_seconds: 60,
      firewall: { allow: [], deny: [] },
      health_check: { protocol: 'http', port: 80, path: '/', check_interval_seconds: 10 },
      type: 'REGIONAL',
      network_stack: 'IPV4',
      size_unit: 1,
      size: 'lb-small',
    });
  });

  test('droplets and rules are added and taken out; the last rule stays', async () => {
    const simulator = await start({ droplets: 3 });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: { ...balancer, droplet_ids: [1] } })).json
      .load_balancer;
    const part = (route: string, body: unknown) => ask(simulator, route.replace('{id}', id), { body });
    const other = { ...rule, entry_port: 81 };
    expect((await part('POST /v2/load_balancers/{id}/droplets', { droplet_ids: [2, 3] })).status).toBe(204);
    expect((await part('DELETE /v2/load_balancers/{id}/droplets', { droplet_ids: [1] })).status).toBe(204);
    expect((await part('POST /v2/load_balancers/{id}/droplets', { droplet_ids: [99] })).status).toBe(422);
    expect((await part('POST /v2/load_balancers/{id}/forwarding_rules', { forwarding_rules: [other] })).status).toBe(
      204,
    );
    expect((await part('POST /v2/load_balancers/{id}/forwarding_rules', { forwarding_rules: [other] })).status).toBe(
      422,
    );
    expect((await part('DELETE /v2/load_balancers/{id}/forwarding_rules', { forwarding_rules: [rule] })).status).toBe(
      204,
    );
    expect((await part('DELETE /v2/load_balancers/{id}/forwarding_rules', { forwarding_rules: [other] })).status).toBe(
      422,
    );
    expect(simulator.state.loadBalancers.get(id)).toMatchObject({
      droplet_ids: [2, 3],
      forwarding_rules: [{ entry_port: 81 }],
    });
  });

  test('one that goes by tag follows the droplets and refuses ids', async () => {
    const simulator = await start();
    const web = simulator.addDroplet({ tags: ['web'] });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: { ...balancer, tag: 'web' } })).json
      .load_balancer;
    const later = simulator.addDroplet({ tags: ['web'] });
    simulator.addDroplet({ tags: ['web'], region: 'nyc3' });
    expect(simulator.state.loadBalancers.get(id)?.droplet_ids).toEqual([web.id, later.id]);
    const refused = await ask(simulator, `POST /v2/load_balancers/${id}/droplets`, { body: { droplet_ids: [web.id] } });
    expect(refused.status).toBe(422);
  });

  test('are busy after a change when told so: 403 with the words of the real API, validation excepted', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, processingMs: 10_000 });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: balancer })).json.load_balancer;
    const put = (body: object) => ask(simulator, `PUT /v2/load_balancers/${id}`, { body });
    const refused = await put(balancer);
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      id: 'forbidden',
      message: "Load Balancer can't be updated while it processes previous actions",
    });
    expect((await ask(simulator, `DELETE /v2/load_balancers/${id}`)).status).toBe(403);
    expect((await put({ ...balancer, validate_only: true })).status).toBe(200);
    await clock.advance(10_000);
    expect((await put(balancer)).status).toBe(200);
    expect((await put(balancer)).status).toBe(403);
  });

  test('can refuse changes while they are new', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, updatesWhileNew: 'refuse' });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: balancer })).json.load_balancer;
    expect((await ask(simulator, `PUT /v2/load_balancers/${id}`, { body: balancer })).status).toBe(403);
    await clock.advance(60_000);
    expect((await ask(simulator, `PUT /v2/load_balancers/${id}`, { body: balancer })).status).toBe(200);
  });

  test('can break, can be edited and removed by hand', async () => {
    const simulator = await start({ timeToActiveMs: 0 });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: balancer })).json.load_balancer;
    simulator.updateLoadBalancer(id, { name: 'renamed' });
    expect(simulator.state.loadBalancers.get(id)).toMatchObject({ name: 'renamed', status: 'active' });
    simulator.breakLoadBalancer(id);
    expect(simulator.state.loadBalancers.get(id)).toMatchObject({ status: 'errored', ip: '' });
    simulator.removeLoadBalancer(id);
    expect((await ask(simulator, `GET /v2/load_balancers/${id}`)).status).toBe(404);
    expect((await ask(simulator, `DELETE /v2/load_balancers/${id}`)).status).toBe(404);
  });
});

describe('who may call, and how often', () => {
  test('no token, an unknown one, and one that was shut out get 401', async () => {
    const simulator = await start();
    expect((await fetch(`${simulator.url}/v2/account`)).status).toBe(401);
    expect((await ask(simulator, 'GET /v2/account', { token: 'other' })).json).toMatchObject({
      id: 'unauthorized',
      message: 'Unable to authenticate you',
    });
    simulator.addToken('other');
    expect((await ask(simulator, 'GET /v2/account', { token: 'other' })).status).toBe(200);
    simulator.removeToken('other');
    expect((await ask(simulator, 'GET /v2/account', { token: 'other' })).status).toBe(401);
  });

  test('a missing scope is 403, and hides what belongs to others', async () => {
    const simulator = await start({ droplets: 1 });
    simulator.addToken('reader', ['droplet:read']);
    expect((await ask(simulator, 'GET /v2/load_balancers', { token: 'reader' })).json).toMatchObject({
      id: 'forbidden',
    });
    const { droplet } = (await ask(simulator, 'GET /v2/droplets/1', { token: 'reader' })).json;
    expect(droplet).toMatchObject({ id: 1 });
    expect(Object.keys(droplet)).not.toEqual(expect.arrayContaining(['tags']));
    expect(Object.keys(droplet)).not.toEqual(expect.arrayContaining(['vpc_uuid']));
  });

  test('every answer tells the quota; the minute refuses with retry-after, the hour without', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, quota: { perHour: 4, perMinute: 3 } });
    const get = () => ask(simulator, 'GET /v2/account');
    const first = await get();
    expect(first.headers.get('ratelimit-limit')).toBe('4');
    expect(first.headers.get('ratelimit-remaining')).toBe('3');
    expect(Number(first.headers.get('ratelimit-reset'))).toBe(Date.UTC(2026, 0, 1, 1) / 1000);
    await get();
    await get();
    const minute = await get();
    expect(minute.status).toBe(429);
    expect(minute.json).toMatchObject({ id: 'too_many_requests' });
    expect([minute.headers.get('ratelimit-remaining'), minute.headers.get('retry-after')]).toEqual(['0', '60']);
    await clock.advance(60_000);
    expect((await get()).status).toBe(200);
    const hour = await get();
    expect([hour.status, hour.headers.get('ratelimit-remaining'), hour.headers.get('retry-after')]).toEqual([
      429,
      '0',
      null,
    ]);
    await clock.advance(3_540_000);
    expect((await get()).status).toBe(200);
  });
});

describe('requests that do not fit', () => {
  test.each([
    { when: 'an unknown field', body: { ...balancer, colour: 'red' }, problem: 'body/colour is unknown' },
    {
      when: 'a wrong type',
      body: { ...balancer, forwarding_rules: [{ ...rule, entry_port: '80' }] },
      problem: 'body/forwarding_rules/0/entry_port must be integer',
    },
    { when: 'no body', body: undefined, problem: 'body must be object' },
  ])('$when is 422 and noted', async ({ body, problem }) => {
    const simulator = await start();
    expect((await ask(simulator, 'POST /v2/load_balancers', { body })).status).toBe(422);
    expect(simulator.schemaProblems).toEqual([{ method: 'POST', path: '/v2/load_balancers', problem }]);
  });

  test('an own address is known on create only', async () => {
    const simulator = await start();
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: { ...balancer, ip: '203.0.113.1' } })).json
      .load_balancer;
    expect(
      (await ask(simulator, `PUT /v2/load_balancers/${id}`, { body: { ...balancer, ip: '203.0.113.1' } })).status,
    ).toBe(422);
    expect(simulator.schemaProblems).toHaveLength(1);
  });

  test('an unknown query name is noted and, as in the real API, ignored', async () => {
    const simulator = await start();
    expect((await ask(simulator, 'GET /v2/load_balancers?names=a')).status).toBe(200);
    expect(simulator.schemaProblems).toMatchObject([{ problem: 'query/names is unknown' }]);
  });

  test('broken JSON is 400, an unknown path 404 in the form of the API', async () => {
    const simulator = await start();
    expect((await ask(simulator, 'POST /v2/tags', { raw: '{"name":' })).json).toMatchObject({ id: 'bad_request' });
    expect((await ask(simulator, 'GET /v2/nothing')).json).toMatchObject({ id: 'not_found' });
  });
});

describe('faults', () => {
  test('an answer instead of the work, with headers; the next call works', async () => {
    const simulator = await start();
    simulator.fail({ match: { path: '/v2/account' }, status: 429, headers: { 'retry-after': '2' } });
    const refused = await ask(simulator, 'GET /v2/account');
    expect([refused.status, refused.headers.get('retry-after'), refused.json.id]).toEqual([
      429,
      '2',
      'too_many_requests',
    ]);
    expect((await ask(simulator, 'GET /v2/account')).status).toBe(200);
  });

  test('the page of a proxy has neither JSON nor the headers of the API', async () => {
    const simulator = await start({ droplets: 1 });
    simulator.fail({ kind: 'html', status: 404 });
    const answer = await ask(simulator, 'GET /v2/droplets/1');
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('ratelimit-limit')]).toEqual([
      404,
      'text/html',
      null,
    ]);
    expect(answer.text).toContain('<h1>404</h1>');
  });

  test('a lost answer: the work is done, the caller sees a broken connection', async () => {
    const simulator = await start();
    simulator.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    await expect(ask(simulator, 'POST /v2/load_balancers', { body: balancer })).rejects.toThrow();
    expect(simulator.state.loadBalancers.size).toBe(1);
    simulator.fail({ match: { method: 'POST' }, kind: 'drop-before' });
    await expect(ask(simulator, 'POST /v2/load_balancers', { body: balancer })).rejects.toThrow();
    expect(simulator.state.loadBalancers.size).toBe(1);
  });

  test('a call that hangs ends with the simulator, not before', async () => {
    const simulator = await start();
    simulator.fail({ kind: 'hang' });
    const answer = ask(simulator, 'GET /v2/account').catch((error: unknown) => error);
    while (simulator.calls.total === 0) await new Promise((resolve) => setImmediate(resolve));
    await simulator.close();
    expect(String(await answer)).toContain('fetch failed');
  });

  test('a stale read shows what was true before the last change', async () => {
    const simulator = await start();
    await ask(simulator, 'POST /v2/load_balancers', { body: balancer });
    simulator.fail({ kind: 'stale' });
    expect((await ask(simulator, 'GET /v2/load_balancers')).json.load_balancers).toEqual([]);
    expect((await ask(simulator, 'GET /v2/load_balancers')).json.load_balancers).toHaveLength(1);
  });

  test('a delay counts from the arrival, and the work is done at once', async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock, latencyMs: { default: 20, 'POST /v2/load_balancers': 500 } });
    const answer = ask(simulator, 'POST /v2/load_balancers', { body: balancer });
    while (simulator.state.loadBalancers.size === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.nextTimerInMs).toBe(500);
    await clock.advance(500);
    expect((await answer).status).toBe(202);
    simulator.fail({ delayMs: 16_000 });
    const late = ask(simulator, 'GET /v2/account');
    while (clock.nextTimerInMs !== 16_000) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(16_000);
    expect((await late).status).toBe(200);
  });
});

describe('the rest of the account', () => {
  test("certificates: by name, one name once, Let's Encrypt starts pending, a renewal has a new id in the rules too", async () => {
    const clock = new FakeClock();
    const simulator = await start({ clock });
    const body = { name: 'web', type: 'lets_encrypt', dns_names: ['example.com'] };
    const created = await ask(simulator, 'POST /v2/certificates', { body });
    expect(created).toMatchObject({ status: 201, json: { certificate: { state: 'pending', name: 'web' } } });
    expect((await ask(simulator, 'POST /v2/certificates', { body })).status).toBe(422);
    await clock.advance(30_000);
    const [found] = (await ask(simulator, 'GET /v2/certificates?name=web')).json.certificates;
    expect(found?.state).toBe('verified');
    expect((await ask(simulator, 'GET /v2/certificates?name=we')).json.certificates).toEqual([]);
    const https = {
      entry_protocol: 'https',
      entry_port: 443,
      target_protocol: 'http',
      target_port: 30080,
      certificate_id: found?.id,
    };
    await ask(simulator, 'POST /v2/load_balancers', { body: { ...balancer, forwarding_rules: [https] } });
    const renewed = simulator.rotateCertificate('web');
    expect(renewed.id).not.toBe(found?.id);
    expect([...simulator.state.loadBalancers.values()][0]?.forwarding_rules[0]?.certificate_id).toBe(renewed.id);
    expect((await ask(simulator, `GET /v2/certificates/${found?.id}`)).status).toBe(404);
    expect((await ask(simulator, `DELETE /v2/certificates/${renewed.id}`)).status).toBe(204);
  });

  test('tags: 404 while there is none, create, put on a load balancer, count, take off', async () => {
    const simulator = await start({ droplets: 1 });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: balancer })).json.load_balancer;
    const resources = { resources: [{ resource_id: id, resource_type: 'load_balancer' }] };
    const put = () => ask(simulator, 'POST /v2/tags/k8s:c1/resources', { body: resources });
    expect((await put()).status).toBe(404);
    expect((await ask(simulator, 'POST /v2/tags', { body: { name: 'k8s:c1' } })).status).toBe(201);
    expect((await put()).status).toBe(204);
    expect(simulator.state.loadBalancers.get(id)?.tags).toEqual(['k8s:c1']);
    expect((await ask(simulator, 'GET /v2/tags/k8s:c1')).json.tag.resources).toMatchObject({
      count: 1,
      load_balancers: { count: 1 },
    });
    const missing = { resources: [{ resource_id: 'gone', resource_type: 'load_balancer' }] };
    expect((await ask(simulator, 'POST /v2/tags/k8s:c1/resources', { body: missing })).status).toBe(422);
    expect((await ask(simulator, 'DELETE /v2/tags/k8s:c1/resources', { body: resources })).status).toBe(204);
    expect(simulator.state.loadBalancers.get(id)?.tags).toEqual([]);
    expect((await ask(simulator, 'DELETE /v2/tags/k8s:c1')).status).toBe(204);
    expect((await ask(simulator, 'POST /v2/tags', { body: { name: 'a b' } })).json).toHaveProperty('root_causes');
  });

  test('firewalls: answers say 0 for all ports; rules need tags that exist; parts can be changed', async () => {
    const simulator = await start({ droplets: 2 });
    const anywhere = { addresses: ['0.0.0.0/0', '::/0'] };
    const body = {
      name: 'k8s-public',
      inbound_rules: [{ protocol: 'tcp', ports: '30001', sources: anywhere }],
      outbound_rules: [
        { protocol: 'tcp', ports: 'all', destinations: anywhere },
        { protocol: 'icmp', destinations: anywhere },
      ],
      tags: ['k8s'],
      droplet_ids: null,
    };
    expect((await ask(simulator, 'POST /v2/firewalls', { body })).json.message).toBe('tag "k8s" does not exist');
    await ask(simulator, 'POST /v2/tags', { body: { name: 'k8s' } });
    const created = await ask(simulator, 'POST /v2/firewalls', { body });
    expect(created.status).toBe(202);
    const { id, outbound_rules: outbound } = created.json.firewall;
    expect(outbound.map(({ ports }) => ports)).toEqual(['0', '0']);
    expect((await ask(simulator, `POST /v2/firewalls/${id}/droplets`, { body: { droplet_ids: [1, 2] } })).status).toBe(
      204,
    );
    expect((await ask(simulator, `DELETE /v2/firewalls/${id}/droplets`, { body: { droplet_ids: [1] } })).status).toBe(
      204,
    );
    expect(simulator.state.firewalls.get(id)).toMatchObject({ droplet_ids: [2], inbound_rules: body.inbound_rules });
    expect(
      (await ask(simulator, `PUT /v2/firewalls/${id}`, { body: { ...body, outbound_rules: [], inbound_rules: null } }))
        .status,
    ).toBe(422);
    expect((await ask(simulator, `PUT /v2/firewalls/${id}`, { body })).json.firewall.droplet_ids).toEqual([]);
    expect((await ask(simulator, `DELETE /v2/firewalls/${id}`)).status).toBe(204);
  });

  test('firewalls: what is wrong is refused; the order of rules can be another in answers', async () => {
    const simulator = await start({ droplets: 1, reordersFirewallRules: true });
    await ask(simulator, 'POST /v2/tags', { body: { name: 'a' } });
    await ask(simulator, 'POST /v2/tags', { body: { name: 'b' } });
    const rule = (ports: string, sources: object) => ({ protocol: 'tcp', ports, sources });
    const bodyWith = (...inbound: readonly object[]) => ({ name: 'fw', inbound_rules: inbound, tags: ['a', 'b'] });
    const refusals = [
      { rule: rule('80', { addresses: ['10.0.0.0/33'] }), message: 'address "10.0.0.0/33" is invalid' },
      { rule: rule('80', { addresses: ['localhost'] }), message: 'address "localhost" is invalid' },
      { rule: rule('80', { load_balancer_uids: ['lb-1'] }), message: 'load balancer lb-1 not found' },
      { rule: rule('80', { droplet_ids: [99] }), message: 'droplet 99 not found' },
      { rule: rule('80', { tags: ['c'] }), message: 'tag "c" does not exist' },
      { rule: rule('99999', { addresses: ['::/0'] }), message: 'rule for tcp "99999" is invalid' },
    ];
    for (const { rule: wrong, message } of refusals) {
      const answer = await ask(simulator, 'POST /v2/firewalls', { body: bodyWith(wrong) });
      expect({ status: answer.status, message: answer.json.message }).toEqual({ status: 422, message });
    }
    const sent = [rule('80', { addresses: ['10.0.0.0/8', '::/0'] }), rule('0', { addresses: ['192.0.2.1'] })];
    const { json } = await ask(simulator, 'POST /v2/firewalls', { body: bodyWith(...sent) });
    expect(json.firewall.inbound_rules).toEqual([sent[1], rule('80', { addresses: ['::/0', '10.0.0.0/8'] })]);
    expect(json.firewall.tags).toEqual(['b', 'a']);
    simulator.removeFirewall(json.firewall.id);
    expect((await ask(simulator, `GET /v2/firewalls/${json.firewall.id}`)).status).toBe(404);
  });

  test('VPCs with members, projects with resources', async () => {
    const simulator = await start({ droplets: 1 });
    const vpcId = simulator.state.droplets.get(1)?.vpc_uuid ?? '';
    expect((await ask(simulator, `GET /v2/vpcs/${vpcId}`)).json.vpc).toMatchObject({ region: 'fra1', default: true });
    const { id } = (await ask(simulator, 'POST /v2/load_balancers', { body: balancer })).json.load_balancer;
    const members = (await ask(simulator, `GET /v2/vpcs/${vpcId}/members?resource_type=loadbalancer`)).json.members;
    expect(members).toMatchObject([{ urn: `do:loadbalancer:${id}` }]);
    const { project } = (await ask(simulator, 'GET /v2/projects/default')).json;
    const urns = { resources: [`do:loadbalancer:${id}`, 'do:droplet:1', 'do:droplet:99'] };
    const { resources } = (await ask(simulator, `POST /v2/projects/${project.id}/resources`, { body: urns })).json;
    expect(resources.map(({ status }) => status)).toEqual(['already_assigned', 'assigned', 'not_found']);
  });

  test('row 6 the metadata service needs no token, is counted, and can fail', async () => {
    const simulator = await start({ droplets: 2, region: 'nyc3' });
    const read = (path: string) => fetch(simulator.url + path);
    expect(await (await read('/metadata/v1/region')).text()).toBe('nyc3');
    expect(await (await read('/metadata/v1/id')).text()).toBe('1');
    simulator.fail({ match: { path: '/metadata/v1/region' }, status: 500 });
    expect((await read('/metadata/v1/region')).status).toBe(500);
    expect(simulator.callsByRoute()).toEqual({ 'GET /metadata/v1/id': 1, 'GET /metadata/v1/region': 2 });
  });

  test('the world can be looked at without leaving a trace', async () => {
    const simulator = await start({ droplets: 2 });
    simulator.fail({ status: 500 });
    const world: unknown = await (await fetch(`${simulator.url}/__world`)).json();
    expect(world).toMatchObject({ droplets: [{ id: 1 }, { id: 2 }], loadBalancers: [], calls: { total: 0 } });
    expect(simulator.callsByRoute()).toEqual({});
  });
});

describe('the log of calls', () => {
  test('counts by route and keeps what was sent and answered', async () => {
    const simulator = await start({ droplets: 2 });
    await ask(simulator, 'GET /v2/droplets/1');
    await ask(simulator, 'GET /v2/droplets/2');
    await ask(simulator, 'POST /v2/tags', { body: { name: 'x' } });
    expect(simulator.callsByRoute()).toEqual({ 'GET /v2/droplets/{id}': 2, 'POST /v2/tags': 1 });
    expect(simulator.calls.writes()).toMatchObject([
      { method: 'POST', body: { name: 'x' }, status: 201, fault: undefined },
    ]);
    expect(simulator.calls.of('GET /v2/droplets/{id}').map(({ path }) => path)).toEqual([
      '/v2/droplets/1',
      '/v2/droplets/2',
    ]);
    simulator.calls.clear();
    expect([simulator.calls.total, simulator.callsByRoute()]).toEqual([0, {}]);
  });
});
