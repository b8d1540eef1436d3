// Droplets in their states, and which addresses they give a Node.
import { describe, expect, test } from '@jest/globals';
import type { DropletAddress } from '@longshore/digitalocean-api';
import { aDroplet } from '../test-support/builders.ts';
import { toFinding } from './droplet-metadata.ts';

const privateV4: DropletAddress = { family: 'v4', type: 'private', address: '10.114.0.2' };
const publicV4: DropletAddress = { family: 'v4', type: 'public', address: '198.51.100.7' };
const publicV6: DropletAddress = { family: 'v6', type: 'public', address: '2001:db8::7' };
const hostname = { type: 'Hostname', address: 'pool-a-101' };
const internal = { type: 'InternalIP', address: '10.114.0.2' };
const external = { type: 'ExternalIP', address: '198.51.100.7' };
const externalV6 = { type: 'ExternalIP', address: '2001:db8::7' };

describe('toFinding', () => {
  test.each([
    { status: 'off', state: 'stopped' },
    { status: 'active', state: 'running' },
    { status: 'archive', state: 'running' },
    { status: 'new', state: 'running' },
  ])('DO row 13 a droplet that is $status is $state', ({ status, state }) =>
    expect(toFinding(aDroplet({ status }))).toMatchObject({ state }),
  );

  test('DO row 14 type, region, no zone, and addresses in order', () => {
    expect(toFinding(aDroplet({ addresses: [publicV4, privateV4] }))).toEqual({
      state: 'running',
      metadata: {
        providerId: 'digitalocean://101',
        instanceType: 's-2vcpu-4gb',
        zone: '',
        region: 'fra1',
        addresses: [hostname, internal, external],
        additionalLabels: {},
      },
    });
  });

  test.each([
    {
      when: 'DO row 15 IPv6 comes last',
      has: [privateV4, publicV4, publicV6],
      is: [hostname, internal, external, externalV6],
    },
    { when: 'DO row 16 a private address is enough', has: [privateV4], is: [hostname, internal] },
    {
      when: 'only the first private address counts',
      has: [privateV4, { ...privateV4, address: '10.9.9.9' }],
      is: [hostname, internal],
    },
    {
      when: 'IPv6 alone may be asked for',
      families: ['ipv6' as const],
      has: [privateV4, publicV6],
      is: [hostname, externalV6],
    },
    {
      when: 'IPv4 alone may be asked for',
      families: ['ipv4' as const],
      has: [privateV4, publicV4, publicV6],
      is: [hostname, internal, external],
    },
    {
      when: 'the order of the families is the order of the addresses',
      families: ['ipv6' as const, 'ipv4' as const],
      has: [privateV4, publicV4, publicV6],
      is: [hostname, externalV6, internal, external],
    },
  ])('$when', ({ has, families, is }) =>
    expect(toFinding(aDroplet({ addresses: has }), families)).toMatchObject({ metadata: { addresses: is } }),
  );

  test.each([
    { when: 'DO row 17 without a private address', has: [publicV4], families: undefined, names: 'private ip' },
    { when: 'DO row 18 without any network', has: [], families: undefined, names: 'private ip' },
    {
      when: 'without the IPv6 that is asked for',
      has: [privateV4],
      families: ['ipv6' as const],
      names: 'public ip (IPv6)',
    },
  ])('$when nothing is concluded, with an error that says what is missing', ({ has, families, names }) =>
    expect(toFinding(aDroplet({ addresses: has }), families)).toMatchObject({
      state: 'unknown',
      error: { code: 'DROPLET_ADDRESS_MISSING', message: expect.stringContaining(names) as unknown },
    }),
  );
});
