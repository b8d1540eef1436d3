#!/usr/bin/env node
// The program longshore-control-plane, `npm run control-plane` in the source tree: starts a control plane, writes a kubeconfig,
// prints `ready`, and runs until a signal. The first signal stops in order; a second one ends at once (the watchdog cleans up).
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import { acquireBinary } from './binaries/acquire.ts';
import type { BinaryName } from './binaries/catalogue.ts';
import { parseCommandLine } from './cli-options.ts';
import type { CliRequest, RunRequest } from './cli-options.ts';
import { processEnv } from './config.ts';
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
import { KUBECONFIG_MARK } from './kubeconfig.ts';
import { startControlPlane } from './start-control-plane.ts';

const PROGRAM = 'longshore-control-plane';
const PARENT_POLL_MS = 250;

process.exitCode = await main(parseCommandLine(process.argv.slice(2)));

async function main(request: CliRequest): Promise<number> {
  switch (request.kind) {
    case 'help':
      process.stdout.write(request.text);
      return 0;
    case 'mistake':
      return fail(request.message, 2);
    case 'prepare':
      return untilSignal((signal) => prepare(request, signal));
    case 'run':
      return untilSignal((signal) => run(request.run, signal));
  }
}

// Work gets a signal that aborts at SIGINT, SIGTERM or SIGHUP; being stopped so is a success.
async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  }
  const parentWatch = watchNpm(() => stop.abort());
  try {
    await work(stop.signal);
    return 0;
  } catch (error) {
    return stop.signal.aborted ? 0 : fail(messageOf(error), 1);
  } finally {
    clearInterval(parentWatch);
  }
}

// `npm run` passes a signal to its shell, and the shell ends without passing it on: a new parent is how we learn of it.
function watchNpm(onGone: () => void): NodeJS.Timeout | undefined {
  if (processEnv()['npm_lifecycle_event'] === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => process.ppid !== parent && onGone(), PARENT_POLL_MS).unref();
}

async function prepare({ minors, controllers }: CliRequest & { kind: 'prepare' }, signal: AbortSignal): Promise<void> {
  const names: BinaryName[] = ['etcd', 'kube-apiserver'];
  if (controllers) names.push('kube-controller-manager', 'kube-scheduler');
  for (const minor of minors) {
    for (const name of names) console.log(await acquireBinary(name, minor, { onProgress: report, signal }));
  }
}

async function run(request: RunRequest, signal: AbortSignal): Promise<void> {
  const path = resolve(request.kubeconfig);
  if (!request.mayOverwrite) await refuseForeignFile(path);
  // Neither a control plane nor a promise keeps a process alive.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    await runUntil(aborted(signal), path, { ...request, signal, onProgress: report });
  } finally {
    clearInterval(keepAlive);
  }
}

async function runUntil(stopped: Promise<void>, path: string, options: ControlPlaneOptions): Promise<void> {
  const failed = Promise.withResolvers<never>();
  // Without a listener, a component that ends during the stop would be an unhandled rejection.
  failed.promise.catch(() => {});
  const controlPlane = await startControlPlane({ ...options, onFailure: failed.reject });
  try {
    await controlPlane.writeKubeconfig(path);
    announce(controlPlane, path);
    await Promise.race([failed.promise, stopped]);
    report('stopping');
  } finally {
    await controlPlane.stop();
  }
}

function announce(controlPlane: ControlPlane, path: string): void {
  console.log(`Kubernetes ${controlPlane.version} at ${controlPlane.server}`);
  console.log(`export KUBECONFIG=${path}`);
  console.log('ready');
}

// Somebody's ~/.kube/config must not be lost to a slip of the hand.
async function refuseForeignFile(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.trim() === '' || text.startsWith(KUBECONFIG_MARK)) return;
  throw new Error(`${path} exists and was not written by this program: name another file, or add --force`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

function report(message: string): void {
  console.error(`${PROGRAM}: ${message}`);
}

function fail(message: string, code: number): number {
  report(message);
  return code;
}
