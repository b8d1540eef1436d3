// The built manager against a real API server and a simulated Packet: its start, its life, its end.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { conditionOf } from '../api/conditions.ts';
import { annotations, CREDENTIALS_SECRET, MACHINE_FINALIZER, PACKET_NAMESPACE } from '../api/names.ts';
import { machines } from '../api/resources.ts';
import { openIfSealed, sealingKeysOfSecret } from '../bootstrap/seal.ts';
import { dataOf, secrets, textIn } from '../cluster/kube-secret.ts';
import { isSigned, presentToken } from '../cluster/workload-token.ts';
import { attemptTag, clusterTags } from '../servers/tags.ts';
import { clientFor } from '../test-support/site/cluster-view.ts';
import { ManagerRun, Objects } from './test-support/manager-run.ts';
import { VERSION } from './version.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 120_000;
/** For what takes seconds: looking more often would only take time from what is waited for. */
const patiently = { timeoutMs: LONG_MS, everyMs: 100 } as const;
const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const signal = new AbortController().signal;

let plane: ControlPlane;
let cloud: PacketSimulator;
let objects: Objects;
let client: KubeClient;
const running: ManagerRun[] = [];

const start = (options?: ConstructorParameters<typeof ManagerRun>[2]): ManagerRun => {
  const manager = new ManagerRun(plane, cloud, options);
  running.push(manager);
  return manager;
};

beforeAll(async () => {
  plane = await startControlPlane({
    apiServerArgs: ['--enable-bootstrap-token-auth=true'],
    onProgress: (message) => void process.stderr.write(`${message}\n`),
  });
  objects = new Objects(plane, () => cloud.projectId);
  await objects.install();
  client = await clientFor(plane.kubeconfigPath);
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ pathPrefix: '/metal/v1', quota: 'off' });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((manager) => manager.end()));
  await cloud.close();
});

const isReady = (name: string) => async (): Promise<boolean> =>
  conditionOf((await objects.cluster(name))?.status, 'Ready')?.status === 'True';

/** Our own reader and kubectl find the cluster's endpoint in the Secret's text. */
async function kubeconfigLeadsTo(name: string): Promise<void> {
  const cluster = await objects.cluster(name);
  const kubeconfig = textIn(await objects.secret(`${name}-kubeconfig`), 'value') ?? '';
  const server = `https://${cluster?.status?.apiEndpoints?.[0]?.host}:6443`;
  expect((await connect({ kubeconfigText: kubeconfig, userAgent: 'test', env: {} })).server).toBe(server);
  expect(await readByKubectl(kubeconfig)).toContain(server);
}

describe('start', () => {
  test('CA row M19 without an API key it says which variable is missing and fails', async () => {
    const manager = start({ env: { PACKET_API_KEY: '' } });
    await waitFor(() => manager.child.exitCode !== null, { what: 'it ends' });
    expect(manager.child.exitCode).not.toBe(0);
    expect(manager.output).toMatch(/PACKET_API_KEY/);
  });

  test('a machine configuration that is not there ends it, with the path', async () => {
    const manager = start({ flags: ['--config=/nowhere/machine_configs.yaml'] });
    await waitFor(() => manager.child.exitCode !== null, { what: 'it ends' });
    expect(manager.child.exitCode).toBe(1);
    expect(manager.output).toContain('/nowhere/machine_configs.yaml');
  });

  test('the version', async () => {
    const main = path.join(import.meta.dirname, '../../dist/manager.js');
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--version']);
    expect(stdout).toBe(`manager v${VERSION}\n`);
    const { version } = JSON.parse(await readFile(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(version).toBe(VERSION);
  });
});

describe('life', () => {
  test('CA row C1 CA row R10 CA row R12 CA row R16 a cluster comes up and goes; the log has no secret, etcd no private key in clear', async () => {
    const manager = start({ flags: ['-v=6'] });
    await objects.addCluster('one');
    await objects.addMachine('one', 'one-master-0', { isMaster: true, value: { sshKeys: [SSH_KEY] } });
    await waitFor(isReady('one'), { what: 'the cluster is ready', ...patiently });
    await waitFor(async () => (await objects.machine('one-master-0'))?.status?.phase === 'Provisioned', {
      what: 'the master is active',
      ...patiently,
    });
    await kubeconfigLeadsTo('one');
    const devices = [...cloud.state.devices.values()];
    expect(devices.map(({ hostname }) => hostname)).toEqual(['one-master-0']);
    expect(devices.map(({ ssh_keys }) => keysOn(ssh_keys))).toEqual([[expect.stringContaining(SSH_KEY)]]);
    await etcdHasNoPrivateKeyBut(await inClearByReadme('one'));
    for (const metric of [
      'workqueue_work_duration_seconds_count',
      'packet_servers{',
      'packet_machines{phase="Provisioned"} 1',
      'packet_machine_time_to_node_seconds_bucket',
      'code="200"',
    ]) {
      // What it counts comes to it by its watches.
      const isShown = async (): Promise<boolean> =>
        (await manager.page('metrics-addr', '/metrics')).body.includes(metric);
      await waitFor(isShown, { what: `the metric ${metric}` });
    }
    const token = await tokenOf('one');
    await objects.removeCluster('one');
    await waitFor(async () => (await objects.cluster('one')) === undefined, { what: 'gone', ...patiently });
    await waitFor(() => cloud.state.devices.size === 0, { what: 'no device is left' });
    for (const name of ['ca', 'etcd', 'proxy', 'sa', 'admin', 'token', 'kubeconfig']) {
      expect(await objects.secret(`one-${name}`)).toBeUndefined();
    }
    expect(await manager.end('SIGTERM')).toBe(0);
    for (const secret of [cloud.token, token, 'PRIVATE KEY', '#cloud-config', 'client-key-data']) {
      expect(manager.output.includes(secret)).toBe(false);
    }
  }, 600_000);

  test('CA row M18 with a refused key it stays ready, tells it, calls rarely, and recovers when the Secret changes', async () => {
    const startedAt = performance.now();
    const manager = start({ env: { PACKET_API_KEY: 'not-the-key' } });
    await objects.addCluster('two');
    await waitFor(
      async () => conditionOf((await objects.cluster('two'))?.status, 'CredentialsValid')?.status === 'False',
      { what: 'the condition', ...patiently },
    );
    expect((await manager.page('health-addr', '/readyz')).status).toBe(200);
    // At first two may be under way together; after a refusal there is one every half minute.
    expect(cloud.calls.total).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 30_000);
    await objects.put(`/api/v1/namespaces/${PACKET_NAMESPACE}/secrets`, {
      metadata: { name: CREDENTIALS_SECRET },
      data: dataOf({ apiKey: cloud.token }),
    });
    await waitFor(
      async () => conditionOf((await objects.cluster('two'))?.status, 'CredentialsValid')?.status === 'True',
      { what: 'the key is taken', ...patiently },
    );
    await plane.request({
      method: 'DELETE',
      path: `/api/v1/namespaces/${PACKET_NAMESPACE}/secrets/${CREDENTIALS_SECRET}`,
    });
    await objects.removeCluster('two');
    await waitFor(async () => (await objects.cluster('two')) === undefined, { what: 'gone', ...patiently });
  }, 600_000);

  test('CA row R11 told to stop while a device is ordered it remembers the device', async () => {
    await cloud.close();
    cloud = await simulatePacket({
      pathPrefix: '/metal/v1',
      quota: 'off',
      latencyMs: { 'POST /projects/{id}/devices': 3_000, default: 0 },
    });
    const manager = start();
    await objects.addCluster('three');
    await objects.addMachine('three', 'three-master-0', { isMaster: true });
    const isOrdering = (): boolean =>
      [...cloud.calls].some(({ method, path: at }) => method === 'POST' && at.endsWith('/devices'));
    await waitFor(isOrdering, { what: 'the order is under way', ...patiently });
    expect(await manager.end('SIGTERM')).toBe(0);
    await waitFor(() => cloud.state.devices.size === 1, { what: 'the device' });
    const [device] = [...cloud.state.devices.values()];
    const notes = (await objects.machine('three-master-0'))?.metadata?.annotations ?? {};
    expect(device?.tags).toContain(attemptTag(notes[annotations.machineUid] ?? ''));
    expect([device?.id, undefined]).toContain(notes[annotations.deviceId]);
    start();
    await waitFor(
      async () => (await objects.machine('three-master-0'))?.spec?.providerID === `packet://${device?.id}`,
      {
        what: 'the device is its own',
        ...patiently,
      },
    );
    expect(cloud.state.devices.size).toBe(1);
    await objects.removeCluster('three');
    await waitFor(async () => (await objects.cluster('three')) === undefined, { what: 'gone', ...patiently });
  }, 600_000);

  test('CA row R13 the next process takes over when the leader dies, and no device is made twice', async () => {
    const flags = [
      '--leader-elect-lease-duration=3s',
      '--leader-elect-renew-deadline=2s',
      '--leader-elect-retry-period=500ms',
    ];
    const first = start({ flags });
    await waitFor(() => first.output.includes('became leader'), { what: 'a leader', ...patiently });
    const second = start({ flags });
    await objects.addCluster('four');
    await objects.addMachine('four', 'four-master-0', { isMaster: true });
    await waitFor(() => cloud.state.devices.size === 1, { what: 'the device', ...patiently });
    await first.end('SIGKILL');
    await waitFor(isReady('four'), { what: 'the second goes on', ...patiently });
    await waitFor(() => second.output.includes('became leader'), { what: 'the second leads', ...patiently });
    await objects.removeCluster('four');
    await waitFor(async () => (await objects.cluster('four')) === undefined, { what: 'gone', ...patiently });
    expect(
      [...cloud.calls].filter(({ method, path: at }) => method === 'POST' && at.endsWith('/devices')),
    ).toHaveLength(1);
  }, 600_000);

  test('CA row R14 the API server was away: watches resume, and what was deleted meanwhile is not lost', async () => {
    const manager = start({ flags: ['--leader-elect=false'] });
    await objects.addCluster('five');
    await objects.addMachine('five', 'five-master-0', { isMaster: true });
    await waitFor(isReady('five'), { what: 'ready', ...patiently });
    await plane.apiServer.stop({ signal: 'SIGKILL' });
    const before = cloud.calls.total;
    await waitFor(() => cloud.calls.total > before + 2, { what: 'two sweeps go by', ...patiently });
    await plane.apiServer.start();
    await objects.removeCluster('five');
    await waitFor(async () => (await objects.cluster('five')) === undefined, { what: 'gone', ...patiently });
    expect(cloud.state.devices.size).toBe(0);
    // No storm: a line for each failure, with growing pauses.
    expect(manager.output.split('\n').filter((line) => line.includes('reconcile failed')).length).toBeLessThan(50);
  }, 600_000);

  test('CA row R15 a thousand machines cost one list of pages per sweep, and no call for a single one', async () => {
    await objects.addCluster('six', { paused: true });
    const owner = { namespace: 'default', name: 'six' };
    const ids = Array.from({ length: 1_000 }, () => crypto.randomUUID());
    for (let at = 0; at < ids.length; at += 50)
      await Promise.all(ids.slice(at, at + 50).map((id, of) => addThousandth(owner, id, at + of)));
    const manager = start({ flags: ['--leader-elect=false'] });
    const lists = (): number => cloud.callsByRoute()['GET /projects/{id}/devices'] ?? 0;
    await plane.request({
      method: 'PATCH',
      path: '/apis/cluster.k8s.io/v1alpha1/namespaces/default/clusters/six',
      body: { spec: { paused: false } },
      contentType: 'application/merge-patch+json',
    });
    // Its own count: to list a thousand again and again would take the time of what is waited for.
    const areKnown = async (): Promise<boolean> =>
      (await manager.page('metrics-addr', '/metrics')).body.includes('packet_machines{phase="Provisioned"} 1000');
    await waitFor(areKnown, { what: 'all are known', timeoutMs: 5 * LONG_MS, everyMs: 500 });
    const [listsBefore, callsBefore] = [lists(), cloud.calls.total];
    await waitFor(() => lists() >= listsBefore + 8, { what: 'two sweeps of four pages', ...patiently });
    expect(cloud.callsByRoute()['GET /devices/{id}'] ?? 0).toBe(0);
    expect(cloud.calls.total - callsBefore).toBe(lists() - listsBefore);
    expect(cloud.callsByRoute()['POST /projects/{id}/devices'] ?? 0).toBe(0);
  }, 900_000);

  async function addThousandth(owner: { namespace: string; name: string }, attempt: string, at: number): Promise<void> {
    const tags = [attemptTag(attempt), ...clusterTags(owner), 'kubernetes.io/role:node'];
    const hostname = `six-${at}`;
    const { id } = cloud.addDevice({
      hostname,
      tags,
      operatingSystem: 'ubuntu_24_04',
      plan: 'c3.small.x86',
      facility: 'ewr1',
    });
    const notes = { [annotations.machineUid]: attempt, [annotations.deviceId]: id };
    // As the manager would have left it, but for the status: a thousand times one write is enough to wait for.
    const { metadata, spec, ...rest } = objects.machineOf('six', hostname, { annotations: notes });
    const known = {
      metadata: { ...metadata, finalizers: [MACHINE_FINALIZER] },
      spec: { ...spec, providerID: `packet://${id}` },
    };
    await client.create(machines, { ...rest, ...known });
  }
});

describe('bootstrap token', () => {
  test('CA row R9 an API server lets it in until it ends, and not afterwards', async () => {
    const good = { token: 'abcdef.0123456789abcdef', expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
    const ended = { token: 'fedcba.0123456789abcdef', expiresAt: new Date(Date.now() - 60_000).toISOString() };
    for (const token of [good, ended]) await presentToken(token, { client, cluster: 'nine' }, signal);
    expect(await isSigned(good, client, signal)).toBe(false);
    const statusWith = async ({ token }: { readonly token: string }): Promise<number> =>
      (await plane.request({ path: '/api/v1/nodes' }, { token })).status;
    // Known, but without rights; unknown.
    await waitFor(async () => (await statusWith(good)) === 403, { what: 'the token is known' });
    expect(await statusWith(ended)).toBe(401);
    await client.remove(secrets, { namespace: 'kube-system', name: 'bootstrap-token-abcdef' });
  });
});

async function readByKubectl(kubeconfig: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kubeconfig-'));
  const file = path.join(folder, 'config');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  try {
    const kubectl = await kubectlFor({ kubeconfigPath: file, folder });
    return await kubectl('config', 'view');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function tokenOf(cluster: string): Promise<string> {
  const sealing = await objects.secret('cluster-api-provider-packet-sealing-key', PACKET_NAMESPACE);
  const place = { namespace: 'default', name: `${cluster}-token`, field: 'token' };
  const text = textIn(await objects.secret(place.name), 'token') ?? '';
  expect(text).toMatch(/^longshore-sealed:/);
  return openIfSealed(text, sealingKeysOfSecret(sealing?.data ?? {}, 'the Secret'), place);
}

/** SSH keys by their links. */
function keysOn(links: readonly { readonly href: string }[]): readonly (string | undefined)[] {
  return links.map(({ href }) => cloud.state.sshKeys.get(href.split('/').at(-1) ?? '')?.key);
}

/** Names of the Secrets that the README's table says to be in clear with a private key in them. */
async function inClearByReadme(cluster: string): Promise<readonly string[]> {
  const readme = await readFile(path.join(import.meta.dirname, '../../README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `<cluster>(-[a-z]+)` \| nothing \|/gm)];
  expect(rows).not.toEqual([]);
  return rows.map(([, name]) => `${cluster}${name}`);
}

/** Looks through everything that etcd holds, also inside base64. */
async function etcdHasNoPrivateKeyBut(allowed: readonly string[]): Promise<void> {
  const answer = await fetch(`${plane.etcd.endpoint}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify({ key: 'AA==', range_end: 'AA==' }),
  });
  const { kvs } = (await answer.json()) as { kvs: readonly { key: string; value: string }[] };
  const found = kvs.filter(({ value }) => hasPrivateKey(Buffer.from(value, 'base64').toString('latin1')));
  const names = found.map(({ key }) => Buffer.from(key, 'base64').toString().split('/').at(-1));
  expect(kvs.length).toBeGreaterThan(50);
  expect(names).toEqual(allowed);
}

function hasPrivateKey(text: string): boolean {
  if (text.includes('PRIVATE KEY')) return true;
  const blobs = text.match(/[A-Za-z0-9+/]{64,}={0,2}/g) ?? [];
  return blobs.some((blob) => Buffer.from(blob, 'base64').includes('PRIVATE KEY'));
}
