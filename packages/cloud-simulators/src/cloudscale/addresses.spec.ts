import { describe, expect, test } from '@jest/globals';
import { addressAt, canonical, isInside, parseCidr } from './addresses.ts';

describe('addresses', () => {
  test.each([
    ['10.0.0.0/8', { address: '10.0.0.0', prefixLength: 8, version: 4 }],
    ['2001:db8::/32', { address: '2001:db8::', prefixLength: 32, version: 6 }],
    ['10.0.0.1/8', undefined],
    ['10.0.0.1', undefined],
    ['10.0.0.0/33', undefined],
    ['1.1.1.1/32', { address: '1.1.1.1', prefixLength: 32, version: 4 }],
    ['x/8', undefined],
  ])('parseCidr %s', (text, parsed) => expect(parseCidr(text)).toEqual(parsed));

  test.each([
    ['10.0.0.0/16', 257, '10.0.1.1'],
    ['2001:db8::/48', 256, '2001:db8::100'],
    ['2001:db8:1::/48', 0, '2001:db8:1::'],
  ])('address of %s number %d', (cidr, n, address) => expect(addressAt(cidr, n)).toBe(address));

  test.each([
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s is written %s', (text, written) => expect(canonical(text)).toBe(written));

  test('inside', () => {
    expect(isInside('10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(isInside('11.1.2.3', '10.0.0.0/8')).toBe(false);
    expect(isInside('2001:db8::5', '2001:db8::/32')).toBe(true);
    expect(isInside('nothing', '10.0.0.0/8')).toBe(false);
  });
});
