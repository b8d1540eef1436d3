// `npm test`: installs what is missing, then runs every check and suite and prints the totals, summed over all of them.
// `npm test -- --only unit,int` takes some steps. Results come from the suites' own result files, not from printed text.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies, root, run } from './setup.mjs';

const nx = (target, parallel) => [
  'nx',
  ['run-many', '-t', target, `--parallel=${parallel}`, '--output-style=static', '--nx-bail=false'],
];
const nodeScript = (...args) => ['node', ['--conditions=@longshore/source', ...args]];

// Order: cheap checks first; the binaries are built before the suites that start them.
const steps = [
  { name: 'boundaries', kind: 'check', command: nodeScript('tools/check-boundaries/src/main.ts') },
  { name: 'format', kind: 'check', command: ['prettier', ['--check', '--log-level=warn', '.']] },
  { name: 'build', kind: 'check', command: nx('build', 2) },
  { name: 'typecheck', kind: 'check', command: nx('typecheck', 2) },
  { name: 'lint', kind: 'check', command: nx('lint', 2) },
  { name: 'unit', kind: 'suites', command: nx('test', 2) },
  { name: 'binaries', kind: 'check', command: nodeScript('tools/e2e/src/prepare-binaries.ts') },
  // More at once than cores: these suites mostly wait, for API servers, periods and machines.
  { name: 'int', kind: 'suites', command: nx('int', 3) },
  { name: 'rows', kind: 'check', command: nodeScript('tools/e2e/src/check-rows.ts') },
];

function resultFiles(kind) {
  const file = kind === 'unit' ? 'unit.json' : 'int.json';
  return ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(path.join(root, group))
      .map((project) => path.join(root, group, project, 'test-results', file))
      .filter((candidate) => existsSync(candidate)),
  );
}

function sumSuites(kind, status) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of resultFiles(kind)) {
    const result = JSON.parse(readFileSync(file, 'utf8'));
    sum.passed += result.numPassedTests;
    sum.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    sum.skipped += result.numPendingTests + result.numTodoTests;
  }
  // A runner that died before it could write results is a failure too.
  if (status !== 0 && sum.failed === 0) sum.failed = 1;
  return sum;
}

// What failed, once more at the end: whoever reads a long log reads its end first.
function listFailures() {
  const files = chosen.filter((step) => step.kind === 'suites').flatMap((step) => resultFiles(step.name));
  for (const file of files) {
    for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults.filter(
      ({ status }) => status === 'failed',
    )) {
      const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
      const problems = failed.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`);
      console.log(
        `\nFAILED ${path.relative(root, suite.name)}: ${(problems.length > 0 ? problems : [suite.message]).join('\n')}`,
      );
    }
  }
}

function runStep(step) {
  console.log(`\n=== ${step.name}`);
  if (step.kind === 'suites') for (const file of resultFiles(step.name)) rmSync(file);
  const startedAt = Date.now();
  const status = run(...step.command);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const sum =
    step.kind === 'suites'
      ? sumSuites(step.name, status)
      : { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  return { name: step.name, seconds, ...sum };
}

function selectedSteps() {
  const at = process.argv.indexOf('--only');
  if (at < 0) return steps;
  const names = (process.argv[at + 1] ?? '').split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(
      `npm test: unknown step ${unknown.join(', ')}; there are: ${steps.map((step) => step.name).join(', ')}`,
    );
    process.exit(2);
  }
  return steps.filter((step) => names.includes(step.name));
}

const chosen = selectedSteps();
ensureDependencies();
const results = chosen.map(runStep);
console.log('\nstep            seconds   passed   failed  skipped');
for (const { name, seconds, passed, failed, skipped } of results) {
  console.log(
    [name.padEnd(14), ...[seconds, passed, failed, skipped].map((figure) => String(figure).padStart(8))].join(' '),
  );
}
listFailures();
const total = (field) => results.reduce((sum, result) => sum + result[field], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exit(total('failed') > 0 ? 1 : 0);
