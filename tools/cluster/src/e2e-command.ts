// `npm run cluster -- e2e`: the specs that need such a cluster, as the test command runs them. They build what they start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { clusterProblem } from './host-check.ts';

const project = path.resolve(import.meta.dirname, '..');
const root = path.resolve(project, '../..');
// What the images are made of; Nx has those that did not change.
const APPS = ['do-ccm', 'packet-ccm', 'cloudscale-ccm', 'capi-packet-manager', 'csi-packet'];

/** Runs them and says how it ended: the exit code. */
export async function runEndToEnd(pattern = 'src/e2e/'): Promise<number> {
  // Asked for by name they are not skipped in silence.
  const problem = clusterProblem();
  if (problem !== undefined) {
    console.error(`cluster: ${problem}`);
    return 1;
  }
  const projects = APPS.map((app) => `@longshore/${app}`).join(',');
  const nx = ['run-many', '-t', 'build', '-p', projects, '--output-style=static'];
  const built = await run(path.join(root, 'node_modules/.bin/nx'), nx, root);
  if (built !== 0) return built;
  return run(process.execPath, [path.join(root, 'tools/scripts/jest.mjs'), 'int', pattern], project);
}

async function run(program: string, args: readonly string[], cwd: string): Promise<number> {
  const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
  const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, pass);
  return code ?? 1;
}
