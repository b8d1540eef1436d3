// What goes wrong on purpose, limits, power buttons, batches and the page for people, of the simulated Packet.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { ask, Running } from './test-support/ask.ts';
import type { WirePacketDevice, WirePacketEvent } from './wire.ts';

const running = new Running();
afterEach(() => running.closeAll());

describe('faults', () => {
  test('have the bodies of the API', async () => {
    const simulator = await running.start();
    simulator.fail({ status: 500 });
    const snap = await ask(simulator, 'GET /projects');
    expect([snap.status, snap.json.errors?.[0]]).toEqual([
      500,
      expect.stringMatching(/^Oh snap, something went wrong!/),
    ]);
    simulator.fail({ status: 429, headers: { 'x-ratelimit-reset': '1767225600' } });
    const tooMany = await ask(simulator, 'GET /projects');
    expect([tooMany.status, tooMany.headers.get('x-ratelimit-reset')]).toEqual([429, '1767225600']);
    simulator.fail({ kind: 'html', status: 404 });
    expect((await ask(simulator, 'GET /projects')).headers.get('content-type')).toBe('text/html');
  });

  test('can cut JSON in the middle, the work being done', async () => {
    const simulator = await running.start();
    simulator.fail({ match: { method: 'POST' }, kind: 'truncated' });
    const made = fetch(`${simulator.url}/projects`, {
      method: 'POST',
      headers: { 'x-auth-token': simulator.token, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    });
    const answer = await made;
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      201,
      expect.stringContaining('application/json'),
    ]);
    await expect(answer.json()).rejects.toThrow(/JSON/);
    expect(simulator.state.projects.size).toBe(2);
  });

  test('a stale answer is of before the last change', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    simulator.fail({ match: { path: '/devices/{id}' }, kind: 'stale' });
    expect((await ask(simulator, `GET /devices/${device.id}`)).status).toBe(404);
    expect((await ask(simulator, `GET /devices/${device.id}`)).status).toBe(200);
  });
});

describe('limits', () => {
  test('are off unless asked for; then headers count down and 429 says when there is room', async () => {
    const clock = new FakeClock();
    const free = await running.start();
    expect((await ask(free, 'GET /projects')).headers.get('x-ratelimit-limit')).toBeNull();
    const simulator = await running.start({ clock, quota: { perHour: 100, perMinute: 2 } });
    const first = await ask(simulator, 'GET /projects');
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['100', '99']);
    await clock.advance(10_000);
    await ask(simulator, 'GET /projects');
    const refused = await ask(simulator, 'GET /projects');
    expect(refused.status).toBe(429);
    const resetMs = Number(refused.headers.get('x-ratelimit-reset')) * 1000;
    expect(resetMs - clock.nowMs()).toBe(50_000);
    await clock.advance(50_000);
    expect((await ask(simulator, 'GET /projects')).status).toBe(200);
  });
});

describe('actions', () => {
  test('turn a device off and on, and are refused where they make no sense', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, powerMs: 1000, reinstallMs: 5000 });
    const { id } = simulator.addDevice();
    const act = async (type: string, more: object = {}) =>
      (await ask(simulator, `POST /devices/${id}/actions`, { body: { type, ...more } })).status;
    const state = () => simulator.state.devices.get(id)?.state;
    expect(await act('power_on')).toBe(422);
    expect(await act('power_off')).toBe(202);
    expect(state()).toBe('powering_off');
    expect(await act('power_on')).toBe(422);
    await clock.advance(1000);
    expect(state()).toBe('inactive');
    expect(await act('power_on')).toBe(202);
    await clock.advance(1000);
    expect(state()).toBe('active');
    expect(await act('reboot')).toBe(202);
    expect(state()).toBe('active');
    expect(await act('reinstall', { operating_system: 'debian_12' })).toBe(202);
    expect(state()).toBe('reinstalling');
    await clock.advance(5000);
    expect(simulator.state.devices.get(id)).toMatchObject({ state: 'active', operating_system: { slug: 'debian_12' } });
    expect(await act('levitate')).toBe(422);
    const { json } = await ask<{ events: WirePacketEvent[] }>(simulator, `GET /projects/${simulator.projectId}/events`);
    expect(json.events.map(({ type }) => type)).toEqual([
      'instance.reinstall',
      'instance.reboot',
      'instance.power_on',
      'instance.power_off',
    ]);
    const [event] = json.events;
    expect((await ask(simulator, `GET /events/${event?.id}`)).json).toEqual(event);
    expect((await ask<{ events: object[] }>(simulator, 'GET /events')).json.events).toHaveLength(4);
    expect(simulator.schemaProblems).toEqual([]);
  });
});

describe('batches', () => {
  const machine = { plan: 'c3.small.x86', operating_system: 'ubuntu_22_04', metro: 'ny' };

  test('make many devices, or none', async () => {
    const simulator = await running.start();
    const path = `POST /projects/${simulator.projectId}/devices/batch`;
    const good = { ...machine, hostnames: ['a', 'b'], quantity: 2 };
    const made = await ask<{ batches: { devices: object[] }[] }>(simulator, path, { body: { batches: [good] } });
    expect(made.status).toBe(201);
    expect(made.json.batches[0]?.devices).toHaveLength(2);
    expect([...simulator.state.devices.values()].map(({ hostname }) => hostname)).toEqual(['a', 'b']);
    const bad = await ask(simulator, path, { body: { batches: [good, { ...good, metro: 'zz' }] } });
    expect(bad.status).toBe(422);
    expect(simulator.state.devices.size).toBe(2);
  });
});

describe('for people and for tests', () => {
  test('the world is a page without a token, and shows no secret', async () => {
    const simulator = await running.start({ devices: 2 });
    simulator.setBgp({ md5: 'Secret12345' });
    await ask(simulator, 'GET /projects');
    const page = await fetch(`${simulator.url}/__world`);
    const text = await page.text();
    expect(JSON.parse(text)).toMatchObject({
      devices: [{ hostname: 'node-1', state: 'active' }, { hostname: 'node-2' }],
      calls: { total: 1, byRoute: { 'GET /projects': 1 } },
      schemaProblems: [],
    });
    expect(text).not.toContain('Secret12345');
    expect(text).not.toContain(simulator.token);
  });

  test('wrong types are refused, unknown fields and queries are ignored, and all of it is noted', async () => {
    const simulator = await running.start();
    expect((await ask(simulator, 'POST /projects', { body: { name: 7 } })).status).toBe(422);
    expect((await ask(simulator, 'POST /projects', { body: { name: 'a', nmae: 'b' } })).status).toBe(201);
    expect((await ask(simulator, 'GET /projects?nmae=x')).status).toBe(200);
    expect((await ask(simulator, 'POST /projects', { raw: '{"name":' })).status).toBe(400);
    expect(simulator.schemaProblems.map(({ problem }) => problem)).toEqual([
      'body/name must be string',
      'body/nmae is unknown',
      'query/nmae is unknown',
    ]);
  });

  test('a thousand devices are made and listed quickly enough for a benchmark', async () => {
    const simulator = await running.start({ devices: 1000 });
    const path = `GET /projects/${simulator.projectId}/devices?per_page=250`;
    const addresses = new Set<string>();
    for (let page = 1; page <= 4; page += 1) {
      const { json } = await ask<{ devices: WirePacketDevice[] }>(simulator, `${path}&page=${page}`);
      for (const { ip_addresses: all } of json.devices) for (const { address } of all) addresses.add(address);
    }
    expect(addresses.size).toBe(3000);
    expect(simulator.callsByRoute()).toEqual({ 'GET /projects/{id}/devices': 4 });
  });

  test('an unknown facility is refused at the start', async () => {
    await expect(running.start({ facility: 'moon1' })).rejects.toThrow('unknown facility "moon1"');
  });
});
