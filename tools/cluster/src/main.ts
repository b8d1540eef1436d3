// `npm run cluster`: see options.ts for what it takes. The first signal stops in order; a second one ends at once, and the node and the
// control plane clear up behind us.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import type { RunningCluster } from './cluster.ts';
import { runEndToEnd } from './e2e-command.ts';
import { loadIntoRunning, noteRunning } from './load-command.ts';
import { parseCommandLine } from './options.ts';
import type { CommandLine, UpRequest } from './options.ts';
import { startCluster } from './start-cluster.ts';

const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };
process.exitCode = await main(parseCommandLine(process.argv.slice(2), version));

async function main(request: CommandLine): Promise<number> {
  switch (request.kind) {
    case 'text':
      process.stdout.write(request.text);
      return 0;
    case 'mistake':
      report(`${request.message} (--help shows all commands)`);
      return 2;
    case 'up':
      return untilSignal((signal) => up(request.up, signal));
    case 'load':
      return untilSignal(async () => {
        for (const name of await loadIntoRunning(request)) console.log(name);
      });
    case 'e2e':
      return runEndToEnd(request.pattern);
  }
}

// Work gets a signal that aborts at SIGINT, SIGTERM or SIGHUP; being stopped so is a success.
async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  }
  try {
    await work(stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    report(messageOf(error));
    return 1;
  }
}

async function up({ kubeconfig, force, image, ...options }: UpRequest, signal: AbortSignal): Promise<void> {
  const copy = kubeconfig === undefined ? undefined : path.resolve(kubeconfig);
  if (copy !== undefined && !force) await refuseForeignFile(copy);
  const failed = Promise.withResolvers<never>();
  // Without a listener, a part that ends during the stop would be an unhandled rejection.
  failed.promise.catch(() => {});
  const cluster = await startCluster({
    ...options,
    images: image,
    signal,
    onProgress: report,
    onFailure: failed.reject,
  });
  // A cluster alone keeps no process alive.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    await noteRunning(cluster);
    if (copy !== undefined) await cluster.controlPlane.writeKubeconfig(copy);
    announce(cluster, copy ?? cluster.kubeconfigPath);
    await Promise.race([failed.promise, aborted(signal)]);
    report('stopping');
  } finally {
    clearInterval(keepAlive);
    await cluster.stop();
  }
}

function announce(cluster: RunningCluster, kubeconfig: string): void {
  console.log(`Kubernetes ${cluster.controlPlane.version} at ${cluster.controlPlane.server}, Node ${cluster.nodeName}`);
  console.log(`this machine has the address ${cluster.hostAddress} for the node and its pods`);
  console.log(`files and logs: ${cluster.folder} and ${cluster.controlPlane.folder}`);
  console.log(`export KUBECONFIG=${kubeconfig}`);
  console.log('ready');
}

// Somebody's ~/.kube/config must not be lost to a slip of the hand.
async function refuseForeignFile(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.trim() === '' || text.startsWith('# Written by longshore-control-plane.')) return;
  throw new Error(`${file} exists and was not written by this program: name another file, or add --force`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

function report(message: string): void {
  console.error(`cluster: ${message}`);
}
