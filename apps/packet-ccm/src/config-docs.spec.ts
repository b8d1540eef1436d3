// The README shows all settings; `UPDATE_GOLDEN=1` writes them into it.
import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS_MARK, settingsTable } from './config-docs.ts';
import { VERSION } from './version.ts';

const readme = new URL('../README.md', import.meta.url);

test('the table of settings in the README is that of the code', () => {
  const [before = '', , after = ''] = readFileSync(readme, 'utf8').split(SETTINGS_MARK);
  const wanted = [before, `\n\n${settingsTable()}\n\n`, after].join(SETTINGS_MARK);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(readme, wanted);
  // Columns may be padded.
  const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
  expect(plain(readFileSync(readme, 'utf8'))).toBe(plain(wanted));
});

test('the version is that of the package', () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(manifest).toMatchObject({ version: VERSION });
});
