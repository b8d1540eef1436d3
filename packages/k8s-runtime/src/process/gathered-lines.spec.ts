// When gathered lines are written.
import { describe, expect, test } from '@jest/globals';
import { GatheredLines } from './gathered-lines.ts';

function gather(): { readonly lines: GatheredLines; readonly writes: string[]; readonly passTime: () => void } {
  const writes: string[] = [];
  const waiting: (() => void)[] = [];
  const lines = new GatheredLines({ write: (text) => writes.push(text), soon: (flush) => waiting.push(flush) });
  return { lines, writes, passTime: () => waiting.splice(0).forEach((flush) => flush()) };
}

describe('GatheredLines', () => {
  test('lines of a short while are one write, in order', () => {
    const { lines, writes, passTime } = gather();
    lines.add('a\n');
    lines.add('b\n');
    expect(writes).toEqual([]);
    passTime();
    lines.add('c\n');
    passTime();
    expect(writes).toEqual(['a\nb\n', 'c\n']);
  });

  test('a flush writes at once, and nothing twice', () => {
    const { lines, writes, passTime } = gather();
    lines.add('a\n');
    lines.flush();
    expect(writes).toEqual(['a\n']);
    passTime();
    expect(writes).toEqual(['a\n']);
  });

  test('a flood does not wait', () => {
    const { lines, writes } = gather();
    lines.add('x'.repeat(32_769));
    expect(writes).toHaveLength(1);
  });
});
