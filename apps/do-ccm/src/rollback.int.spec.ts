// The way back to the Go program: with exactly the rights of its published manifest this program does all its work, what it leaves is found
// right by the Go program's rules, and of both started by mistake only one works.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { AuditEvent, ControlPlane } from '@longshore/embedded-control-plane';
import { Administrator, CLUSTER_TAG, SHOP } from './test-support/recorded-world.ts';
import type { WorldObject } from './test-support/recorded-world.ts';
import { RunningCcm } from './test-support/recorded-world-program.ts';
import {
  balancerAsGoFindsIt,
  complaintsAboutNode,
  complaintsAboutService,
  mayGoTakeLease,
} from './test-support/recorded-world-reader.ts';
import type { Balancer, LeaseSpec } from './test-support/recorded-world-reader.ts';
import { CERTIFICATE, goRequest, recordedServices } from './test-support/recorded-world-services.ts';

const FIRST_BUILD_MS = 1_800_000;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const LEASE = `${LEASES}/cloud-controller-manager`;
// The Go program gives them the finalizer, this one leaves them alone: there is nothing to go back from.
const served = recordedServices.filter(({ name }) => name !== 'disowned');
let folder: string;
let plane: ControlPlane;
let admin: Administrator;
let cloud: DigitalOceanSimulator;
let program: RunningCcm | undefined;

type Rule = readonly [group: string, resource: string, ...verbs: string[]];

// The ClusterRole of the Go program's manifest (dev.yml, the same from v0.1.62 on), verb by verb.
const GO_RULES: readonly Rule[] = [
  ['coordination.k8s.io', 'leases', 'get', 'watch', 'list', 'create', 'update', 'delete'],
  ['', 'events', 'create', 'patch', 'update'],
  ['', 'nodes', '*'],
  ['', 'nodes/status', 'patch'],
  ['', 'services', 'list', 'patch', 'update', 'watch'],
  ['', 'services/status', 'list', 'patch', 'update', 'watch'],
  ['', 'serviceaccounts', 'create'],
  ['', 'persistentvolumes', 'get', 'list', 'update', 'watch'],
  ['', 'endpoints', 'create', 'get', 'list', 'watch', 'update'],
];
// As clusters have them that were set up years ago: no watch of Leases, and Services only to be read.
const OLD_RULES: readonly Rule[] = [
  ['coordination.k8s.io', 'leases', 'get', 'create', 'update'],
  ...GO_RULES.filter(([, resource]) => resource !== 'leases' && resource !== 'services'),
  ['', 'services', 'list', 'watch'],
];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-rollback-'));
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ audit: true, onProgress });
  admin = await Administrator.of(plane);
  await admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
}, FIRST_BUILD_MS);
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  cloud = await simulateDigitalOcean({ timeToActiveMs: 300, quota: 'off', droplets: 1 });
  cloud.addDroplet({ publicIpv6: '2001:db8:2::1' });
});
afterEach(async () => {
  await program?.stop();
  await cloud.close();
  await admin.call('DELETE', '/api/v1/nodes');
  await admin.call('DELETE', LEASE);
});

/** A service account with these rights and no others; the kubeconfig of its token. */
async function account(name: string, rules: readonly Rule[]): Promise<string> {
  const kubeconfig = path.join(folder, name);
  const token = await plane.createToken({ namespace: 'kube-system', name });
  const granted = rules.map(([group, resource, ...verbs]) => ({ apiGroups: [group], resources: [resource], verbs }));
  await admin.call('POST', `${RBAC}/clusterroles`, { metadata: { name }, rules: granted });
  await admin.call('POST', `${RBAC}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name }],
  });
  await plane.writeKubeconfig(kubeconfig, { token });
  return kubeconfig;
}

async function callsOf(name: string): Promise<readonly AuditEvent[]> {
  const username = `system:serviceaccount:kube-system:${name}`;
  return (await plane.auditEvents()).filter(({ user }) => user.username === username);
}

const nodes = (): Promise<readonly WorldObject[]> => admin.list('/api/v1/nodes');
const shop = (): Promise<readonly WorldObject[]> => admin.list(SHOP);

async function addNodes(): Promise<void> {
  const taints = [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }];
  for (const { name } of cloud.state.droplets.values()) {
    await admin.call('POST', '/api/v1/nodes', { metadata: { name }, spec: { taints } });
  }
}
const areInitialized = async (): Promise<boolean> => (await nodes()).every(({ spec }) => spec.providerID);

async function addServices(certificateId: string): Promise<void> {
  for (const { name, annotations = {}, spec } of served) {
    const own = Object.entries(annotations).map(([key, value]): [string, string] => [
      key,
      value === CERTIFICATE ? certificateId : value,
    ]);
    const metadata = { name, annotations: Object.fromEntries(own) };
    await admin.call('POST', SHOP, { metadata, spec: { type: 'LoadBalancer', ...spec } });
  }
}
const haveAddresses = async (): Promise<boolean> =>
  (await shop()).every(({ status }) => (status.loadBalancer?.ingress ?? []).length > 0);

/** The PUT that the Go program sends for every Service when it starts. */
async function putAsGoDoes(service: WorldObject, balancerId: string, certificateId: string): Promise<number> {
  const recorded = served.find(({ name }) => name === service.metadata.name);
  if (!recorded) throw new Error(`${service.metadata.name} is not recorded`);
  const facts = {
    uid: service.metadata.uid,
    nodePort: (port: number): number => service.spec.ports?.find((each) => each.port === port)?.nodePort ?? 0,
    healthCheckNodePort: service.spec.healthCheckNodePort ?? 0,
    certificateId,
  };
  const dropletIds = [...cloud.state.droplets.keys()];
  const answer = await fetch(new URL(`/v2/load_balancers/${balancerId}`, cloud.url), {
    method: 'PUT',
    headers: { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(goRequest(recorded, facts, { region: cloud.region, tag: CLUSTER_TAG, dropletIds })),
  });
  await answer.arrayBuffer();
  return answer.status;
}

// Source ranges have no order in the Go program.
const inOrder = (balancers: readonly Balancer[]): readonly Balancer[] =>
  balancers.map((balancer) => ({
    ...balancer,
    firewall: { allow: balancer.firewall.allow.toSorted(), deny: balancer.firewall.deny.toSorted() },
  }));

describe('back to the Go program', () => {
  test('with its rights all work is done, no call is refused, and what is left is right by its rules', async () => {
    const name = 'cloud-controller-manager';
    const certificateId = cloud.addCertificate({ name: 'recorded' }).id;
    await addNodes();
    const running = new RunningCcm({ kubeconfig: await account(name, GO_RULES), cloud });
    program = running;
    await running.until('initialized nodes', areInitialized);
    await addServices(certificateId);
    await running.until('addresses', haveAddresses);
    await admin.call('DELETE', `${SHOP}/plain`);
    await running.until('a deleted Service', async () => (await shop()).length === served.length - 1);
    await running.stop();

    const calls = await callsOf(name);
    const refused = calls.filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    expect(running.output).not.toContain('a permission is missing');

    const services = await shop();
    const balancers = [...cloud.state.loadBalancers.values()];
    const found = services.map((service) => ({ service, balancer: balancerAsGoFindsIt(service, balancers) }));
    expect(found.flatMap(({ service, balancer }) => complaintsAboutService(service, balancer))).toEqual([]);
    expect(new Set(found.map(({ balancer }) => balancer?.id)).size).toBe(balancers.length);
    expect((await nodes()).flatMap((node) => complaintsAboutNode(node, cloud))).toEqual([]);

    for (const { service, balancer } of found) {
      expect(await putAsGoDoes(service, balancer?.id ?? '', certificateId)).toBe(200);
    }
    expect(inOrder([...cloud.state.loadBalancers.values()])).toEqual(inOrder(balancers));
    const lease = await admin.call<{ spec: LeaseSpec }>('GET', LEASE);
    expect(mayGoTakeLease(lease.spec, Date.now())).toBe(true);
  });
});

describe('both programs at once, by mistake', () => {
  // What client-go writes for a leader.
  async function goLeads(holderIdentity: string): Promise<void> {
    const now = `${new Date().toISOString().slice(0, -1)}000Z`;
    const times = { acquireTime: now, renewTime: now, leaseTransitions: 0 };
    await admin.call('POST', LEASES, {
      metadata: { name: 'cloud-controller-manager' },
      spec: { holderIdentity, leaseDurationSeconds: 15, ...times },
    });
  }

  test('this one stands by while the Go program leads, takes over from it, and then keeps it out; no watch of Leases is needed', async () => {
    const name = 'old-account';
    await goLeads('go-host_3f8c');
    await addNodes();
    const running = new RunningCcm({ kubeconfig: await account(name, OLD_RULES), cloud });
    program = running;
    const isLooking = async (): Promise<boolean> =>
      (await callsOf(name)).some(({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'leases');
    await running.until('a look at the Lease', isLooking);
    expect(cloud.calls.total).toBe(0);
    expect((await nodes()).map(({ spec }) => spec.providerID)).toEqual([undefined, undefined]);

    const { spec, ...lease } = await admin.call<{ spec: LeaseSpec }>('GET', LEASE);
    await admin.call('PUT', LEASE, { ...lease, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1 } });
    await running.until('initialized nodes', areInitialized);
    const held = await admin.call<{ spec: LeaseSpec }>('GET', LEASE);
    expect(held.spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: 1 });
    expect(mayGoTakeLease(held.spec, Date.now())).toBe(false);
    expect(running.output).toMatch(/a permission is missing: may not patch services: needed for the IDs of balancers/);
  });
});
