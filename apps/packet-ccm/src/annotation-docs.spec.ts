// The page of annotations is the table.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { annotationsPage } from './annotation-docs.ts';

test('docs/annotations/packet.md is up to date (print-annotations.ts writes it)', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/annotations/packet.md'), 'utf8');
  // Prettier aligns the columns of tables; the words count.
  const words = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
  expect(words(page)).toBe(words(annotationsPage()));
});
