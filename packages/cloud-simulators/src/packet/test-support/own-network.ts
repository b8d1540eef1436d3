// Runs a spec file once more inside a network namespace made for it, with nothing but loopback. Linux and root.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';

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
  // /sys shows the links of the namespace in which it was mounted.
  const inside = ['sh', '-c', 'mount -t sysfs none /sys && ip link set lo up && exec "$@"', 'sh', ...command];
  try {
    const child = spawn('unshare', ['--net', '--mount', '--', ...inside], {
      env: { ...process.env, [MARK]: '1', TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit').then(() => child.exitCode);
    const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, output: stripVTControlCharacters(`${out}${errors}`) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
