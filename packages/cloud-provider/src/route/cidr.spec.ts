import { describe, expect, test } from '@jest/globals';
import { OperatorError } from '@longshore/reconciler-core';
import { canonicalCidr, parseCidr, parseClusterCidrs, reaches } from './cidr.ts';

describe('canonicalCidr (I22)', () => {
  test.each([
    ['10.0.1.0/24', '10.0.1.0/24'],
    ['10.0.1.7/24', '10.0.1.0/24'],
    ['2001:DB8:0::/64', '2001:db8::/64'],
    ['2001:db8::5/64', '2001:db8::/64'],
    ['10.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['nonsense', 'nonsense'],
    ['10.0.0.0/33', '10.0.0.0/33'],
    ['012.0.0.0/8', '12.0.0.0/8'],
    ['0x0a.0.0.0/8', '0x0a.0.0.0/8'],
    ['::/129', '::/129'],
    ['fe80::1%eth0/64', 'fe80::1%eth0/64'],
  ])('I22 %s is %s', (text, expected) => {
    expect(canonicalCidr(text)).toBe(expected);
  });
});

describe('reaches', () => {
  const cluster = parseClusterCidrs('10.0.0.0/16,2001:db8::/48');

  test.each([
    { cidr: '10.0.1.0/24', inside: true },
    { cidr: '10.1.0.0/24', inside: false },
    { cidr: '10.0.0.0/8', inside: true, why: 'its first address' },
    { cidr: '9.0.0.0/7', inside: false },
    { cidr: '2001:db8::1:0/112', inside: true },
    { cidr: '2001:db9::/64', inside: false },
  ])('$cidr: $inside', ({ cidr, inside }) => {
    expect(reaches(parseCidr(cidr)!, cluster)).toBe(inside);
  });

  test('the last address counts too', () => {
    expect(reaches(parseCidr('8.0.0.0/6')!, parseClusterCidrs('11.255.0.0/16'))).toBe(true);
  });
});

describe('parseClusterCidrs', () => {
  test.each([
    { text: '', reason: '"" is not a CIDR' },
    { text: '10.0.0.0', reason: '"10.0.0.0" is not a CIDR' },
    { text: '10.0.0.0/16,', reason: '"" is not a CIDR' },
    { text: '10.0.0.0/16,10.1.0.0/16', reason: 'two CIDRs must be one IPv4 and one IPv6 range' },
    { text: '10.0.0.0/16,2001:db8::/48,10.1.0.0/16', reason: 'there are 3 CIDRs' },
  ])('row R11 "$text" ends the process: $reason', ({ text, reason }) => {
    const problem = (): unknown => {
      try {
        return parseClusterCidrs(text);
      } catch (error) {
        return error;
      }
    };
    expect(problem()).toBeInstanceOf(OperatorError);
    expect(problem()).toMatchObject({ disposition: { retry: 'never' }, message: expect.stringContaining(reason) });
  });

  test('one range, or one of each family, with spaces around', () => {
    expect(parseClusterCidrs('10.0.0.0/16')).toHaveLength(1);
    expect(parseClusterCidrs('2001:db8::/48, 10.0.0.0/16')).toHaveLength(2);
  });
});
