// What a device's facts become on its Node, and what its state means.
import { describe, expect, test } from '@jest/globals';
import type { InstanceFinding, InstanceMetadata } from '@longshore/cloud-provider';
import { aDevice, anAddress, uuidOf } from '../test-support/builders.ts';
import type { NodeDevice } from './device-index.ts';
import { DEFAULT_LOOK, toFinding } from './device-metadata.ts';
import type { NodeLook } from './device-metadata.ts';

function findingOf(
  wish: Partial<NodeDevice> = {},
  provided: readonly string[] = [],
  look: Partial<NodeLook> = {},
): InstanceFinding {
  return toFinding(aDevice(wish), provided, { ...DEFAULT_LOOK, ...look });
}

function metadataOf(...parts: Parameters<typeof findingOf>): InstanceMetadata {
  const finding = findingOf(...parts);
  if (!('metadata' in finding)) throw new Error(`it is ${finding.state}`);
  return finding.metadata;
}

function addressesOf(...parts: Parameters<typeof findingOf>): readonly string[] {
  return metadataOf(...parts).addresses.map(({ type, address }) => `${type} ${address}`);
}

describe('addresses of a Node', () => {
  test('PK row 18 host name, private, public', () => {
    expect(addressesOf()).toEqual(['Hostname node-1', 'InternalIP 10.1.0.5', 'ExternalIP 198.51.100.5']);
  });

  test('PK row 19 an elastic IP never replaces the device’s own address, wherever the API lists it', () => {
    const elastic = anAddress('203.0.113.9', { isManagement: false });
    const own = ['198.51.100.5', '10.1.0.5'].map((address) => anAddress(address));
    for (const addresses of [
      [...own, elastic],
      [elastic, ...own],
    ]) {
      expect(addressesOf({ addresses })).toEqual([
        'Hostname node-1',
        'InternalIP 10.1.0.5',
        'ExternalIP 198.51.100.5',
        'ExternalIP 203.0.113.9',
      ]);
    }
  });

  test('PK row 20 several of each, in the API’s order, each once', () => {
    const addresses = ['10.1.0.9', '198.51.100.7', '10.1.0.5', '198.51.100.5', '10.1.0.9'].map((address) =>
      anAddress(address),
    );
    expect(addressesOf({ addresses })).toEqual([
      'Hostname node-1',
      'InternalIP 10.1.0.9',
      'InternalIP 10.1.0.5',
      'ExternalIP 198.51.100.7',
      'ExternalIP 198.51.100.5',
    ]);
  });

  test('PK row 21 the IP that kubelet was told to use comes first, once', () => {
    const addresses = ['198.51.100.5', '10.1.0.5', '10.1.0.9'].map((address) => anAddress(address));
    expect(addressesOf({ addresses }, ['10.1.0.9'])).toEqual([
      'Hostname node-1',
      'InternalIP 10.1.0.9',
      'InternalIP 10.1.0.5',
      'ExternalIP 198.51.100.5',
    ]);
  });

  test('PK row 22 both of a dual-stack pair are internal', () => {
    expect(addressesOf({}, ['10.0.0.5', '2604::1']).slice(0, 4)).toEqual([
      'Hostname node-1',
      'InternalIP 10.0.0.5',
      'InternalIP 2604::1',
      'InternalIP 10.1.0.5',
    ]);
  });

  test('PK row 23 IPv6 only when asked for, in the order that was asked for', () => {
    expect(addressesOf({}, [], { addressFamilies: ['ipv4', 'ipv6'] })).toEqual([
      'Hostname node-1',
      'InternalIP 10.1.0.5',
      'ExternalIP 198.51.100.5',
      'ExternalIP 2604:1380::5',
    ]);
    expect(addressesOf({}, [], { addressFamilies: ['ipv6', 'ipv4'] }).at(-1)).toBe('ExternalIP 198.51.100.5');
  });

  test('PK row 24 without a public address the Node is initialized all the same', () => {
    expect(addressesOf({ addresses: [anAddress('10.1.0.5')] })).toEqual(['Hostname node-1', 'InternalIP 10.1.0.5']);
  });

  test('PK row 25 a device with layer 2 only has the IP that kubelet was told to use', () => {
    expect(addressesOf({ addresses: [] }, ['192.168.7.5'])).toEqual(['Hostname node-1', 'InternalIP 192.168.7.5']);
  });

  test('without any private address nothing is known yet', () => {
    expect(findingOf({ addresses: [anAddress('198.51.100.5')] })).toMatchObject({
      state: 'unknown',
      error: {
        code: 'DEVICE_ADDRESS_MISSING',
        message: expect.stringContaining('could not get at least one private ip'),
      },
    });
  });
});

describe('labels of a Node', () => {
  test('PK row 26 the plan is the instance type; the provider ID is that of the seed', () => {
    expect(metadataOf()).toMatchObject({ instanceType: 'c3.small.x86', providerId: `packet://${uuidOf(1)}` });
  });

  test.each([
    { when: 'metro and facility', wish: {}, label: 'metro', region: 'da', zone: 'da11' },
    { when: 'facility only', wish: { metro: '', facility: 'ewr1' }, label: 'metro', region: 'ewr1', zone: '' },
    { when: 'the form of v1 to v3.3', wish: {}, label: 'facility', region: 'da11', zone: '' },
    { when: 'the form of v0.0.4', wish: {}, label: 'facility-id', region: uuidOf(90), zone: '' },
    { when: 'neither', wish: { metro: '', facility: '' }, label: 'metro', region: '', zone: '' },
  ] as const)('PK row 27 $when', ({ wish, label, region, zone }) => {
    expect(metadataOf(wish, [], { regionLabel: label })).toMatchObject({ region, zone });
  });
});

describe('states of a device', () => {
  test.each([
    { state: 'queued', finding: 'running' },
    { state: 'provisioning', finding: 'running' },
    { state: 'active', finding: 'running' },
    { state: 'powering_off', finding: 'running' },
    { state: 'powering_on', finding: 'running' },
    { state: 'reinstalling', finding: 'running' },
    { state: 'something new', finding: 'running' },
    { state: 'inactive', finding: 'stopped' },
    { state: 'deprovisioning', finding: 'stopped' },
    { state: 'failed', finding: 'unknown' },
    { state: 'deleted', finding: 'gone' },
  ])('PK row 31 PK row 33 $state is $finding', ({ state, finding }) => {
    expect(findingOf({ state }).state).toBe(finding);
  });
});
