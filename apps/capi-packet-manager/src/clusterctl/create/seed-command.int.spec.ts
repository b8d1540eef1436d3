// The seed's command line word for word, by the built program, with two real API servers and a `kind` that hands out the first of them; then
// `delete cluster`. The managers are played; the whole, with real managers and machines, is e2e/create-cluster.int.spec.ts.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { configMaps, connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { until } from '@longshore/reconciler-core/testing';
import { createPacketApi } from '@longshore/packet-api';
import type { ProjectId } from '@longshore/packet-api';
import { clusters, machines } from '../../api/resources.ts';
import { planFiles, SHIPPED_MACHINE_CONFIGS } from '../../generate/plan-files.ts';
import { serverTags } from '../../servers/tags.ts';
import { runCommand } from '../../test-support/site/command.ts';
import type { CommandResult } from '../../test-support/site/command.ts';
import { namespaces, secrets } from '../kube-kinds.ts';
import { listAll } from '../pivot/observe-content.ts';
import { playManager } from '../test-support/played-manager.ts';
import type { PlayedDevices } from '../test-support/played-manager.ts';

const app = path.resolve(import.meta.dirname, '../../..');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPoQVHBCmkjTYLkKCyPs6ZQ7jQ4E9b3FvMUhRZJPZ0bm desk';
const SEED = [
  './bin/clusterctl create cluster',
  '--provider packet',
  '--bootstrap-type kind',
  '-c ./out/packet/cluster.yaml',
  '-m ./out/packet/machines.yaml',
  '-p ./out/packet/provider-components.yaml',
  '-a ./out/packet/addons.yaml',
].join(' ');

let folder: string;
let cloud: PacketSimulator;
let bootstrap: ControlPlane;
let target: ControlPlane;
let source: KubeClient;
let made: KubeClient;
const stop = new AbortController();
const playing: Promise<void>[] = [];

function program(name: string, text: string): void {
  writeFileSync(path.join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(path.join(folder, 'bin', name), 0o755);
}

function run(command: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  return runCommand(['/bin/sh', '-c', command], {
    cwd: folder,
    env: {
      PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      PACKET_API_KEY: cloud.token,
      PACKET_PROJECT_ID: cloud.projectId,
      PACKET_API_URL: cloud.url,
      ...env,
    },
  });
}

const kindCalls = (): readonly string[] => readFileSync(path.join(folder, 'kind.log'), 'utf8').trim().split('\n');

function devices(): PlayedDevices & { names(): Promise<readonly string[]> } {
  const api = createPacketApi({ baseUrl: cloud.url, token: () => cloud.token, userAgent: 'played' });
  const { signal } = stop;
  const projectId = cloud.projectId as ProjectId;
  const named = async (name: string): Promise<readonly { readonly id: string }[]> =>
    api.devices.list(projectId, signal, { hostname: name });
  return {
    names: async () => (await api.devices.list(projectId, signal)).map(({ hostname }) => hostname ?? ''),
    ensure: async (name) => {
      if ((await named(name)).length > 0) return;
      const owner = { cluster: { namespace: 'default', name: 'web' }, role: 'node' } as const;
      cloud.addDevice({ hostname: name, tags: [...serverTags(owner, name, [])] });
    },
    remove: async (name) => {
      for (const { id } of await named(name)) cloud.removeDevice(id);
    },
  };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'seed-command-'));
  for (const name of ['bin', 'out/packet']) mkdirSync(path.join(folder, name), { recursive: true });
  cloud = await simulatePacket({ facility: 'ewr1' });
  bootstrap = await startControlPlane({ controllers: true });
  target = await startControlPlane({ controllers: true });
  source = await connect({ kubeconfig: bootstrap.kubeconfigPath, userAgent: 'spec' });
  made = await connect({ kubeconfig: target.kubeconfigPath, userAgent: 'spec' });
  const settings = { projectID: cloud.projectId, apiKey: cloud.token, clusterName: 'web', facilities: ['ewr1'] };
  const files = {
    image: 'manager:1',
    machineConfigs: SHIPPED_MACHINE_CONFIGS,
    apiUrl: cloud.url,
    sshKeyFile: Buffer.from(KEY),
  };
  for (const { name, text } of planFiles({ ...settings, ...files }))
    writeFileSync(path.join(folder, 'out/packet', name), text);
  program('clusterctl', `exec ${process.execPath} ${path.join(app, 'dist/clusterctl.js')} "$@"`);
  program(
    'kind',
    [
      `echo "$*" >> ${folder}/kind.log`,
      `case "$1 $2" in`,
      `"get clusters") [ -e ${folder}/kind.made ] && echo clusterapi; exit 0;;`,
      `"create cluster") touch ${folder}/kind.made; cp ${bootstrap.kubeconfigPath} "$5";;`,
      `"delete cluster") rm ${folder}/kind.made;;`,
      `esac`,
    ].join('\n'),
  );
  play(made);
}, 600_000);

/** From now on the managers of that cluster work. */
function play(client: KubeClient): void {
  const kubeconfig = readFileSync(target.kubeconfigPath, 'utf8');
  playing.push(playManager({ client, devices: devices(), kubeconfig }, stop.signal));
}

afterAll(async () => {
  stop.abort();
  await Promise.all(playing);
  await bootstrap?.stop();
  await target?.stop();
  await cloud?.close();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

describe('the command line of the README', () => {
  test('CA row P2 a phase that fails: exit code 1, the kind cluster is kept', async () => {
    // No manager works in the bootstrap cluster yet, so the first Machine waits in vain.
    const { code, output } = await run(SEED, { CLUSTER_API_MACHINE_READY_TIMEOUT: '0.001' });
    expect(output).toMatch(/waited 0\.001 min for Machine default\/web-master-0/);
    expect(output).toContain('To go on: the same command again.');
    expect(code).toBe(1);
    expect(existsSync(path.join(folder, 'kind.made'))).toBe(true);
  }, 300_000);

  test('CA row P1 again: goes on where it ended, exit code 0, the kind cluster is deleted, the kubeconfig is 0600', async () => {
    play(source);
    const { code, output } = await run(SEED);
    expect(`${output}\nexit ${code}`).toMatch(/Cluster default\/web is ready[^]*exit 0$/);
    expect(output).not.toContain(cloud.token);
    expect(existsSync(path.join(folder, 'kind.made'))).toBe(false);
    expect(kindCalls().filter((line) => line.startsWith('create'))).toHaveLength(1);
    expect(statSync(path.join(folder, 'kubeconfig')).mode & 0o777).toBe(0o600);
    // The played managers make devices in their own time.
    const both = async (): Promise<boolean> => (await devices().names()).includes('web-node-0');
    await until('the worker has a device', both);
    expect((await devices().names()).toSorted()).toEqual(['web-master-0', 'web-node-0']);
    expect((await listAll(made, machines, { signal: stop.signal })).map(({ metadata }) => metadata?.name)).toEqual([
      'web-master-0',
      'web-node-0',
    ]);
    expect(await listAll(source, clusters, { signal: stop.signal })).toEqual([]);
    const saved = await made.get(configMaps, { namespace: 'default', name: 'clusterctl' });
    expect(saved?.data?.['provider-components']).not.toContain(cloud.token);
  }, 300_000);

  test('CA row P10 on a real API server the owner references hold: the garbage collector keeps what was moved', async () => {
    const secret = await made.get(secrets, { namespace: 'default', name: 'web-kubeconfig' });
    const cluster = await made.get(clusters, { namespace: 'default', name: 'web' });
    expect(secret?.metadata?.ownerReferences?.map(({ uid }) => uid)).toEqual([cluster?.metadata?.uid]);
  });

  test('describe and validate of the new cluster', async () => {
    const described = await run('./bin/clusterctl describe cluster --kubeconfig kubeconfig');
    expect(described).toEqual({
      code: 0,
      output: expect.stringContaining('├─MachineDeployment/web-node  1 of 1 available'),
    });
    const validated = await run('./bin/clusterctl validate cluster --kubeconfig kubeconfig');
    expect(validated.output).toContain('Checking cluster object "web"... PASS');
    expect(validated.output).toContain('Checking machine object "web-master-0"... FAIL');
    expect(validated.code).toBe(1);
  }, 120_000);

  test('CA row P12 delete cluster, from an existing bootstrap cluster that stays as it was', async () => {
    const command = `./bin/clusterctl delete cluster --kubeconfig kubeconfig -p ./out/packet/provider-components.yaml -e ${bootstrap.kubeconfigPath}`;
    const { code, output } = await run(command);
    expect(`${output}\nexit ${code}`).toMatch(/Cluster default\/web is deleted[^]*exit 0$/);
    expect(await devices().names()).toEqual([]);
    const left = await listAll(source, secrets, { namespace: 'default', signal: stop.signal });
    expect(left.map(({ metadata }) => metadata?.name)).toEqual([]);
    expect(await source.get(namespaces, { name: 'default' })).toBeDefined();
  }, 300_000);
});
