// `npm run cluster -- e2e`: the specs that need such a cluster, as the test command runs them. They build what they start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { clusterProblem } from './host-check.ts';

const project = path.resolve(import.meta.dirname, '..');

/** Runs them and says how it ended: the exit code. */
export async function runEndToEnd(pattern = 'src/e2e/'): Promise<number> {
  // Asked for by name they are not skipped in silence.
  const problem = clusterProblem();
  if (problem !== undefined) {
    console.error(`cluster: ${problem}`);
    return 1;
  }
  const script = path.resolve(project, '../scripts/jest.mjs');
  const run = spawn(process.execPath, [script, 'int', pattern], { cwd: project, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => run.kill(signal));
  const [code] = (await once(run, 'exit')) as [number | null];
  return code ?? 1;
}
