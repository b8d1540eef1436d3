import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodeAddress } from '../provider.ts';
import { addressesInWords, sameAddresses, wantedAddresses } from './addresses.ts';
import type { AddressFacts } from './addresses.ts';
import { canonicalIp, parseProvidedNodeIp } from './provided-node-ip.ts';

const internal = (address: string): NodeAddress => ({ type: 'InternalIP', address });
const external = (address: string): NodeAddress => ({ type: 'ExternalIP', address });
const hostname = (address: string): NodeAddress => ({ type: 'Hostname', address });

function wanted(facts: Partial<AddressFacts>): unknown {
  const result = wantedAddresses({ cloud: [], present: [], provided: undefined, ...facts });
  return 'problem' in result ? result : result.addresses;
}

describe('wantedAddresses', () => {
  test.each<{ when: string; facts: Partial<AddressFacts>; expected: readonly NodeAddress[] | undefined }>([
    {
      when: 'row A1 kubelet put a host name and the cloud gives none: it is kept at the end',
      facts: { cloud: [internal('10.0.0.1')], present: [hostname('h'), internal('10.9.9.9')] },
      expected: [internal('10.0.0.1'), hostname('h')],
    },
    {
      when: 'all host names of kubelet are kept, in their order',
      facts: { cloud: [internal('10.0.0.1')], present: [hostname('b'), hostname('a')] },
      expected: [internal('10.0.0.1'), hostname('b'), hostname('a')],
    },
    {
      when: "row A2 the cloud gives its own host name: kubelet's is not kept",
      facts: { cloud: [hostname('c'), internal('10.0.0.1')], present: [hostname('h')] },
      expected: [hostname('c'), internal('10.0.0.1')],
    },
    {
      when: 'row A3 the claimed IP is the second internal one: the first goes, the external one stays',
      facts: { cloud: [internal('10.0.0.1'), internal('10.0.0.2'), external('192.0.2.1')], provided: '10.0.0.2' },
      expected: [internal('10.0.0.2'), external('192.0.2.1')],
    },
    {
      when: 'row A4 the claimed IP is the external one: it comes first, the internal ones follow',
      facts: { cloud: [internal('10.0.0.1'), internal('10.0.0.2'), external('192.0.2.1')], provided: '192.0.2.1' },
      expected: [external('192.0.2.1'), internal('10.0.0.1'), internal('10.0.0.2')],
    },
    {
      when: 'row A5 a dual-stack pair keeps the order of the annotation, whatever the spelling in the cloud',
      facts: { cloud: [internal('2001:DB8:0:0::1'), internal('10.0.0.1')], provided: '10.0.0.1,2001:db8::1' },
      expected: [internal('10.0.0.1'), internal('2001:DB8:0:0::1')],
    },
    {
      when: 'an IP of two types pins both',
      facts: {
        cloud: [internal('10.0.0.9'), internal('10.0.0.1'), external('10.0.0.1'), external('192.0.2.1')],
        provided: '10.0.0.1',
      },
      expected: [internal('10.0.0.1'), external('10.0.0.1')],
    },
    {
      when: 'a host name that is the claimed IP is pinned too',
      facts: { cloud: [internal('10.0.0.1')], present: [hostname('10.0.0.1'), hostname('h')], provided: '10.0.0.1' },
      expected: [internal('10.0.0.1'), hostname('10.0.0.1')],
    },
    {
      when: 'leading zeros in the claimed IPv4 are tolerated',
      facts: { cloud: [internal('10.0.0.1')], provided: '010.000.0.01' },
      expected: [internal('10.0.0.1')],
    },
    {
      when: 'row A8 the cloud returns no addresses and nothing is claimed: what is there stays',
      facts: { cloud: [], present: [hostname('h'), internal('10.0.0.1')] },
      expected: undefined,
    },
  ])('$when', ({ facts, expected }) => {
    expect(wanted(facts)).toEqual(expected);
  });

  test.each([
    { provided: '10.0.0.1, 10.0.0.2', detail: 'could not parse " 10.0.0.2"' },
    { provided: '10.0.0.1,10.0.0.2', detail: 'must contain either a single IP or a dual-stack pair of IPs' },
    {
      provided: '10.0.0.1,2001:db8::1,2001:db8::2',
      detail: 'must contain either a single IP or a dual-stack pair of IPs',
    },
    { provided: '', detail: 'could not parse ""' },
    { provided: '0.0.0.0,::', detail: "a dual-stack pair cannot include '0.0.0.0' or '::'" },
    { provided: '10.0.0.256', detail: 'could not parse "10.0.0.256"' },
    { provided: 'fe80::1%eth0', detail: 'could not parse "fe80::1%eth0"' },
  ])('row A7 the annotation "$provided" is refused with its reason', ({ provided, detail }) => {
    expect(wanted({ cloud: [internal('10.0.0.1')], provided })).toEqual({ problem: 'node-ip-invalid', detail });
  });

  test.each([{ cloud: [internal('10.0.0.1')] }, { cloud: [] }])(
    'row A6 a claimed IP that is not among the addresses of the cloud is named: $cloud',
    ({ cloud }) => {
      expect(wanted({ cloud, provided: '10.0.0.7' })).toEqual({ problem: 'node-ip-not-in-cloud', detail: '10.0.0.7' });
    },
  );

  const anAddress = fc.record({
    type: fc.constantFrom<NodeAddress['type']>('Hostname', 'InternalIP', 'ExternalIP'),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '192.0.2.1', '2001:db8::1', 'h'),
  });

  test('law: wanted addresses are stable, none is invented, and a claimed IP comes first', () => {
    fc.assert(
      fc.property(
        fc.array(anAddress, { minLength: 1, maxLength: 6 }),
        fc.array(anAddress, { maxLength: 4 }),
        fc.constantFrom(undefined, '10.0.0.1', '2001:db8::1', '10.0.0.2,2001:db8::1'),
        (cloud, present, provided) => {
          const first = wantedAddresses({ cloud, present, provided });
          if ('problem' in first) return;
          const addresses = first.addresses ?? [];
          expect(wantedAddresses({ cloud, present: addresses, provided })).toEqual(first);
          expect([...cloud, ...present]).toEqual(expect.arrayContaining([...addresses]));
          if (provided !== undefined) expect(addresses[0]?.address).toBe(provided.split(',')[0]);
        },
      ),
    );
  });
});

describe('sameAddresses', () => {
  test.each([
    {
      when: 'row A10 (I7) a dual-stack pair is equal to itself',
      left: [internal('10.0.0.1'), internal('::1')],
      right: [internal('10.0.0.1'), internal('::1')],
      same: true,
    },
    {
      when: 'I7 a change of the first of two entries of one type is seen',
      left: [internal('10.0.0.1'), internal('::1')],
      right: [internal('10.0.0.2'), internal('::1')],
      same: false,
    },
    {
      when: 'I7 another order of one type is a change',
      left: [internal('10.0.0.1'), internal('::1')],
      right: [internal('::1'), internal('10.0.0.1')],
      same: false,
    },
    {
      when: 'another order of the types is none: Go programs mix them',
      left: [internal('10.0.0.1'), external('192.0.2.1'), internal('::1')],
      right: [external('192.0.2.1'), internal('10.0.0.1'), internal('::1')],
      same: true,
    },
    { when: 'I7 another type is a change', left: [internal('10.0.0.1')], right: [external('10.0.0.1')], same: false },
    { when: 'I7 a missing entry is a change', left: [internal('10.0.0.1')], right: [], same: false },
  ])('$when', ({ left, right, same }) => {
    expect(sameAddresses(left, right)).toBe(same);
    expect(sameAddresses(right, left)).toBe(same);
  });
});

describe('canonicalIp', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['010.000.00.1', '10.0.0.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['0x0a.0.0.1', undefined],
    ['10.1', undefined],
    ['node-1', undefined],
    ['', undefined],
  ])('%s is %s', (text, expected) => {
    expect(canonicalIp(text)).toBe(expected);
  });

  test('a single unspecified IP is allowed: only pairs forbid it', () => {
    expect(parseProvidedNodeIp('0.0.0.0')).toEqual({ ips: ['0.0.0.0'] });
  });
});

test('addresses in words name type and address, or none', () => {
  expect(addressesInWords([internal('10.0.0.1'), hostname('h')])).toBe('InternalIP 10.0.0.1, Hostname h');
  expect(addressesInWords([])).toBe('none');
});
