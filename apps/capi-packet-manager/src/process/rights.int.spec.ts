// The built managers, each under its own account, in the situations in which they use the rights that the manual way gives no occasion for:
// fall-backs, conflicts, repetitions, deletions without a garbage collector. Machines need no devices for that.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { compareRights, kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, RightsReport } from '@longshore/embedded-control-plane';
import type { KubeClient } from '@longshore/k8s-runtime';
import { until } from '@longshore/reconciler-core/testing';
import { MACHINE_FINALIZER } from '../api/names.ts';
import type { MachineSet } from '../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import { secrets } from '../cluster/kube-secret.ts';
import { DEFAULT_IMAGE, GENERIC_PART, PACKET_PART } from '../generate/component-names.ts';
import type { Part } from '../generate/component-names.ts';
import { SHIPPED_MACHINE_CONFIGS } from '../generate/plan-files.ts';
import { providerComponents } from '../generate/provider-components.ts';
import { toYaml } from '../generate/yaml-file.ts';
import { aDeployment, aSet, inCluster, template } from '../machineset/test-support/set-world.ts';
import { clientFor } from '../test-support/site/cluster-view.ts';
import { FORCED_RIGHTS, withoutPlace } from '../test-support/site/listed-rights.ts';
import { ManagerRun, Objects } from './test-support/manager-run.ts';

const FIRST_BUILD_MS = 1_800_000;
const LIMIT_MS = 300_000;
const BUSY_WRITERS = 4;
const HOST = 'desk';
const OLD_WAY = ['--feature-gates=WatchList=false'];
const CHECKED_OWNERS = ['--enable-admission-plugins=OwnerReferencesPermissionEnforcement'];
const components = providerComponents({ image: DEFAULT_IMAGE, machineConfigs: SHIPPED_MACHINE_CONFIGS });
/** Labels of everything that belongs to the Cluster `c`. */
const { labels = {} } = inCluster();

let plane: ControlPlane;
let cloud: PacketSimulator;
let client: KubeClient;
let objects: Objects;
let folder: string;
const running: { readonly part: Part; readonly manager: ManagerRun }[] = [];

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  folder = await mkdtemp(path.join(tmpdir(), 'capi-rights-'));
  plane = await startControlPlane({ audit: true, apiServerArgs: [...OLD_WAY, ...CHECKED_OWNERS], onProgress });
  cloud = await simulatePacket({ pathPrefix: '/metal/v1', quota: 'off' });
  objects = new Objects(plane, () => cloud.projectId);
  client = await clientFor(plane.kubeconfigPath);
  const kubectl = await kubectlFor(plane, { cwd: folder, onProgress });
  await writeFile(path.join(folder, 'components.yaml'), toYaml(components));
  await kubectl('apply', '-f', 'components.yaml');
  await kubectl('wait', '--for=condition=Established', '--all', 'crd', '--timeout=120s');
}, FIRST_BUILD_MS);
afterAll(async () => {
  await Promise.all(running.map(({ manager }) => manager.end()));
  await cloud?.close();
  await plane?.stop();
  await rm(folder, { recursive: true });
}, LIMIT_MS);

async function start(part: Part): Promise<void> {
  const kubeconfig = path.join(folder, `${part.controllers}.kubeconfig`);
  const token = await plane.createToken({ namespace: part.namespace, name: part.account });
  await plane.writeKubeconfig(kubeconfig, { token });
  const flags = [`--controllers=${part.controllers}`];
  running.push({ part, manager: new ManagerRun(plane, cloud, { flags, kubeconfig, env: { NODE_NAME: HOST } }) });
}

async function rightsOf(part: Part): Promise<RightsReport> {
  const account = { namespace: part.namespace, name: part.account };
  const manifests = components.map(({ value }) => value);
  return compareRights(manifests, account, await plane.auditEvents());
}

async function hasUsed(part: Part, right: string): Promise<boolean> {
  const { granted, idle } = await rightsOf(part);
  if (!granted.map(withoutPlace).includes(right)) throw new Error(`${part.account} may not: ${right}`);
  return !idle.map(withoutPlace).includes(right);
}

/** Plays, again and again, until the right was used. */
async function force(part: Part, right: string, play: (round: number) => Promise<void>): Promise<void> {
  let round = 0;
  const isUsed = async (): Promise<boolean> => {
    if (!(await hasUsed(part, right))) await play((round += 1));
    return hasUsed(part, right);
  };
  await until(`${part.account} used: ${right}`, isUsed, LIMIT_MS).catch((error: unknown) => {
    const said = running.map(({ manager }) => manager.output.slice(-3_000));
    throw new Error(`${String(error)}\n${said.join('\n---\n')}`);
  });
}

const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });
const merge = (body: object) => ({ kind: 'merge', body }) as const;
/** A template of Machines of the Cluster. */
const ofCluster = (app: string, kubelet: string) => ({
  ...template(kubelet),
  metadata: { labels: { app, ...labels } },
});
const nothing = async (): Promise<void> => {};

/** A worker of the Cluster that nobody looks after, once the manager has it. */
async function addWorker(name: string): Promise<void> {
  await objects.addMachine('c', name);
  await until(`${name} is known`, async () => {
    const { metadata } = (await client.get(machines, at(name))) ?? {};
    return metadata?.finalizers?.includes(MACHINE_FINALIZER) === true;
  });
}

/** A Machine that others write all the time while the manager makes it its own. */
async function addBusyWorker(name: string): Promise<void> {
  let isOver = false;
  let count = 0;
  const write = async (): Promise<void> => {
    while (!isOver) {
      count += 1;
      const body = { metadata: { annotations: { 'example.com/count': String(count) } } };
      await client.patch(machines, at(name), merge(body));
    }
  };
  const adding = addWorker(name).finally(() => (isOver = true));
  await until('it is there', async () => (await client.get(machines, at(name))) !== undefined);
  await Promise.all([adding, ...Array.from({ length: BUSY_WRITERS }, write)]);
}

/** The same Machine is wrong and right in turn: the same event. */
async function toggleMachine(round: number): Promise<void> {
  const isWrong = round % 2 === 1;
  const value = { facility: isWrong ? [] : ['ewr1'] };
  await client.patch(machines, at('w'), merge({ spec: { providerSpec: { value } } }));
  await until(`w is ${isWrong ? 'refused' : 'accepted'}`, async () => {
    const { status } = (await client.get(machines, at('w'))) ?? {};
    return (status?.errorReason !== undefined) === isWrong;
  });
}

async function setsOfDeployment(): Promise<readonly MachineSet[]> {
  const { items } = await client.list(machineSets, { namespace: 'default' });
  return items.filter(({ metadata }) => metadata?.ownerReferences?.some(({ name }) => name === 'd'));
}

async function scaleDeployment(round: number): Promise<void> {
  const replicas = round % 2;
  await client.patch(machineDeployments, at('d'), merge({ spec: { replicas } }));
  await until(`d has ${replicas}`, async () => {
    const own = await setsOfDeployment();
    return own.length > 0 && own.every(({ spec }) => spec?.replicas === replicas);
  });
}

/** It keeps no old set. */
async function renewDeployment(round: number): Promise<void> {
  const kubelet = `1.35.${round}`;
  await client.patch(machineDeployments, at('d'), merge({ spec: { replicas: 0, template: ofCluster('d', kubelet) } }));
  await until(`d has a set of ${kubelet}, and no other`, async () => {
    const own = await setsOfDeployment();
    return own.length === 1 && own[0]?.spec?.template?.spec?.versions?.kubelet === kubelet;
  });
}

async function scaleSet(round: number): Promise<void> {
  const replicas = round % 2;
  await client.patch(machineSets, at('s'), merge({ spec: { replicas } }));
  await until(`s has ${replicas}`, async () => {
    const { status } = (await client.get(machineSets, at('s'))) ?? {};
    return (status?.replicas ?? 0) === replicas;
  });
}

async function removeLabelOfSecret(round: number): Promise<void> {
  await until('the CA is there', async () => (await client.get(secrets, at('c-ca'))) !== undefined);
  const without = Object.fromEntries(Object.keys(labels).map((label) => [label, null]));
  await client.patch(secrets, at('c-ca'), merge({ metadata: { labels: without } }));
  await client.patch(clusters, at('c'), merge({ metadata: { annotations: { 'example.com/count': String(round) } } }));
}

/** A Machine of which its Node is known, which is called like the one that the manager runs on. */
async function addHostedWorker(name: string): Promise<void> {
  await addWorker(name);
  const body = { status: { nodeRef: { kind: 'Node', name: HOST, uid: 'of-another-cluster' } } };
  await client.patch(machines, at(name), merge(body), { subresource: 'status' });
}

async function removeHostedWorker(round: number): Promise<void> {
  await addHostedWorker(`leaves-${round}`);
  await client.remove(machines, at(`leaves-${round}`));
}

/** Without generic managers and a garbage collector the finalizers of what belongs to the Cluster are left to the Packet manager. */
async function removeClusterAlone(): Promise<void> {
  const others = running.filter(({ part }) => part === GENERIC_PART);
  await Promise.all(others.map(({ manager }) => manager.end('SIGTERM')));
  await objects.removeCluster('c');
}

const PLAYS = {
  packet: {
    'watch coordination.k8s.io/leases': nothing,
    'patch events': toggleMachine,
    'get cluster.k8s.io/machines': (round: number) => addBusyWorker(`busy-${round}`),
    'get nodes': removeHostedWorker,
    'patch secrets': removeLabelOfSecret,
    'delete cluster.k8s.io/machinesets': removeClusterAlone,
    'patch cluster.k8s.io/machinesets': nothing,
    'patch cluster.k8s.io/machinedeployments': nothing,
  },
  generic: {
    'watch coordination.k8s.io/leases': nothing,
    'patch events': scaleDeployment,
    // There is no kubeconfig, neither in the cache nor elsewhere.
    'get secrets': (round: number) => addHostedWorker(`stays-${round}`),
    'patch cluster.k8s.io/machines': async (round: number) => {
      const { metadata, ...rest } = objects.machineOf('c', `orphan-${round}`);
      await client.create(machines, { ...rest, metadata: { ...metadata, labels: { app: 's', ...labels } } });
    },
    'delete cluster.k8s.io/machines': scaleSet,
    'delete cluster.k8s.io/machinesets': renewDeployment,
  },
} satisfies {
  readonly [P in keyof typeof FORCED_RIGHTS]: Readonly<
    Record<(typeof FORCED_RIGHTS)[P][number], (round: number) => Promise<void>>
  >;
};

test(
  'rights that are seldom needed are used when they are, and none is missing',
  async () => {
    for (const part of [PACKET_PART, GENERIC_PART, PACKET_PART, GENERIC_PART]) await start(part);
    await objects.addCluster('c');
    await addWorker('w');
    const none = { replicas: 0, revisionHistoryLimit: 0, template: ofCluster('d', '1.35.0') };
    await client.create(machineDeployments, aDeployment(none, inCluster()));
    await client.create(machineSets, aSet({ replicas: 0, template: ofCluster('s', '1.35.0') }, inCluster()));
    for (const right of FORCED_RIGHTS.generic) await force(GENERIC_PART, right, PLAYS.generic[right]);
    for (const right of FORCED_RIGHTS.packet) await force(PACKET_PART, right, PLAYS.packet[right]);
    await until('the Cluster is gone', async () => (await client.get(clusters, at('c'))) === undefined, LIMIT_MS);
    const { refused } = await rightsOf(PACKET_PART);
    expect([...refused, ...(await rightsOf(GENERIC_PART)).refused]).toEqual([]);
  },
  5 * LIMIT_MS,
);
