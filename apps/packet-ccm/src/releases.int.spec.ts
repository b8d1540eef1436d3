// The walk-through of the README on the API server of each Kubernetes version that is supported: kubectl applies Secret and manifest, and
// the program does its work with the manifest's arguments and environment, the mounted Secret, and the rights of its account.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { freePort, readPage, RunningProgram } from '@longshore/cloud-provider/testing';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { MINORS } from '@longshore/embedded-control-plane';
import { kubectlName } from '@longshore/k8s-runtime/testing';
import { Cluster, FIRST_BUILD_MS } from './test-support/cluster.ts';
import { DEPLOYMENT, manifests, podTemplateOf, RELEASE, SECRET } from './test-support/manifests.ts';

// A busy machine stands still for seconds, and these wait for several processes.
jest.setTimeout(300_000);

const PROGRAM = path.join(manifests.path, 'src/main.ts');
const SECRET_PATH = '/api/v1/namespaces/kube-system/secrets/packet-cloud-config';

describe.each(MINORS)('Kubernetes %s', (minor) => {
  let cluster: Cluster;
  let cloud: PacketSimulator;
  let program: RunningProgram | undefined;

  beforeAll(async () => {
    cluster = await Cluster.start({ minor, audit: true });
  }, FIRST_BUILD_MS);
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cloud = await simulatePacket({ facility: 'da11', pathPrefix: '/metal/v1' });
  });
  afterEach(async () => {
    await program?.stop();
    program = undefined;
    await cloud.close();
  });

  const linesOf = (file: string, verb: string): readonly string[] =>
    manifests.objectsOf(file).map((manifest) => `${kubectlName(manifest)} ${verb}`);

  // The copy of the README, edited as it says.
  const editedSecret = (): Promise<string> => {
    const text = manifests
      .textOf(SECRET)
      .replace("'packet auth token'", JSON.stringify(cloud.token))
      .replace("'packet project id'", JSON.stringify(cloud.projectId))
      .replace(/# base-url: .*/, `base-url: ${JSON.stringify(cloud.url)}`);
    return cluster.file('packet-cloud-config.yaml', text);
  };

  test('PK row 71 kubectl apply of Secret and manifest creates everything, and the second time nothing', async () => {
    const secret = await editedSecret();
    expect(await cluster.kubectl('apply', '-f', secret)).toBe('secret/packet-cloud-config created\n');
    const shown = await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', 'packet-cloud-config');
    expect(shown).toMatch(/^NAME +TYPE +DATA +AGE\npacket-cloud-config +Opaque +3 /);
    for (const file of [DEPLOYMENT, RELEASE]) {
      const said = await cluster.kubectl('apply', '-f', file);
      expect(said.trim().split('\n')).toEqual(linesOf(file, 'created'));
      const again = await cluster.kubectl('apply', '-f', file);
      expect(again.trim().split('\n')).toEqual(linesOf(file, 'unchanged'));
    }
  });

  test('dev.yaml changes the DaemonSet only', async () => {
    const said = await cluster.kubectl('apply', '--dry-run=server', '-f', 'releases/dev.yaml');
    expect(said.split('\n').filter((line) => line.includes('configured'))).toEqual([
      'daemonset.apps/cloud-provider-equinix-metal configured (server dry run)',
    ]);
  });

  test.each([
    [DEPLOYMENT, '2000000000'],
    [RELEASE, '1000000000'],
  ])('PK row 71 the API server admits the pod of %s, among the last to be evicted', async (file, priority) => {
    await cluster.kubectl('-n', 'kube-system', 'create', 'serviceaccount', 'default').catch(() => undefined);
    const metadata = { name: 'ccm', namespace: 'kube-system' };
    const pod = await cluster.file('pod.json', { ...podTemplateOf(file), apiVersion: 'v1', kind: 'Pod', metadata });
    const shown = ['-o', 'jsonpath={.spec.priority}'];
    expect(await cluster.kubectl('create', '--dry-run=server', '-f', pod, ...shown)).toBe(priority);
  });

  describe.each([
    { file: DEPLOYMENT, account: 'cloud-controller-manager', form: 'plain' as const },
    { file: RELEASE, account: 'cloud-provider-equinix-metal', form: 'json' as const },
  ])('the program of $file, with a Secret in the form $form', ({ file, account, form }) => {
    test('PK row 1 PK row 9 PK row 28 PK row 71 with exactly these arguments, environment and rights nodes come and go, and nothing is refused', async () => {
      await reserveControlPlaneAddress();
      const [stays, goes] = ['stays', 'goes'].map((name) => cloud.addDevice({ hostname: `${account}-${name}` }));
      if (!stays || !goes) throw new Error('no devices');
      await cluster.kubectl('apply', '-f', await secretIn(form));
      await cluster.kubectl('apply', '-f', file);
      for (const { hostname } of [stays, goes]) await cluster.addNode(hostname);
      const port = await freePort();
      program = await startAsInPod(port);
      for (const { hostname } of [stays, goes]) {
        await program.until(`${hostname} is initialized`, () => cluster.isInitialized(hostname));
      }
      expect(await cluster.node(stays.hostname)).toMatchObject({
        metadata: {
          labels: {
            'node.kubernetes.io/instance-type': 'c3.small.x86',
            'topology.kubernetes.io/region': 'da',
            'topology.kubernetes.io/zone': 'da11',
          },
        },
        spec: { providerID: `packet://${stays.id}` },
        status: { addresses: [{ type: 'Hostname' }, { type: 'InternalIP' }, { type: 'ExternalIP' }] },
      });
      expect((await readPage(port, '/readyz')).status).toBe(200);
      const holder = 'jsonpath={.spec.holderIdentity}';
      const lease = ['-n', 'kube-system', 'get', 'lease', 'cloud-controller-manager', '-o', holder];
      expect(await cluster.kubectl(...lease)).not.toBe('');
      if (form === 'json') await withBalancers(program);
      cloud.removeDevice(goes.id);
      await program.until('the node is gone', async () => (await cluster.node(goes.hostname)) === undefined);
      expect(await cluster.node(stays.hostname)).toBeDefined();
      expect(await program.stop()).toBe(0);
      expect(await cluster.refusalsOf(`system:serviceaccount:kube-system:${account}`)).toEqual([]);
      expect(program.output).not.toContain('a permission is missing');
      expect(program.output).not.toContain(cloud.token);
    });

    async function reserveControlPlaneAddress(): Promise<void> {
      const body = JSON.stringify({ type: 'public_ipv4', quantity: 1, metro: 'da', tags: ['control-plane'] });
      const headers = { 'x-auth-token': cloud.token, 'content-type': 'application/json' };
      const made = await fetch(`${cloud.url}/projects/${cloud.projectId}/ips`, { method: 'POST', headers, body });
      expect(made.status).toBe(201);
    }

    // Services of both kinds: one of a user, and that of the control plane's own address.
    async function withBalancers(running: RunningProgram): Promise<void> {
      const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] };
      await cluster.call('POST', '/api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec });
      const ip = 'jsonpath={.status.loadBalancer.ingress[0].ip}';
      await running.until('an address', async () => (await cluster.kubectl('get', 'service', 'web', '-o', ip)) !== '');
      const outside = ['-n', 'kube-system', 'get', 'service', 'cloud-provider-equinix-metal-kubernetes-external'];
      await running.until('the Service of the control plane', async () =>
        cluster.kubectl(...outside).then(
          () => true,
          () => false,
        ),
      );
      await cluster.kubectl('delete', 'service', 'web', '--timeout=60s');
    }

    async function secretIn(wanted: 'plain' | 'json'): Promise<string> {
      if (wanted === 'plain') return editedSecret();
      const settings = {
        apiKey: cloud.token,
        projectID: cloud.projectId,
        'base-url': cloud.url,
        loadbalancer: 'empty://',
        metro: 'da',
        eipTag: 'control-plane',
      };
      await cluster.kubectl('-n', 'kube-system', 'delete', 'secret', 'packet-cloud-config', '--ignore-not-found');
      const metadata = { name: 'packet-cloud-config', namespace: 'kube-system' };
      const stringData = { 'cloud-sa.json': JSON.stringify(settings) };
      return cluster.file('secret.json', { apiVersion: 'v1', kind: 'Secret', metadata, stringData });
    }

    // As kubelet does it: variables out of the Secret, the Secret as a folder. The pod has a port and credentials of its own.
    async function startAsInPod(port: number): Promise<RunningProgram> {
      const { command = [], args = [], env = [] } = podTemplateOf(file).spec.containers[0];
      const { data } = await cluster.call<{ data: Record<string, string> }>('GET', SECRET_PATH);
      const valueOf = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
      const mounted = path.join(cluster.folder, `${account}-cloud-sa`);
      await mkdir(mounted, { recursive: true });
      for (const key of Object.keys(data)) await writeFile(path.join(mounted, key), valueOf(key));
      const variables = env
        .filter(({ valueFrom }) => valueFrom.secretKeyRef.key in data)
        .map(({ name, valueFrom }) => [name, valueOf(valueFrom.secretKeyRef.key)]);
      const given = [...command.slice(1), ...args].map((argument) => argument.replace('/etc/cloud-sa', mounted));
      const own = [`--kubeconfig=${await cluster.kubeconfigOf(account)}`, `--secure-port=${port}`];
      return new RunningProgram(account, {
        file: PROGRAM,
        flags: [...given, ...own],
        env: Object.fromEntries(variables) as Record<string, string>,
      });
    }
  });
});
