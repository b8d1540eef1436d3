// `bench -- csi`: the CSI driver. It is measured by a script in its own folder, which has the client and the host with stand-ins for iSCSI.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { BenchResult } from './nodes-benchmark.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../../apps/csi-packet/src/test-support/measure-driver.ts');

/** Runs it; throws with its words when it fails. */
export function benchCsi(): BenchResult {
  const run = spawnSync(process.execPath, ['--conditions=@longshore/source', SCRIPT], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) throw new Error('the measurement of csi-packet failed: see the messages above');
  return { benchmark: 'csi', ...(JSON.parse(run.stdout) as object) };
}
