// The built program (npm run build) as a process of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const MAIN = path.join(import.meta.dirname, '../../dist/main.js');

/** A process with what it has written so far. */
export interface Program {
  readonly child: ChildProcess;
  output(): string;
  /** Its exit code, and `null` when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ends it at once if it still runs. */
  kill(): Promise<void>;
}

/** Starts it with nothing of the environment but PATH. */
export function startProgram(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Program {
  return startCommand(process.execPath, [main, ...flags], env);
}

/** Puts the program into a folder as an image has it, with what V8 keeps for that path; answers what to start. */
export async function installProgram(folder: string): Promise<string> {
  for (const name of ['main.js', 'program.js', 'chunks']) {
    await cp(path.join(path.dirname(MAIN), name), path.join(folder, name), { recursive: true });
  }
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await mkdir(path.join(folder, 'compile-cache'));
  const main = path.join(folder, 'main.js');
  await startProgram(['--version'], {}, main).exited;
  return main;
}

/** Starts any program likewise. */
export function startCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => chunks.join(''),
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
