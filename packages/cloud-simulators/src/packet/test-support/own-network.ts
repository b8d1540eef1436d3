// Runs a spec file once more inside a network namespace made for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runInOwnNetwork as runCommandInOwnNetwork } from '../boot/own-network.ts';

const MARK = 'LONGSHORE_TEST_OWN_NETWORK';

/** True in the process that `runInOwnNetwork` started. */
export function isInOwnNetwork(): boolean {
  return process.env[MARK] === '1';
}

/** Runs the spec file in a namespace of its own; resolves with its exit code and everything that it printed. */
export async function runInOwnNetwork(
  specFile: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-own-network-'));
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = [process.execPath, ...flags, jest, '--runInBand', '--testMatch', specFile];
  try {
    const { code, output } = await runCommandInOwnNetwork(command, { ...process.env, [MARK]: '1', TMPDIR: folder });
    return { code, output: stripVTControlCharacters(output) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
