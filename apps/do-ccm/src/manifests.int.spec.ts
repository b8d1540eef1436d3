// The manifests on a real API server, by the commands of the README, and the program with exactly the rights that they grant.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  compareRights,
  DEFAULT_MINOR,
  kubectlFor,
  parseMinor,
  startControlPlane,
  userOf,
} from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { appFolder, filesIn, NEWEST_RELEASE, onlyOne, readManifests, textOf } from './test-support/manifest-files.ts';

const FIRST_BUILD_MS = 1_800_000;
const examples = filesIn('examples/loadbalancers').map((file) => path.basename(file, '.yml'));
// The others wait for a certificate, which is the user's to name.
const complete = examples.filter((name) => !/certificate-(id|name)/.test(textOf(`examples/loadbalancers/${name}.yml`)));
const NAME = 'digitalocean-cloud-controller-manager';
const account = { namespace: 'kube-system', name: 'cloud-controller-manager' };

// LONGSHORE_TEST_MINOR=1.34 runs the same against an older minor (which is built first).
const minor = parseMinor(process.env['LONGSHORE_TEST_MINOR'] ?? '') ?? DEFAULT_MINOR;

let plane: ControlPlane;
let kubectl: Kubectl;
let folder: string;

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-manifests-'));
  plane = await startControlPlane({ minor, audit: true, onProgress });
  // What kubectl says when it is asked about rights on Nodes.
  const expectedWarning = /is not namespace scoped/;
  kubectl = await kubectlFor(plane, { cwd: appFolder, expectedWarning, onProgress });
}, FIRST_BUILD_MS);

afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true });
});

describe('the commands of the README', () => {
  test('kubectl apply -f releases/token.yml, then the newest release, create Secret and Deployment', async () => {
    expect(await kubectl('apply', '-f', 'releases/token.yml')).toBe('secret/digitalocean created\n');
    expect(await kubectl('-n', 'kube-system', 'get', 'secrets')).toMatch(/^digitalocean +Opaque +1 /m);
    expect(await kubectl('apply', '-f', NEWEST_RELEASE)).toContain(
      'deployment.apps/digitalocean-cloud-controller-manager created\n',
    );
    const found = await kubectl('-n', 'kube-system', 'get', 'deployment', '-o', 'name');
    expect(found).toBe('deployment.apps/digitalocean-cloud-controller-manager\n');
    const again = await kubectl('apply', '-f', 'releases/token.yml', '-f', NEWEST_RELEASE);
    expect(again).not.toMatch(/created|configured/);
  });

  test('the manifest of the Go program replaces the Deployment, and this one replaces it again', async () => {
    const containerNow = async (): Promise<unknown> => {
      const found = await kubectl('-n', 'kube-system', 'get', 'deployment', NAME, '-o', 'json');
      const { spec } = JSON.parse(found) as { spec: { template: { spec: { containers: object[] } } } };
      return spec.template.spec.containers[0];
    };
    await kubectl('apply', '-f', await goDeploymentFile());
    expect(await containerNow()).toMatchObject({ command: [`/bin/${NAME}`, '--leader-elect=false'] });
    expect(await containerNow()).not.toHaveProperty('args');
    await kubectl('apply', '-f', NEWEST_RELEASE);
    expect(await containerNow()).toMatchObject({ args: ['--leader-elect=true'] });
    expect(await containerNow()).not.toHaveProperty('command');
  });

  // What its releases have in common since apps/v1.
  async function goDeploymentFile(): Promise<string> {
    const app = { app: NAME };
    const container = { name: NAME, image: `${NAME}:dev`, command: [`/bin/${NAME}`, '--leader-elect=false'] };
    const template = { metadata: { labels: app }, spec: { containers: [container] } };
    const spec = { replicas: 1, selector: { matchLabels: app }, template };
    const metadata = { name: NAME, namespace: 'kube-system' };
    const file = path.join(folder, 'go.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }));
    return file;
  }

  test('the API server admits the pod of the Deployment, which is among the last to be evicted', async () => {
    const { spec } = onlyOne(NEWEST_RELEASE, 'Deployment') as unknown as { spec: { template: object } };
    const pod = { ...spec.template, apiVersion: 'v1', kind: 'Pod' };
    const file = path.join(folder, 'pod.json');
    await writeFile(file, JSON.stringify({ ...pod, metadata: { name: 'ccm', namespace: 'kube-system' } }));
    const priority = await kubectl('create', '--dry-run=server', '-f', file, '-o', 'jsonpath={.spec.priority}');
    expect(priority).toBe('2000000000');
  });

  test('kubectl apply -f examples/loadbalancers creates every example', async () => {
    const said = (await kubectl('apply', '-f', 'examples/loadbalancers')).split('\n');
    for (const name of examples) {
      expect(said).toContain(`service/${name} created`);
      expect(said).toContain(`deployment.apps/${name} created`);
    }
    const services = await kubectl(
      'get',
      'services',
      '-o',
      'jsonpath={.items[?(@.spec.type=="LoadBalancer")].metadata.name}',
    );
    expect(services.split(' ').toSorted()).toEqual(examples.toSorted());
  });
});

describe('the rights of the newest release', () => {
  beforeAll(() => kubectl('apply', '-f', NEWEST_RELEASE));

  const may = async (...question: string[]): Promise<boolean> => {
    const asked = kubectl('auth', 'can-i', `--as=${userOf(account)}`, ...question);
    return (await asked.catch((error: { stdout?: string }) => error.stdout ?? '')).trim() === 'yes';
  };

  test.each([
    { what: 'read Secrets', question: ['get', 'secrets', '-n', 'kube-system'] },
    { what: 'read ConfigMaps', question: ['get', 'configmaps', '-n', 'kube-system'] },
    { what: 'delete Services', question: ['delete', 'services'] },
    { what: 'create Nodes', question: ['create', 'nodes'] },
    { what: 'read Pods', question: ['list', 'pods'] },
    { what: 'write the Lease of another', question: ['update', 'leases/kube-scheduler', '-n', 'kube-system'] },
    { what: 'create Leases elsewhere', question: ['create', 'leases', '-n', 'default'] },
  ])('do not allow to $what', async ({ question }) => {
    expect(await may(...question)).toBe(false);
  });

  test('allow to remove Nodes and to keep the Lease', async () => {
    expect(await may('delete', 'nodes')).toBe(true);
    expect(await may('update', 'leases/cloud-controller-manager', '-n', 'kube-system')).toBe(true);
  });

  test('suffice: a Node is initialized, the examples get addresses, a balancer goes, and no call is refused', async () => {
    const program = await startProgram();
    try {
      await kubectl('apply', '-f', await nodeFile('pool-a-1'));
      await kubectl('wait', '--for=jsonpath={.spec.providerID}', 'node/pool-a-1', '--timeout=60s');
      await kubectl('apply', '-f', 'examples/loadbalancers');
      const services = complete.map((name) => `service/${name}`);
      await kubectl('wait', '--for=jsonpath={.status.loadBalancer.ingress[0].ip}', ...services, '--timeout=60s');
      // Waits for the finalizer, that is for the balancer to be gone.
      await kubectl('delete', '--timeout=60s', '-f', 'examples/loadbalancers/tcp-nginx.yml');
      const holder = 'jsonpath={.spec.holderIdentity}';
      expect(await kubectl('-n', 'kube-system', 'get', 'lease', 'cloud-controller-manager', '-o', holder)).not.toBe('');
    } catch (error) {
      process.stderr.write(program.log());
      throw error;
    } finally {
      await program.stop();
    }
    // That each of them is used is shown by rights.int.spec.ts.
    const { refused } = compareRights(readManifests(NEWEST_RELEASE), account, await plane.auditEvents());
    expect(refused).toEqual([]);
  });

  // As in the pod, but for the cloud, which is simulated, and the address of the API server.
  async function startProgram(): Promise<{ log(): string; stop(): Promise<void> }> {
    const kubeconfig = path.join(folder, 'ccm.kubeconfig');
    const token = await plane.createToken(account);
    await plane.writeKubeconfig(kubeconfig, { token });
    const flags = ['--leader-elect=true', '--secure-port=0', '--simulate', `--kubeconfig=${kubeconfig}`];
    const source = ['--conditions=@longshore/source', path.join(appFolder, 'src/main.ts')];
    const program = spawn(process.execPath, [...source, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
    const exit = once(program, 'exit');
    let log = '';
    program.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    return {
      log: () => log,
      async stop() {
        program.kill('SIGTERM');
        await exit;
      },
    };
  }

  async function nodeFile(name: string): Promise<string> {
    const taint = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
    const file = path.join(folder, `${name}.json`);
    await writeFile(
      file,
      JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { taints: [taint] } }),
    );
    return file;
  }
});
