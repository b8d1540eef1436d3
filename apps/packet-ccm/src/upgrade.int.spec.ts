// From one manifest to the next on a cluster with the real scheduler and the real controllers: of the old Deployments and the DaemonSet only
// one ever has a pod on a node, whatever their flags about leaders. Kubelets are the test's: a pod that is to end ends when it says so.
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@longshore/reconciler-core/testing';
import { Cluster, FIRST_BUILD_MS, UNINITIALIZED } from './test-support/cluster.ts';
import { DEPLOYMENT, manifests, RELEASE } from './test-support/manifests.ts';

// A busy machine stands still for seconds, and these wait for several processes.
jest.setTimeout(300_000);

const PODS = '/api/v1/namespaces/kube-system/pods';
const OLD = 'packet-cloud-controller-manager';
const NEW = 'cloud-provider-equinix-metal';
const CONTROL_PLANE = { 'node-role.kubernetes.io/control-plane': '' };
const TAINTS = [
  UNINITIALIZED,
  { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
  { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
];

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
}

let cluster: Cluster;

beforeAll(async () => {
  // Nobody renews the Leases of these nodes: they are well for as long as the tests take.
  cluster = await Cluster.start({ controllers: true, controllerManagerArgs: ['--node-monitor-grace-period=2h'] });
  await cluster.kubectl('apply', '-f', 'v0.0.4/secret.yaml');
}, FIRST_BUILD_MS);
afterAll(() => cluster.stop());
afterEach(async () => {
  const owners = ['deployment,daemonset', '--all', '--ignore-not-found', '--wait=false'];
  await cluster.kubectl('-n', 'kube-system', 'delete', ...owners);
  await waitFor(async () => (await endPods()) === 0, { what: 'no pod is left' });
  await cluster.kubectl('delete', 'nodes', '--all');
});

async function podsOf(app: string): Promise<readonly Pod[]> {
  const { items } = await cluster.call<{ items: readonly Pod[] }>('GET', PODS);
  return items.filter(({ metadata }) => metadata.labels?.['app'] === app);
}

/** Nodes that run a pod of the program, as far as the cluster knows: also one that is to end counts until it has ended. */
async function runningOn(app: string): Promise<readonly string[]> {
  return (await podsOf(app)).flatMap(({ spec }) => spec.nodeName ?? []).toSorted();
}

async function toldToEnd(app: string): Promise<number> {
  return (await podsOf(app)).filter(({ metadata }) => metadata.deletionTimestamp).length;
}

/** What a kubelet does at the end of a pod that was told to end. */
async function finish(app: string): Promise<void> {
  for (const { metadata } of await podsOf(app)) {
    if (metadata.deletionTimestamp) await cluster.call('DELETE', `${PODS}/${metadata.name}?gracePeriodSeconds=0`);
  }
}

async function endPods(): Promise<number> {
  const pods = [...(await podsOf(OLD)), ...(await podsOf(NEW))];
  for (const { metadata } of pods) {
    await cluster.plane.request({ method: 'DELETE', path: `${PODS}/${metadata.name}?gracePeriodSeconds=0` });
  }
  return pods.length;
}

/** A Node as kubelet shows it that is well, with room for pods. */
async function addReadyNode(
  name: string,
  labels: Readonly<Record<string, string>>,
  taints: readonly object[],
): Promise<void> {
  await cluster.addNode(name, {
    labels: { ...labels, 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name },
    taints,
  });
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110' };
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: new Date().toISOString() },
  ];
  const status = JSON.stringify({ status: { allocatable, capacity: allocatable, conditions } });
  await cluster.kubectl('patch', 'node', name, '--subresource=status', '--type=merge', '-p', status);
}

const untilRunning = (app: string, nodes: readonly string[]): Promise<void> =>
  waitFor(async () => String(await runningOn(app)) === String(nodes), { what: `${app} on ${String(nodes)}` });

/** The scheduler has looked at a pod of the program and says why it has to wait. */
const untilHeldBack = (app: string, pods: number): Promise<void> =>
  waitFor(
    async () => {
      const said = (await podsOf(app)).filter(({ spec }) => spec.nodeName === undefined).flatMap(reasonOf);
      return said.filter((message) => message.includes('anti-affinity')).length >= pods;
    },
    { what: `${pods} pods of ${app} held back` },
  );

function reasonOf({ status }: Pod): readonly string[] {
  return (status?.conditions ?? []).filter(({ type }) => type === 'PodScheduled').map(({ message = '' }) => message);
}

/** The Go program's Deployment: the seed's, without leader election and without a priority. */
async function oldManifest(name = OLD): Promise<string> {
  const metadata = { name, namespace: 'kube-system', labels: { app: name } };
  const tolerations = TAINTS.map(({ key }) => ({ key, operator: 'Exists' }));
  const container = { name, image: 'packethost/packet-ccm:v0.0.4', command: [`./${name}`, '--leader-elect=false'] };
  const pod = { hostNetwork: true, dnsPolicy: 'Default', tolerations, containers: [container] };
  const template = { metadata: { labels: { app: name } }, spec: pod };
  const spec = { replicas: 1, selector: { matchLabels: { app: name } }, template };
  return cluster.file(`${name}.json`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
}

describe('a fresh cluster', () => {
  test.each([DEPLOYMENT, RELEASE])(
    'PK row 71 the pod of %s finds a node before any node is initialized, whatever taints a control plane has',
    async (file) => {
      await addReadyNode('cp-1', CONTROL_PLANE, TAINTS);
      await cluster.kubectl('apply', '-f', file);
      await untilRunning(file === DEPLOYMENT ? OLD : NEW, ['cp-1']);
      expect((await cluster.node('cp-1'))?.spec?.taints).toContainEqual(UNINITIALIZED);
    },
  );
});

describe('from the old Deployment to the DaemonSet', () => {
  test('on a worker it stays alone until it is deleted, and then the DaemonSet starts everywhere', async () => {
    await addReadyNode('worker', {}, []);
    await cluster.kubectl('apply', '-f', await oldManifest());
    await untilRunning(OLD, ['worker']);
    for (const name of ['cp-1', 'cp-2']) await addReadyNode(name, CONTROL_PLANE, TAINTS);
    await cluster.kubectl('apply', '-f', RELEASE);
    await untilHeldBack(NEW, 2);
    expect(await runningOn(NEW)).toEqual([]);
    // The step of the guide.
    await cluster.kubectl('-n', 'kube-system', 'delete', 'deployment', OLD, '--wait=false');
    await waitFor(async () => (await toldToEnd(OLD)) === 1, { what: 'the old pod is told to end' });
    expect(await runningOn(NEW)).toEqual([]);
    await finish(OLD);
    await untilRunning(NEW, ['cp-1', 'cp-2']);
  });

  test('the old one cannot come back beside the DaemonSet', async () => {
    for (const name of ['cp-1', 'cp-2']) await addReadyNode(name, CONTROL_PLANE, TAINTS);
    await cluster.kubectl('apply', '-f', RELEASE);
    await untilRunning(NEW, ['cp-1', 'cp-2']);
    await addReadyNode('worker', {}, []);
    for (const file of [await oldManifest(), DEPLOYMENT]) {
      await cluster.kubectl('apply', '-f', file);
      await untilHeldBack(OLD, 1);
      expect(await runningOn(OLD)).toEqual([]);
    }
  });

  test('on the same node it stays as well, and is not driven out again and again', async () => {
    await addReadyNode('cp-1', CONTROL_PLANE, TAINTS);
    await cluster.kubectl('apply', '-f', await oldManifest());
    await untilRunning(OLD, ['cp-1']);
    await cluster.kubectl('apply', '-f', RELEASE);
    await untilHeldBack(NEW, 1);
    expect((await podsOf(OLD)).filter(({ metadata }) => metadata.deletionTimestamp)).toEqual([]);
    await cluster.kubectl('-n', 'kube-system', 'delete', 'deployment', OLD, '--wait=false');
    await waitFor(async () => (await toldToEnd(OLD)) === 1, { what: 'the old pod is told to end' });
    expect(await runningOn(NEW)).toEqual([]);
    await finish(OLD);
    await untilRunning(NEW, ['cp-1']);
  });

  test('the Deployment of v3.0 to v3.4, which has the name of the DaemonSet, holds it back as well', async () => {
    await addReadyNode('worker', {}, []);
    await cluster.kubectl('apply', '-f', await oldManifest(NEW));
    await untilRunning(NEW, ['worker']);
    await addReadyNode('cp-1', CONTROL_PLANE, TAINTS);
    await cluster.kubectl('apply', '-f', RELEASE);
    await untilHeldBack(NEW, 1);
    expect(await runningOn(NEW)).toEqual(['worker']);
  });
});

describe('in place', () => {
  test('the Go program’s pod of the Deployment has ended before ours starts', async () => {
    await addReadyNode('cp-1', CONTROL_PLANE, TAINTS);
    await cluster.kubectl('apply', '-f', await oldManifest());
    await untilRunning(OLD, ['cp-1']);
    const [before] = await podsOf(OLD);
    await cluster.kubectl('apply', '-f', DEPLOYMENT);
    await waitFor(async () => (await toldToEnd(OLD)) === 1, { what: 'the old pod is told to end' });
    expect((await podsOf(OLD)).map(({ metadata }) => metadata.name)).toEqual([before?.metadata.name]);
    await finish(OLD);
    await untilRunning(OLD, ['cp-1']);
    expect((await podsOf(OLD)).map(({ metadata }) => metadata.name)).not.toContain(before?.metadata.name);
  });

  test('the DaemonSet of v3.5 to v3.8 is replaced: its selector is the same', async () => {
    const app = { app: NEW };
    const container = {
      name: NEW,
      image: 'equinix/cloud-provider-equinix-metal:v3.8.1',
      command: ['./cloud-provider-equinix-metal'],
    };
    const template = { metadata: { labels: app }, spec: { containers: [container] } };
    const metadata = { name: NEW, namespace: 'kube-system', labels: app };
    const spec = { selector: { matchLabels: app }, template };
    await cluster.kubectl(
      'apply',
      '-f',
      await cluster.file('v3.json', { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec }),
    );
    expect(await cluster.kubectl('apply', '-f', RELEASE)).toContain(`daemonset.apps/${NEW} configured\n`);
    const found = await cluster.call<{ spec: { template: { spec: { containers: readonly object[] } } } }>(
      'GET',
      `/apis/apps/v1/namespaces/kube-system/daemonsets/${NEW}`,
    );
    expect(found.spec.template.spec.containers).toHaveLength(1);
    expect(found.spec.template.spec.containers[0]).not.toHaveProperty('command');
    expect(manifests.textOf(RELEASE)).not.toContain('command:');
  });
});
