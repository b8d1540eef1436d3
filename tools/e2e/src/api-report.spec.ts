// docs/api/ has the public surface of each library. UPDATE_GOLDEN=1 rewrites it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { apiReport, libraries } from './api-report.ts';
import { root } from './test-results.ts';

const folder = path.join(root, 'docs/api');

describe('docs/api', () => {
  test.each(libraries())('$name', (library) => {
    const file = path.join(folder, `${library.folder}.md`);
    const wanted = apiReport(library);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(file, wanted);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '(no page)').toBe(wanted);
  });

  test('has no page of a library that is gone', () => {
    expect(readdirSync(folder).toSorted()).toEqual(libraries().map((library) => `${library.folder}.md`));
  });
});
