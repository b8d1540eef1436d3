// What clusterctl learns of the API key before anything is made with it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { Account } from './host.ts';
import { packetAccount } from './packet-account.ts';

const { signal } = new AbortController();
let cloud: PacketSimulator;

beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'ewr1' });
});
afterEach(() => cloud.close());

function accountWith(key: string): Account {
  const account = packetAccount({ PACKET_API_KEY: key, PACKET_API_URL: cloud.url }, 'spec');
  if (!account) throw new Error('there is a key');
  return account;
}

const problemsOf = async (account: Account): Promise<readonly string[]> => {
  const place = { facilities: ['ewr1'], plan: 'c3.small.x86', operatingSystem: 'ubuntu_24_04', billingCycle: 'hourly' };
  const wish = { ...place, field: 'machines.yaml: Machine a', projectId: cloud.projectId, quantity: 1, sshKeys: ['k'] };
  return (await account.check([wish], signal)).map(({ field, message }) => `${field}: ${message}`);
};

describe('an API key that only reads', () => {
  test.each(['project', 'user'])('of a %s is refused before anything is made or deleted with it', async (owner) => {
    const ofProject = owner === 'project' ? { projectId: cloud.projectId } : {};
    cloud.addToken('key-that-reads', { ...ofProject, isReadOnly: true });
    const account = accountWith('key-that-reads');
    expect(await problemsOf(account)).toEqual([expect.stringContaining('PACKET_API_KEY: the key is read-only')]);
    await expect(account.verify(cloud.projectId, signal)).rejects.toMatchObject({
      code: 'CTL_PREFLIGHT_FAILED',
      message: expect.not.stringContaining('key-that-reads'),
    });
  });
});

describe('an API key that may write', () => {
  test.each(['project', 'user'])('of a %s passes', async (owner) => {
    cloud.addToken('key-that-works', owner === 'project' ? { projectId: cloud.projectId } : {});
    expect(await problemsOf(accountWith('key-that-works'))).toEqual([]);
    await accountWith('key-that-works').verify(cloud.projectId, signal);
  });

  test('passes where the API shows no keys', async () => {
    cloud.addToken('key-that-reads', { isReadOnly: true });
    for (const path of ['/user/api-keys', '/projects/{id}/api-keys'])
      cloud.fail({ match: { method: 'GET', path }, status: 404, times: Number.POSITIVE_INFINITY });
    expect(await problemsOf(accountWith('key-that-reads'))).toEqual([]);
  });
});
