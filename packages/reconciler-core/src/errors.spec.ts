import { describe, expect, test } from '@jest/globals';
import {
  assertNever,
  backoff,
  dispositionOf,
  findInCauses,
  messageOf,
  never,
  onChange,
  OperatorError,
  retryAfter,
} from './errors.ts';
import type { Disposition } from './errors.ts';

const failing = (disposition: Disposition): OperatorError => new OperatorError('SOME_CODE', 'it failed', disposition);

describe('dispositionOf', () => {
  test.each([
    { of: 'an unknown error', error: new Error('x'), expected: backoff },
    { of: 'something that is no error', error: 'x', expected: backoff },
    { of: 'a classified error', error: failing(onChange), expected: onChange },
    { of: 'a wrapped classified error', error: new Error('outer', { cause: failing(never) }), expected: never },
    {
      of: 'the nearest of two classified errors',
      error: new OperatorError('OUTER', 'x', onChange, { cause: failing(never) }),
      expected: onChange,
    },
    { of: 'parts of which one ends the process', error: aggregate(backoff, never, onChange), expected: never },
    {
      of: 'parts of which one must be tried again',
      error: aggregate(onChange, backoff, retryAfter(5)),
      expected: backoff,
    },
    {
      of: 'parts with several times',
      error: aggregate(retryAfter(5), retryAfter(9), onChange),
      expected: retryAfter(9),
    },
    { of: 'parts that all wait for a change', error: aggregate(onChange, onChange), expected: onChange },
    { of: 'an aggregate without parts', error: new AggregateError([]), expected: backoff },
    { of: 'an aggregate of unknown errors', error: new AggregateError([new Error('x')]), expected: backoff },
    { of: 'a wrapped aggregate', error: new Error('x', { cause: aggregate(onChange) }), expected: onChange },
  ])('of $of', ({ error, expected }) => {
    expect(dispositionOf(error)).toEqual(expected);
  });

  function aggregate(...parts: Disposition[]): AggregateError {
    return new AggregateError(parts.map(failing), 'several');
  }
});

describe('messageOf', () => {
  const cyclic = new Error('round');
  cyclic.cause = cyclic;
  test.each([
    { of: 'a string', error: 'text', expected: 'text' },
    { of: 'an error', error: new Error('a'), expected: 'a' },
    { of: 'an error with a cause', error: new Error('a', { cause: new Error('b') }), expected: 'a: b' },
    { of: 'an error that repeats its cause', error: new Error('a: b', { cause: new Error('b') }), expected: 'a: b' },
    { of: 'an error without a message', error: new TypeError(''), expected: 'TypeError' },
    { of: 'a cycle of causes', error: cyclic, expected: 'round' },
    { of: 'an aggregate', error: new AggregateError([new Error('b'), new Error('c')], 'a'), expected: 'a: b; c' },
    {
      of: 'an aggregate without a message',
      error: new AggregateError([new Error('b'), new Error('b')]),
      expected: 'b',
    },
  ])('of $of', ({ error, expected }) => {
    expect(messageOf(error)).toBe(expected);
  });
});

test('findInCauses ends in a cycle of causes', () => {
  const inner = new Error('inner');
  const outer = new Error('outer', { cause: inner });
  inner.cause = outer;
  expect(findInCauses(outer, (candidate): candidate is never => candidate === 'absent')).toBeUndefined();
  expect(findInCauses(outer, (candidate): candidate is Error => candidate === inner)).toBe(inner);
});

test('assertNever names the value', () => {
  expect(() => assertNever('surprise' as never)).toThrow('unexpected value: "surprise"');
});
