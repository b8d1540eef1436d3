// For the specs of this package: does a process live, wait for a condition, run a script of ours in another process.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** True while a process runs; one that ended and that nobody waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

/** Resolves when the condition holds; rejects with `what` when it does not come true in a time that is long on any machine. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
    await pause(20);
  }
}

/** A process whose standard output is read line by line. */
export interface Script {
  readonly process: ChildProcess;
  /** The next line that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** What it wrote to standard error so far. */
  errors(): string;
}

/** Runs `node` with these arguments, TypeScript sources of the workspace included. */
export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Script {
  const child = spawn(process.execPath, ['--conditions=@longshore/source', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      lines.on('line', (text) => pattern.test(text) && resolve(text));
      void ended.then((how) => reject(new Error(`ended with ${how} before ${pattern}: ${errors}`)));
    });
  return { process: child, line, ended, errors: () => errors };
}

/** Runs ES module code; `file` of this package is imported as `subject`. */
export function runModule(file: URL, code: string): Script {
  return runNode(['--input-type=module', '-e', `import * as subject from ${JSON.stringify(file.href)};\n${code}`]);
}
