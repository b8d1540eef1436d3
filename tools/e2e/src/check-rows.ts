// A step of `npm test`: every row of a specification stands exactly once in its table in docs/conformance/, and the test
// that the table names was executed and passed. Exits 1 with one line for each row that is not so.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { conformanceTables, testsOfRow } from './conformance-rows.ts';
import type { ConformanceTable } from './conformance-rows.ts';
import { passedTests, root, skippedTests } from './test-results.ts';
import type { ExecutedTest } from './test-results.ts';

interface TableLine {
  readonly row: string;
  readonly test: string;
}

function readTable(file: string): readonly TableLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => /^\| (\w+) \| (.*?) \|/.exec(line))
    .filter((match) => match !== null)
    .filter((match) => match[1] !== 'row')
    .map((match) => ({ row: match[1] ?? '', test: match[2] ?? '' }));
}

function problemsOf(table: ConformanceTable, tests: readonly ExecutedTest[]): readonly string[] {
  const file = path.join(root, 'docs/conformance', table.file);
  const lines = readTable(file);
  const unknown = lines
    .filter((line) => !table.rows.includes(line.row))
    .map((line) => `row ${line.row} is not in the specification`);
  return [...unknown, ...table.rows.flatMap((row) => problemOf(table, row, { lines, tests }))];
}

function problemOf(
  table: ConformanceTable,
  row: string,
  { lines, tests }: { readonly lines: readonly TableLine[]; readonly tests: readonly ExecutedTest[] },
): readonly string[] {
  const [line, ...more] = lines.filter((candidate) => candidate.row === row);
  if (!line) return [`row ${row} is missing in docs/conformance/${table.file}: run \`npm run conformance\``];
  if (more.length > 0) return [`row ${row} stands ${more.length + 1} times in docs/conformance/${table.file}`];
  if (row in table.notApplicable) return [];
  const executed = testsOfRow(table, row, tests);
  if (executed.length === 0)
    return [`docs/conformance/${table.file}: row ${row}: no executed test has it in its title`];
  const isTrue = executed.some((test) => line.test.includes(test.file.replace(/^.*\/src\//, '')));
  return isTrue
    ? []
    : [`row ${row}: the test that docs/conformance/${table.file} names was not executed: run \`npm run conformance\``];
}

const tests = passedTests();
const withSkipped = [...tests, ...skippedTests()];
const problems = conformanceTables.flatMap((table) => problemsOf(table, table.mayBeSkipped ? withSkipped : tests));
for (const problem of problems) console.error(problem);
const count = conformanceTables.reduce((sum, table) => sum + table.rows.length, 0);
console.log(`conformance: ${count} rows, ${tests.length} passed tests, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
