// Label selectors as kubectl takes them.
import { describe, expect, test } from '@jest/globals';
import { isBad } from '../config-values.ts';
import { ALL_NODES, parseNodeSelector } from './node-selector.ts';

const labels = { bgp: 'yes', zone: 'a', rack: '7', 'node-role.kubernetes.io/worker': '' };

describe('parseNodeSelector', () => {
  test.each([
    { text: 'bgp=yes', matches: true },
    { text: 'bgp==yes, zone!=b', matches: true },
    { text: 'bgp!=yes', matches: false },
    { text: 'absent!=yes', matches: true },
    { text: 'zone in (a, b)', matches: true },
    { text: 'zone in (b,c),bgp=yes', matches: false },
    { text: 'zone notin (b)', matches: true },
    { text: 'absent notin (b)', matches: true },
    { text: 'node-role.kubernetes.io/worker', matches: true },
    { text: '!node-role.kubernetes.io/control-plane', matches: true },
    { text: '!bgp', matches: false },
    { text: 'node-role.kubernetes.io/worker=', matches: true },
    { text: 'rack>6', matches: true },
    { text: 'rack < 7', matches: false },
    { text: 'zone>6', matches: false },
  ])('$text', ({ text, matches }) => {
    const selector = parseNodeSelector(text);
    if (isBad(selector)) throw new Error(selector.use);
    expect(selector.matches(labels)).toBe(matches);
  });

  test.each(['a in b', 'a=b c', '=b', 'a,,b', 'a in (b', 'a > b', '/a', 'a/b/c', '!!a', 'a=b/c'])(
    '"%s" is none',
    (text) => {
      expect(isBad(parseNodeSelector(text))).toBe(true);
    },
  );

  test('without a selector all nodes', () => {
    expect(ALL_NODES.matches({})).toBe(true);
  });
});
