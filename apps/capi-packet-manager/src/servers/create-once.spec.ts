// The protocol over HTTP: whatever happens between the order and its answer, one device per attempt.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ServerKeeper, ServerWorld } from './test-support/server-world.ts';
import type { WorldOptions } from './test-support/server-world.ts';
import { parseServerTags } from './tags.ts';

const ORDER = { method: 'POST', path: '/projects/{id}/devices' };
const POSTS = 'POST /projects/{id}/devices';
const LISTS = 'GET /projects/{id}/devices';

jest.setTimeout(120_000);

let world: ServerWorld;
afterEach(() => world.close());

async function start(options: WorldOptions = {}): Promise<ServerWorld> {
  world = await ServerWorld.start(options);
  return world;
}

const created = (): number => world.cloud.state.deviceHistory.length;

describe('creating a server', () => {
  test('CA row M1 sends one POST, and its tags and fields are those of the wish', async () => {
    await start();
    const keeper = new ServerKeeper(world, { userTags: ['team:a'] });
    const device = await keeper.settle(0);
    expect(device).toMatchObject({ hostname: 'node-0', plan: 'c3.small.x86', operatingSystem: 'ubuntu_22_04' });
    expect(parseServerTags(device?.tags ?? [])).toEqual({
      attemptId: keeper.memory.attemptId,
      cluster: 'blue',
      namespace: 'default',
      role: 'node',
    });
    expect(device?.tags).toContain('team:a');
    expect([world.calls(POSTS), created()]).toEqual([1, 1]);
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test('many at once cost one list and one POST each', async () => {
    await start();
    const keepers = Array.from({ length: 30 }, (_, index) => new ServerKeeper(world, { hostname: `node-${index}` }));
    await Promise.all(keepers.map((keeper) => keeper.reconcile()));
    expect(world.cloud.callsByRoute()).toEqual({ [POSTS]: 30, [LISTS]: 1 });
  });

  test('CA row M4 the POST is performed and its answer lost: the device is found by its tag', async () => {
    await start();
    world.cloud.fail({ match: ORDER, kind: 'drop-after' });
    const keeper = new ServerKeeper(world);
    const device = await keeper.settle(10_000, 10_000);
    expect(keeper.creation?.state).toBe('in-doubt');
    expect([device?.id]).toEqual([...world.cloud.state.devices.keys()]);
    expect(keeper.memory.deviceId).toBe(device?.id);
    expect(keeper.steps).toEqual(['remember', 'create', 'wait', 'look-up', 'remember', 'nothing']);
  });

  test.each([500, 502, 503])('an answer %i to the POST leaves it open as well', async (status) => {
    await start();
    world.cloud.fail({ match: ORDER, status });
    const keeper = new ServerKeeper(world);
    const step = await keeper.reconcile();
    expect(step).toMatchObject({ do: 'wait', forMs: 10_000 });
    expect([world.calls(POSTS), keeper.memory.requestedAtMs]).toEqual([1, world.clock.nowMs()]);
  });

  test('CA row M5 the answer is lost and lists lag 30 s: no second POST, then the device is adopted', async () => {
    await start({ listLagMs: 30_000 });
    world.cloud.fail({ match: ORDER, kind: 'drop-after' });
    const keeper = new ServerKeeper(world);
    expect(await keeper.settle(25_000)).toBeUndefined();
    expect(world.calls(POSTS)).toBe(1);
    const device = await keeper.settle(30_000);
    expect([device?.id]).toEqual([...world.cloud.state.devices.keys()]);
    expect([world.calls(POSTS), created()]).toEqual([1, 1]);
  });

  test('CA row M6 the process dies between the POST and storing the identity: the same device is adopted', async () => {
    await start();
    const keeper = new ServerKeeper(world);
    keeper.before = (step) => {
      if (step.do === 'remember' && step.memory.deviceId !== undefined) throw new Error('killed');
    };
    await keeper.reconcile();
    const stored = { attemptId: keeper.memory.attemptId, requestedAtMs: keeper.memory.requestedAtMs };
    world.restart();
    keeper.before = () => {};
    keeper.memory = { attemptId: stored.attemptId ?? '', requestedAtMs: stored.requestedAtMs ?? 0 };
    const device = await keeper.settle(0);
    expect([device?.id]).toEqual([...world.cloud.state.devices.keys()]);
    expect(created()).toBe(1);
  });

  test('CA row M7 the process dies before the POST with the attempt stored: one device with the same attempt id', async () => {
    await start();
    const keeper = new ServerKeeper(world);
    keeper.before = (step) => {
      if (step.do === 'create') throw new Error('killed');
    };
    await expect(keeper.reconcile()).rejects.toThrow('killed');
    const { attemptId } = keeper.memory;
    world.restart();
    keeper.before = () => {};
    const device = await keeper.settle(0);
    expect(parseServerTags(device?.tags ?? []).attemptId).toBe(attemptId);
    expect([attemptId === undefined, created()]).toEqual([false, 1]);
  });

  test('CA row M8 storing the identity fails for 5 s: one device, the identity is stored afterwards', async () => {
    await start();
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    const { attemptId = '', requestedAtMs = 0 } = keeper.memory;
    keeper.memory = { attemptId, requestedAtMs };
    keeper.before = (step) => {
      if (step.do === 'remember') throw new Error('conflict');
    };
    for (let second = 0; second < 5; second += 1) {
      await expect(keeper.reconcile()).rejects.toThrow('conflict');
      await world.clock.advance(1000);
    }
    keeper.before = () => {};
    expect((await keeper.settle(0))?.id).toBe(keeper.memory.deviceId);
    expect([world.calls(POSTS), created()]).toEqual([1, 1]);
  });

  test('CA row M9 two processes without leader election order the same attempt: the younger device goes', async () => {
    await start();
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    const first = keeper.memory.deviceId;
    await world.clock.advance(1000);
    // The other one had read the memory before the first POST.
    const rival = new ServerKeeper(world);
    rival.memory = { attemptId: keeper.memory.attemptId ?? '', requestedAtMs: world.clock.nowMs() };
    await world.servers.create(rival.memory, rival.spec, new AbortController().signal);
    expect(world.living).toHaveLength(2);
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
    expect(keeper.steps).toContain('remove-duplicates');
    expect(world.living.map(({ id }) => id)).toEqual([first]);
  });

  test('CA row M10 the POST never reached the API: a second one after the settling time, with the same attempt id', async () => {
    await start();
    world.cloud.fail({ match: ORDER, kind: 'drop-before' });
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    const { attemptId } = keeper.memory;
    expect(await keeper.settle(55_000)).toBeUndefined();
    expect(world.calls(POSTS)).toBe(1);
    const device = await keeper.settle(10_000);
    expect(parseServerTags(device?.tags ?? []).attemptId).toBe(attemptId);
    expect([world.calls(POSTS), created()]).toEqual([2, 1]);
  });

  test('an order whose turn comes too late is not sent', async () => {
    await start();
    const keeper = new ServerKeeper(world);
    const memory = { attemptId: 'late', requestedAtMs: world.clock.nowMs() - 31_000 };
    const creation = await world.servers.create(memory, keeper.spec, new AbortController().signal);
    expect(creation).toMatchObject({ state: 'refused', why: 'rate-limit' });
    expect(world.totalCalls).toBe(0);
  });
});

describe('places and refusals', () => {
  test('CA row M16 the first facility is sold out: the second is tried in the same round', async () => {
    await start();
    world.cloud.setCapacity('ewr1', 'c3.small.x86', 0);
    const keeper = new ServerKeeper(world, { facilities: ['ewr1', 'ams1'] });
    const device = await keeper.settle(0);
    expect(device?.facility?.code).toBe('ams1');
    expect([world.calls(POSTS), created()]).toEqual([2, 1]);
  });

  test('CA row M17 all facilities are sold out: refused, and no settling time before the next order', async () => {
    await start();
    for (const facility of ['ewr1', 'ams1']) world.cloud.setCapacity(facility, 'c3.small.x86', 0);
    const keeper = new ServerKeeper(world, { facilities: ['ewr1', 'ams1'] });
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ state: 'refused', why: 'no-capacity' });
    expect(keeper.creation).toMatchObject({ message: expect.stringMatching(/ewr1.*no provisionable.*ams1/s) });
    expect(keeper.memory.requestedAtMs).toBeUndefined();
    world.cloud.setCapacity('ewr1', 'c3.small.x86', 1);
    expect(await keeper.settle(0)).toBeDefined();
    expect(created()).toBe(1);
  });

  test('a lost answer at the first facility never leads to an order at the second', async () => {
    await start();
    world.cloud.fail({ match: ORDER, kind: 'drop-after' });
    const keeper = new ServerKeeper(world, { facilities: ['ewr1', 'ams1'] });
    expect((await keeper.settle(10_000, 10_000))?.facility?.code).toBe('ewr1');
    expect([world.calls(POSTS), created()]).toEqual([1, 1]);
  });

  test('503 in the words of sold-out reservations is a refusal', async () => {
    await start();
    const body = { errors: ['No available hardware reservations were found'] };
    world.cloud.fail({ match: ORDER, status: 503, body });
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ state: 'refused', why: 'no-capacity' });
  });

  test('a metro is a place too', async () => {
    await start({ places: 'metros' });
    const device = await new ServerKeeper(world, { facilities: ['da'] }).settle(0);
    expect(device?.metro?.code).toBe('da');
  });

  test('CA row M20 a read-only key: the missing permission is named, nothing is terminal', async () => {
    await start();
    world.cloud.addToken('reads', { isReadOnly: true });
    world.token = 'reads';
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ state: 'refused', why: 'permission' });
    expect(keeper.creation).toMatchObject({ message: expect.stringContaining('use one with read and write access') });
    world.token = world.cloud.token;
    expect(await keeper.settle(0)).toBeDefined();
  });

  test.each([
    { wish: { plan: 'c9.huge' }, words: 'Plan is not valid' },
    { wish: { operatingSystem: 'plan9' }, words: 'Operating system is not valid' },
    { wish: { facilities: ['xyz9'] }, words: 'Facility xyz9 is not valid' },
    { wish: { facilities: [] }, words: 'name at least one' },
    { wish: { userTags: ['t'.repeat(81)] }, words: '81 characters' },
  ])('refused as invalid, in the words of the API: $words', async ({ wish, words }) => {
    await start();
    const keeper = new ServerKeeper(world, wish);
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({
      state: 'refused',
      why: 'invalid',
      message: expect.stringContaining(words),
    });
    expect(created()).toBe(0);
  });

  test('CA row C12 a cluster name of 42 characters is refused with the limit, without any POST', async () => {
    await start();
    const cluster = { namespace: 'default', name: 'c'.repeat(42) };
    const keeper = new ServerKeeper(world, { owner: { cluster, role: 'node' } });
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ why: 'invalid', message: expect.stringContaining('at most 41') });
    expect(world.calls(POSTS)).toBe(0);
  });

  test('the quota of devices is told apart', async () => {
    await start({ deviceQuota: 0 });
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ state: 'refused', why: 'quota' });
  });

  test('CA row M18 a wrong key: no tight loop, and it recovers by itself', async () => {
    await start();
    world.token = 'wrong';
    const keepers = Array.from({ length: 5 }, () => new ServerKeeper(world));
    for (const keeper of keepers) await keeper.reconcile();
    const before = world.totalCalls;
    for (let seconds = 0; seconds < 300; seconds += 5) {
      await world.clock.advance(5000);
      const steps = await Promise.all(keepers.map((keeper) => keeper.reconcile()));
      expect(steps[0]).toMatchObject({ do: 'wait', forMs: 30_000 });
    }
    expect(world.totalCalls - before).toBeLessThanOrEqual(10);
    world.token = world.cloud.token;
    expect(await keepers[0]?.settle(35_000)).toBeDefined();
  });

  test('CA row M21 429 with a reset time: nothing is ordered before it, a delete still goes', async () => {
    await start();
    const other = new ServerKeeper(world, { hostname: 'other' });
    await other.settle(0);
    const reset = String(Math.ceil(world.clock.nowMs() / 1000) + 20);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    world.cloud.fail({ match: ORDER, status: 429, headers });
    const one = new ServerKeeper(world, { hostname: 'one' });
    const two = new ServerKeeper(world, { hostname: 'two' });
    await one.reconcile();
    expect(one.creation).toMatchObject({ state: 'refused', why: 'rate-limit', retryAfterMs: 20_000 });
    const before = world.totalCalls;
    const waiting = [two.reconcile(), one.reconcile(), other.remove()];
    await world.clock.advance(19_000);
    expect(world.totalCalls).toBe(before);
    await world.clock.advance(10_000);
    await Promise.all(waiting);
    const calls = world.cloud.calls.records.slice(before).flatMap(({ method }) => (method === 'GET' ? [] : method));
    expect(calls).toEqual(['DELETE', 'POST', 'POST']);
    expect(world.living).toHaveLength(2);
  });

  test('CA row M22 20 servers at once: never more than five POSTs at a time, all exist in the end', async () => {
    await start();
    const { devices } = world.api;
    const create = devices.create.bind(devices);
    let underWay = 0;
    let most = 0;
    devices.create = async (...args) => {
      underWay += 1;
      most = Math.max(most, underWay);
      return create(...args).finally(() => (underWay -= 1));
    };
    const keepers = Array.from({ length: 20 }, (_, index) => new ServerKeeper(world, { hostname: `node-${index}` }));
    await Promise.all(keepers.map((keeper) => keeper.settle(0)));
    expect([most, created()]).toEqual([5, 20]);
  });
});

describe('lists', () => {
  test('CA row M23 of 250 devices, 25 per page, the one on page 10 is found', async () => {
    await start({ largestPageSize: 25 });
    world.cloud.addDevices(249);
    world.cloud.fail({ match: ORDER, kind: 'drop-after' });
    const keeper = new ServerKeeper(world);
    await keeper.reconcile();
    const { attemptId = '', requestedAtMs = 0 } = keeper.memory;
    world.restart();
    const finding = await world.servers.find(
      { attemptId, requestedAtMs },
      world.projectId,
      new AbortController().signal,
    );
    expect(finding).toMatchObject({ state: 'present', duplicates: [] });
  });

  test('CA row M24 a list that names a device twice counts it once', async () => {
    await start({ duplicatesInLists: true });
    const keeper = new ServerKeeper(world);
    await keeper.settle(0);
    world.restart();
    expect(await keeper.reconcile()).toMatchObject({ do: 'nothing' });
    expect(keeper.steps).not.toContain('remove-duplicates');
  });
});

describe('SSH keys', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmFOOFaCYu1ZzVbk1v0oUQo0lL8UqVx';
  const keysOf = (): readonly (readonly string[])[] =>
    [...world.cloud.state.devices.values()].map(({ ssh_keys: keys }) => keys.map(({ href }) => href));

  test('a key given as text is put into the project once, and every device carries it', async () => {
    await start();
    const keepers = ['a', 'b', 'c'].map(
      (name) => new ServerKeeper(world, { hostname: name, sshKeys: [`${KEY} ${name}`] }),
    );
    await Promise.all(keepers.map((keeper) => keeper.settle(0)));
    const [id] = [...world.cloud.state.sshKeys.keys()];
    expect(world.cloud.state.sshKeys.size).toBe(1);
    expect(keysOf().map((keys) => keys.map((href) => href.endsWith(id ?? '?')))).toEqual([[true], [true], [true]]);
  });

  test('a key that the project has is taken, and only that', async () => {
    await start();
    const signal = new AbortController().signal;
    const mine = await world.api.sshKeys.create(world.projectId, { label: 'mine', key: `${KEY} me` }, signal);
    await world.api.sshKeys.create(world.projectId, { label: 'other', key: KEY.replace('Gm', 'Xm') }, signal);
    await new ServerKeeper(world, { sshKeys: [KEY] }).settle(0);
    expect(keysOf().map((keys) => keys.map((href) => href.split('/').at(-1)))).toEqual([[mine.id]]);
  });

  test('none given: no field is sent, so the keys of the project apply', async () => {
    await start();
    await world.api.sshKeys.create(world.projectId, { label: 'mine', key: KEY }, new AbortController().signal);
    await new ServerKeeper(world).settle(0);
    expect(keysOf().flat()).toHaveLength(1);
  });

  test('a text that is no key is refused before any device is ordered', async () => {
    await start();
    const keeper = new ServerKeeper(world, { sshKeys: ['no key'] });
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ why: 'invalid', message: expect.stringContaining('Key is invalid') });
    expect(created()).toBe(0);
  });

  test('a key that was removed from the project is put there again', async () => {
    await start();
    await new ServerKeeper(world, { sshKeys: [KEY] }).settle(0);
    const [known] = await world.api.sshKeys.list(world.projectId, new AbortController().signal);
    if (known !== undefined) await world.api.sshKeys.remove(known.id, new AbortController().signal);
    const keeper = new ServerKeeper(world, { hostname: 'second', sshKeys: [KEY] });
    await keeper.reconcile();
    expect(keeper.creation).toMatchObject({ why: 'invalid' });
    expect(await keeper.settle(0)).toBeDefined();
    expect(created()).toBe(2);
  });
});
