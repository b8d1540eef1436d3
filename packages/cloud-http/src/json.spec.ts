// What the readers of JSON answers accept and refuse.
import { describe, expect, test } from '@jest/globals';
import {
  isTrue,
  listOf,
  mapped,
  optionalNumber,
  optionalObject,
  optionalText,
  parseNumber,
  parseObject,
  parseText,
  present,
  requiredListOf,
  requiredNumber,
  requiredText,
  withoutAbsent,
} from './json.ts';

describe('fields of JSON answers', () => {
  test.each([undefined, null, [], 'x', 1])('%p is no object', (raw) => {
    expect(() => parseObject(raw, 'the thing')).toThrow('the thing is not a JSON object');
    expect(optionalObject(raw)).toBeUndefined();
  });

  test('required fields throw with their name', () => {
    expect(() => requiredText({ a: 1 }, 'a')).toThrow('field "a" is not a text');
    expect(() => requiredNumber({}, 'a')).toThrow('field "a" is not a number');
    expect(requiredText({ a: 'b' }, 'a') + String(requiredNumber({ a: 2 }, 'a'))).toBe('b2');
  });

  test('optional fields of another kind are absent', () => {
    expect([optionalText({ a: '' }, 'a'), optionalText({ a: 1 }, 'a'), optionalNumber({ a: '1' }, 'a')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([isTrue({ a: true }, 'a'), isTrue({ a: 'true' }, 'a')]).toEqual([true, false]);
  });

  test('a list that is absent or null is empty, unless it has to be there', () => {
    expect([listOf({}, 'a', parseText), listOf({ a: null }, 'a', parseText)]).toEqual([[], []]);
    expect(listOf({ a: [1, 2] }, 'a', parseNumber)).toEqual([1, 2]);
    expect(() => listOf({ a: 'x' }, 'a', parseText)).toThrow('field "a" is not a list');
    expect(() => listOf({ a: [1] }, 'a', parseText)).toThrow('a list of texts');
    expect(() => listOf({ a: ['x'] }, 'a', parseNumber)).toThrow('a list of numbers');
    expect(() => requiredListOf({ message: 'hello' }, 'a', parseText)).toThrow('field "a" is not a list');
    expect(requiredListOf({ a: ['x'] }, 'a', parseText)).toEqual(['x']);
  });

  test('absent fields are left out', () => {
    expect(Object.keys(withoutAbsent({ a: undefined, b: null }))).toEqual(['b']);
    expect(Object.keys(present({ a: undefined, b: 0 }))).toEqual(['b']);
    expect([mapped(undefined, String), mapped(1, String)]).toEqual([undefined, '1']);
  });
});
