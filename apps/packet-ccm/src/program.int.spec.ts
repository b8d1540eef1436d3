// The built program (npm run build) against a real API server and the simulated cloud, started with the arguments and the environment of
// the seed's manifest.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeNode } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { VERSION } from './version.ts';

const main = path.join(import.meta.dirname, '../dist/main.js');
const FIRST_BUILD_MS = 1_800_000;
const SEED_FLAGS = ['--cloud-provider=packet', '--leader-elect=false', '--allow-untagged-cloud=true'];
const UNINITIALIZED = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };

let plane: ControlPlane;
let cloud: PacketSimulator;
let running: ChildProcess | undefined;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => void process.stderr.write(`${message}\n`) });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'da11', pathPrefix: '/metal/v1' });
});
afterEach(async () => {
  if (running && running.exitCode === null && running.signalCode === null) {
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
  running = undefined;
  await cloud.close();
});

function start(env: Readonly<Record<string, string>>): ChildProcess {
  const flags = [...SEED_FLAGS, `--kubeconfig=${plane.kubeconfigPath}`, '--secure-port=0', '--node-monitor-period=1s'];
  running = spawn(process.execPath, [main, ...flags], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return running;
}

const seedEnv = (): Record<string, string> => ({
  PACKET_AUTH_TOKEN: cloud.token,
  PACKET_PROJECT_ID: cloud.projectId,
  PACKET_API_URL: cloud.url,
});

/** Everything that it says until its end. */
async function textOf({ stdout, stderr }: ChildProcess): Promise<string> {
  if (!stdout || !stderr) throw new Error('the program has no output');
  const [out, err] = await Promise.all([text(stdout), text(stderr)]);
  return out + err;
}

async function node(name: string): Promise<KubeNode | undefined> {
  const { status, body } = await plane.request({ path: `/api/v1/nodes/${name}` });
  return status === 200 ? (body as KubeNode) : undefined;
}

async function addNode(name: string, providerID?: string): Promise<void> {
  const spec = { taints: [UNINITIALIZED], ...(providerID === undefined ? {} : { providerID }) };
  await plane.request({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name }, spec } });
}

const isInitialized = (name: string) => async (): Promise<boolean> =>
  (await node(name))?.spec?.taints?.some(({ key }) => key === UNINITIALIZED.key) === false;

describe('packet-ccm', () => {
  test('PK row 1 PK row 9 PK row 28 nodes are initialized, one whose device is gone is removed, SIGTERM ends it with 0', async () => {
    const made = cloud.addDevice({ hostname: 'node-1' });
    const old = cloud.addDevice({ hostname: 'node-2' });
    await addNode('node-1');
    await addNode('node-2', `equinixmetal://${old.id}`);
    const child = start(seedEnv());
    const log = textOf(child);
    for (const name of ['node-1', 'node-2']) {
      await waitFor(isInitialized(name), { what: `${name} initialized`, timeoutMs: 30_000 });
    }
    const labels = {
      'topology.kubernetes.io/region': 'da',
      'topology.kubernetes.io/zone': 'da11',
      'node.kubernetes.io/instance-type': 'c3.small.x86',
    };
    expect(await node('node-1')).toMatchObject({
      metadata: { labels },
      spec: { providerID: `packet://${made.id}` },
      status: { addresses: [{ type: 'Hostname' }, { type: 'InternalIP' }, { type: 'ExternalIP' }] },
    });
    expect(await node('node-2')).toMatchObject({ spec: { providerID: `equinixmetal://${old.id}` } });
    cloud.removeDevice(old.id);
    await waitFor(async () => (await node('node-2')) === undefined, { what: 'node-2 removed', timeoutMs: 60_000 });
    expect(await node('node-1')).toBeDefined();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await log).not.toContain(cloud.token);
  }, 120_000);

  test('PK row 2 PK row 3 without settings it says what is missing and ends with 1', async () => {
    const child = start({});
    const [[code], err] = await Promise.all([once(child, 'exit'), textOf(child)]);
    expect(code).toBe(1);
    expect(err).toMatch(/PACKET_AUTH_TOKEN.*PACKET_PROJECT_ID/);
  }, 60_000);

  test('version and help', async () => {
    expect(await outputOf('--version')).toBe(`packet-ccm v${VERSION}\n`);
    const help = await outputOf('--help');
    const golden = new URL('__golden__/help.txt', import.meta.url);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, help);
    expect(help).toBe(readFileSync(golden, 'utf8'));
  }, 60_000);

  test('the launcher of the image starts it by the name that the seed’s manifest has', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'packet-ccm-image-'));
    const app = path.join(import.meta.dirname, '..');
    const launcher = 'packet-cloud-controller-manager';
    await cp(path.join(app, 'package.json'), path.join(folder, 'package.json'));
    for (const part of ['main.js', 'program.js', 'chunks']) {
      await cp(path.join(app, 'dist', part), path.join(folder, part), { recursive: true });
    }
    const text = await readFile(path.join(app, 'deploy', launcher), 'utf8');
    await writeFile(path.join(folder, launcher), text.replace('#!/app/node', `#!${process.execPath}`), { mode: 0o755 });
    const { stdout } = await promisify(execFile)(`./${launcher}`, ['--version'], { cwd: folder });
    expect(stdout).toBe(`packet-ccm v${VERSION}\n`);
    await rm(folder, { recursive: true });
  }, 60_000);
});

async function outputOf(flag: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, flag]);
  return stdout;
}
