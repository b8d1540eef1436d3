// Runs jest for the project in the current folder: `jest.mjs unit` takes *.spec.ts, `jest.mjs int` takes *.int.spec.ts.
// Results go to test-results/<kind>.json, from which the totals of `npm test` are summed. Further arguments go to jest.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [kind, ...rest] = process.argv.slice(2);
const selection = {
  unit: ['--testMatch', '**/src/**/!(*.int).spec.ts'],
  int: ['--testMatch', '**/src/**/*.int.spec.ts', '--runInBand', '--testTimeout', '120000'],
}[kind];
if (!selection) {
  console.error('usage: jest.mjs unit|int [jest options]');
  process.exit(2);
}
mkdirSync('test-results', { recursive: true });
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// Flags with several values swallow what follows them: boolean flags stand last, so that `rest` may hold path patterns.
const output = [`--outputFile=test-results/${kind}.json`, '--reporters=default', '--json', '--passWithNoTests'];
const run = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...selection, ...output, ...rest],
  { stdio: ['inherit', 'ignore', 'inherit'] },
);
process.exit(run.status ?? 1);
