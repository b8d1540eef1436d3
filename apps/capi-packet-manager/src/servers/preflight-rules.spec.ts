import { describe, expect, test } from '@jest/globals';
import { parseFacility, parseOperatingSystem, parsePlan, parseProjectId } from '@longshore/packet-api';
import type { AccountWish } from './contract.ts';
import { problemsOfWish, quotaProblems } from './preflight-rules.ts';

const offer = {
  plans: [
    parsePlan({ id: 'p1', slug: 'small', line: 'baremetal', available_in: [{ id: 'f1' }] }),
    parsePlan({ id: 'p2', slug: 'arm', line: 'baremetal' }),
  ],
  systems: [
    parseOperatingSystem({ slug: 'ubuntu_24_04', name: 'Ubuntu 24.04 LTS', provisionable_on: ['small'] }),
    parseOperatingSystem({ slug: 'custom_ipxe', name: 'Custom iPXE' }),
  ],
  facilities: [parseFacility({ id: 'f1', code: 'ewr1' }), parseFacility({ id: 'f2', code: 'ams1' })],
};

const aWish = (wish: Partial<AccountWish> = {}): AccountWish => ({
  field: 'm',
  projectId: 'p',
  plan: 'small',
  operatingSystem: 'ubuntu_24_04',
  facilities: ['ewr1'],
  billingCycle: 'hourly',
  quantity: 1,
  sshKeys: [],
  ...wish,
});

describe('problemsOfWish', () => {
  test.each<{ readonly wish: Partial<AccountWish>; readonly message: string | undefined }>([
    { wish: {}, message: undefined },
    { wish: { operatingSystem: 'Ubuntu 24.04 LTS' }, message: undefined },
    { wish: { operatingSystem: 'custom_ipxe', plan: 'arm' }, message: undefined },
    { wish: { facilities: ['ams1', 'ewr1'] }, message: undefined },
    { wish: { facilities: ['ny'] }, message: undefined },
    {
      wish: { facilities: ['ams1'] },
      message: 'plan small is not offered in ams1: name another facility or plan',
    },
    {
      wish: { plan: 'arm' },
      message: '"ubuntu_24_04" cannot be installed on plan arm: choose another plan or operating system',
    },
    { wish: { operatingSystem: 'dos' }, message: 'unknown operating system "dos": known are ubuntu_24_04' },
  ])('$wish: $message', ({ wish, message }) => {
    expect(problemsOfWish(aWish(wish), offer).map((problem) => problem.message)).toEqual(
      message === undefined ? [] : [message],
    );
  });
});

describe('quotaProblems', () => {
  const id = parseProjectId('00000000-0000-4000-8000-000000000001');
  if (id === undefined) throw new Error('no project ID');
  test.each([
    { maxDevices: undefined, devices: 100, count: 0 },
    { maxDevices: 5, devices: 2, count: 0 },
    { maxDevices: 5, devices: 3, count: 1 },
  ])('$devices of $maxDevices, three more wanted', ({ maxDevices, devices, count }) => {
    const problems = quotaProblems({ id, maxDevices }, devices, [aWish(), aWish({ quantity: 2 })]);
    expect(problems).toHaveLength(count);
    if (count > 0) expect(problems[0]?.message).toContain('may have 5 devices, has 3, and 3 more are wanted');
  });
});
