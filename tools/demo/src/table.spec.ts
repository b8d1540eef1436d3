// Text tables and the demo's arguments.
import { describe, expect, test } from '@jest/globals';
import { parseDemoOptions } from './options.ts';
import { textTable } from './table.ts';

describe('textTable', () => {
  test('pads columns to the widest cell and trims line ends', () => {
    const table = textTable(['NODE', 'IP'], [['a-long-name', '10.0.0.1'], ['b', '']]); // prettier-ignore
    expect(table.split('\n')).toEqual(['NODE          IP', 'a-long-name   10.0.0.1', 'b']);
  });
});

describe('parseDemoOptions', () => {
  test('defaults, --hold and --nodes', () => {
    expect(parseDemoOptions([])).toEqual({ hold: false, nodes: 5 });
    expect(parseDemoOptions(['--hold', '--nodes', '12'])).toEqual({ hold: true, nodes: 12 });
    expect(parseDemoOptions(['--help'])).toBe('help');
  });

  test.each([['--nodes', '0'], ['--nodes', 'x'], ['--what']])('%s %s is refused with its name', (...args) => {
    expect(() => parseDemoOptions(args)).toThrow(args[0]);
  });
});
