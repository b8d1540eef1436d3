// The process behind a test cluster on this machine: main.ts starts it in the background, tells it to install anew with SIGHUP, and
// helpers/cleanup ends it with SIGTERM. What it says while somebody listens goes to that one, and always to its log.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import { LocalCluster } from './local-cluster.ts';
import type { TestCluster } from './options.ts';

const cluster = JSON.parse(process.argv[2] ?? '{}') as TestCluster;
const state = path.join(cluster.folder, 'local.json');

function say(line: string): void {
  console.log(line);
  tell({ line });
}

function tell(message: object): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

const local = new LocalCluster(cluster, say);
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  await local.stop().catch((error: unknown) => console.error(messageOf(error)));
  await rm(state, { force: true });
  process.exit(code);
}

async function attempt(work: () => Promise<void>, onFailure: () => Promise<void> | void): Promise<void> {
  try {
    await work();
    await writeFile(state, JSON.stringify({ pid: process.pid, installedAt: new Date().toISOString() }), {
      mode: 0o600,
    });
    tell({ isReady: true });
  } catch (error) {
    console.error(messageOf(error));
    tell({ problem: messageOf(error) });
    await onFailure();
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));
process.on(
  'SIGHUP',
  () =>
    void attempt(
      () => local.install(),
      () => {},
    ),
);
// Without a terminal and with nothing to wait for, something has to keep the process.
setInterval(() => {}, 2 ** 30);
await attempt(
  () => local.start(),
  () => stop(1),
);
