// How long a program takes from the start of its process until it works: its first request, or for csi-packet the socket that it serves on.
// What answers knows nothing, so that only the program is measured. Called for the table of images.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { mainFileOf } from './app-names.ts';
import type { ImageApp } from './app-names.ts';

const ROUNDS = 7;
const LIMIT_MS = 60_000;
const PROJECT = '00000000-0000-4000-8000-000000000000';

/** How a program is started, with its API server and its cloud at one address. */
interface Start {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where everything is at a start. */
interface Place {
  readonly url: string;
  readonly folder: string;
  readonly root: string;
}

const ccm = (provider: string, kubeconfig: string): readonly string[] => [
  ...[`--cloud-provider=${provider}`, `--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'],
];

function startOf(app: ImageApp, { url, folder, root }: Place): Start {
  const kubeconfig = path.join(folder, 'kubeconfig');
  const starts: Readonly<Record<ImageApp, Start>> = {
    'do-ccm': {
      args: ccm('digitalocean', kubeconfig),
      env: { DO_ACCESS_TOKEN: 'none', DO_OVERRIDE_URL: url, REGION: 'fra1' },
    },
    'packet-ccm': {
      args: ccm('packet', kubeconfig),
      env: { METAL_API_URL: url, METAL_API_KEY: 'none', METAL_PROJECT_ID: PROJECT, METAL_METRO_NAME: 'da' },
    },
    'cloudscale-ccm': {
      args: [...ccm('cloudscale', kubeconfig), '--allow-untagged-cloud'],
      env: { CLOUDSCALE_API_URL: url, CLOUDSCALE_ACCESS_TOKEN: 'none' },
    },
    'csi-packet': {
      args: [`--endpoint=unix://${path.join(folder, 'csi.sock')}`, '--mode=node', `--state-dir=${folder}/state`],
      env: { PACKET_METADATA_URL: url },
    },
    'capi-packet-manager': {
      args: [
        ...[`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--metrics-addr=0', '--health-addr=0'],
        `--config=${path.join(root, 'apps/capi-packet-manager/config/default/machine_configs.yaml')}`,
      ],
      env: { PACKET_API_URL: url, PACKET_API_KEY: 'none', PACKET_PROJECT_ID: PROJECT },
    },
  };
  return starts[app];
}

/** Milliseconds; the median of several starts of `apps/APP/dist`, the first one not counted. */
export async function measureStart(app: ImageApp, root: string): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) rounds.push(await startOnce(app, root));
  const sorted = rounds.slice(1).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

async function startOnce(app: ImageApp, root: string): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-start-'));
  const server = http.createServer((_, response) => {
    server.emit('longshore-request');
    response.writeHead(503, { 'retry-after': '1' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(path.join(folder, 'kubeconfig'), kubeconfigOf(url));
  const { args, env } = startOf(app, { url, folder, root });
  const isWorking = app === 'csi-packet' ? listens(path.join(folder, 'csi.sock')) : once(server, 'longshore-request');
  const main = path.join(root, 'apps', app, 'dist', app === 'capi-packet-manager' ? 'manager.js' : mainFileOf(app));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const early = ended.then(() => Promise.reject(new Error(`${app} ended before it worked`)));
  try {
    await Promise.race([isWorking, early, pause(LIMIT_MS, undefined, { ref: false }).then(() => early)]);
    return performance.now() - startedAt;
  } finally {
    early.catch(() => {});
    child.kill('SIGKILL');
    await ended;
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

async function listens(socket: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (performance.now() < deadline) {
    const attempt = connect(socket);
    const isOpen = await new Promise<boolean>((resolve) => {
      attempt.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    attempt.destroy();
    if (isOpen) return;
    await pause(1);
  }
  throw new Error(`nothing listens on ${socket}`);
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'start' },
    clusters: [{ name: 'start', cluster: { server } }],
    users: [{ name: 'start', user: { token: 'none' } }],
    contexts: [{ name: 'start', context: { cluster: 'start', user: 'start' } }],
  });
}
