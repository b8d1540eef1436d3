// Parsers of what users write.
import { describe, expect, test } from '@jest/globals';
import { parseLabelSelector } from '@longshore/cloud-provider';
import { canonicalCidr, floatingAddress } from './addresses.ts';

describe('label selectors', () => {
  const labels = { zone: 'a', 'example.com/role': 'edge', size: '5' };

  test.each([
    ['', true],
    ['zone=a', true],
    ['zone==a', true],
    ['zone!=a', false],
    ['other!=a', true],
    ['zone in (a, b),size', true],
    ['zone notin (a)', false],
    ['other notin (a)', true],
    ['other in (a)', false],
    ['!other', true],
    ['!zone', false],
    ['example.com/role = edge', true],
    ['size>4', true],
    ['size<4', false],
    ['other>4', false],
    ['zone=', false],
  ])('"%s" selects: %s', (text, isSelected) => expect(parseLabelSelector(text)?.(labels)).toBe(isSelected));

  test.each(['a===b', 'a=b,', 'in (a)', 'a in ()x', 'a b', 'a>b', '=a', 'a in a'])('CS row 34 "%s" is none', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined();
  });
});

describe('networks', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['1.1.1.1', '1.1.1.1/32'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8:0:0::/32', '2001:db8::/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.0/33', undefined],
    ['10.0.0.0/8/8', undefined],
    ['10.1', undefined],
    ['', undefined],
  ])('CS row 46 "%s" is %s', (text, cidr) => expect(canonicalCidr(text)).toBe(cidr));

  test('CSF 7 a floating IP with and without mask, and in any spelling, is one', () => {
    expect(['192.0.2.1', '192.0.2.1/32', ' 192.0.2.1 '].map(floatingAddress)).toEqual(Array(3).fill('192.0.2.1'));
    expect(floatingAddress('2A06:C01:0::123/128')).toBe('2a06:c01::123');
    expect(floatingAddress('x')).toBeUndefined();
  });
});
