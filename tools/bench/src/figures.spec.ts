// How figures are held against results.
import { describe, expect, test } from '@jest/globals';
import { figures, judge } from './figures.ts';

describe('judge', () => {
  test('a value at its limit is met, one above is missed', () => {
    expect(judge('failover', { seconds: 2 })).toMatchObject([{ isMet: true }]);
    expect(judge('failover', { seconds: 2.01 })).toMatchObject([{ isMet: false }]);
  });

  test('a missing value is never met', () => {
    expect(judge('watch', {})).toMatchObject([{ isMet: false }]);
  });

  test('less than nothing is a mistake of the measurement', () => {
    expect(judge('failover', { seconds: -0.1 })).toMatchObject([{ isMet: false }]);
  });

  test('the limit of the node benchmark follows the floor of the same run', () => {
    const seconds = (value: number): boolean | undefined =>
      judge('nodes', { seconds: value, floorSeconds: 2 })[0]?.isMet;
    expect([seconds(2.6), seconds(2.61)]).toEqual([true, false]);
  });

  test('every figure says what it means', () => {
    for (const figure of figures) expect(figure.what.length).toBeGreaterThan(10);
  });
});
