// Taking a cluster over from the Go programs of all generations: nothing is written to the cloud, nothing to the cluster but the Lease, and
// there is no event. And what this program writes is what the Go programs read. The audit log of a real API server is the witness.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { freePort, readPage, RunningProgram } from '@longshore/cloud-provider/testing';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { Cluster, FIRST_BUILD_MS } from './test-support/cluster.ts';
import { GO_VERSIONS, recordBgp, recordNode, recordService } from './test-support/go-world.ts';
import { manifests } from './test-support/manifests.ts';

// A busy machine stands still for seconds, and these wait for several processes.
jest.setTimeout(300_000);

const USER = 'ccm';
const READS = new Set(['get', 'list', 'watch']);
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager';
const SERVICES = '/api/v1/namespaces/shop/services';

let cluster: Cluster;
let cloud: PacketSimulator;
let kubeconfig: string;
let program: RunningProgram | undefined;
let port = 0;
let auditedBefore = 0;

beforeAll(async () => {
  cluster = await Cluster.start({ audit: true, users: [{ name: USER, groups: ['system:masters'] }] });
  kubeconfig = path.join(cluster.folder, 'ccm.kubeconfig');
  await cluster.plane.writeKubeconfig(kubeconfig, { userName: USER });
  await cluster.kubectl('create', 'namespace', 'shop');
}, FIRST_BUILD_MS);
afterAll(() => cluster.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'da11', bgpUpMs: 0 });
  port = await freePort();
});
afterEach(async () => {
  await program?.stop();
  program = undefined;
  await cloud.close();
  await cluster.kubectl('delete', 'nodes', '--all');
  const { items } = await cluster.call<{ items: readonly KubeService[] }>('GET', SERVICES);
  for (const { metadata } of items) {
    const name = metadata?.name ?? '';
    await cluster.kubectl(
      '-n',
      'shop',
      'patch',
      'service',
      name,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    );
    await cluster.kubectl('-n', 'shop', 'delete', 'service', name);
  }
});

function start({
  flags = [],
  env = {},
  command,
}: { flags?: readonly string[]; env?: Record<string, string>; command?: string } = {}): RunningProgram {
  const pages = [`--secure-port=${port}`, '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics'];
  const running = new RunningProgram('packet-ccm', {
    file: path.join(manifests.path, 'src/main.ts'),
    flags: [...(command === undefined ? pages : [command]), `--kubeconfig=${kubeconfig}`, ...flags],
    env: { METAL_API_KEY: cloud.token, METAL_PROJECT_ID: cloud.projectId, METAL_API_URL: cloud.url, ...env },
  });
  program = running;
  return running;
}

async function metric(name: string, label = ''): Promise<number> {
  const { status, body } = await readPage(port, '/metrics').catch(() => ({ status: 0, body: '' }));
  if (status !== 200) return 0;
  const lines = body.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Every Node and Service was looked at, of which there would be no sign. */
async function lookedAt(services: number): Promise<void> {
  await program?.until('a look at the devices', () => cloud.calls.of('GET /projects/{id}/devices').length > 0);
  await program?.until('a look at every Service', async () => {
    const done = await metric('workqueue_work_duration_seconds_count', 'name="service"');
    return done >= services && (await metric('workqueue_depth', 'name="service"')) === 0;
  });
}

async function writesOfProgram(): Promise<readonly string[]> {
  const events = (await cluster.plane.auditEvents()).slice(auditedBefore).filter(({ user }) => user.username === USER);
  return (
    events
      .filter(({ verb, objectRef }) => !READS.has(verb) && !/reviews$/.test(objectRef?.resource ?? ''))
      // Who leads is told by the Lease and by an event about it, as in the Go programs.
      .filter(({ objectRef }) => objectRef?.resource !== 'leases')
      .filter(({ requestURI }) => !requestURI.startsWith('/api/v1/namespaces/kube-system/events'))
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`)
  );
}

async function settledWorld(): Promise<readonly string[]> {
  const objects = await Promise.all(
    ['/api/v1/nodes', SERVICES].map((at) => cluster.call<{ items: readonly (KubeNode | KubeService)[] }>('GET', at)),
  );
  return objects.flatMap(({ items }) => items.map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`));
}

async function recorded(): Promise<void> {
  cloud.calls.clear();
  auditedBefore = (await cluster.plane.auditEvents()).length;
}

describe('nodes of all generations', () => {
  test('are adopted without a write and without an event; plan finds nothing to do', async () => {
    for (const version of GO_VERSIONS) {
      await recordNode(cluster, cloud.addDevice({ hostname: `of-${version.tag.replaceAll('.', '-')}` }), version);
    }
    await recorded();
    const before = await settledWorld();
    const running = start();
    await running.until(
      'the look at the addresses',
      async () => (await metric('node_controller_seconds_since_address_loop')) > 0,
    );
    await running.until('a look at the devices', () => cloud.calls.of('GET /projects/{id}/devices').length > 0);
    expect(await running.stop()).toBe(0);
    const plan = start({ command: 'plan' });
    expect({ code: await plan.ended(), said: plan.output }).toMatchObject({ code: 0 });
    expect(cloud.calls.writes()).toEqual([]);
    expect(await writesOfProgram()).toEqual([]);
    expect(await settledWorld()).toEqual(before);
  });

  test('the manifest’s arguments of each generation start the program', async () => {
    const file = await cluster.file('cloud-sa.json', {
      apiKey: cloud.token,
      projectID: cloud.projectId,
      'base-url': cloud.url,
    });
    const generations = [
      ['--cloud-provider=packet', '--leader-elect=false', '--allow-untagged-cloud=true'],
      [
        '--cloud-provider=packet',
        '--leader-elect=false',
        '--allow-untagged-cloud=true',
        '--authentication-skip-lookup=true',
        `--provider-config=${file}`,
      ],
      [
        '--cloud-provider=equinixmetal',
        '--leader-elect=false',
        '--authentication-skip-lookup=true',
        `--provider-config=${file}`,
      ],
      [
        '--cloud-provider=equinixmetal',
        '--leader-elect=true',
        '--authentication-skip-lookup=true',
        `--cloud-config=${file}`,
      ],
    ];
    for (const [index, flags] of generations.entries()) {
      const { hostname } = cloud.addDevice({ hostname: `generation-${index}` });
      await cluster.addNode(hostname);
      const env = index === 0 ? {} : { METAL_API_KEY: '', METAL_PROJECT_ID: '', METAL_API_URL: '' };
      const running = start({ flags, env });
      await running.until(`${hostname} is initialized`, () => cluster.isInitialized(hostname));
      expect(await running.stop()).toBe(0);
    }
  });
});

describe('services with elastic IPs', () => {
  test.each(['empty://', 'kube-vip://'])(
    'PK row 41 with %s: reservations, sessions and annotations are adopted as they are',
    async (backend) => {
      const version = GO_VERSIONS.find(({ tag }) => tag === 'v3.4.0');
      if (!version) throw new Error('no such version');
      const devices = cloud.addDevices(2);
      for (const device of devices) await recordNode(cluster, device, version);
      await recordBgp(cluster, cloud, devices);
      const addresses = [await recordService(cluster, cloud, 'web'), await recordService(cluster, cloud, 'api')];
      await recorded();
      const before = await settledWorld();
      const running = start({ env: { METAL_LOAD_BALANCER: backend, METAL_METRO_NAME: 'da' } });
      await lookedAt(2);
      expect(await running.stop()).toBe(0);
      expect(cloud.calls.writes().map(({ method, path: at }) => `${method} ${at}`)).toEqual([]);
      expect(await writesOfProgram()).toEqual([]);
      expect(await settledWorld()).toEqual(before);
      const held = [...cloud.state.reservations.values()].filter(({ tags }) => tags?.length);
      expect(held.map(({ address }) => address).toSorted()).toEqual(addresses.toSorted());
      expect(running.output).not.toMatch(/^E\d{4}/m);
      const plan = start({ command: 'plan', env: { METAL_LOAD_BALANCER: backend, METAL_METRO_NAME: 'da' } });
      expect({ code: await plan.ended(), said: plan.output }).toMatchObject({ code: 0 });
    },
  );
});

describe('the way back', () => {
  test('what this program writes into Nodes the Go programs read: provider ID, addresses, labels, and a Lease that is free', async () => {
    const device = cloud.addDevice({ hostname: 'new' });
    await cluster.addNode('new');
    const running = start();
    await running.until('the node is initialized', () => cluster.isInitialized('new'));
    expect(await running.stop()).toBe(0);
    const node = await cluster.node('new');
    // Read by v0.0.4 to v2.0.0, and from v3.0.2 on.
    expect(node?.spec?.providerID).toBe(`packet://${device.id}`);
    const ipv4 = device.ip_addresses.filter(({ address_family: family }) => family === 4).map(({ address }) => address);
    const shown = (node?.status?.addresses ?? []).map(({ address }) => address);
    expect(shown.toSorted()).toEqual(['new', ...ipv4].toSorted());
    expect(node?.metadata?.labels).toMatchObject({
      'failure-domain.beta.kubernetes.io/region': 'da',
      'topology.kubernetes.io/region': 'da',
      'beta.kubernetes.io/instance-type': 'c3.small.x86',
    });
    const lease = await cluster.call<{ spec: { holderIdentity?: string } }>('GET', LEASE);
    expect(lease.spec.holderIdentity ?? '').toBe('');
  });
});
