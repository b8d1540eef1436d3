// The manifest on real API servers of every supported minor, by the commands of the README: what it creates, that its rights
// suffice, and the walk-through for existing clusters.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningProgram } from '@longshore/cloud-provider/testing';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { compareRights, kubectlFor, MINORS, startControlPlane, userOf } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import type { KubeNode } from '@longshore/k8s-runtime';
import { kubectlName } from '@longshore/k8s-runtime/testing';
import { ANNOTATIONS } from './annotations.ts';
import { appFolder, exampleServices, MANIFEST, manifests, needsMore } from './test-support/manifests.ts';
import { startCcm } from './test-support/program.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 600_000;
const NAME = 'cloudscale-cloud-controller-manager';
const account = { namespace: 'kube-system', name: 'cloud-controller-manager' };
const TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';
// The Gateway API is no part of Kubernetes.
const examples = manifests.filesIn('examples').filter((file) => !needsMore(file));
// What the README says to put into cloudscale-api-token.yml.
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cloudscale', namespace: 'kube-system' },
  stringData: { 'access-token': 'a-token' },
};

describe.each(MINORS)('Kubernetes %s', (minor) => {
  let plane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;
  let cloud: CloudscaleSimulator;
  let program: RunningProgram | undefined;

  beforeAll(async () => {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    folder = await mkdtemp(path.join(tmpdir(), 'cloudscale-ccm-manifests-'));
    plane = await startControlPlane({ minor, audit: true, onProgress });
    kubectl = await kubectlFor(plane, { cwd: appFolder, onProgress });
    cloud = await simulateCloudscale({ timeToRunningMs: 300, dataPlaneMs: 0 });
  }, FIRST_BUILD_MS);
  afterEach(async () => {
    await program?.stop();
    program = undefined;
  });
  afterAll(async () => {
    await cloud.close();
    await plane.stop();
    await rm(folder, { recursive: true });
  });

  async function jsonFile(name: string, content: object): Promise<string> {
    const file = path.join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  const linesOf = (file: string, verb: string): readonly string[] =>
    manifests.objectsOf(file).map((object) => `${kubectlName(object)} ${verb}`);

  /** As in the pod, but for the cloud, which is simulated, and the address of the API server. */
  async function startWithItsRights(): Promise<RunningProgram> {
    await kubectl('apply', '-f', MANIFEST);
    const kubeconfig = path.join(folder, 'ccm.kubeconfig');
    const token = await plane.createToken(account);
    await plane.writeKubeconfig(kubeconfig, { token });
    program = startCcm({ kubeconfig, cloud });
    return program;
  }

  /** The calls of the program that the API server refused. That each right is used is shown by rights.int.spec.ts. */
  async function refusedCalls(): Promise<readonly string[]> {
    return compareRights(manifests.objectsOf(MANIFEST), account, await plane.auditEvents()).refused;
  }

  const nodeObject = (name: string, taints: readonly object[] = []): object => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
    spec: { taints },
  });

  const noteOf = (service: string): Promise<string> =>
    kubectl(
      'get',
      'service',
      service,
      '-o',
      `jsonpath={.metadata.annotations.${ANNOTATIONS.uuid.key.replaceAll('.', '\\.')}}`,
    );

  const address = 'jsonpath={.status.loadBalancer.ingress[0].ip}';

  test(
    'kubectl apply of the Secret and the manifest creates everything, and the second time nothing',
    async () => {
      expect(await kubectl('apply', '-f', await jsonFile('token', secret))).toBe('secret/cloudscale created\n');
      const said = await kubectl('apply', '-f', MANIFEST);
      expect(said.trim().split('\n')).toEqual(linesOf(MANIFEST, 'created'));
      expect((await kubectl('apply', '-f', MANIFEST)).trim().split('\n')).toEqual(linesOf(MANIFEST, 'unchanged'));
    },
    LONG_MS,
  );

  test(
    'the API server admits its pod, which is among the last to be evicted',
    async () => {
      const { spec } = manifests.onlyOne(MANIFEST, 'DaemonSet') as unknown as { spec: { template: object } };
      const pod = {
        ...spec.template,
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'ccm', namespace: 'kube-system' },
      };
      const created = ['create', '--dry-run=server', '-f', await jsonFile('pod', pod)];
      expect(await kubectl(...created, '-o', 'jsonpath={.spec.priority}')).toBe('2000001000');
    },
    LONG_MS,
  );

  test(
    'the manifest of the Go program replaces the DaemonSet, and this one replaces it again',
    async () => {
      const labels = { 'k8s-app': NAME };
      const env = manifests.textOf(MANIFEST).includes('CLOUDSCALE_API_URL')
        ? [{ name: 'CLOUDSCALE_API_URL', value: 'https://api.cloudscale.ch/' }]
        : [];
      const command = [NAME, '--allow-untagged-cloud', '--v=3', '--concurrent-service-syncs=2'];
      const spec = { hostNetwork: true, containers: [{ name: NAME, image: `${NAME}:1.3.0`, command, env }] };
      const go = {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: NAME, namespace: 'kube-system', labels },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      };
      const containerNow = async (): Promise<unknown> => {
        const found = JSON.parse(
          await kubectl('-n', 'kube-system', 'get', 'daemonset', NAME, '-o', 'json'),
        ) as typeof go;
        return found.spec.template.spec.containers[0];
      };
      await kubectl('apply', '-f', await jsonFile('go', go));
      expect(await containerNow()).toMatchObject({ command });
      expect(await containerNow()).not.toHaveProperty('args');
      await kubectl('apply', '-f', MANIFEST);
      expect(await containerNow()).toMatchObject({ args: ['--allow-untagged-cloud'] });
      expect(await containerNow()).not.toHaveProperty('command');
    },
    LONG_MS,
  );

  test(
    'its rights suffice: a Node is initialized, the examples get addresses, a balancer goes, and no call is refused',
    async () => {
      for (const name of ['node-a', 'node-b']) {
        cloud.addServer({ name });
        const taint = { key: TAINT, value: 'true', effect: 'NoSchedule' };
        await kubectl('apply', '-f', await jsonFile(name, nodeObject(name, [taint])));
      }
      const running = await startWithItsRights();
      const id = (): Promise<string> => kubectl('get', 'node', 'node-b', '-o', 'jsonpath={.spec.providerID}');
      await running.until('an initialized node', async () => (await id()).startsWith('cloudscale://'));
      const said = (await Promise.all(examples.map((file) => kubectl('apply', '-f', file))))
        .join('')
        .trim()
        .split('\n');
      expect(said.toSorted()).toEqual(examples.flatMap((file) => linesOf(file, 'created')).toSorted());
      // The subnet of private-vip is the user's to name.
      const complete = examples.filter((file) => !file.includes('private-vip')).flatMap(exampleServices);
      for (const { metadata } of complete) {
        const { name = '' } = metadata ?? {};
        const ip = (): Promise<string> => kubectl('get', 'service', name, '-o', address);
        await running.until(`an address of ${name}`, async () => (await ip()) !== '', 120_000);
      }
      // Waits for the finalizer, that is for the balancer to be gone.
      const before = cloud.state.loadBalancers.size;
      await kubectl('delete', '--timeout=120s', '-f', 'examples/nginx-hello.yml');
      expect(cloud.state.loadBalancers.size).toBe(before - 1);
      await running.stop();
      expect(await refusedCalls()).toEqual([]);
      expect(running.output).not.toContain('a permission is missing');
      await kubectl('delete', 'node', '--all');
    },
    LONG_MS,
  );

  test(
    'existing clusters: untainted Nodes get balancers at once, and their metadata after kubectl taint',
    async () => {
      const server = cloud.addServer({ name: 'old-1' });
      await kubectl('apply', '-f', await jsonFile('old-1', nodeObject('old-1')));
      const running = await startWithItsRights();
      await kubectl('create', 'service', 'loadbalancer', 'existing', '--tcp=80:80');
      const ip = (): Promise<string> => kubectl('get', 'service', 'existing', '-o', address);
      await running.until('an address', async () => (await ip()) !== '', 120_000);
      const uuid = await noteOf('existing');
      const members = [...cloud.state.members.values()].filter(({ load_balancer: balancer }) => balancer.uuid === uuid);
      const own = server.interfaces.flatMap(({ type, addresses }) => (type === 'public' ? [] : addresses));
      expect(members.map((member) => member.address)).toEqual(own.map((one) => one.address));
      const before = JSON.parse(await kubectl('get', 'node', 'old-1', '-o', 'json')) as KubeNode;
      // The provider ID alone may be there already (I6): the Go program leaves it out until the taint.
      expect([undefined, `cloudscale://${server.uuid}`]).toContain(before.spec?.providerID);
      expect(before.metadata?.labels).not.toHaveProperty('topology.kubernetes.io/zone');

      await kubectl('taint', 'node', 'old-1', `${TAINT}=true:NoSchedule`);
      const taints = (): Promise<string> => kubectl('get', 'node', 'old-1', '-o', 'jsonpath={.spec.taints[*].key}');
      await running.until('the end of the taint', async () => !(await taints()).includes(TAINT), 120_000);
      const after = JSON.parse(await kubectl('get', 'node', 'old-1', '-o', 'json')) as KubeNode;
      expect(after.spec?.providerID).toBe(`cloudscale://${server.uuid}`);
      expect(after.metadata?.labels).toMatchObject({
        'topology.kubernetes.io/zone': 'rma1',
        'topology.kubernetes.io/region': 'rma',
        'node.kubernetes.io/instance-type': 'flex-8-4',
      });
      expect(after.status?.addresses?.map(({ type }) => type)).toEqual([
        'Hostname',
        'ExternalIP',
        'ExternalIP',
        'InternalIP',
      ]);
      await kubectl('delete', 'service', 'existing', '--timeout=120s');
      await running.stop();
      expect(await refusedCalls()).toEqual([]);
    },
    LONG_MS,
  );

  const may = async (...question: string[]): Promise<string> => {
    const asked = kubectl('auth', 'can-i', `--as=${userOf(account)}`, ...question);
    return (await asked.catch((error: { stdout?: string }) => error.stdout ?? '')).trim();
  };

  test.each([
    ['get', 'secrets', '-n', 'kube-system'],
    ['get', 'configmaps', '-n', 'kube-system'],
    ['delete', 'services'],
    ['create', 'nodes'],
    ['list', 'pods'],
    ['update', 'leases/kube-scheduler', '-n', 'kube-system'],
  ])('its rights do not allow to %s %s', async (...question) => {
    expect(await may(...question)).toBe('no');
  });
});
