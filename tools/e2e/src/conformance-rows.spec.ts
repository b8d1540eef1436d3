// Which test titles count for which row.
import { describe, expect, test } from '@jest/globals';
import { carriesRow, conformanceTables } from './conformance-rows.ts';

describe('carriesRow', () => {
  test.each([
    ['row N1 sets labels', 'N1', true],
    ['controller row N1 sets labels', 'N1', true],
    ['row N12 leaves no zone label', 'N1', false],
    ['row C1 (I10) waits for a second answer', 'C1', true],
    ['row C1 (I10) waits for a second answer', 'I10', true],
    ['row C1 (I10) waits for a second answer', 'I1', false],
    ['rows A3, A4 and A5 order addresses', 'A4', true],
    ['rows A3, A4 and A5 order addresses', 'A5', true],
    ['I5 writes addresses first', 'I5', true],
    ['narrow N1', 'N1', false],
  ])('%s / %s', (title, row, expected) => {
    expect(carriesRow(title, row)).toBe(expected);
  });

  test('no row stands twice in a table', () => {
    for (const table of conformanceTables) expect(new Set(table.rows).size).toBe(table.rows.length);
  });
});
