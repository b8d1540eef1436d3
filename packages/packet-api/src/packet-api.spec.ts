// The typed client against the simulated cloud over real HTTP: what calls do to the world, and what becomes of failures.
import { afterEach, describe, expect, test } from '@jest/globals';
import { CloudApiError } from '@longshore/cloud-http';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { Fault, PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { OperatorError } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { parseDeviceId, parseProjectId } from './ids.ts';
import type { DeviceId, ProjectId } from './ids.ts';
import { refusalOf } from './classify.ts';
import { createPacketApi } from './packet-api.ts';
import type { PacketApi } from './packet-api.ts';
import type { PacketHttpOptions } from './packet-http.ts';
import { idOf } from './test-support/samples.ts';

const signal = new AbortController().signal;

interface World {
  readonly simulator: PacketSimulator;
  readonly api: PacketApi;
  readonly project: ProjectId;
}

let ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

async function start(options: PacketOptions = {}, apiOptions: Partial<PacketHttpOptions> = {}): Promise<World> {
  const simulator = await simulatePacket(options);
  const token = (): string => simulator.token;
  const api = createPacketApi({ baseUrl: simulator.url, token, userAgent: 'test/1', random: () => 0, ...apiOptions });
  ends.push(async () => {
    api.http.close();
    await simulator.close();
    // Whatever a test does, the client only sends what the API describes.
    expect(simulator.schemaProblems).toEqual([]);
  });
  return { simulator, api, project: projectId(simulator.projectId) };
}

function projectId(text: string): ProjectId {
  const id = parseProjectId(text);
  if (id === undefined) throw new Error(`${text} is no project ID`);
  return id;
}

function deviceId(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (id === undefined) throw new Error(`${text} is no device ID`);
  return id;
}

async function failureOf(promise: Promise<unknown>): Promise<OperatorError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof OperatorError) return error;
  throw error;
}

const aDevice = { hostname: 'new-1', plan: 'c3.small.x86', operatingSystem: 'ubuntu_22_04', metro: 'da' } as const;

describe('lists', () => {
  test('PK row 10 35 devices in pages of 10: found on the fourth', async () => {
    const { simulator, api, project } = await start({ devices: 35, largestPageSize: 10 });
    const devices = await api.devices.list(project, signal);
    expect([devices.length, devices.at(-1)?.hostname]).toEqual([35, 'node-35']);
    expect(simulator.calls.total).toBe(4);
  });

  test('1000 devices are four calls', async () => {
    const { simulator, api, project } = await start({ devices: 1000 });
    expect(await api.devices.list(project, signal)).toHaveLength(1000);
    expect(simulator.calls.total).toBe(4);
  });

  test('outlines say the same as whole devices, in as many calls', async () => {
    const { simulator, api, project } = await start({ devices: 600 });
    const devices = await api.devices.list(project, signal);
    simulator.calls.clear();
    const outlines = await api.devices.outlines(project, signal);
    expect(simulator.calls.total).toBe(3);
    expect(outlines).toHaveLength(600);
    outlines.forEach((outline, index) => expect(devices[index]).toMatchObject(outline));
    expect(outlines[0]).toMatchObject({ hostname: 'node-1', state: 'active', metro: { code: expect.any(String) } });
    expect(outlines[0]?.addresses.length).toBeGreaterThan(0);
  });

  test.each(['plain', 'prefixed'] as const)('PK row 7 %s links behind a path prefix', async (hrefs) => {
    const { api, project } = await start({ devices: 25, largestPageSize: 10, hrefs, pathPrefix: '/metal/v1' });
    const devices = await api.devices.list(project, signal);
    expect(devices).toHaveLength(25);
    expect(new Set(devices.map((device) => device.projectId))).toEqual(new Set([project]));
  });

  test('a device that is on two pages is listed once', async () => {
    const { api, project } = await start({ devices: 12, largestPageSize: 5, duplicatesInLists: true });
    expect(await api.devices.list(project, signal)).toHaveLength(12);
  });

  test('PK row 11 a hostname is the whole name', async () => {
    const { api, project } = await start({ devices: 12 });
    expect((await api.devices.list(project, signal, { hostname: 'node-1' })).map(({ hostname }) => hostname)).toEqual([
      'node-1',
    ]);
  });

  test('the 300th reservation is found, in one call', async () => {
    const { simulator, api, project } = await start();
    for (let count = 0; count < 300; count += 1) {
      await api.reservations.reserve(
        project,
        { type: 'public_ipv4', quantity: 1, metro: 'da', tags: [`n=${count}`] },
        signal,
      );
    }
    simulator.calls.clear();
    const found = await api.reservations.list(project, signal);
    expect(found.filter(({ tags }) => tags.includes('n=299'))).toHaveLength(1);
    expect(simulator.calls.total).toBe(1);
  });

  test('reservations that an endpoint cuts off are an error', async () => {
    const { api, project } = await start({ largestPageSize: 5, ipPages: false });
    const wish = { type: 'public_ipv4', quantity: 1, metro: 'da' } as const;
    for (let count = 0; count < 6; count += 1) await api.reservations.reserve(project, wish, signal);
    // The simulator notes that page was sent where there is none: the price of finding out.
    const error = await failureOf(api.reservations.list(project, signal));
    expect(error).toMatchObject({ code: 'CLOUD_UNREADABLE_ANSWER', disposition: { retry: 'backoff' } });
    ends = ends.map((end) => () => end().catch(() => undefined));
  });
});

describe('a device', () => {
  test('is ordered, comes up, is changed, switched off and on, and given back', async () => {
    const clock = new FakeClock();
    const { api, project } = await start({ clock });
    const made = await api.devices.create(project, { ...aDevice, userdata: '#!/bin/sh', tags: ['t'] }, signal);
    expect(made).toMatchObject({
      state: 'queued',
      addresses: [],
      tags: ['t'],
      metro: { code: 'da' },
      plan: 'c3.small.x86',
    });
    await clock.advance(60_000);
    const active = await api.devices.get(made.id, signal);
    expect(active).toMatchObject({ state: 'active', userdata: '#!/bin/sh', projectId: project });
    expect(active?.addresses.map(({ family, isPublic }) => [family, isPublic])).toEqual([
      [4, true],
      [6, true],
      [4, false],
    ]);
    expect((await api.devices.update(made.id, { tags: ['u'], hostname: 'other' }, signal))?.hostname).toBe('other');
    await api.devices.act(made.id, { type: 'power_off' }, signal);
    await clock.advance(60_000);
    expect((await api.devices.get(made.id, signal))?.state).toBe('inactive');
    await api.devices.act(made.id, { type: 'power_on' }, signal);
    await clock.advance(60_000);
    expect((await api.devices.get(made.id, signal))?.state).toBe('active');
    expect((await api.events.list({ device: made.id }, signal)).map(({ type }) => type)).toContain('provisioning.109');
    expect(await api.devices.remove(made.id, { force: true }, signal)).toBe('removed');
    await clock.advance(60_000);
    expect(await api.devices.get(made.id, signal)).toBeUndefined();
    expect(await api.devices.remove(made.id, {}, signal)).toBe('absent');
  });

  test('in a facility where facilities are no more: the user has to change something', async () => {
    const { api, project } = await start({ places: 'metros' });
    const { metro: _, ...spec } = aDevice;
    const error = await failureOf(api.devices.create(project, { ...spec, facility: ['da11'] }, signal));
    expect([error.code, error.disposition.retry]).toEqual(['CLOUD_REJECTED', 'on-change']);
  });

  test('where none is free: tried again later', async () => {
    const { simulator, api, project } = await start();
    const facilities = await api.catalog.facilities(signal);
    for (const { code } of facilities) simulator.setCapacity(code, aDevice.plan, 0);
    const wish = { metro: 'da', plan: aDevice.plan, quantity: 1 };
    expect(await api.capacity.check([wish], signal)).toMatchObject([{ isAvailable: false }]);
    const error = await failureOf(api.devices.create(project, aDevice, signal));
    expect([refusalOf(error), error.disposition.retry]).toEqual(['no-capacity', 'backoff']);
  });

  test('that is locked is not given back', async () => {
    const { simulator, api } = await start();
    const { id } = simulator.addDevice({ locked: true });
    const error = await failureOf(api.devices.remove(deviceId(id), {}, signal));
    expect(refusalOf(error)).toBe('locked');
    expect(simulator.state.devices.has(id)).toBe(true);
  });
});

describe('looking for a device', () => {
  test('found, absent', async () => {
    const { simulator, api, project } = await start();
    const { id } = simulator.addDevice({ hostname: 'a' });
    expect(await api.devices.look(deviceId(id), project, signal)).toMatchObject({
      state: 'found',
      device: { hostname: 'a' },
    });
    expect(await api.devices.look(deviceId(idOf(99)), project, signal)).toEqual({ state: 'absent' });
  });

  test('PK row 30 a 404 is worth nothing when the project is unknown too', async () => {
    const { api } = await start();
    const error = await failureOf(api.devices.look(deviceId(idOf(99)), projectId(idOf(98)), signal));
    expect(error).toMatchObject({ code: 'PACKET_PROJECT_UNREADABLE', disposition: { retry: 'backoff' } });
  });

  test('a device of another project is foreign with a key for both, and refused with a key for ours', async () => {
    const { simulator, api, project } = await start();
    const other = simulator.addProject();
    const { id } = simulator.addDevice({ projectId: other });
    expect(await api.devices.look(deviceId(id), project, signal)).toEqual({ state: 'foreign', projectId: other });
    simulator.addToken('ours', { projectId: project });
    const ours = createPacketApi({ baseUrl: simulator.url, token: () => 'ours', userAgent: 'test/1' });
    ends.unshift(async () => ours.http.close());
    expect(await ours.devices.look(deviceId(id), project, signal)).toEqual({ state: 'refused' });
    expect(await failureOf(ours.devices.look(deviceId(id), projectId(other), signal))).toMatchObject({
      code: 'PACKET_PROJECT_UNREADABLE',
    });
  });

  test.each(['show', 'forbid'] as const)(
    'PK row 33 a device that failed, where the API says "%s"',
    async (failedDevices) => {
      const { simulator, api, project } = await start({ failedDevices });
      const { id } = simulator.addDevice({ hostname: 'broken', state: 'failed' });
      expect(await api.devices.look(deviceId(id), project, signal)).toMatchObject({
        state: 'failed',
        device: { hostname: 'broken' },
      });
    },
  );

  test('a wrong token is none of these', async () => {
    const { simulator, project } = await start();
    const { id } = simulator.addDevice();
    const wrong = createPacketApi({ baseUrl: simulator.url, token: () => 'wrong', userAgent: 'test/1' });
    ends.unshift(async () => wrong.http.close());
    expect(await failureOf(wrong.devices.look(deviceId(id), project, signal))).toMatchObject({
      code: 'CLOUD_UNAUTHORIZED',
    });
  });

  test.each<{ when: string; fault: Fault }>([
    { when: 'a 500', fault: { status: 500 } },
    { when: 'a 401', fault: { status: 401 } },
    { when: 'a 429', fault: { status: 429 } },
    { when: 'an HTML 404 of a proxy', fault: { kind: 'html', status: 404 } },
    { when: 'a 404 without body', fault: { kind: 'empty-body', status: 404 } },
    { when: "a gateway's own JSON", fault: { status: 404, body: { message: 'no Route matched with those values' } } },
    { when: 'a broken connection', fault: { kind: 'drop-before' } },
    { when: 'an HTML 200', fault: { kind: 'html', status: 200 } },
    { when: 'an empty 200', fault: { kind: 'empty-body', status: 200 } },
    { when: 'a 200 about something else', fault: { status: 200, body: { message: 'hello' } } },
  ])('PK row 29 $when never reads as absence, for one device and for a list', async ({ fault }) => {
    const { simulator, api, project } = await start({ devices: 1 }, { maxAttempts: 1 });
    simulator.fail({ ...fault, times: 2 });
    await failureOf(api.devices.look(deviceId(idOf(99)), project, signal));
    await failureOf(api.devices.list(project, signal));
  });

  test.each<{ when: string; fault: Fault }>([
    { when: 'a 500', fault: { status: 500 } },
    { when: 'a 403', fault: { status: 403 } },
    { when: 'a 404', fault: { status: 404 } },
  ])('a 404 is worth nothing when the question about the project ends with $when', async ({ fault }) => {
    const { simulator, api, project } = await start({}, { maxAttempts: 1 });
    simulator.fail({ ...fault, match: { path: '/projects/{id}' } });
    await failureOf(api.devices.look(deviceId(idOf(99)), project, signal));
  });
});

describe('addresses', () => {
  const wish = { type: 'public_ipv4', quantity: 1, metro: 'da' } as const;

  test('are reserved, tagged, put on a device, taken off and released; each by its own ID', async () => {
    const { simulator, api, project } = await start({ facility: 'da11' });
    const device = deviceId(simulator.addDevice().id);
    const reservation = await api.reservations.reserve(project, { ...wish, tags: ['a=1'], details: 'd' }, signal);
    expect(reservation).toMatchObject({ state: 'created', tags: ['a=1'], details: 'd', assignments: [], cidr: 32 });
    const address = reservation.address ?? '';
    const assignment = await api.assignments.assign(device, { address }, signal);
    expect(assignment).toMatchObject({ address, isManagement: false, deviceId: device });
    expect((await api.devices.get(device, signal))?.addresses.at(-1)).toMatchObject({ id: assignment.id, address });
    expect((await api.assignments.listOfDevice(device, signal))?.map(({ id }) => id)).toContain(assignment.id);
    expect((await api.reservations.get(reservation.id, signal))?.assignments).toEqual([
      { id: assignment.id, address, deviceId: device },
    ]);
    expect((await api.reservations.update(reservation.id, { tags: ['b=2'] }, signal))?.tags).toEqual(['b=2']);
    expect(await api.assignments.unassign(assignment.id, signal)).toBe('removed');
    // The block is still ours.
    expect(await api.reservations.get(reservation.id, signal)).toMatchObject({ address, assignments: [] });
    expect(await api.reservations.available(reservation.id, 32, signal)).toEqual([`${address}/32`]);
    expect(await api.reservations.release(reservation.id, signal)).toBe('removed');
    expect(await api.reservations.get(reservation.id, signal)).toBeUndefined();
    expect(await api.reservations.release(reservation.id, signal)).toBe('absent');
  });

  test('beyond the quota: refused, or pending when asked for', async () => {
    const { api, project } = await start({ ipQuota: 0 });
    const error = await failureOf(api.reservations.reserve(project, wish, signal));
    expect([refusalOf(error), error.disposition.retry]).toEqual(['quota', 'backoff']);
    const pending = await api.reservations.reserve(project, { ...wish, failOnApprovalRequired: false }, signal);
    expect([pending.state, pending.address]).toEqual(['pending', undefined]);
  });
});

describe('SSH keys, places, plans', () => {
  test('keys of a project', async () => {
    const { api, project } = await start();
    const made = await api.sshKeys.create(project, { label: 'me', key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me' }, signal);
    expect(await api.sshKeys.list(project, signal)).toMatchObject([{ id: made.id, label: 'me' }]);
    expect((await api.sshKeys.update(made.id, { label: 'you' }, signal))?.label).toBe('you');
    expect(await api.sshKeys.remove(made.id, signal)).toBe('removed');
    expect(await api.sshKeys.get(made.id, signal)).toBeUndefined();
  });

  test('what is offered', async () => {
    const { api, project } = await start();
    const metros = await api.catalog.metros(signal);
    const metro = metros.find(({ code }) => code === 'da');
    expect(metro && (await api.catalog.metro(metro.id, signal))?.code).toBe('da');
    const facility = (await api.catalog.facilities(signal)).find(({ code }) => code === 'ewr1');
    expect(facility?.features).toContain('storage');
    expect((await api.catalog.plans(signal, project)).map(({ slug }) => slug)).toContain('c3.small.x86');
    expect((await api.catalog.operatingSystems(signal)).map(({ slug }) => slug)).toContain('ubuntu_22_04');
    expect((await api.capacity.report('metros', signal)).length).toBeGreaterThan(0);
  });
});

describe('lost answers', () => {
  test.each<{ what: string; make: (world: World) => Promise<unknown>; count: (world: World) => number }>([
    {
      what: 'a device',
      make: ({ api, project }) => api.devices.create(project, aDevice, signal),
      count: ({ simulator }) => simulator.state.devices.size,
    },
    {
      what: 'a reservation',
      make: ({ api, project }) =>
        api.reservations.reserve(project, { type: 'public_ipv4', quantity: 1, metro: 'da' }, signal),
      count: ({ simulator }) => simulator.state.reservations.size,
    },
    {
      what: 'an SSH key',
      make: ({ api, project }) => api.sshKeys.create(project, { label: 'a', key: 'ssh-ed25519 AAAA a' }, signal),
      count: ({ simulator }) => simulator.state.sshKeys.size,
    },
  ])('$what is made once, and the error says that nobody knows', async ({ make, count }) => {
    const world = await start();
    const before = count(world);
    world.simulator.fail({ kind: 'drop-after' });
    const error = await failureOf(make(world));
    expect(error).toBeInstanceOf(CloudApiError);
    expect((error as CloudApiError).isLostAnswer).toBe(true);
    expect([count(world) - before, world.simulator.calls.writes().length]).toEqual([1, 1]);
  });

  test('changes and removals are repeated until they are answered', async () => {
    const { simulator, api } = await start({ deprovisioningMs: 0 });
    const id = deviceId(simulator.addDevice().id);
    simulator.fail({ kind: 'drop-after' });
    expect((await api.devices.update(id, { tags: ['x'] }, signal))?.tags).toEqual(['x']);
    simulator.fail({ kind: 'drop-after' });
    expect(await api.devices.remove(id, {}, signal)).toBe('absent');
  });

  test('a restart is not ordered twice', async () => {
    const { simulator, api } = await start();
    const id = deviceId(simulator.addDevice().id);
    simulator.fail({ kind: 'drop-after' });
    await failureOf(api.devices.act(id, { type: 'reboot' }, signal));
    expect(simulator.calls.writes()).toHaveLength(1);
  });
});

describe('dry run and rate limit', () => {
  test('a dry run reads and asks about capacity, and changes nothing', async () => {
    const { simulator, api, project } = await start({ devices: 1 }, { dryRun: true });
    expect(await api.devices.list(project, signal)).toHaveLength(1);
    expect(await api.capacity.check([{ metro: 'da', plan: aDevice.plan, quantity: 1 }], signal)).toHaveLength(1);
    const id = deviceId([...simulator.state.devices.keys()][0] ?? '');
    for (const change of [
      () => api.devices.create(project, aDevice, signal),
      () => api.devices.update(id, { tags: [] }, signal),
      () => api.devices.remove(id, {}, signal),
      () => api.devices.act(id, { type: 'power_off' }, signal),
    ]) {
      expect(await failureOf(change())).toMatchObject({ code: 'CLOUD_DRY_RUN' });
    }
    expect(simulator.calls.total).toBe(2);
  });

  test('PK row 36 a 429 with X-RateLimit-Reset is waited out, then the call is made once', async () => {
    const clock = new FakeClock();
    const { simulator, api } = await start({ clock }, { clock });
    const reset = String(Math.ceil(clock.nowMs() / 1000) + 20);
    simulator.fail({ status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset } });
    const answer = api.catalog.metros(signal);
    await until(
      () => clock.nextTimerInMs !== undefined && clock.nextTimerInMs > 19_000 && clock.nextTimerInMs <= 20_000,
    );
    await clock.advance(19_000);
    expect(simulator.calls.total).toBe(1);
    await clock.advance(1_000);
    expect((await answer).length).toBeGreaterThan(0);
    expect(simulator.calls.total).toBe(2);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((done) => setImmediate(done));
}
