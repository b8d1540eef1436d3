// helpers/run-in-test-cluster and helpers/cleanup as a user starts them: on this machine with everything real but the cloud, and for an
// account against the simulated API, with a stand-in for ssh that answers with a cluster of this machine.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { acquireBinary, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { makeLayer } from '../layer.ts';
import { describeImage } from '../oci.ts';
import { packLayout } from '../oci-layout.ts';
import { root } from '../config.ts';

const helpers = path.join(root, 'apps/cloudscale-ccm/helpers');
const paths = (process.env['PATH'] ?? '').split(path.delimiter).filter((one) => !one.includes('node_modules'));
const hasNode = paths.some((one) => existsSync(path.join(one, 'node')));
const PATH = (hasNode ? paths : [path.dirname(process.execPath), ...paths]).join(path.delimiter);

let kubectl: string;

interface Result {
  readonly code: number | null;
  readonly output: string;
}

async function helper(name: string, folder: string, env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const child = spawn(path.join(helpers, name), [], {
    cwd: folder,
    env: { PATH, HOME: process.env['HOME'], LONGSHORE_CACHE: process.env['LONGSHORE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: out + error };
}

async function nodes(folder: string): Promise<readonly { spec: { providerID?: string } }[]> {
  const args = ['get', 'nodes', '-o', 'json'];
  const env = { KUBECONFIG: 'k8test/cluster/admin.conf' };
  const { stdout } = await promisify(execFile)(kubectl, args, { cwd: folder, env });
  return (JSON.parse(stdout) as { items: { spec: { providerID?: string } }[] }).items;
}

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;
const newFolder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'longshore-test-cluster-'));

beforeAll(async () => {
  kubectl = await acquireBinary('kubectl');
}, 600_000);

describe('without a token', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await newFolder();
  });
  afterAll(async () => {
    await helper('cleanup', folder);
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  test('a cluster on this machine comes up, kubectl works, the program has initialized the Nodes', async () => {
    const { code, output } = await helper('run-in-test-cluster', folder);
    expect(output).toContain('against a simulated cloudscale.ch');
    expect(output).toContain('ssh needs a real account');
    expect(code).toBe(0);
    for (const file of ['admin.conf', 'ssh'])
      expect(await modeOf(path.join(folder, 'k8test/cluster', file))).toBe(0o600);
    const found = await nodes(folder);
    expect(found).toHaveLength(4);
    for (const { spec } of found) expect(spec.providerID).toMatch(/^cloudscale:\/\/[0-9a-f-]{36}$/);
  }, 600_000);

  test('the manifest is stored with the image of the test', async () => {
    const args = ['-n', 'kube-system', 'get', 'daemonset', '-o', 'json'];
    const env = { KUBECONFIG: 'k8test/cluster/admin.conf' };
    const { stdout } = await promisify(execFile)(kubectl, args, { cwd: folder, env });
    const { items } = JSON.parse(stdout) as {
      items: { spec: { template: { spec: { containers: { image: string }[] } } } }[];
    };
    expect(items.map(({ spec }) => spec.template.spec.containers[0]?.image)).toEqual(['longshore/cloudscale-ccm:test']);
  }, 60_000);

  test('run again, it installs the program anew into the same cluster', async () => {
    const before = await readFile(path.join(folder, 'k8test/cluster/admin.conf'), 'utf8');
    const { code, output } = await helper('run-in-test-cluster', folder);
    expect(output).toContain('only the program is installed anew');
    expect(code).toBe(0);
    expect(await readFile(path.join(folder, 'k8test/cluster/admin.conf'), 'utf8')).toBe(before);
    expect(await nodes(folder)).toHaveLength(4);
  }, 600_000);

  test('cleanup leaves nothing, neither process nor file, and can be run again', async () => {
    const state = await readFile(path.join(folder, 'k8test/cluster/local.json'), 'utf8');
    const { pid } = JSON.parse(state) as { pid: number };
    expect((await helper('cleanup', folder)).code).toBe(0);
    // One that nobody waits for may still have its number, but does nothing any more.
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).toBe('');
    expect(existsSync(path.join(folder, 'k8test'))).toBe(false);
    expect((await helper('cleanup', folder)).code).toBe(0);
  }, 180_000);

  test('an image name without a slash ends with 1 before anything is built', async () => {
    const { code, output } = await helper('run-in-test-cluster', folder, { IMAGE: 'test' });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('must contain a slash') });
    expect(existsSync(path.join(folder, 'k8test'))).toBe(false);
  }, 60_000);

  test('sourced, they run nothing and bring their functions', async () => {
    const program = 'source "$1"; type -t run_in_test_cluster; source "$2"; type -t cleanup_test_cluster';
    const args = ['-c', program, 'bash', path.join(helpers, 'run-in-test-cluster'), path.join(helpers, 'cleanup')];
    const { stdout } = await promisify(execFile)('bash', args, { cwd: folder, env: { PATH } });
    expect(stdout).toBe('function\nfunction\n');
  }, 60_000);
});

// Says which commands came over "ssh", swallows what is sent, and answers the questions.
const SSH = `#!/usr/bin/env bash
command="\${@: -1}"
echo "$(printf '%s\\n' "$@" | grep ubuntu@) $command" >> "$SSH_LOG"
case "$command" in
  *admin.conf) cat "$SSH_KUBECONFIG" ;;
  *print-join-command*) printf 'kubeadm join x --token t\\nkey\\n' ;;
  *images\\ import*) wc -c > "$SSH_LOG.image" ;;
esac
`;

describe('with a token', () => {
  let folder: string;
  let cloud: CloudscaleSimulator;
  let cluster: ControlPlane;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = await newFolder();
    cloud = await simulateCloudscale({ token: 'account-token', serverChangeMs: 100 });
    cluster = await startControlPlane();
    await cluster.writeKubeconfig(path.join(folder, 'remote.conf'));
    await writeFile(path.join(folder, 'ssh'), SSH);
    await chmod(path.join(folder, 'ssh'), 0o755);
    const layer = await makeLayer([{ kind: 'file', path: '/app/main.js', content: Buffer.from('') }]);
    const image = describeImage({ arch: 'amd64', layers: [layer], created: '1970-01-01T00:00:00Z', labels: {} });
    await writeFile(
      path.join(folder, 'image.tar'),
      await packLayout([{ reference: 'a/b:test', images: [image], annotations: {} }]),
    );
    env = {
      PATH: `${folder}${path.delimiter}${PATH}`,
      CLOUDSCALE_API_TOKEN: 'account-token',
      CLOUDSCALE_API_URL: cloud.url,
      IMAGE_SOURCE: 'import',
      NETWORK_PLUGIN: 'none',
      SSH_LOG: path.join(folder, 'ssh.log'),
      SSH_KUBECONFIG: path.join(folder, 'remote.conf'),
    };
  }, 300_000);

  afterAll(async () => {
    await cluster.stop();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  test('servers are made with tags and a network, Kubernetes over ssh, the program by its manifest', async () => {
    // The certificate of the stand-in cluster is for its own address: the kubeconfig must come back with that of the first server, so
    // kubectl cannot reach it, and the helper says so.
    const { code, output } = await helper('run-in-test-cluster', folder, env);
    expect(output).toContain('costs money');
    expect(output).toContain('tried against a simulated API only');
    const servers = [...cloud.state.servers.values()].filter(({ tags }) => tags?.['source'] === 'k8test');
    expect(servers.map(({ name }) => name).sort()).toEqual(
      ['control-1', 'control-2', 'worker-1', 'worker-2'].map((role) => `k8test-${role}`),
    );
    expect(servers.map(({ tags }) => tags?.['cluster_prefix'])).toEqual(Array.from({ length: 4 }, () => 'k8test'));
    const commands = (await readFile(path.join(folder, 'ssh.log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.replace(/^ubuntu@\S+ /, ''));
    expect(commands.filter((command) => command.startsWith('sudo kubeadm init --'))).toHaveLength(1);
    expect(commands.filter((command) => command.endsWith('--control-plane --certificate-key key'))).toHaveLength(1);
    expect(commands.filter((command) => command === 'sudo kubeadm join x --token t')).toHaveLength(2);
    expect(commands.filter((command) => command.includes('images import'))).toHaveLength(2);
    expect(Number(await readFile(path.join(folder, 'ssh.log.image'), 'utf8'))).toBeGreaterThan(1000);
    for (const file of ['admin.conf', 'ssh'])
      expect(await modeOf(path.join(folder, 'k8test/cluster', file))).toBe(0o600);
    expect(output).not.toContain('account-token');
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('kubectl ended with') });
  }, 300_000);

  test('cleanup removes the balancers of the cluster, its servers and its network, and nothing else', async () => {
    const foreign = cloud.addServer({ name: 'mine' });
    const create = (name: string, tags: object): Promise<Response> =>
      fetch(`${cloud.url}/v1/load-balancers`, {
        method: 'POST',
        headers: { authorization: 'Bearer account-token', 'content-type': 'application/json' },
        body: JSON.stringify({ name, flavor: 'lb-standard', zone: 'rma1', tags }),
      });
    await create('of-the-cluster', { kubernetes_cluster: 'k8test' });
    await create('of-another', { kubernetes_cluster: 'other' });
    const { code, output } = await helper('cleanup', folder, env);
    // Still being built: the API refuses, the helper says so, and a later run has success.
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('load-balancers') });
    for (const { uuid } of cloud.state.loadBalancers.values())
      cloud.updateLoadBalancer(uuid, { forcedStatus: 'running' });
    const again = await helper('cleanup', folder, env);
    expect({ code: again.code, output: again.output }).toEqual({
      code: 0,
      output: expect.stringContaining('removed server k8test-control-1'),
    });
    expect([...cloud.state.servers.values()].map(({ uuid }) => uuid)).toEqual([foreign.uuid]);
    expect([...cloud.state.loadBalancers.values()].map(({ name }) => name)).toEqual(['of-another']);
    expect(existsSync(path.join(folder, 'k8test'))).toBe(false);
  }, 300_000);
});
