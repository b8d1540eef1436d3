// Which test titles count for which row.
import { describe, expect, test } from '@jest/globals';
import { carriesRow, conformanceTables, testsOfRow } from './conformance-rows.ts';

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
    ['DO row 53 (ours: an event, the balancer stays) sticky type foo', '53', true],
    ['row 53 (ours: refused) sticky type foo', '53', true],
    ['row 53 (ours: refused) sticky type foo', '5', false],
    ['the tag sync rows 92, 93 and 94 one call', '92', true],
    ['the tag sync rows 92, 93 and 94 one call', '93', true],
    ['the tag sync rows 92, 93 and 94 one call', '94', true],
    ['the tag sync rows 92, 93 and 94 one call', '4', false],
    ['DO row 20 (ours: both IDs), row 19 by name', '19', true],
    ['F3 a foreign balancer is left alone', 'F3', true],
    ['row 7 (F3) a foreign balancer is left alone', 'F3', true],
    ['F10 a lost answer', 'F1', false],
    ['CS row 62 CSF 3 nobody is kept', 'F3', true],
    ['found at once (CSF 5)', 'F5', true],
    ['CSF 10 a taint', 'F1', false],
    ['CSF 10 a taint', 'F10', true],
    ['CSF 5 a mistake', 'I5', false],
    ['port 80 of 118 rows', '80', false],
  ])('%s / %s', (title, row, expected) => {
    expect(carriesRow(title, row)).toBe(expected);
  });

  test('rows of a program are its own: the same number elsewhere does not count', () => {
    const table = conformanceTables.find(({ file }) => file === 'digitalocean.md');
    const other = { title: 'row 53 something else', file: 'apps/packet-ccm/src/a.spec.ts' };
    const own = { title: 'row 53 (ours: refused)', file: 'apps/do-ccm/src/a.spec.ts' };
    expect(table && testsOfRow(table, '53', [other, own])).toEqual([own]);
  });

  test('no row stands twice in a table', () => {
    for (const table of conformanceTables) expect(new Set(table.rows).size).toBe(table.rows.length);
  });
});
