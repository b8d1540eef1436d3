// Label selectors as kubectl takes them.
import { describe, expect, test } from '@jest/globals';
import { parseLabelSelector } from './label-selector.ts';

const labels = { zone: 'a', 'example.com/role': 'edge', size: '5', 'node-role.kubernetes.io/worker': '' };

describe('parseLabelSelector', () => {
  test.each([
    ['', true],
    ['zone=a', true],
    ['zone==a, size', true],
    ['zone!=a', false],
    ['other!=a', true],
    ['zone in (a, b),size', true],
    ['zone in (b,c)', false],
    ['zone notin (a)', false],
    ['other notin (a)', true],
    ['other in (a)', false],
    ['!zone', false],
    ['! other', true],
    ['example.com/role = edge', true],
    ['node-role.kubernetes.io/worker=', true],
    ['size>4', true],
    ['size < 4', false],
    ['zone>4', false],
    ['other<4', false],
    ['zone=', false],
  ])('"%s" selects: %s', (text, isSelected) => expect(parseLabelSelector(text)?.(labels)).toBe(isSelected));

  test.each([
    'a===b',
    'a=b,',
    'a,,b',
    'in (a)',
    'a in ()x',
    'a in (b',
    'a b',
    'a>b',
    '=a',
    '/a',
    'a/b/c',
    '!!a',
    'a=b/c',
  ])('"%s" is none', (text) => expect(parseLabelSelector(text)).toBeUndefined());
  test('names that are too long for labels are none', () => {
    expect(parseLabelSelector('a'.repeat(64))).toBeUndefined();
    expect(parseLabelSelector(`a=${'b'.repeat(64)}`)).toBeUndefined();
  });
});
