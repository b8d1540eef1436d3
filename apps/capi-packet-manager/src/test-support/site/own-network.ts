// Runs a spec file once more inside a network namespace made for it: the bridge of the simulated machines is on nobody else's network.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runInOwnNetwork as runCommand } from '@longshore/cloud-simulators';
import { acquireBinary } from '@longshore/embedded-control-plane';
import type { BinaryName, Minor } from '@longshore/embedded-control-plane';

const MARK = 'LONGSHORE_TEST_OWN_NETWORK';
const CONTROL_PLANE: readonly BinaryName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubeadm',
];

/** True in the process that `runSpecInOwnNetwork` started. */
export function isInOwnNetwork(): boolean {
  return process.env[MARK] === '1';
}

/** What machines run; inside there is no network, from which it could be had. */
export async function prepareBinaries(minor: Minor, workerMinors: readonly Minor[]): Promise<void> {
  for (const name of CONTROL_PLANE) await acquireBinary(name, minor);
  for (const older of workerMinors) await acquireBinary('kubeadm', older);
}

/** Runs the spec file there; resolves with its exit code and everything that it printed. */
export async function runSpecInOwnNetwork(
  specFile: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-own-network-'));
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = [process.execPath, ...flags, jest, '--runInBand', '--testMatch', specFile];
  try {
    const { code, output } = await runCommand(command, { ...process.env, [MARK]: '1', TMPDIR: folder });
    return { code, output: stripVTControlCharacters(output) };
  } finally {
    if (process.env['LONGSHORE_TEST_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
