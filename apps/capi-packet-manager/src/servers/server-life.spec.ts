// What happens to servers after they were made: seen by the sweep, put right, removed without leaving anything behind.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { DeviceId } from '@longshore/packet-api';
import { never, ServerKeeper, ServerWorld } from './test-support/server-world.ts';
import type { WorldOptions } from './test-support/server-world.ts';

const ORDER = { method: 'POST', path: '/projects/{id}/devices' };
const ONE = { path: '/devices/{id}' };
const LIST = { method: 'GET', path: '/projects/{id}/devices' };

jest.setTimeout(120_000);

let world: ServerWorld;
afterEach(() => world.close());

async function aServer(options: WorldOptions = {}): Promise<ServerKeeper & { readonly id: DeviceId }> {
  world = await ServerWorld.start(options);
  const keeper = new ServerKeeper(world);
  const device = await keeper.settle(0);
  if (device === undefined) throw new Error('no device was made');
  return Object.assign(keeper, { id: device.id });
}

/** Lets the present list become too old to be taken for the truth. */
const sweepLater = (): Promise<void> => world.clock.advance(61_000);

describe('the sweep', () => {
  test('CA row L4 a device that vanished is told within one period, and is gone by two sources', async () => {
    const keeper = await aServer();
    const told: string[] = [];
    world.servers.subscribe((attemptId) => told.push(attemptId));
    const process = new AbortController();
    const running = world.servers.run(process.signal);
    await sweepLater();
    const sweeps = world.calls('GET /projects/{id}/devices');
    told.length = 0;
    world.cloud.removeDevice(keeper.id);
    for (let waits = 0; waits < 500 && told.length === 0; waits += 1) await world.clock.advance(100);
    expect(told).toEqual([keeper.memory.attemptId]);
    expect(world.calls('GET /projects/{id}/devices') - sweeps).toBeLessThanOrEqual(2);
    expect(await keeper.reconcile()).toEqual({ do: 'report-gone' });
    process.abort();
    await running;
  });

  test('a new device is there although lists lag, and costs no further question', async () => {
    const keeper = await aServer({ listLagMs: 45_000 });
    const before = world.calls('GET /devices/{id}');
    for (let passed = 0; passed < 60; passed += 10) {
      await world.clock.advance(10_000);
      await world.api.devices.list(world.projectId, never);
      expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
    }
    expect(world.calls('GET /devices/{id}') - before).toBe(0);
  });

  test('what is gone is not asked for twice', async () => {
    const keeper = await aServer();
    world.cloud.removeDevice(keeper.id);
    await sweepLater();
    expect(await keeper.reconcile()).toEqual({ do: 'report-gone' });
    const calls = world.totalCalls;
    expect(await keeper.reconcile()).toEqual({ do: 'report-gone' });
    expect(world.totalCalls).toBe(calls);
  });

  test('CA row L6 403 for the device, and a readable list without it: gone', async () => {
    const keeper = await aServer();
    world.cloud.removeDevice(keeper.id);
    await sweepLater();
    world.cloud.fail({ match: { method: 'GET', ...ONE }, status: 403 });
    expect(await keeper.reconcile()).toEqual({ do: 'report-gone' });
  });

  test('403 for a device that was only just ordered, and that lists do not have yet, says nothing', async () => {
    const keeper = await aServer({ listLagMs: 30_000 });
    world.restart();
    world.cloud.fail({ match: { method: 'GET', ...ONE }, status: 403 });
    expect(await keeper.reconcile()).toMatchObject({ do: 'wait', forMs: 15_000 });
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
  });

  test('CA row L7 403 for the device and for the list: a matter of credentials, nothing is concluded', async () => {
    const keeper = await aServer();
    await sweepLater();
    for (const path of ['/devices/{id}', '/projects/{id}/devices', '/projects/{id}']) {
      world.cloud.fail({ match: { method: 'GET', path }, status: 403, times: Infinity });
    }
    expect(await keeper.reconcile()).toMatchObject({ do: 'wait', forMs: 30_000 });
    expect(await keeper.remove()).toMatchObject({ state: 'refused', isCredentials: true });
    expect(world.living).toHaveLength(1);
    world.cloud.clearFaults();
    await sweepLater();
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
  });

  test.each([500, 502])('a list that fails with %i says nothing', async (status) => {
    const keeper = await aServer();
    world.cloud.removeDevice(keeper.id);
    await sweepLater();
    world.cloud.fail({ match: LIST, status, times: Infinity });
    expect(await keeper.reconcile()).toMatchObject({ do: 'wait', forMs: 15_000 });
    const calls = world.totalCalls;
    expect(await keeper.reconcile()).toMatchObject({ do: 'wait' });
    expect(world.totalCalls).toBe(calls);
  });

  test('CA row L9 a device that was renamed is named back once', async () => {
    const keeper = await aServer();
    world.cloud.updateDevice(keeper.id, { hostname: 'mine' });
    await sweepLater();
    await keeper.reconcile();
    await keeper.reconcile();
    expect(world.cloud.state.devices.get(keeper.id)?.hostname).toBe('node-0');
    expect(world.calls('PUT /devices/{id}')).toBe(1);
  });

  test('CA row L10 tags that were removed are put back, and the device is not made anew', async () => {
    const keeper = await aServer();
    const { tags } = world.cloud.state.devices.get(keeper.id) ?? { tags: [] };
    world.cloud.updateDevice(keeper.id, { tags: ['mine'] });
    await sweepLater();
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
    expect(world.cloud.state.devices.get(keeper.id)?.tags).toEqual(['mine', ...tags]);
    expect(world.cloud.state.deviceHistory).toHaveLength(1);
  });

  test('user data is emptied', async () => {
    const keeper = await aServer();
    await world.servers.clearUserData(keeper.id, never);
    expect(world.cloud.state.devices.get(keeper.id)?.userdata).toBe('');
  });

  test('CA row C8 the devices of a cluster are there with their states, also those on their way out', async () => {
    const keeper = await aServer({ deprovisioningMs: 600_000 });
    const second = new ServerKeeper(world, { hostname: 'node-1' });
    await world.clock.advance(2000);
    await second.settle(0);
    await keeper.remove();
    await world.clock.advance(5000);
    await new ServerKeeper(world, {
      owner: { cluster: { namespace: 'other', name: 'blue' }, role: 'master' },
    }).settle(0);
    const found = world.servers.ofCluster({ namespace: 'default', name: 'blue' }, world.projectId);
    expect(found.map(({ hostname, state }) => [hostname, state])).toEqual([
      ['node-0', 'deprovisioning'],
      ['node-1', 'queued'],
    ]);
  });

  test('strays are devices of a cluster that nobody asked for, with the time since when', async () => {
    const keeper = await aServer();
    const tags = ['cluster-api-provider-packet:cluster-id:blue', 'cluster-api-provider-packet:machine-uid:lost'];
    const stray = world.cloud.addDevice({ hostname: 'stray', tags });
    world.cloud.addDevice({ hostname: 'somebody-elses' });
    await sweepLater();
    const sinceMs = world.clock.nowMs();
    await keeper.reconcile();
    await sweepLater();
    await keeper.reconcile();
    expect(world.servers.strays().map(({ device, sinceMs: since }) => [device.id, since])).toEqual([
      [stray.id, sinceMs],
    ]);
    expect(world.metrics.value('packet_stray_servers')).toBe(1);
    expect(world.metrics.value('packet_stray_server_longest_seconds')).toBe(61);
    expect(world.metrics.value('packet_servers', { state: 'active' })).toBe(2);
    expect(world.metrics.value('packet_server_creations_total', { result: 'created' })).toBe(1);
  });
});

describe('removing a server', () => {
  test('CA row L11 it is gone when the API says so, not when it has accepted', async () => {
    const keeper = await aServer({ deprovisioningMs: 120_000 });
    expect(await keeper.remove()).toMatchObject({ state: 'waiting' });
    expect([...world.cloud.state.devices.values()].map(({ state }) => state)).toEqual(['deprovisioning']);
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
    expect(world.cloud.state.devices.size).toBe(0);
    expect(world.calls('DELETE /devices/{id}')).toBe(1);
  });

  test('CA row L12 the device is gone already: no error', async () => {
    const keeper = await aServer();
    world.cloud.removeDevice(keeper.id);
    await sweepLater();
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
  });

  test('nothing was ever asked for: gone without a question', async () => {
    world = await ServerWorld.start();
    expect(await new ServerKeeper(world).remove()).toEqual({ state: 'gone' });
    expect(world.totalCalls).toBe(0);
  });

  test.each([0, 30_000])(
    'CA row L13 the POST is under way, lists lag %i ms: the device is found and removed',
    async (lag) => {
      world = await ServerWorld.start({ listLagMs: lag, provisioningMs: 1000 });
      world.cloud.fail({ match: ORDER, kind: 'drop-after' });
      const keeper = new ServerKeeper(world);
      await keeper.reconcile();
      world.restart();
      const { attemptId = '', requestedAtMs = 0 } = keeper.memory;
      keeper.memory = { attemptId, requestedAtMs };
      expect(await keeper.removeAll()).toEqual({ state: 'gone' });
      expect([world.cloud.state.devices.size, world.cloud.state.deviceHistory.length]).toEqual([0, 1]);
    },
  );

  test('a POST that never arrived holds the removal up until the settling time is over', async () => {
    world = await ServerWorld.start();
    world.cloud.fail({ match: ORDER, kind: 'drop-before' });
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    const startMs = world.clock.nowMs();
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
    expect(world.clock.nowMs() - startMs).toBe(60_000);
  });

  test('CA row L14 the DELETE is accepted and its answer lost: 404 counts as success', async () => {
    const keeper = await aServer();
    await sweepLater();
    world.cloud.fail({ match: { method: 'DELETE', ...ONE }, kind: 'drop-after' });
    expect(await keeper.remove()).toMatchObject({ state: 'waiting' });
    await world.clock.advance(1000);
    expect(await keeper.remove()).toEqual({ state: 'gone' });
    expect(world.cloud.state.devices.size).toBe(0);
  });

  test('CA row L15 a locked device: refused in the words of the API, until it is unlocked', async () => {
    const keeper = await aServer();
    world.cloud.updateDevice(keeper.id, { locked: true });
    const refusal = await keeper.remove();
    expect(refusal).toMatchObject({ state: 'refused', isCredentials: false });
    expect(refusal).toMatchObject({ message: expect.stringContaining('Cannot delete a locked item') });
    world.cloud.updateDevice(keeper.id, { locked: false });
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
  });

  test('CA row C11 the API answers 500 for two minutes: nothing is called gone, then it is removed', async () => {
    const keeper = await aServer();
    world.cloud.fail({ match: ONE, status: 500, times: Infinity });
    for (let passed = 0; passed < 120; passed += 10) {
      expect(await keeper.remove()).toMatchObject({ state: 'waiting', forMs: 10_000 });
      await world.clock.advance(10_000);
    }
    world.cloud.clearFaults();
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
    expect(world.cloud.state.devices.size).toBe(0);
  });

  test('a key that may only read: refused, and not called a matter of credentials', async () => {
    const keeper = await aServer();
    world.cloud.addToken('reads', { isReadOnly: true });
    world.token = 'reads';
    expect(await keeper.remove()).toMatchObject({
      state: 'refused',
      isCredentials: false,
      message: expect.stringContaining('may not delete'),
    });
  });

  test('a volume that is still attached does not keep it', async () => {
    const keeper = await aServer();
    const body = { errors: ['Cannot delete a device with attached volumes'] };
    world.cloud.fail({ match: { method: 'DELETE', ...ONE }, status: 422, body });
    expect(await keeper.removeAll()).toEqual({ state: 'gone' });
    expect(world.cloud.state.devices.size).toBe(0);
  });

  test('a duplicate is removed by its id alone, and the other stays', async () => {
    const keeper = await aServer();
    const { tags } = world.cloud.state.devices.get(keeper.id) ?? { tags: [] };
    const twin = world.cloud.addDevice({ hostname: 'node-0', tags });
    await sweepLater();
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
    await sweepLater();
    expect([...world.cloud.state.devices.keys()]).toEqual([keeper.id]);
    expect(twin.id).not.toBe(keeper.id);
  });
});
