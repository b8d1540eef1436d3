// The program against a real API server and the simulated cloud, as users run it: its life, outages of the cloud, its commands, last words.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort, RunningProgram } from '@longshore/cloud-provider/testing';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator, Fault } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { ANNOTATIONS } from './annotations.ts';
import { cloudEnv, MAIN, startCcm } from './test-support/program.ts';
import { call, listOf } from './test-support/recorded-world.ts';
import { VERSION } from './version.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 300_000;
const SERVICES = '/api/v1/namespaces/default/services';
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
let plane: ControlPlane;
let cloud: CloudscaleSimulator;
const running: RunningProgram[] = [];

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ onProgress });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());
beforeEach(async () => {
  cloud = await simulateCloudscale({ timeToRunningMs: 300, dataPlaneMs: 0 });
  for (const name of ['node-a', 'node-b']) cloud.addServer({ name });
});
afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
  expect(cloud.schemaProblems).toEqual([]);
  await cloud.close();
  for (const { metadata } of await listOf<KubeService>(plane, SERVICES)) {
    if (metadata?.name === 'kubernetes') continue;
    await call(plane, 'PATCH', at(metadata?.name), { metadata: { finalizers: null } });
    await call(plane, 'DELETE', at(metadata?.name)).catch(() => undefined);
  }
  await call(plane, 'DELETE', '/api/v1/nodes');
});

const at = (name = 'web'): string => `${SERVICES}/${name}`;
const service = (name?: string): Promise<KubeService> => call(plane, 'GET', at(name));
const node = (name: string): Promise<KubeNode> => call(plane, 'GET', `/api/v1/nodes/${name}`);
const isGone = async (name?: string): Promise<boolean> => (await plane.request({ path: at(name) })).status === 404;

function start(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): RunningProgram {
  const program = startCcm({ kubeconfig: plane.kubeconfigPath, cloud, flags, env });
  running.push(program);
  return program;
}

/** Runs a command, or a start that fails, to the end. */
async function run(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = cloudEnv(cloud),
): Promise<{ code: unknown; said: string }> {
  const program = new RunningProgram('cloudscale-ccm', { file: MAIN, flags, env });
  running.push(program);
  return { code: await program.ended(), said: program.output };
}

async function addNode(name: string): Promise<void> {
  const taint = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
  await call(plane, 'POST', '/api/v1/nodes', { metadata: { name }, spec: { taints: [taint] } });
}

async function addService(name = 'web', annotations: Readonly<Record<string, string>> = {}): Promise<void> {
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
  await call(plane, 'POST', SERVICES, { metadata: { name, annotations }, spec });
}

const hasAddress = async (name?: string): Promise<boolean> =>
  ((await service(name)).status?.loadBalancer?.ingress ?? []).length > 0;

const warningsAbout = async (name: string): Promise<readonly string[]> => {
  const events = await listOf<{ involvedObject: { name: string }; type: string; message: string }>(
    plane,
    '/api/v1/events',
  );
  return events
    .filter(({ involvedObject, type }) => involvedObject.name === name && type === 'Warning')
    .map(({ message }) => message);
};

/** Nodes and a Service with its balancer, and the program that made it. */
async function served(): Promise<RunningProgram> {
  await Promise.all(['node-a', 'node-b'].map(addNode));
  const program = start();
  await program.until('an initialized node', async () => Boolean((await node('node-b')).spec?.providerID));
  await addService();
  await program.until('an address', () => hasAddress());
  return program;
}

describe('the life of the program', () => {
  test(
    'nodes are initialized, a Service gets its balancer and loses it, SIGTERM ends it with 0',
    async () => {
      const program = await served();
      expect((await node('node-a')).status?.addresses?.map(({ type }) => type)).toEqual([
        'Hostname',
        'ExternalIP',
        'ExternalIP',
        'InternalIP',
      ]);
      expect((await node('node-a')).metadata?.labels).toMatchObject({
        'topology.kubernetes.io/zone': 'rma1',
        'topology.kubernetes.io/region': 'rma',
        'node.kubernetes.io/instance-type': 'flex-8-4',
      });
      const [balancer] = cloud.state.loadBalancers.values();
      const { metadata, status } = await service();
      expect(metadata?.finalizers).toContain(FINALIZER);
      expect(metadata?.annotations).toMatchObject({
        [ANNOTATIONS.uuid.key]: balancer?.uuid,
        [ANNOTATIONS.zone.key]: 'rma1',
      });
      expect(status?.loadBalancer?.ingress).toEqual(
        balancer?.vip_addresses.map(({ address: ip }) => ({ ip, ipMode: 'Proxy' })),
      );
      expect(cloud.state.members.size).toBe(2);
      await call(plane, 'DELETE', at());
      await program.until('the end of the Service', () => isGone());
      expect([cloud.state.loadBalancers.size, cloud.state.pools.size]).toEqual([0, 0]);
      expect(await program.stop()).toBe(0);
      expect(program.output).not.toContain(cloud.token);
    },
    LONG_MS,
  );

  test(
    'CS row 18 a restart with nothing to do writes nothing, neither to the cloud nor to Service and Nodes',
    async () => {
      const first = await served();
      expect(await first.stop()).toBe(0);
      const before = [await service(), await node('node-a'), await node('node-b')].map(
        ({ metadata }) => metadata?.resourceVersion,
      );
      cloud.calls.clear();
      const second = start();
      const looks = (): number => cloud.callsByRoute()['GET /v1/load-balancers/pools/{pool}/members'] ?? 0;
      await second.until('a look at the members', () => looks() > 0);
      expect(await second.stop()).toBe(0);
      expect(cloud.calls.writes()).toEqual([]);
      const after = [await service(), await node('node-a'), await node('node-b')].map(
        ({ metadata }) => metadata?.resourceVersion,
      );
      expect(after).toEqual(before);
    },
    LONG_MS,
  );

  test(
    '--simulate needs no account: a node of the cluster gets a server',
    async () => {
      await addNode('anywhere');
      const program = start(['--simulate']);
      await program.until('an initialized node', async () => Boolean((await node('anywhere')).spec?.providerID));
    },
    LONG_MS,
  );
});

describe('a Service that is deleted while the API fails', () => {
  test.each<Fault & { readonly what: string }>([
    { what: 'CS row 27 CSF 1 500', status: 500 },
    { what: 'CS row 28 CSF 1 401', status: 401 },
    { what: 'CSF 1 an HTML page', kind: 'html', status: 502 },
  ])(
    '$what: the finalizer stays, and goes with the balancer when the API is back',
    async ({ what: _what, ...fault }) => {
      const program = await served();
      const outage = cloud.fail({ ...fault, times: Infinity });
      await call(plane, 'DELETE', at());
      const failures = (): number => program.output.match(/reconcile failed.*default\/web/g)?.length ?? 0;
      await program.until('failed attempts', () => failures() >= 2);
      expect((await service()).metadata?.finalizers).toContain(FINALIZER);
      await program.until('a warning', async () => (await warningsAbout('web')).length > 0);
      expect(cloud.state.loadBalancers.size).toBe(1);
      outage.remove();
      await program.until('the end of the Service', () => isGone(), 180_000);
      expect([cloud.state.loadBalancers.size, cloud.state.pools.size, cloud.state.members.size]).toEqual([0, 0, 0]);
    },
    LONG_MS,
  );

  test(
    'CS row 69 CSF 6 one that is still being built is removed once that is possible, and the finalizer waits for it',
    async () => {
      await cloud.close();
      cloud = await simulateCloudscale({ timeToRunningMs: 15_000, timeToDeleteMs: 2_000 });
      for (const name of ['node-a', 'node-b']) cloud.addServer({ name });
      await addNode('node-a');
      const program = start();
      await program.until('an initialized node', async () => Boolean((await node('node-a')).spec?.providerID));
      await addService();
      await program.until('a balancer', () => cloud.state.loadBalancers.size > 0);
      await call(plane, 'DELETE', at());
      await program.until('the end of the Service', async () => {
        const isOver = await isGone();
        // Never the Service before its balancer.
        if (isOver) expect(cloud.state.loadBalancers.size).toBe(0);
        return isOver;
      });
      expect(cloud.calls.of('POST /v1/load-balancers')).toHaveLength(1);
      // Nothing was put on it any more.
      expect(cloud.calls.of('POST /v1/load-balancers/pools')).toEqual([]);
    },
    LONG_MS,
  );
});

describe('Nodes and their servers', () => {
  const taints = async (name: string): Promise<readonly string[]> =>
    ((await node(name)).spec?.taints ?? []).map(({ key }) => key);

  test(
    'CS row 12 CSF 10 a stopped server is a taint, which goes when its Node is ready again; a deleted one takes its Node along',
    async () => {
      await Promise.all(['node-a', 'node-b'].map(addNode));
      const program = start(['--node-monitor-period=1s', '--node-deletion-grace-period=0s']);
      await program.until('initialized nodes', async () => Boolean((await node('node-b')).spec?.providerID));
      const setReady = async (status: string): Promise<void> => {
        const body = { status: { conditions: [{ type: 'Ready', status, reason: 'Test' }] } };
        await call(plane, 'PATCH', '/api/v1/nodes/node-b/status', body);
      };
      const uuid = (await node('node-b')).spec?.providerID?.slice('cloudscale://'.length) ?? '';
      const SHUTDOWN = 'node.cloudprovider.kubernetes.io/shutdown';
      cloud.updateServer(uuid, { status: 'stopped' });
      await setReady('False');
      await program.until('the taint', async () => (await taints('node-b')).includes(SHUTDOWN));
      cloud.updateServer(uuid, { status: 'running' });
      await setReady('True');
      await program.until('no taint', async () => !(await taints('node-b')).includes(SHUTDOWN));
      cloud.removeServer(uuid);
      await setReady('False');
      const isRemoved = async (): Promise<boolean> =>
        (await plane.request({ path: '/api/v1/nodes/node-b' })).status === 404;
      await program.until('the end of the Node', isRemoved, 180_000);
      expect((await node('node-a')).spec?.providerID).toMatch(/^cloudscale:/);
    },
    LONG_MS,
  );

  test(
    'CSF 10 a Node whose --node-ip the server does not have is told by an event',
    async () => {
      await call(plane, 'POST', '/api/v1/nodes', {
        metadata: { name: 'node-a', annotations: { 'alpha.kubernetes.io/provided-node-ip': '192.0.2.77' } },
        spec: {
          taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }],
        },
      });
      const program = start();
      await program.until('a warning', async () =>
        (await warningsAbout('node-a')).some((message) => message.includes('192.0.2.77')),
      );
      expect(await taints('node-a')).toContain('node.cloudprovider.kubernetes.io/uninitialized');
    },
    LONG_MS,
  );
});

describe('last words', () => {
  const clusterFlags = (): readonly string[] => [`--kubeconfig=${plane.kubeconfigPath}`, '--secure-port=0'];

  test('CS row 1 without a token it ends with 1 and says which variable is missing', async () => {
    const { code, said } = await run([...clusterFlags(), '--allow-untagged-cloud'], {});
    const lines = said.split('\n').filter((line) => line !== '' && !/^[IW]\d{4}/.test(line));
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining('no CLOUDSCALE_ACCESS_TOKEN configured')]);
  });

  test('CS row 6 without --allow-untagged-cloud it ends with 1', async () => {
    const { code, said } = await run(clusterFlags());
    expect(code).toBe(1);
    expect(said).toContain('--allow-untagged-cloud');
  });

  test(
    'CS row 5 --cloud-config is told to have no effect, and the program goes on',
    async () => {
      await addNode('node-a');
      const program = start(['--cloud-config=/nowhere/cloud.conf']);
      await program.until('an initialized node', async () => Boolean((await node('node-a')).spec?.providerID));
      expect(program.output).toMatch(/^W.*--cloud-config has no effect/m);
    },
    LONG_MS,
  );

  test(
    'CSF 11 --secure-port=0 opens no port at all',
    async () => {
      const program = start();
      await program.says(/cloudscale\.ch API/);
      await addNode('node-a');
      await program.until('an initialized node', async () => Boolean((await node('node-a')).spec?.providerID));
      expect(program.output).not.toMatch(/"serving"/);
    },
    LONG_MS,
  );

  test(
    'the arguments of the Go program’s manifest are taken',
    async () => {
      await addNode('node-a');
      const program = start(['--v=3', '--concurrent-service-syncs=2']);
      await program.until('an initialized node', async () => Boolean((await node('node-a')).spec?.providerID));
    },
    LONG_MS,
  );

  test('version and help', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, said: `cloudscale-ccm v${VERSION}\n` });
    const { code, said } = await run(['--help']);
    expect(code).toBe(0);
    const golden = new URL('__golden__/help.txt', import.meta.url);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, said);
    expect(said).toBe(readFileSync(golden, 'utf8'));
  });
});

describe('commands', () => {
  const cluster = (): string => `--kubeconfig=${plane.kubeconfigPath}`;

  test(
    'plan and explain say what would be done, and do nothing',
    async () => {
      await addService('planned', { [ANNOTATIONS.zone.key]: 'lpg1' });
      const planned = await run(['plan', cluster()]);
      expect({ code: planned.code, said: planned.said }).toEqual({
        code: 2,
        said: expect.stringContaining('planned') as unknown,
      });
      const explained = await run(['explain', 'service', 'default/planned', cluster()]);
      expect(explained.said).toContain('create load balancer k8s-service-');
      expect(cloud.calls.writes()).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'orphans lists what belongs to no Service of this cluster, and removes it only when it is told to',
    async () => {
      const env = { ...cloudEnv(cloud), CLOUDSCALE_CLUSTER_ID: 'c1' };
      const headers = { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' };
      const tagged = { left: 'c1', strange: 'c2' };
      for (const [name, cluster_] of Object.entries(tagged)) {
        const tags = { kubernetes_cluster: cluster_, kubernetes_namespace: 'shop', kubernetes_service: name };
        const body = JSON.stringify({ name, zone: 'rma1', flavor: 'lb-standard', vip_addresses: [], tags });
        await fetch(`${cloud.url}/v1/load-balancers`, { method: 'POST', headers, body });
      }
      const names = (): readonly string[] => [...cloud.state.loadBalancers.values()].map(({ name }) => name);
      await waitFor(() => [...cloud.state.loadBalancers.values()].every(({ status }) => status === 'running'), {
        what: 'balancers',
        timeoutMs: 30_000,
      });
      const listed = await run(['orphans', cluster()], env);
      expect(listed).toEqual({ code: 2, said: expect.stringContaining('shop/left') as unknown });
      expect(listed.said).not.toContain('strange');
      expect((await run(['orphans', cluster(), '--delete'], env)).said).toContain('give --yes');
      expect(names()).toEqual(['left', 'strange']);
      expect((await run(['orphans', cluster(), '--delete', '--yes'], env)).code).toBe(0);
      expect(names()).toEqual(['strange']);
      expect((await run(['orphans', cluster()], env)).code).toBe(0);
    },
    LONG_MS,
  );
});

test(
  'the metrics that it serves are those of all cloud controller managers and its own',
  async () => {
    await addNode('node-a');
    const port = await freePort();
    const program = start([
      `--secure-port=${port}`,
      '--authorization-always-allow-paths=/metrics',
      '--bind-address=127.0.0.1',
    ]);
    await program.until('an initialized node', async () => Boolean((await node('node-a')).spec?.providerID));
    const { readPage } = await import('@longshore/cloud-provider/testing');
    const { status, body } = await readPage(port, '/metrics');
    expect(status).toBe(200);
    for (const name of ['cloudscale_load_balancer_members', 'workqueue_depth', 'leader_election_master_status']) {
      expect(body).toContain(`# TYPE ${name} `);
    }
  },
  LONG_MS,
);
