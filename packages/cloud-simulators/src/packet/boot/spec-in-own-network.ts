// Runs a spec file of jest once more inside a network namespace made for it: the bridge of its machines is on nobody else's network.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runInOwnNetwork } from './own-network.ts';

const MARK = 'LONGSHORE_TEST_OWN_NETWORK';

/** True in the process that `runSpecInOwnNetwork` started. */
export function isInOwnNetwork(): boolean {
  return process.env[MARK] === '1';
}

/** Runs the spec file (its path) in a namespace of its own, with the jest that is installed where it is; resolves with its exit code and everything that it printed. */
export async function runSpecInOwnNetwork(
  specFile: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-own-network-'));
  const jest = createRequire(specFile).resolve('jest/bin/jest');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = [process.execPath, ...flags, jest, '--runInBand', '--testMatch', specFile];
  try {
    const { code, output } = await runInOwnNetwork(command, { ...process.env, [MARK]: '1', TMPDIR: folder });
    return { code, output: stripVTControlCharacters(output) };
  } finally {
    if (process.env['LONGSHORE_TEST_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
