// The real Host: files, processes, API servers and the Packet account of this machine.
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { sleep, systemClock } from '@longshore/reconciler-core';
import { writeAtomically } from '../bootstrap/ca-cache-file.ts';
import { VERSION } from '../process/version.ts';
import type { Account, Child, ChildWish, Execution, Host } from './host.ts';
import { packetAccount } from './packet-account.ts';
import { failure } from './problem.ts';
import { PlainProgress, TerminalProgress } from './progress/progress.ts';

const USER_AGENT = `clusterctl/${VERSION}`;
const LONGEST_OUTPUT = 16 * 1024 * 1024;
const STOP_MS = 15_000;
const POLL_MS = 100;

/** The host of this process. */
export function nodeHost({ env, signal, secrets, print }: ProcessContext): Host {
  const shown = (text: string): void => print(secrets.redact(text));
  const redact = (text: string): string => secrets.redact(text);
  const progress = process.stdout.isTTY === true ? new TerminalProgress(shown, redact) : new PlainProgress(shown);
  let account: Account | undefined;
  return {
    env,
    clock: systemClock,
    signal,
    progress,
    print,
    hide: (...texts) => secrets.add(...texts),
    newId: () => randomUUID(),
    connect: (kubeconfig): Promise<KubeClient> => connect({ kubeconfig, userAgent: USER_AGENT, env }),
    execute,
    start: startChild,
    endProcess,
    readText: (path) => readFile(path, 'utf8'),
    readBytes: (path) => readFile(path),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    writeSecretFile: writeAtomically,
    account: () => (account ??= packetAccount(env, USER_AGENT)),
    managerProgram: () => Promise.resolve(managerProgram(env)),
    controlPlaneProgram: () => Promise.resolve(controlPlaneProgram(env)),
  };
}

function execute(command: string, args: readonly string[], signal: AbortSignal): Promise<Execution> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { signal, maxBuffer: LONGEST_OUTPUT }, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (!error) return resolve({ code: 0, stdout, stderr });
      const code = error.code === ('ENOENT' as unknown) ? 127 : Number(error.code);
      resolve({ code: Number.isInteger(code) ? code : 1, stdout, stderr });
    });
  });
}

async function startChild({ command, args, env = {}, logFile, isDetached }: ChildWish): Promise<Child> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const stdio = ['ignore', log.fd, log.fd] as const;
    const child = spawn(command, args, { stdio: [...stdio], detached: isDetached, env: { ...process.env, ...env } });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (isDetached) child.unref();
    const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
    return { pid: child.pid ?? 0, isRunning, stop: () => stopChild(child, ended) };
  } finally {
    await log.close();
  }
}

async function stopChild(child: { kill(signal: NodeJS.Signals): boolean }, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

// A pid may belong to somebody else by now: the command line must hold the mark. Where there is no /proc nothing is ended.
async function endProcess(pid: number, mark: string): Promise<void> {
  const isOurs = async (): Promise<boolean> =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').includes(mark);
  if (!(await isOurs())) return;
  process.kill(pid, 'SIGTERM');
  for (let waitedMs = 0; await isOurs(); waitedMs += POLL_MS) {
    if (waitedMs === STOP_MS) process.kill(pid, 'SIGKILL');
    await sleep(systemClock, POLL_MS);
  }
}

/** What to run for the manager: CLUSTERCTL_MANAGER, or the program beside this one. */
function managerProgram(env: Host['env']): { readonly command: string; readonly args: readonly string[] } {
  const given = env['CLUSTERCTL_MANAGER'];
  if (given !== undefined && given !== '') return runnable(given);
  // A program that is one file runs from where that unpacked it (packaging/self-extracting.mjs).
  const own = env['LONGSHORE_PROGRAM_FILE'] ?? process.argv[1] ?? process.execPath;
  const names = [basename(own).replace('clusterctl', 'manager'), 'manager', 'manager.js'];
  const found = names.map((name) => join(dirname(own), name)).find((path) => path !== own && existsSync(path));
  if (found !== undefined) return runnable(found);
  throw failure(
    'CTL_MANAGER_MISSING',
    `the program manager is not beside ${own}: put it there, or name it by CLUSTERCTL_MANAGER`,
  );
}

function runnable(path: string): { readonly command: string; readonly args: readonly string[] } {
  return /\.[cm]?[jt]s$/.test(path)
    ? { command: process.execPath, args: [...process.execArgv, path] }
    : { command: path, args: [] };
}

function controlPlaneProgram(env: Host['env']): { readonly command: string; readonly args: readonly string[] } {
  const given = env['CLUSTERCTL_CONTROL_PLANE'];
  if (given !== undefined && given !== '') return runnable(given);
  try {
    const entry = fileURLToPath(import.meta.resolve('@longshore/embedded-control-plane'));
    return runnable(join(dirname(entry), basename(entry).replace('index', 'cli')));
  } catch (error) {
    const remedy =
      'npm install @longshore/embedded-control-plane, or use --bootstrap-type kind, or -e with a cluster that exists';
    throw failure('CTL_EMBEDDED_MISSING', `the embedded control plane is not installed: ${remedy}`, error);
  }
}
