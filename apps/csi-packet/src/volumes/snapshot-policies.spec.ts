// The forms of the StorageClass parameter snapshotPolicies, and what is compared with what a volume has.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { missingPolicies, parseSnapshotPolicies, policyProblem } from './snapshot-policies.ts';
import type { PolicyWish } from './snapshot-policies.ts';

const FREQUENCIES = ['1hour', '1day', '1week', '1month', '1year'] as const;
const policy = fc.record({ frequency: fc.constantFrom(...FREQUENCIES), count: fc.integer({ min: 1, max: 999 }) });
const policies = fc.uniqueArray(policy, { selector: ({ frequency }) => frequency });
const there = (wished: readonly PolicyWish[]) => wished.map((one) => ({ id: undefined, ...one }));
const link = { id: undefined, frequency: undefined, count: undefined };

describe('parseSnapshotPolicies', () => {
  test('what is written is read, with and without spaces', () => {
    fc.assert(
      fc.property(policies, fc.constantFrom(',', ', ', ' , '), (wished, comma) => {
        const text = wished.map(({ frequency, count }) => `${frequency}:${count}`).join(comma);
        expect(parseSnapshotPolicies(text)).toEqual(wished);
      }),
    );
  });

  test.each([
    ...['1day', '1day:', '1day:0', '1day:-1', '1day:1.5', '1day:1000', '2days:3', '15min:3'],
    ...[':3', '1day:7,', '1day:7;1week:4', '1Day:7', 'constructor:1'],
  ])('"%s" is refused: the error names the parameter and what it may be', (text) => {
    const parse = (): unknown => parseSnapshotPolicies(text);
    expect(parse).toThrow('parameter "snapshotPolicies" has "');
    expect(parse).toThrow('FREQUENCY is one of 1hour, 1day, 1week, 1month, 1year');
    expect(parse).toThrow('COUNT a whole number from 1 to 999');
  });

  test('a frequency that is said twice is refused', () => {
    expect(() => parseSnapshotPolicies('1day:7,1week:4,1day:3')).toThrow('"snapshotPolicies" has 1day more than once');
  });
});

describe('a volume', () => {
  test('lacks nothing that it has, and everything that it has not', () => {
    fc.assert(
      fc.property(policies, (wished) => {
        expect(missingPolicies(wished, there(wished))).toEqual([]);
        expect(missingPolicies(wished, [])).toEqual(wished);
        expect(policyProblem(wished, there(wished))).toBeUndefined();
        expect(policyProblem([], there(wished))).toBeUndefined();
      }),
    );
  });

  const wished = parseSnapshotPolicies('1day:7,1week:4');
  test.each([
    { what: 'one of two', has: there(wished.slice(0, 1)), lacks: ['1week'] },
    { what: 'one of somebody else', has: there(parseSnapshotPolicies('1hour:2')), lacks: ['1day', '1week'] },
    { what: 'one as a link', has: [link], lacks: ['1week'] },
    { what: 'two as links', has: [link, link], lacks: [] },
  ])('that has $what lacks $lacks', ({ has, lacks }) => {
    expect(missingPolicies(wished, has).map(({ frequency }) => frequency)).toEqual(lacks);
    expect(policyProblem(wished, has)).toBeUndefined();
  });

  test('with another number is another volume', () => {
    expect(policyProblem(wished, there(parseSnapshotPolicies('1week:5')))).toBe('keeps 5 snapshots of 1week, not 4');
  });
});
