import { describe, expect, test } from '@jest/globals';
import { randomClusterName, readSettings } from './settings.ts';

const env = { PACKET_PROJECT_ID: 'p-1', PACKET_API_KEY: 'k-1' };
const named = (): string => 'test1-abcde';

describe('readSettings', () => {
  test('what is absent has the defaults of the seed', () => {
    expect(readSettings(env, named).settings).toEqual({
      projectID: 'p-1',
      apiKey: 'k-1',
      clusterName: 'test1-abcde',
      facilities: ['ewr1'],
    });
  });

  test('takes all variables', () => {
    const all = {
      ...env,
      CLUSTER_NAME: 'web',
      FACILITY: 'sjc1, ams1',
      SSH_KEY: 'a b.pub',
      PACKET_API_URL: 'http://127.0.0.1:1/',
    };
    expect(readSettings(all, named).settings).toEqual({
      projectID: 'p-1',
      apiKey: 'k-1',
      clusterName: 'web',
      facilities: ['sjc1', 'ams1'],
      sshKeyPath: 'a b.pub',
      apiUrl: 'http://127.0.0.1:1/',
    });
  });

  test.each([
    { change: { PACKET_PROJECT_ID: undefined }, says: ['PACKET_PROJECT_ID is not set'] },
    { change: { PACKET_API_KEY: ' ' }, says: ['PACKET_API_KEY is not set'] },
    {
      change: { PACKET_PROJECT_ID: '', PACKET_API_KEY: '' },
      says: ['PACKET_PROJECT_ID is not set', 'PACKET_API_KEY is not set'],
    },
    { change: { PACKET_API_KEY: 'a\nb' }, says: ['PACKET_API_KEY has characters'] },
    { change: { CLUSTER_NAME: 'Web_1' }, says: ['CLUSTER_NAME "Web_1" is no name'] },
    { change: { CLUSTER_NAME: 'n'.repeat(42) }, says: ['CLUSTER_NAME has 42 characters: at most 41'] },
    { change: { FACILITY: 'ewr 1' }, says: ['FACILITY "ewr 1" is no code'] },
    { change: { FACILITY: ',' }, says: ['FACILITY names no facility'] },
    { change: { PACKET_API_URL: 'metal.example.com' }, says: ['PACKET_API_URL "metal.example.com" is no address'] },
  ])('$change is refused', ({ change, says }) => {
    expect(readSettings({ ...env, ...change }, named).problems).toEqual(
      says.map((text) => expect.stringContaining(text)),
    );
  });

  test('an API key is never part of a problem', () => {
    expect(JSON.stringify(readSettings({ ...env, PACKET_API_KEY: 'se cret' }, named))).not.toContain('cret');
  });
});

test('a random name is test1- and five characters', () => {
  let next = 0;
  expect(randomClusterName((below) => (next += 9) % below)).toMatch(/^test1-[a-z0-9]{5}$/);
  expect(randomClusterName((below) => below - 1)).toBe('test1-99999');
});
