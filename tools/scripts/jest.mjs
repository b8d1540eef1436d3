// Runs jest for the project in the current folder: `jest.mjs unit` takes *.spec.ts, `jest.mjs int` takes *.int.spec.ts.
// Results go to test-results/<kind>.json, from which the totals of `npm test` are summed. Further arguments go to jest.
// A test that failed may leave a server or a timer behind, with which jest would wait for ever: once the results are written it has half a
// minute to end, and is ended then.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const LINGER_MS = 30_000;
const [kind, ...rest] = process.argv.slice(2);
const selection = {
  unit: ['--testMatch', '**/src/**/!(*.int).spec.ts'],
  int: ['--testMatch', '**/src/**/*.int.spec.ts', '--runInBand', '--testTimeout', '120000'],
}[kind];
if (!selection) {
  console.error('usage: jest.mjs unit|int [jest options]');
  process.exit(2);
}
const results = `test-results/${kind}.json`;
mkdirSync('test-results', { recursive: true });
rmSync(results, { force: true });
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// Flags with several values swallow what follows them: boolean flags stand last, so that `rest` may hold path patterns.
const output = [`--outputFile=${results}`, '--reporters=default', '--json', '--passWithNoTests'];
const run = spawn(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...selection, ...output, ...rest],
  { stdio: ['inherit', 'ignore', 'inherit'] },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));

let lingering;
const watch = setInterval(() => {
  if (!lingering && existsSync(results)) lingering = setTimeout(endIt, LINGER_MS);
}, 1000);

function endIt() {
  console.error(`the ${kind} tests are done, but something that they left open kept the runner alive: ended`);
  run.kill('SIGKILL');
}

run.once('exit', (code) => {
  clearInterval(watch);
  clearTimeout(lingering);
  process.exit(code ?? (existsSync(results) && JSON.parse(readFileSync(results, 'utf8')).success ? 0 : 1));
});
