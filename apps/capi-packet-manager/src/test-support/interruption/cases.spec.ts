// The slices of a matrix, and its cases in several places.
import { describe, expect, test } from '@jest/globals';
import { failuresOf, sliceOf } from './cases.ts';

describe('sliceOf', () => {
  const cases = [1, 2, 3, 4, 5, 6, 7];
  test('without a slice: all', () => {
    expect(sliceOf(cases, undefined)).toEqual(cases);
    expect(sliceOf(cases, 'all')).toEqual(cases);
  });

  test('the slices together are all cases, each once', () => {
    expect(['1/3', '2/3', '3/3'].map((slice) => sliceOf(cases, slice))).toEqual([
      [1, 4, 7],
      [2, 5],
      [3, 6],
    ]);
  });
});

describe('failuresOf', () => {
  test('each case is tried once, no place has two at a time, and a failure ends nothing', async () => {
    const tried: number[] = [];
    const busy = new Set<string>();
    const failures = await failuresOf(['here', 'there'], [1, 2, 3, 4, 5], async (place, one) => {
      expect(busy.has(place)).toBe(false);
      busy.add(place);
      tried.push(one);
      await Promise.resolve();
      busy.delete(place);
      if (one === 2) throw new Error('not this one');
    });
    expect(tried.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(failures).toEqual([expect.stringMatching(/^2: Error: not this one/)]);
  });
});
