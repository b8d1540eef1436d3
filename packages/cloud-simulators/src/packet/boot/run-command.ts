// Runs commands for the boot mode. Their errors say which command it was, and what it said.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from './machine-plan.ts';

const execute = promisify(execFile);

/** What a command printed. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; throws when it fails. */
export async function runCommand([program, ...args]: Command): Promise<Output> {
  try {
    return await execute(program, args, { maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`"${[program, ...args].join(' ')}" failed: ${said}`, { cause: error });
  }
}
