// The program with `empty://` against a real API server and the simulated cloud: what the API server makes of finalizer, status and
// spec.loadBalancerIP, through the whole life of a Service.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';

const FIRST_BUILD_MS = 1_800_000;
const TEST_MS = 300_000;
const SERVICES = '/api/v1/namespaces/default/services';

let plane: ControlPlane;
let cloud: PacketSimulator;
let running: ChildProcess | undefined;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => void process.stderr.write(`${message}\n`) });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'da11', ipQuota: 1 });
  const { id } = cloud.addDevice({ hostname: 'node-1' });
  const body = { metadata: { name: 'node-1' }, spec: { providerID: `packet://${id}` } };
  await plane.request({ method: 'POST', path: '/api/v1/nodes', body });
});
afterEach(async () => {
  await stop();
  await cloud.close();
});

function start(): void {
  const main = path.join(import.meta.dirname, '../main.ts');
  const flags = [`--kubeconfig=${plane.kubeconfigPath}`, '--leader-elect=false', '--secure-port=0'];
  running = spawn(process.execPath, ['--conditions=@longshore/source', main, ...flags], {
    env: {
      ...{ PATH: process.env['PATH'], PACKET_AUTH_TOKEN: cloud.token, PACKET_PROJECT_ID: cloud.projectId },
      ...{ PACKET_API_URL: cloud.url, METAL_METRO_NAME: 'da', METAL_LOAD_BALANCER: 'empty://' },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function stop(): Promise<void> {
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
}

async function get(name: string): Promise<KubeService | undefined> {
  const { status, body } = await plane.request({ path: `${SERVICES}/${name}` });
  return status === 200 ? (body as KubeService) : undefined;
}

async function create(name: string, spec: object = {}): Promise<void> {
  const body = { metadata: { name }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } };
  const { status, body: answer } = await plane.request({ method: 'POST', path: SERVICES, body });
  if (status !== 201) throw new Error(JSON.stringify(answer));
}

async function setType(name: string, type: string): Promise<void> {
  const now = await get(name);
  const body = { ...now, spec: { ...now?.spec, type } };
  const { status, body: answer } = await plane.request({ method: 'PUT', path: `${SERVICES}/${name}`, body });
  if (status !== 200) throw new Error(JSON.stringify(answer));
}

const shown = async (name: string): Promise<string | undefined> =>
  (await get(name))?.status?.loadBalancer?.ingress?.[0]?.ip;
const elastic = (): readonly { readonly address?: string; readonly tags?: readonly string[] }[] =>
  [...cloud.state.reservations.values()].filter(({ management }) => !management);
const wait = (what: string, condition: () => boolean | Promise<boolean>): Promise<void> =>
  waitFor(condition, { what, timeoutMs: 120_000 });

test(
  'PK row 40 PK row 50 PK row 46 a Service gets an address, changes its type and back, and goes: finalizer last',
  async () => {
    await create('web');
    await create('other', { loadBalancerClass: 'example.com/other' });
    start();
    await wait('an address', async () => (await shown('web')) !== undefined);
    const { body } = await plane.request({ path: '/api/v1/namespaces/kube-system' });
    const { uid } = (body as { metadata: { uid: string } }).metadata;
    const service = await get('web');
    expect(elastic()).toMatchObject([{ address: await shown('web'), tags: { 2: `cluster=${uid}` } }]);
    expect(service?.spec?.loadBalancerIP).toBe(await shown('web'));
    expect(service?.metadata?.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup']);
    expect((await get('other'))?.metadata?.finalizers).toBeUndefined();

    await setType('web', 'ClusterIP');
    await wait('the finalizer gone', async () => (await get('web'))?.metadata?.finalizers === undefined);
    expect(elastic()).toEqual([]);
    expect((await get('web'))?.spec?.loadBalancerIP).toBeUndefined();

    await setType('web', 'LoadBalancer');
    await wait('another address', async () => (await shown('web')) !== undefined);
    expect(elastic()).toMatchObject([{ address: await shown('web') }]);

    // The quota is one address: the next Service is told, and served when there is room.
    await create('second');
    const isTold = async (): Promise<boolean> => {
      const events = await plane.request({ path: '/api/v1/namespaces/default/events' });
      return /SyncLoadBalancerFailed/.test(JSON.stringify(events.body)) && /quota/.test(JSON.stringify(events.body));
    };
    await wait('PK row 45 the event', isTold);
    await plane.request({ method: 'DELETE', path: `${SERVICES}/web` });
    await wait('the Service gone', async () => (await get('web')) === undefined);
    await wait('the second has one', async () => (await shown('second')) !== undefined);
    expect(elastic()).toMatchObject([{ address: await shown('second') }]);
    expect(cloud.schemaProblems).toEqual([]);
  },
  TEST_MS,
);
