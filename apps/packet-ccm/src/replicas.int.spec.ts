// The end of a leader: told to end it hands the Lease over; killed it is replaced, and what it had begun is found again.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { RunningProgram } from '@longshore/cloud-provider/testing';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { Cluster, FIRST_BUILD_MS } from './test-support/cluster.ts';
import { manifests } from './test-support/manifests.ts';

// A busy machine stands still for seconds, and these wait for several processes.
jest.setTimeout(300_000);

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager';
const WEB = '/api/v1/namespaces/default/services/web';
const ELECTION = [
  '--leader-elect-lease-duration=6s',
  '--leader-elect-renew-deadline=5s',
  '--leader-elect-retry-period=1s',
];

let cluster: Cluster;
let cloud: PacketSimulator;
const programs: RunningProgram[] = [];

beforeAll(async () => {
  cluster = await Cluster.start();
}, FIRST_BUILD_MS);
afterAll(() => cluster.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'da11', bgpUpMs: 0 });
});
afterEach(async () => {
  for (const program of programs.splice(0)) if (program.isRunning) await program.stop();
  await cloud.close();
  await cluster.kubectl('delete', 'nodes', '--all');
});

function start(name: string, flags: readonly string[] = []): RunningProgram {
  const program = new RunningProgram(name, {
    file: path.join(manifests.path, 'src/main.ts'),
    flags: [`--kubeconfig=${cluster.plane.kubeconfigPath}`, '--secure-port=0', '--leader-elect=true', ...flags],
    env: {
      METAL_API_KEY: cloud.token,
      METAL_PROJECT_ID: cloud.projectId,
      METAL_API_URL: cloud.url,
      METAL_LOAD_BALANCER: 'empty://',
      METAL_METRO_NAME: 'da',
    },
  });
  programs.push(program);
  return program;
}

async function holder(): Promise<string> {
  const { status, body } = await cluster.plane.request({ path: LEASE });
  return status === 200 ? ((body as { spec: { holderIdentity?: string } }).spec.holderIdentity ?? '') : '';
}

async function initialize(program: RunningProgram, hostname: string): Promise<void> {
  cloud.addDevice({ hostname });
  await cluster.addNode(hostname);
  await program.until(`${hostname} is initialized`, () => cluster.isInitialized(hostname));
}

const reservations = (): readonly string[] =>
  [...cloud.state.reservations.values()].filter(({ tags }) => tags?.length).map(({ address }) => String(address));

async function shown(): Promise<string | undefined> {
  return (await cluster.call<KubeService>('GET', WEB)).status?.loadBalancer?.ingress?.[0]?.ip;
}

describe('SIGTERM', () => {
  test('PK row 38 gives the Lease back and ends with 0, while it is at work', async () => {
    const program = start('leader');
    await initialize(program, 'node-1');
    expect(await holder()).not.toBe('');
    // It has to end although an answer is still awaited.
    cloud.fail({ kind: 'hang', times: Infinity });
    await cluster.addNode('node-2');
    expect(await program.stop()).toBe(0);
    expect(await holder()).toBe('');
  });
});

describe('two replicas', () => {
  test('PK row 39 the leader is killed after it reserved an address, before it could say so: the other one uses the same', async () => {
    const first = start('first', ELECTION);
    await initialize(first, 'node-1');
    const leader = await holder();
    const second = start('second', ELECTION);
    // The work is done, and the answer never comes.
    const lost = cloud.fail({ match: { method: 'POST', path: '/projects/{id}/ips' }, kind: 'drop-after', times: 1 });
    const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] };
    await cluster.call('POST', '/api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec });
    await waitFor(() => lost.used === 1, { what: 'the reservation', everyMs: 5 });
    first.kill('SIGKILL');
    await first.ended();
    await second.until('it leads', async () => ![leader, ''].includes(await holder()), 120_000);
    await second.until('the address is shown', async () => (await shown()) !== undefined, 120_000);
    expect(reservations()).toEqual([await shown()]);
    await initialize(second, 'node-2');
    await cluster.kubectl('delete', 'service', 'web', '--timeout=90s');
    expect(reservations()).toEqual([]);
    expect(await second.stop()).toBe(0);
  });

  test('PK row 39 only one of them works, and the other takes over at once when it is told to end', async () => {
    const first = start('first', ELECTION);
    await initialize(first, 'node-1');
    const leader = await holder();
    const second = start('second', ELECTION);
    await second.says(/leaderelection|lease/i);
    expect(await holder()).toBe(leader);
    expect(await first.stop()).toBe(0);
    await initialize(second, 'node-2');
    expect(await holder()).not.toBe(leader);
    expect(await second.stop()).toBe(0);
  });
});
