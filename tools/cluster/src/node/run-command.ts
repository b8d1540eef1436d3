// Runs commands to their end. Their errors say which command it was, and what it said.
import { execFile } from 'node:child_process';
import { messageOf } from '@longshore/reconciler-core';
import { searchPath } from '../host-check.ts';
import type { Command } from './node-scripts.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Resolves with what the command printed; rejects when it fails. */
export function runCommand([program, ...args]: Command, input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: searchPath() };
    const child = execFile(program, args, { env, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = `${stderr}${stdout}`.trim();
      // Node's own error is the same command line and the same output once more.
      const cause = said === '' ? { cause: error } : {};
      return reject(new Error(`"${[program, ...args].join(' ')}" failed: ${said || messageOf(error)}`, cause));
    });
    // A command that reads nothing may be gone before its input is written.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}
