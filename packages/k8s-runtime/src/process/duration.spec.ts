// Go's durations, both ways.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['5s', 5_000],
    ['300ms', 300],
    ['1h2m3.5s', 3_723_500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['2h45m', 9_900_000],
    ['-10s', -10_000],
    ['+10s', 10_000],
    ['500us', 0.5],
    ['500µs', 0.5],
    ['1m1m', 120_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 s', 's', '5d', '1h-2m', 'abc', '5S', '1e3s', '.s', ' 5s'])('%p is refused', (text) => {
    expect(parseDuration(text)).toHaveProperty('problem');
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [5_000, '5s'],
    [300, '300ms'],
    [300_000, '5m0s'],
    [3_723_500, '1h2m3.5s'],
    [3_600_000, '1h0m0s'],
    [-1_500, '-1.5s'],
    [0.5, '500µs'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) =>
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3),
      ),
    );
  });
});
