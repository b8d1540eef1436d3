// When gathered lines are written.
import { describe, expect, test } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatheredLines } from './gathered-lines.ts';

describe('GatheredLines', () => {
  test('lines of one turn are one write, in order', async () => {
    const writes: string[] = [];
    const lines = new GatheredLines((text) => writes.push(text));
    lines.add('a\n');
    lines.add('b\n');
    expect(writes).toEqual([]);
    await nextTurn();
    lines.add('c\n');
    await nextTurn();
    expect(writes).toEqual(['a\nb\n', 'c\n']);
  });

  test('a flush writes at once, and nothing twice', async () => {
    const writes: string[] = [];
    const lines = new GatheredLines((text) => writes.push(text));
    lines.add('a\n');
    lines.flush();
    expect(writes).toEqual(['a\n']);
    await nextTurn();
    expect(writes).toEqual(['a\n']);
  });
});
