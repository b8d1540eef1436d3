// The setting with a label selector; the notation itself is tested in cloud-provider.
import { describe, expect, test } from '@jest/globals';
import { isBad } from '../config-values.ts';
import { ALL_NODES, parseNodeSelector } from './node-selector.ts';

describe('parseNodeSelector', () => {
  test.each([
    ['bgp=yes', true],
    ['bgp=no', false],
    ['!node-role.kubernetes.io/control-plane', true],
  ])('%s', (text, isSelected) => {
    const selector = parseNodeSelector(text);
    if (isBad(selector)) throw new Error(selector.use);
    expect(selector.matches({ bgp: 'yes' })).toBe(isSelected);
    expect(selector.text).toBe(text);
  });

  test('what is none is refused with examples', () => {
    expect(parseNodeSelector('a=b/c')).toEqual({ use: expect.stringContaining('bgp=yes') });
  });

  test('without a selector all nodes', () => {
    expect(ALL_NODES.matches({})).toBe(true);
  });
});
