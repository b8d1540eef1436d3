// `check` (the environment), `up` and `down` of a test cluster, as helpers/run-in-test-cluster and helpers/cleanup call them.
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KUBERNETES_VERSIONS } from '@longshore/embedded-control-plane';
import { messageOf } from '@longshore/reconciler-core';
import { accountDown, accountUp } from './account-cluster.ts';
import { parseTestCluster } from './options.ts';
import type { TestCluster } from './options.ts';
import { testMatrix } from './test-matrix.ts';

const STOP_MS = 60_000;
const INSTALL_MS = 300_000;
const supervisor = path.join(import.meta.dirname, 'supervisor.ts');

process.exitCode = await main(process.argv[2]);

async function main(command: string | undefined): Promise<number> {
  const cluster = parseTestCluster(process.env, process.cwd());
  if (typeof cluster === 'string') {
    console.error(cluster);
    return 1;
  }
  try {
    if (command === 'check') return 0;
    if (command === 'matrix') {
      console.log(JSON.stringify(testMatrix(Object.values(KUBERNETES_VERSIONS))));
      return 0;
    }
    if (command === 'up') await (cluster.account ? accountUp(cluster, cluster.account) : localUp(cluster));
    else if (command === 'down') await down(cluster);
    else throw new Error('usage: main.ts check|matrix|up|down');
    return 0;
  } catch (error) {
    console.error(messageOf(error));
    return 1;
  }
}

async function localUp(cluster: TestCluster): Promise<void> {
  console.log('CLOUDSCALE_API_TOKEN is not set: the cluster runs on this machine, against a simulated cloudscale.ch.');
  await mkdir(cluster.folder, { recursive: true });
  await writeFile(path.resolve(cluster.folder, '../.gitignore'), '*\n');
  const pid = await runningPid(cluster.folder);
  await (pid === undefined ? startSupervisor(cluster) : installAnew(cluster, pid));
  console.log(`
The cluster is up. kubectl reaches it so:

  export KUBECONFIG=k8test/cluster/admin.conf
  kubectl get nodes

k8test/cluster/ssh is a key as it would be for servers, but there are none: ssh needs a real account (CLOUDSCALE_API_TOKEN).
The program's log is k8test/cluster/ccm.log; helpers/cleanup removes everything.`);
}

async function startSupervisor(cluster: TestCluster): Promise<void> {
  const log = openSync(path.join(cluster.folder, 'supervisor.log'), 'w');
  const args = ['--conditions=@longshore/source', supervisor, JSON.stringify(cluster)];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: { line?: string; isReady?: boolean; problem?: string }) => {
      if (message.line) console.log(`  ${message.line}`);
      if (message.problem) reject(new Error(message.problem));
      if (message.isReady) resolve();
    });
    child.once('exit', () => reject(new Error(`the cluster did not come up: see ${cluster.folder}/supervisor.log`)));
  });
  child.removeAllListeners();
  child.disconnect();
  child.unref();
}

async function installAnew({ folder }: TestCluster, pid: number): Promise<void> {
  console.log('There is a cluster: only the program is installed anew.');
  const state = path.join(folder, 'local.json');
  const before = (await stat(state)).mtimeMs;
  process.kill(pid, 'SIGHUP');
  await until(async () => (await stat(state)).mtimeMs !== before, INSTALL_MS, `see ${folder}/supervisor.log`);
}

async function down(cluster: TestCluster): Promise<void> {
  const pid = await runningPid(cluster.folder);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    const isGone = async (): Promise<boolean> => (await runningPid(cluster.folder)) === undefined;
    await until(isGone, STOP_MS, `process ${pid} does not end`);
    console.log('The cluster on this machine is gone.');
  }
  if (cluster.account) await accountDown(cluster, cluster.account);
  await rm(cluster.folder, { recursive: true, force: true });
  const parent = path.dirname(cluster.folder);
  await rm(path.join(parent, '.gitignore'), { force: true });
  // Whatever else somebody put there stays.
  await rmdir(parent).catch(() => {});
}

// A number in a file says little: the process has to be the supervisor of this folder.
async function runningPid(folder: string): Promise<number | undefined> {
  const state = await readFile(path.join(folder, 'local.json'), 'utf8').catch(() => undefined);
  if (state === undefined) return undefined;
  const { pid } = JSON.parse(state) as { pid: number };
  if (!existsSync('/proc')) return isAlive(pid) ? pid : undefined;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(supervisor) && command.includes(JSON.stringify(folder)) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(isTrue: () => Promise<boolean>, limitMs: number, problem: string): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endsAt) throw new Error(`given up after ${limitMs / 1000} s: ${problem}`);
    await pause(100);
  }
}
