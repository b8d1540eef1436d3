// Taking a cluster over from the Go program: what it left is adopted without a write to the cloud, without an event, and without a write to the
// cluster but the Lease. And the way back: with exactly the rights of its manifest all work is done, and what is left is right by its rules.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningProgram } from '@longshore/cloud-provider/testing';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { AuditEvent, ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { foundByGo, goBalancer, goIngress, GO_PREFIX, wantedByGo } from './test-support/go-rules.ts';
import { startCcm } from './test-support/program.ts';
import {
  call,
  createService,
  listOf,
  recordedServices,
  recordNodes,
  recordService,
  SHOP,
} from './test-support/recorded-world.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 300_000;
const READS = new Set(['get', 'list', 'watch']);
const TAKER = 'taker';
let folder: string;
let plane: ControlPlane;
let cloud: CloudscaleSimulator;
let program: RunningProgram | undefined;
let project: { subnet: string; floating: string };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cloudscale-ccm-take-over-'));
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ audit: true, users: [{ name: TAKER, groups: ['system:masters'] }], onProgress });
  await call(plane, 'POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
}, FIRST_BUILD_MS);
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  cloud = await simulateCloudscale({ timeToRunningMs: 0, dataPlaneMs: 0 });
  const { uuid: subnet } = cloud.addSubnet({ cidr: '10.9.0.0/16' });
  const [usual] = [...cloud.state.subnets.values()].filter(({ cidr }) => cidr.startsWith('10.100.'));
  for (const name of ['node-a', 'node-b', 'node-c']) {
    cloud.addServer({ name, privateSubnets: [{ subnet: usual?.uuid ?? '' }, { subnet }] });
  }
  project = { subnet, floating: cloud.addFloatingIp({ region: 'rma' }).network };
});
afterEach(async () => {
  await program?.stop();
  await cloud.close();
  for (const { metadata } of await services()) {
    const at = `${SHOP}/${metadata?.name}`;
    await call(plane, 'PATCH', at, { metadata: { finalizers: null } });
    await call(plane, 'DELETE', at);
  }
  await call(plane, 'DELETE', '/api/v1/nodes');
});

const services = (): Promise<readonly KubeService[]> => listOf(plane, SHOP);
const nodes = (): Promise<readonly KubeNode[]> => listOf(plane, '/api/v1/nodes');
const versions = async (): Promise<readonly string[]> =>
  [...(await services()), ...(await nodes())].map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`);
const cloudWrites = (): readonly string[] => cloud.calls.writes().map(({ method, path: at }) => `${method} ${at}`);

async function callsOf(username: string, since = 0): Promise<readonly AuditEvent[]> {
  return (await plane.auditEvents()).slice(since).filter(({ user }) => user.username === username);
}

async function eventsButOfTheLease(): Promise<readonly string[]> {
  interface WorldEvent {
    readonly involvedObject: { readonly kind: string; readonly name: string };
    readonly reason: string;
  }
  return (await listOf<WorldEvent>(plane, '/api/v1/events'))
    .filter(({ involvedObject }) => involvedObject.kind !== 'Lease')
    .map(({ involvedObject: { kind, name }, reason }) => `${kind} ${name}: ${reason}`);
}

async function record(): Promise<void> {
  await recordNodes({ plane, cloud });
  for (const service of recordedServices) await recordService({ plane, cloud }, service, project);
  expect(cloud.schemaProblems).toEqual([]);
  cloud.calls.clear();
}

describe('a cluster that the Go program ran', () => {
  test(
    'CS row 19 is adopted, and looked at again after a restart: nothing is written but the Lease, and there is no event',
    async () => {
      await record();
      const before = await versions();
      const since = (await plane.auditEvents()).length;
      const kubeconfig = path.join(folder, TAKER);
      await plane.writeKubeconfig(kubeconfig, { userName: TAKER });
      for (let start = 0; start < 2; start += 1) {
        cloud.calls.clear();
        const running = startCcm({ kubeconfig, cloud });
        program = running;
        // The last calls of a look at all Services: the members of each pool.
        const looks = (): number => cloud.callsByRoute()['GET /v1/load-balancers/pools/{pool}/members'] ?? 0;
        await running.until('a look at every pool', () => looks() >= cloud.state.pools.size);
        expect(await running.stop()).toBe(0);
        expect(running.output).not.toMatch(/^E\d{4}/m);
        expect(cloudWrites()).toEqual([]);
      }
      const written = (await callsOf(TAKER, since))
        .filter(({ verb, objectRef }) => !READS.has(verb) && !/reviews$/.test(objectRef?.resource ?? ''))
        // Who leads is told by an event about the Lease, as in the Go program; all other events are looked at below.
        .filter(({ objectRef }) => objectRef?.resource !== 'leases' && objectRef?.resource !== 'events')
        .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
      expect(written).toEqual([]);
      expect(await eventsButOfTheLease()).toEqual([]);
      expect(await versions()).toEqual(before);
    },
    LONG_MS,
  );

  test(
    'plan finds nothing to do in it',
    async () => {
      await record();
      const planned = startCcm({ kubeconfig: plane.kubeconfigPath, cloud, command: ['plan'] });
      program = planned;
      const code = await planned.ended();
      if (code !== 0) process.stderr.write(planned.output);
      expect(code).toBe(0);
      expect(cloudWrites()).toEqual([]);
    },
    LONG_MS,
  );
});

// The ClusterRole of the Go program's manifest (1.3.0), verb by verb.
const GO_RULES: readonly (readonly [group: string, resource: string, ...verbs: string[]])[] = [
  ['', 'events', 'create', 'patch', 'update'],
  ['', 'nodes', '*'],
  ['', 'nodes/status', 'patch'],
  ['', 'services', 'list', 'patch', 'update', 'watch'],
  ['', 'services/status', 'list', 'patch', 'update', 'watch'],
  ['', 'serviceaccounts', 'create'],
  ['', 'persistentvolumes', 'get', 'list', 'update', 'watch'],
  ['', 'endpoints', 'create', 'get', 'list', 'watch', 'update'],
  ['', 'configmaps', 'get', 'list', 'watch'],
  ['coordination.k8s.io', 'leases', 'get', 'create', 'update'],
];

async function goAccount(name: string): Promise<string> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const token = await plane.createToken({ namespace: 'kube-system', name });
  const rules = GO_RULES.map(([group, resource, ...verbs]) => ({ apiGroups: [group], resources: [resource], verbs }));
  await call(plane, 'POST', `${rbac}/clusterroles`, { metadata: { name }, rules });
  await call(plane, 'POST', `${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name }],
  });
  const kubeconfig = path.join(folder, name);
  await plane.writeKubeconfig(kubeconfig, { token });
  return kubeconfig;
}

function expectRightForGo(service: KubeService): void {
  const { annotations = {} } = service.metadata ?? {};
  const uuid = annotations[`${GO_PREFIX}uuid`] ?? '';
  const wanted = goBalancer(service, [...cloud.state.servers.values()]);
  // It looks by UUID and by name, and refuses to go on when that are two.
  const named = [...cloud.state.loadBalancers.values()].filter(({ name }) => name === wanted.balancer.name);
  expect(named.map((balancer) => balancer.uuid)).toEqual([uuid]);
  expect(foundByGo(uuid, cloud)).toEqual(wantedByGo(wanted));
  const vips = named.flatMap(({ vip_addresses: all }) => all.map(({ address }) => address));
  expect(service.status?.loadBalancer?.ingress).toEqual(goIngress(service, vips));
  expect(annotations).toMatchObject({ [`${GO_PREFIX}config-version`]: '1', [`${GO_PREFIX}zone`]: 'rma1' });
}

describe('back to the Go program', () => {
  test(
    'with its rights all work is done, no call is refused, and what is left is right by its rules',
    async () => {
      const account = 'cloud-controller-manager';
      const taint = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
      for (const { name } of cloud.state.servers.values()) {
        await call(plane, 'POST', '/api/v1/nodes', { metadata: { name }, spec: { taints: [taint] } });
      }
      const running = startCcm({ kubeconfig: await goAccount(account), cloud });
      program = running;
      await running.until('initialized nodes', async () => (await nodes()).every(({ spec }) => spec?.providerID));
      for (const service of recordedServices) await createService(plane, service, project);
      const areServed = async (): Promise<boolean> =>
        (await services()).every(({ status }) => (status?.loadBalancer?.ingress ?? []).length > 0);
      await running.until('addresses', areServed, 120_000);
      await call(plane, 'DELETE', `${SHOP}/plain`);
      await running.until(
        'the end of a Service',
        async () => (await services()).length === recordedServices.length - 1,
      );
      expect(await running.stop()).toBe(0);

      const refused = (await callsOf(`system:serviceaccount:kube-system:${account}`)).filter(
        ({ responseStatus }) => responseStatus?.code === 403,
      );
      expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
      for (const service of await services()) expectRightForGo(service);
      const servers = [...cloud.state.servers.values()];
      expect((await nodes()).map(({ spec }) => spec?.providerID).toSorted()).toEqual(
        servers.map(({ uuid }) => `cloudscale://${uuid}`).toSorted(),
      );
      const { spec: lease } = await call<{ spec: { holderIdentity?: string } }>(
        plane,
        'GET',
        '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager',
      );
      expect(lease.holderIdentity ?? '').toBe('');
    },
    2 * LONG_MS,
  );
});
