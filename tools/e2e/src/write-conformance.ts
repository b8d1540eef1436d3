// `npm run conformance`: writes docs/conformance/*.md from the list of rows and the newest test results. With names
// (`npm run conformance -- digitalocean`) it writes these tables only, for which only their programs' suites must have run.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { conformanceTables, testsOfRow } from './conformance-rows.ts';
import type { ConformanceTable } from './conformance-rows.ts';
import { passedTests, root } from './test-results.ts';
import type { ExecutedTest } from './test-results.ts';

function tableText(table: ConformanceTable, tests: readonly ExecutedTest[]): string {
  const lines = table.rows.map((row) => lineOf(table, row, tests));
  return [
    `# ${table.title}`,
    '',
    'Written by `npm run conformance` from the test results; a step of `npm test` fails when a row has no executed test.',
    'A row with an improvement in brackets (`row C1 (I10)`, `row 53 (ours: …)`) is tested for the improved behaviour.',
    '',
    '| row | test | title |',
    '|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

function lineOf(table: ConformanceTable, row: string, tests: readonly ExecutedTest[]): string {
  const reason = table.notApplicable[row];
  if (reason) return `| ${row} | not applicable | ${reason} |`;
  const found = testsOfRow(table, row, tests);
  const best = found.find((test) => test.file.endsWith('.int.spec.ts')) ?? found[0];
  if (!best) return `| ${row} | none yet | |`;
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  return `| ${row} | [${best.file.replace(/^.*\/src\//, '')}](../../${best.file})${more} | ${best.title.replaceAll('|', '\\|')} |`;
}

mkdirSync(path.join(root, 'docs/conformance'), { recursive: true });
const tests = passedTests();
const names = process.argv.slice(2);
const chosen = conformanceTables.filter(({ file }) => names.length === 0 || names.includes(file.replace('.md', '')));
for (const table of chosen) {
  writeFileSync(path.join(root, 'docs/conformance', table.file), tableText(table, tests));
  const open = table.rows.filter((row) => !(row in table.notApplicable) && testsOfRow(table, row, tests).length === 0);
  console.log(`docs/conformance/${table.file}: ${table.rows.length} rows, without a test: ${open.join(' ') || 'none'}`);
}
