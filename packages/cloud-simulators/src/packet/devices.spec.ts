// Projects, pages, tokens and devices of the simulated Packet, as a client on the wire sees them.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { ask, Running } from './test-support/ask.ts';
import type { Errors } from './test-support/ask.ts';
import type { PacketSimulator } from './simulate-packet.ts';
import type { WirePacketDevice, WirePacketEvent, WirePacketMeta, WirePacketProject } from './wire.ts';

const running = new Running();
afterEach(() => running.closeAll());

interface Devices {
  readonly devices: readonly WirePacketDevice[];
  readonly meta: WirePacketMeta;
}

const machine = { plan: 'c3.small.x86', operating_system: 'ubuntu_22_04', metro: 'ny', hostname: 'web-1' };

function devicesOf(simulator: PacketSimulator): string {
  return `/projects/${simulator.projectId}/devices`;
}

async function create(simulator: PacketSimulator, wish: object = {}): Promise<WirePacketDevice> {
  const answer = await ask<WirePacketDevice>(simulator, `POST ${devicesOf(simulator)}`, {
    body: { ...machine, ...wish },
  });
  expect(answer.status).toBe(201);
  return answer.json;
}

async function stateOf(simulator: PacketSimulator, id: string): Promise<string | number> {
  const { status, json } = await ask<WirePacketDevice>(simulator, `GET /devices/${id}`);
  return status === 200 ? json.state : status;
}

describe('tokens', () => {
  test('without one, or with a wrong one, everything is 401 as JSON', async () => {
    const simulator = await running.start();
    for (const token of ['', 'wrong']) {
      const { status, json, headers } = await ask(simulator, 'GET /projects', { token });
      expect({ status, json }).toEqual({ status: 401, json: { error: 'Invalid authentication token' } });
      expect(headers.get('content-type')).toContain('application/json');
    }
  });

  test("a project's key gets 403 for what another project has, and 404 for what nobody has", async () => {
    const simulator = await running.start({ devices: 1 });
    const other = simulator.addProject();
    simulator.addToken('narrow', { projectId: other });
    const [device] = simulator.state.devices.values();
    const status = async (route: string) => (await ask(simulator, route, { token: 'narrow' })).status;
    expect(await status(`GET ${devicesOf(simulator)}`)).toBe(403);
    expect(await status(`GET /devices/${device?.id}`)).toBe(403);
    expect(await status('GET /devices/00000000-0000-4000-8000-000000000000')).toBe(404);
    expect(await status(`GET /projects/${other}/devices`)).toBe(200);
    expect(
      (await ask<{ projects: object[] }>(simulator, 'GET /projects', { token: 'narrow' })).json.projects,
    ).toHaveLength(1);
  });

  test('a read-only key reads, and gets 403 for everything else', async () => {
    const simulator = await running.start();
    simulator.addToken('reader', { isReadOnly: true });
    expect((await ask(simulator, `GET ${devicesOf(simulator)}`, { token: 'reader' })).status).toBe(200);
    expect((await ask(simulator, `POST ${devicesOf(simulator)}`, { token: 'reader', body: machine })).status).toBe(403);
    expect(simulator.state.devices.size).toBe(0);
  });

  test('an unknown path is 404 as JSON', async () => {
    const simulator = await running.start({ pathPrefix: '/metal/v1' });
    expect(simulator.url).toMatch(/\/metal\/v1$/);
    expect((await ask(simulator, 'GET /nowhere')).json).toEqual({ errors: ['Not found'] });
    expect((await ask(simulator, 'GET /projects')).status).toBe(200);
  });

  test('the API is at the root and below /metal/v1, as api.packet.net had it', async () => {
    const simulator = await running.start({ devices: 1 });
    const answers = [
      await ask<Devices>(simulator, `GET ${devicesOf(simulator)}`),
      await ask<Devices>(simulator, `GET /metal/v1${devicesOf(simulator)}`),
    ];
    expect(answers.map(({ json }) => json.devices.length)).toEqual([1, 1]);
    expect(simulator.callsByRoute()).toEqual({ 'GET /projects/{id}/devices': 2 });
  });
});

describe('pages', () => {
  test('have ten objects unless more are asked for, and meta says where they are', async () => {
    const simulator = await running.start({ devices: 25 });
    const path = devicesOf(simulator);
    const first = (await ask<Devices>(simulator, `GET ${path}?tag=`)).json;
    expect(first.devices).toHaveLength(10);
    expect(first.meta).toEqual({
      self: { href: `${path}?tag=&page=1` },
      first: { href: `${path}?tag=&page=1` },
      last: { href: `${path}?tag=&page=3` },
      previous: null,
      next: { href: `${path}?tag=&page=2` },
      total: 25,
      current_page: 1,
      last_page: 3,
    });
    const third = (await ask<Devices>(simulator, `GET ${path}?page=3`)).json;
    expect(third.devices).toHaveLength(5);
    expect(third.meta).toMatchObject({ next: null, previous: { href: `${path}?page=2` } });
    expect((await ask<Devices>(simulator, `GET ${path}?page=4`)).json.devices).toEqual([]);
    expect((await ask<Devices>(simulator, `GET ${path}?per_page=1000`)).json.devices).toHaveLength(25);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('links have the prefix of the later API when that is asked for', async () => {
    const simulator = await running.start({ devices: 11, hrefs: 'prefixed' });
    const { json } = await ask<Devices>(simulator, `GET ${devicesOf(simulator)}?include=project`);
    expect(json.meta.next?.href).toBe(`/metal/v1${devicesOf(simulator)}?include=project&page=2`);
    expect(json.devices[0]).toMatchObject({
      href: `/metal/v1/devices/${json.devices[0]?.id}`,
      project: { name: 'first project' },
    });
  });

  test('sizes over 1000 are cut and noted, and can be cut at less', async () => {
    const simulator = await running.start({ devices: 30, largestPageSize: 20 });
    const { json } = await ask<Devices>(simulator, `GET ${devicesOf(simulator)}?per_page=2000`);
    expect(json.devices).toHaveLength(20);
    expect(simulator.schemaProblems.map(({ problem }) => problem)).toEqual(['query: per_page is not 1 to 1000']);
  });

  test('a device can be missing from lists for a while, or be in them twice', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, listLagMs: 30_000, duplicatesInLists: true });
    const { id } = await create(simulator);
    const listed = async () =>
      (await ask<Devices>(simulator, `GET ${devicesOf(simulator)}`)).json.devices.map((one) => one.id);
    expect(await listed()).toEqual([]);
    expect(await stateOf(simulator, id)).toBe('queued');
    await clock.advance(30_000);
    expect(await listed()).toEqual([id, id]);
  });
});

describe('projects', () => {
  test('are made, changed and removed, but not with devices in them', async () => {
    const simulator = await running.start();
    const made = await ask<WirePacketProject>(simulator, 'POST /projects', { body: { name: 'mine', tags: ['a'] } });
    expect(made).toMatchObject({ status: 201, json: { name: 'mine', tags: ['a'], devices: [], type: 'default' } });
    const path = `/projects/${made.json.id}`;
    const changed = await ask(simulator, `PUT ${path}`, { body: { name: 'ours', backend_transfer_enabled: true } });
    expect(changed).toMatchObject({ status: 200, json: { name: 'ours', backend_transfer_enabled: true } });
    const device = simulator.addDevice({ projectId: made.json.id });
    expect((await ask(simulator, `DELETE ${path}`)).status).toBe(422);
    simulator.removeDevice(device.id);
    expect((await ask(simulator, `DELETE ${path}`)).status).toBe(204);
    expect((await ask(simulator, `GET ${path}`)).status).toBe(404);
    expect((await ask(simulator, 'POST /projects', { body: { name: '' } })).status).toBe(422);
    expect(simulator.schemaProblems).toEqual([]);
  });
});

describe('a new device', () => {
  test('is queued without addresses, gets them while it is provisioned, and becomes active', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, queuedMs: 1000, provisioningMs: 10_000 });
    const made = await create(simulator, { userdata: '#!/bin/bash\necho', tags: ['a'], customdata: { b: 1 } });
    expect(made).toMatchObject({
      state: 'queued',
      ip_addresses: [],
      hostname: 'web-1',
      userdata: '#!/bin/bash\necho',
      tags: ['a'],
      customdata: { b: 1 },
      plan: { slug: 'c3.small.x86' },
      operating_system: { slug: 'ubuntu_22_04' },
      metro: { code: 'ny' },
      short_id: made.id.slice(0, 8),
      iqn: `iqn.2026-01.net.packet:device.${made.id.slice(0, 8)}`,
      project: { href: `/projects/${simulator.projectId}` },
    });
    const read = async () => (await ask<WirePacketDevice>(simulator, `GET /devices/${made.id}`)).json;
    await clock.advance(1000);
    expect(await read()).toMatchObject({ state: 'provisioning', provisioning_percentage: 14, ip_addresses: [] });
    await clock.advance(2000);
    const withAddresses = await read();
    expect(withAddresses.state).toBe('provisioning');
    expect(withAddresses.ip_addresses.map((one) => [one.address_family, one.public, one.cidr, one.management])).toEqual(
      [
        [4, true, 31, true],
        [6, true, 127, true],
        [4, false, 31, true],
      ],
    );
    expect(withAddresses.provisioning_events.map(({ type }) => type)).toEqual(['provisioning.101', 'provisioning.102']);
    await clock.advance(8000);
    const active = await read();
    expect(active.state).toBe('active');
    expect(active.provisioning_percentage).toBeUndefined();
    expect(active.root_password).toBeDefined();
    await clock.advance(24 * 3_600_000);
    expect((await read()).root_password).toBeUndefined();
    const { json } = await ask<{ events: readonly WirePacketEvent[] }>(simulator, `GET /devices/${made.id}/events`);
    expect(json.events.map(({ type }) => type.slice(-3))).toEqual(['109', '107', '104', '103', '102', '101']);
  });

  test('can fail while it is provisioned, and then answers 403 when that is asked for', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, failedDevices: 'forbid' });
    simulator.failNextDevices(1);
    const { id } = await create(simulator);
    const other = await create(simulator);
    await clock.advance(5000);
    expect(await stateOf(simulator, id)).toBe(403);
    expect(await stateOf(simulator, other.id)).toBe('active');
    expect(simulator.state.devices.get(id)?.state).toBe('failed');
  });

  test.each([
    { wish: { plan: 'c9.huge' }, says: 'Plan is not valid' },
    { wish: { plan: 'storage_1' }, says: 'Plan is not valid' },
    { wish: { operating_system: 'beos' }, says: 'Operating system is not valid' },
    { wish: { metro: 'zz' }, says: 'Metro zz is not valid' },
    { wish: { metro: undefined }, says: "Metro can't be blank" },
    { wish: { facility: ['moon1'] }, says: 'Facility moon1 is not valid' },
    { wish: { hostname: 'a_b' }, says: 'Hostname is not a valid hostname' },
    { wish: { billing_cycle: 'weekly' }, says: 'Billing cycle is not included in the list' },
    { wish: { userdata: 'echo hello' }, says: 'unrecognized userdata format' },
    { wish: { userdata: '#!/bin/bash\r\necho' }, says: 'unrecognized userdata format' },
    { wish: { ip_addresses: [{ address_family: 4, public: true }] }, says: 'must include a private IPv4 address' },
    { wish: { project_ssh_keys: ['00000000-0000-4000-8000-000000000000'] }, says: 'were not found' },
    { wish: { tags: 'a' }, says: 'body/tags must be array' },
  ])('with $wish is refused', async ({ wish, says }) => {
    const simulator = await running.start();
    const { status, json } = await ask<Errors>(simulator, `POST ${devicesOf(simulator)}`, {
      body: { ...machine, ...wish },
    });
    expect(status).toBe(422);
    expect(json.errors?.[0]).toContain(says);
    expect(simulator.state.devices.size).toBe(0);
  });

  test('may have the hostname of another, or none', async () => {
    const simulator = await running.start();
    await create(simulator);
    await create(simulator);
    const nameless = await create(simulator, { hostname: undefined });
    expect(nameless.hostname).toBe(nameless.short_id);
    expect(simulator.state.devices.size).toBe(3);
  });

  test('goes to the first facility that has servers left; the API names the place that has none', async () => {
    const simulator = await running.start();
    simulator.setCapacity('ewr1', 'c3.small.x86', 0);
    simulator.setCapacity('ny5', 'c3.small.x86', 1);
    const placed = await create(simulator, { metro: undefined, facility: ['ewr1', 'ny5'] });
    expect(placed.facility.code).toBe('ny5');
    const body = { ...machine, metro: undefined, facility: 'ewr1' };
    const soldOut = await ask(simulator, `POST ${devicesOf(simulator)}`, { body });
    expect(soldOut).toMatchObject({
      status: 422,
      json: { errors: ['The facility ewr1 has no provisionable c3.small.x86 servers matching your criteria.'] },
    });
    const metro = await ask(simulator, `POST ${devicesOf(simulator)}`, { body: machine });
    expect(metro.json.errors?.[0]).toContain('The metro ny has no provisionable');
    simulator.removeDevice(placed.id);
    expect((await create(simulator)).facility.code).toBe('ny5');
  });

  test('is refused a facility in the time of metros, and a metro before it', async () => {
    const late = await running.start({ places: 'metros' });
    const byFacility = { ...machine, metro: undefined, facility: 'ewr1' };
    const refused = await ask(late, `POST ${devicesOf(late)}`, { body: byFacility });
    expect(refused).toMatchObject({ status: 422, json: { errors: [expect.stringContaining('use metro instead')] } });
    const early = await running.start({ places: 'facilities' });
    expect((await ask(early, `POST ${devicesOf(early)}`, { body: machine })).status).toBe(422);
    const made = await ask<WirePacketDevice>(early, `POST ${devicesOf(early)}`, { body: byFacility });
    expect(made.json.metro).toBeUndefined();
    expect(made.json.facility.metro).toBeUndefined();
    expect((await ask(early, 'GET /locations/metros')).status).toBe(404);
  });

  test('beyond the quota of the project is refused', async () => {
    const simulator = await running.start({ devices: 2, deviceQuota: 2 });
    expect((await ask(simulator, `POST ${devicesOf(simulator)}`, { body: machine })).status).toBe(422);
  });

  test('is there although its answer was lost', async () => {
    const simulator = await running.start();
    simulator.fail({ match: { method: 'POST', path: '/projects/{id}/devices' }, kind: 'drop-after' });
    await expect(ask(simulator, `POST ${devicesOf(simulator)}`, { body: machine })).rejects.toThrow('fetch failed');
    const { json } = await ask<Devices>(simulator, `GET ${devicesOf(simulator)}?search=web-1`);
    expect(json.devices).toHaveLength(1);
  });

  test('has the keys of project and user unless it asks for some or for none', async () => {
    const simulator = await running.start();
    const key = (label: string) => ({ label, key: `ssh-ed25519 ${Buffer.from(label).toString('base64')} ${label}` });
    const made = await ask<{ id: string }>(simulator, `POST /projects/${simulator.projectId}/ssh-keys`, {
      body: key('one'),
    });
    const mine = await ask<{ id: string }>(simulator, 'POST /ssh-keys', { body: key('two') });
    const keysOf = async (wish: object) => (await create(simulator, wish)).ssh_keys.map(({ href }) => href);
    expect(await keysOf({})).toEqual([`/ssh-keys/${made.json.id}`, `/ssh-keys/${mine.json.id}`]);
    expect(await keysOf({ no_ssh_keys: true })).toEqual([]);
    expect(await keysOf({ user_ssh_keys: [mine.json.id] })).toEqual([`/ssh-keys/${mine.json.id}`]);
    expect(await keysOf({ ssh_keys: [key('three')] })).toHaveLength(1);
    const twice = await ask(simulator, 'POST /ssh-keys', { body: key('two') });
    expect(twice.json.errors).toEqual(['Fingerprint has already been taken']);
  });
});

describe('a list of devices', () => {
  test('matches parts of hostnames, whole tags, states of place and kind', async () => {
    const simulator = await running.start();
    simulator.addDevice({ hostname: 'node-1', tags: ['a'] });
    simulator.addDevice({ hostname: 'node-10', facility: 'sjc1', tags: ['ab'] });
    const found = async (query: string) =>
      (await ask<Devices>(simulator, `GET ${devicesOf(simulator)}?${query}`)).json.devices.map(
        ({ hostname }) => hostname,
      );
    expect(await found('hostname=node-1')).toEqual(['node-1', 'node-10']);
    expect(await found('tag=a')).toEqual(['node-1']);
    expect(await found('facility=sjc1')).toEqual(['node-10']);
    expect(await found('metro=sv')).toEqual(['node-10']);
    expect(await found('search=ab')).toEqual(['node-10']);
    expect(await found('search=198.18.')).toHaveLength(2);
    expect(await found('type=reserved')).toEqual([]);
    expect(await found('type=ondemand,spot')).toHaveLength(2);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('shows the parent blocks of addresses when they are asked for, and less when that is', async () => {
    const simulator = await running.start({ devices: 1 });
    const [plain] = (await ask<Devices>(simulator, `GET ${devicesOf(simulator)}`)).json.devices;
    expect(Object.keys(plain?.ip_addresses[2]?.parent_block ?? {})).toEqual(['href']);
    const query = 'include=facility,ip_addresses.parent_block,nonsense&exclude=plan';
    const [device] = (await ask<Devices>(simulator, `GET ${devicesOf(simulator)}?${query}`)).json.devices;
    expect(device?.ip_addresses[2]?.parent_block).toMatchObject({
      network: '10.0.0.0',
      cidr: 25,
      netmask: '255.255.255.128',
    });
    expect(Object.keys(device?.plan ?? {})).toEqual(['href']);
    expect(device?.facility.code).toBe('ewr1');
  });
});

describe('changing a device', () => {
  test('PUT and PATCH change what they name', async () => {
    const simulator = await running.start({ devices: 1 });
    const id = [...simulator.state.devices.keys()][0] ?? '';
    const put = await ask<WirePacketDevice>(simulator, `PUT /devices/${id}`, {
      body: { hostname: 'new', tags: ['x'], userdata: '' },
    });
    expect(put.json).toMatchObject({ hostname: 'new', tags: ['x'] });
    const patch = await ask<WirePacketDevice>(simulator, `PATCH /devices/${id}`, { body: { locked: true } });
    expect(patch.json).toMatchObject({ hostname: 'new', locked: true });
    expect((await ask(simulator, `PUT /devices/${id}`, { body: { hostname: '-' } })).status).toBe(422);
    expect((await ask(simulator, `PUT /devices/${id}`, { body: { plan: 'x' } })).status).toBe(200);
    expect(simulator.schemaProblems.map(({ problem }) => problem)).toEqual(['body/plan is unknown']);
  });

  test('by hand: states, names, addresses', async () => {
    const simulator = await running.start();
    const { id } = simulator.addDevice({ addresses: ['private-ipv4', 'public-ipv4'] });
    simulator.setDeviceState(id, 'deleted');
    expect(await stateOf(simulator, id)).toBe('deleted');
    simulator.setDeviceState(id, 'inactive');
    simulator.updateDevice(id, { hostname: 'renamed' });
    simulator.arrangeAddresses(id, ([first]) => [first?.address ?? '']);
    expect(simulator.state.devices.get(id)).toMatchObject({
      state: 'inactive',
      hostname: 'renamed',
      ip_addresses: [{ public: false }],
    });
  });
});

describe('deleting a device', () => {
  test('takes a while, then it is 404 for ever and its server is free', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, devices: 1, deprovisioningMs: 2000 });
    const [id = ''] = simulator.state.devices.keys();
    expect((await ask(simulator, `DELETE /devices/${id}`)).status).toBe(204);
    expect(await stateOf(simulator, id)).toBe('deprovisioning');
    await clock.advance(2000);
    expect(await stateOf(simulator, id)).toBe(404);
    expect((await ask(simulator, `DELETE /devices/${id}`)).status).toBe(404);
    expect(simulator.state.devices.size).toBe(0);
    expect(simulator.state.deviceHistory).toEqual([
      expect.objectContaining({ id, createdAt: '2026-01-01T00:00:00Z', goneAt: '2026-01-01T00:00:02Z' }),
    ]);
  });

  test('is refused while it is locked, and while it is provisioned where that is so', async () => {
    const simulator = await running.start({ deleteWhileProvisioning: 'refuse' });
    const locked = simulator.addDevice({ locked: true });
    expect((await ask(simulator, `DELETE /devices/${locked.id}`)).json.errors).toEqual(['Cannot delete a locked item']);
    const { id } = await create(simulator);
    expect((await ask(simulator, `DELETE /devices/${id}`)).status).toBe(422);
    expect((await ask(simulator, `DELETE /devices/${id}?force_delete=true`)).status).toBe(204);
    const other = await create(simulator);
    expect((await ask(simulator, `DELETE /devices/${other.id}`, { body: { force_delete: true } })).status).toBe(204);
  });
});
