// Real processes: exit codes, last lines, signals, closed pipes.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const moduleUrl = new URL('../process.ts', import.meta.url).href;

/** Runs a program whose main function is `body`; `when` is told of each line that it prints. */
function run(
  body: string,
  options: {
    readonly argv?: readonly string[];
    /** Long, but where the test waits for its end. */
    readonly graceMs?: number;
    readonly when?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Ended> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    file,
    `import * as p from ${JSON.stringify(moduleUrl)};\nvoid p.runProcess(async (context) => {${body}}, { program: 'demo', graceMs: ${options.graceMs ?? 60_000} });\n`,
  );
  const child = spawn(process.execPath, ['--conditions=@longshore/source', file, ...(options.argv ?? [])], {
    stdio: 'pipe',
  });
  return new Promise((resolve) => {
    const texts = { stdout: '', stderr: '' };
    child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      texts.stdout += data.toString();
      options.when?.(data.toString(), (signal) => child.kill(signal));
    });
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

const waits =
  'await new Promise((resolve) => { context.signal.addEventListener("abort", resolve); setInterval(() => {}, 1000); });';

test('an error is one line on stderr and exit code 1', async () => {
  expect(await run('throw new Error("no such thing");')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'demo: no such thing\n',
  });
});

test('usage problems are a line each', async () => {
  const body = 'p.parseFlags(p.loggingFlags, context.argv, { program: "demo", version: "1.0.0", description: "x" });';
  expect(await run(body, { argv: ['--nope', '-v=x'] })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'demo: unknown flag --nope (see --help)\ndemo: --v: "x" is not a whole number\n',
  });
});

test('a rejection that nobody awaits ends the process', async () => {
  const { code, stderr } = await run(`void Promise.reject(new Error("lost")); ${waits}`);
  expect([code, stderr]).toEqual([1, 'demo: unhandled rejection: lost\n']);
});

test('the last of many log lines is written before the exit', async () => {
  const { stderr } = await run(
    'const log = p.createLogger({ format: "json", verbosity: 0 }); for (let i = 0; i < 20000; i++) log.info("line", { i }); process.exit(0);',
  );
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(20_000);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'line', i: 19_999 });
});

test('SIGTERM lets main end, with its exit code', async () => {
  const when = (_: string, kill: (signal: NodeJS.Signals) => void): void => kill('SIGTERM');
  expect(await run(`context.print("up\\n"); ${waits} return 0;`, { when })).toEqual({
    code: 0,
    stdout: 'up\n',
    stderr: '',
  });
});

test('a main that ignores SIGTERM is ended with a line', async () => {
  const when = (_: string, kill: (signal: NodeJS.Signals) => void): void => kill('SIGTERM');
  const { code, stderr } = await run(
    'context.print("up\\n"); setInterval(() => {}, 1000); await new Promise(() => {});',
    { when, graceMs: 300 },
  );
  expect([code, stderr]).toEqual([1, 'demo: did not stop within 0.3 s of SIGTERM\n']);
});

test('a reader that goes away is no error', async () => {
  const file = join(folder, 'pipe.mjs');
  writeFileSync(
    file,
    `import { runProcess } from ${JSON.stringify(moduleUrl)};\nvoid runProcess(async ({ print }) => { for (let i = 0; i < 100000; i++) print("line\\n"); }, { program: 'demo' });\n`,
  );
  const command = `"${process.execPath}" --conditions=@longshore/source "${file}" | head -1`;
  const child = spawn('bash', ['-c', `set -o pipefail; ${command}`], { stdio: 'pipe' });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, ...texts }).toEqual({ code: 0, stdout: 'line\n', stderr: '' });
});
