// What the entry `local` promises: nothing behind it loads the HTTP library of cloud-http.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const PACKAGES = path.join(import.meta.dirname, '../..');
const ENTRIES: Readonly<Record<string, string>> = {
  '@longshore/cloud-http/parts': path.join(PACKAGES, 'cloud-http/src/parts.ts'),
};

// Imports that are left at run time, of our files transitively.
function importsBehind(entry: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm)) {
      if (specifier.startsWith('.')) visit(path.join(path.dirname(file), specifier));
      else if (ENTRIES[specifier] !== undefined) visit(ENTRIES[specifier]);
      else found.add(specifier);
    }
  };
  visit(entry);
  return found;
}

const ourPackages = (entry: string): readonly string[] =>
  [...importsBehind(path.join(import.meta.dirname, entry))].filter((name) => !/^(\/|node:)/.test(name));

test('the entry local loads no HTTP library, the main entry does', () => {
  expect(ourPackages('local.ts')).toEqual(['@longshore/reconciler-core']);
  expect(ourPackages('index.ts')).toContain('@longshore/cloud-http');
});
