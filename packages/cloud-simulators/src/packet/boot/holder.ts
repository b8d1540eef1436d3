// Processes that hold namespaces, and end when this program ends.
import type { ChildProcess } from 'node:child_process';

const READY = 'ready';

/** The end of a shell script: says that it is ready, then waits for the end of its input, which comes when this program ends, however it does. */
export const holdUntilWeEnd = `printf '${READY}\\n' && exec cat`;

/** Resolves when the holder is ready; rejects with what it said when it ends before. */
export function isReady(holder: ChildProcess, problem: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    holder.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes(`${READY}\n`)) resolve();
    });
    holder.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    holder.once('error', reject);
    holder.once('close', () => reject(new Error(`${problem}: ${errors.trim()}`)));
  });
}
