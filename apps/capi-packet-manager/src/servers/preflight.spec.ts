import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { PacketOptions } from '@longshore/cloud-simulators';
import type { AccountWish } from './contract.ts';
import { checkAccount } from './preflight.ts';
import { never, ServerWorld } from './test-support/server-world.ts';

jest.setTimeout(120_000);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmFOOFaCYu1ZzVbk1v0oUQo0lL8UqVx';

let world: ServerWorld;
afterEach(() => world.close());

async function start(options: PacketOptions = {}): Promise<void> {
  world = await ServerWorld.start(options);
}

function aWish(wish: Partial<AccountWish> = {}): AccountWish {
  return {
    field: 'Machine master-0',
    projectId: world.projectId,
    plan: 'c3.small.x86',
    operatingSystem: 'ubuntu_22_04',
    facilities: ['ewr1'],
    billingCycle: 'hourly',
    quantity: 1,
    sshKeys: [KEY],
    ...wish,
  };
}

const check = async (...wishes: readonly Partial<AccountWish>[]) => checkAccount(world.api, wishes.map(aWish), never);

describe('checkAccount', () => {
  test('nothing is wrong, and nothing was made', async () => {
    await start();
    expect(await check({}, { field: 'MachineDeployment nodes', quantity: 5, facilities: ['ewr1', 'ams1'] })).toEqual(
      [],
    );
    const writes = Object.keys(world.cloud.callsByRoute()).filter((route) => !route.startsWith('GET'));
    expect(writes).toEqual(['POST /capacity']);
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test.each<{ readonly wish: Partial<AccountWish>; readonly field: string; readonly words: string }>([
    { wish: { plan: 'c9.huge' }, field: 'machineType', words: 'unknown plan "c9.huge": known are' },
    { wish: { plan: 'storage_1' }, field: 'machineType', words: 'unknown plan "storage_1"' },
    { wish: { operatingSystem: 'plan9' }, field: 'OS', words: 'unknown operating system "plan9": known are' },
    { wish: { facilities: ['xyz9'] }, field: 'facility', words: 'unknown facility "xyz9": known are am6' },
    { wish: { facilities: ['qq'] }, field: 'facility', words: 'unknown facility "qq"' },
    { wish: { facilities: [] }, field: 'facility', words: 'name at least one' },
    { wish: { billingCycle: 'never' }, field: 'billingCycle', words: 'known are daily, hourly, monthly, yearly' },
    { wish: { projectId: 'mine' }, field: 'projectID', words: 'is not a project ID' },
    {
      wish: { projectId: '00000000-0000-4000-8000-000000000009' },
      field: 'projectID',
      words: 'unknown to the API',
    },
    { wish: { sshKeys: [] }, field: 'sshKeys', words: 'set SSH_KEY' },
  ])('$wish: $field', async ({ wish, field, words }) => {
    await start();
    const problems = await check(wish);
    expect(problems).toEqual([{ field: `Machine master-0: ${field}`, message: expect.stringContaining(words) }]);
  });

  test('all problems come at once', async () => {
    await start();
    const problems = await check(
      { plan: 'c9.huge', operatingSystem: 'plan9' },
      { field: 'other', facilities: ['xyz9'] },
    );
    expect(problems.map(({ field }) => field)).toEqual([
      'Machine master-0: machineType',
      'Machine master-0: OS',
      'other: facility',
    ]);
  });

  test('a key that is refused', async () => {
    await start();
    world.token = 'wrong';
    expect(await check({})).toEqual([
      { field: 'PACKET_API_KEY', message: expect.stringContaining('put a valid one in place') },
    ]);
  });

  test('a key of another project', async () => {
    await start();
    world.cloud.addToken('other', { projectId: world.cloud.addProject() });
    world.token = 'other';
    expect(await check({})).toMatchObject([{ field: 'Machine master-0: projectID' }]);
  });

  test.each([
    { left: 3, isFine: true },
    { left: 2, isFine: false },
  ])('two wishes for the same stock are one: with $left left fine is $isFine', async ({ left, isFine }) => {
    await start();
    world.cloud.setCapacity('ewr1', 'c3.small.x86', left);
    const problems = await check({}, { quantity: 2 });
    expect(problems.length === 0).toBe(isFine);
    if (!isFine)
      expect(problems[0]?.message).toBe('ewr1 cannot provide 3 x c3.small.x86 now: name another facility or plan');
  });

  test('one of several facilities is enough', async () => {
    await start();
    world.cloud.setCapacity('ewr1', 'c3.small.x86', 0);
    expect(await check({ facilities: ['ewr1', 'ams1'] })).toEqual([]);
  });

  test('a metro is a place too', async () => {
    await start();
    expect(await check({ facilities: ['da'] })).toEqual([]);
  });

  test('the keys of the project are enough', async () => {
    await start();
    await world.api.sshKeys.create(world.projectId, { label: 'mine', key: KEY }, never);
    expect(await check({ sshKeys: [] })).toEqual([]);
  });

  test('the keys of the user are enough, and a project key has none', async () => {
    await start();
    await world.api.sshKeys.create('user', { label: 'mine', key: KEY }, never);
    expect(await check({ sshKeys: [] })).toEqual([]);
    world.cloud.addToken('of-project', { projectId: world.projectId });
    world.token = 'of-project';
    expect(await check({ sshKeys: [] })).toMatchObject([{ field: 'Machine master-0: sshKeys' }]);
  });

  test('an API that does not answer is an error, not a list without problems', async () => {
    await start();
    world.cloud.fail({ status: 500, times: Infinity });
    await expect(check({})).rejects.toThrow('500');
  });
});
