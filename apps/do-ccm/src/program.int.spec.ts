// The built program (npm run build) against a real API server and the simulated cloud, as users run it: life, exit codes, last words.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { ANNOTATIONS } from './annotations.ts';
import { expectPage } from './test-support/reference-page.ts';
import { VERSION } from './version.ts';

const dist = path.join(import.meta.dirname, '../dist');
const FIRST_BUILD_MS = 1_800_000;
type Env = Readonly<Record<string, string>>;
let plane: ControlPlane;
let cloud: DigitalOceanSimulator;
let running: ChildProcess | undefined;

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ minor: '1.36', onProgress });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());
beforeEach(async () => {
  cloud = await simulateDigitalOcean({ timeToActiveMs: 300, droplets: 2 });
});
afterEach(async () => {
  const left = running;
  running = undefined;
  if (left && left.exitCode === null && left.signalCode === null) {
    const ended = once(left, 'exit');
    left.kill('SIGKILL');
    await ended;
  }
  await cloud.close();
});

function start(flags: readonly string[], env: Env): ChildProcess {
  const options = { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] as const };
  return spawn(process.execPath, [path.join(dist, 'main.js'), ...flags], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const textOf = (stream: Readable | null): Promise<string> => (stream ? text(stream) : Promise.resolve(''));

/** Runs to the end. */
async function run(flags: readonly string[], env: Env = {}): Promise<{ code: unknown; out: string; err: string }> {
  const child = start(flags, env);
  const [[code], out, err] = await Promise.all([once(child, 'exit'), textOf(child.stdout), textOf(child.stderr)]);
  return { code, out, err };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

// Kinds and help texts are in the exposition, labels only where there are samples: they are on the page by hand where they matter.
function metricsTable(exposition: string): string {
  const kinds = new Map([...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]));
  const rows = [...exposition.matchAll(/^# HELP (\S+) (.+)$/gm)].map(
    ([, name, help = '']) => `| \`${name}\` | ${kinds.get(name)} | ${help.replaceAll('|', '\\|')} |`,
  );
  return ['| metric | kind | meaning |', '|---|---|---|', ...rows.toSorted()].join('\n');
}

const cloudEnv = (): Env => ({ DO_ACCESS_TOKEN: cloud.token, DO_OVERRIDE_URL: cloud.url, REGION: 'fra1' });
const clusterFlags = (): readonly string[] => [`--kubeconfig=${plane.kubeconfigPath}`, '--secure-port=0'];

async function call<T>(method: string, at: string, body?: object): Promise<T> {
  const answer = await plane.request({ method, path: at, ...(body ? { body } : {}) });
  return answer.body as T;
}
const addNode = (name: string): Promise<unknown> =>
  call('POST', '/api/v1/nodes', {
    metadata: { name },
    spec: { taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }] },
  });
const node = (name: string): Promise<KubeNode> => call('GET', `/api/v1/nodes/${name}`);
const WEB = '/api/v1/namespaces/default/services/web';

describe('the life of the program', () => {
  test('nodes are initialized, a Service gets its balancer and loses it, SIGTERM ends it with 0', async () => {
    running = start(clusterFlags(), cloudEnv());
    const log = Promise.all([textOf(running.stdout), textOf(running.stderr)]);
    await Promise.all(['pool-a-1', 'pool-a-2'].map(addNode));
    const isReady = async (): Promise<boolean> => (await node('pool-a-2')).spec?.providerID === 'digitalocean://2';
    await waitFor(isReady, { what: 'an initialized node' });
    expect((await node('pool-a-2')).status?.addresses?.map(({ type }) => type)).toEqual([
      'Hostname',
      'InternalIP',
      'ExternalIP',
    ]);
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    await call('POST', '/api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec });
    const ingress = async (): Promise<unknown> =>
      (await call<KubeService>('GET', WEB)).status?.loadBalancer?.ingress?.[0]?.ip;
    await waitFor(async () => (await ingress()) !== undefined, { what: 'an address' });
    const [balancer] = cloud.state.loadBalancers.values();
    expect(await ingress()).toBe(balancer?.ip);
    expect(balancer).toMatchObject({ droplet_ids: [1, 2], status: 'active' });
    expect((await call<KubeService>('GET', WEB)).metadata?.annotations).toMatchObject({
      [ANNOTATIONS.loadBalancerId.key]: balancer?.id,
    });
    await call('DELETE', WEB);
    const isGone = async (): Promise<boolean> => (await plane.request({ path: WEB })).status === 404;
    await waitFor(isGone, { what: 'the end of the Service' });
    expect(cloud.state.loadBalancers.size).toBe(0);
    expect(cloud.schemaProblems).toEqual([]);
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect((await log).join('')).not.toContain(cloud.token);
  });

  test('the metrics that it serves are those of docs/metrics.md', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const firewall = { PUBLIC_ACCESS_FIREWALL_NAME: 'public', PUBLIC_ACCESS_FIREWALL_TAGS: 'workers' };
    running = start(clusterFlags(), { ...cloudEnv(), ...firewall, DO_CLUSTER_ID: 'c1', METRICS_ADDR: address });
    const isAtWork = (): boolean => cloud.calls.of('GET /v2/firewalls').length > 0;
    await waitFor(isAtWork, { what: 'the first look at the firewalls' });
    const served = await (await fetch(`http://${address}/metrics`)).text();
    expectPage('metrics.md', 'do-ccm/served', metricsTable(served));
    // Gives the lease back, so that the next test need not wait for it.
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  });

  test('--simulate needs no account: a node of the cluster gets a machine', async () => {
    await addNode('anywhere');
    running = start([...clusterFlags(), '--simulate'], {});
    const isReady = async (): Promise<boolean> => Boolean((await node('anywhere')).spec?.providerID);
    await waitFor(isReady, { what: 'an initialized node' });
    expect((await node('anywhere')).spec?.taints ?? []).not.toContainEqual(expect.objectContaining({ value: 'true' }));
  });
});

describe('last words', () => {
  test('DO row 1 without a token: one line and exit code 1', async () => {
    const { code, out, err } = await run(clusterFlags());
    const lines = `${out}${err}`.split('\n').filter((line) => line !== '' && !/^[IW]\d{4}/.test(line));
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/DO_ACCESS_TOKEN.* is required/)]);
  });

  test('a flag that does not exist', async () => {
    const { code, err } = await run(['--no-such-flag']);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^do-ccm: unknown flag --no-such-flag.*\n$/) });
  });

  test('a region that does not exist', async () => {
    const { code, out, err } = await run([...clusterFlags(), '--leader-elect=false'], { ...cloudEnv(), REGION: 'xyz' });
    expect(code).toBe(1);
    expect(`${out}${err}`).toContain('invalid region specified: xyz');
  });

  test('version and help', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: `do-ccm v${VERSION}\n`, err: '' });
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('--simulate');
    const golden = new URL('__golden__/help.txt', import.meta.url);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, out);
    expect(out).toBe(readFileSync(golden, 'utf8'));
  });

  test('plan says what would be done, and does nothing', async () => {
    await call('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'planned' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const { code, out } = await run(['plan', `--kubeconfig=${plane.kubeconfigPath}`], cloudEnv());
    expect(code).toBe(2);
    expect(out).toContain('planned');
    expect(cloud.calls.writes()).toEqual([]);
    await call('DELETE', '/api/v1/namespaces/default/services/planned');
  });
});

describe('--node-name-map', () => {
  const explain = (...flags: readonly string[]): ReturnType<typeof run> =>
    run(['explain', 'node', 'renamed', `--kubeconfig=${plane.kubeconfigPath}`, ...flags], cloudEnv());

  test('a Node is the droplet that the flag or its file says; a wrong entry ends the start with one line', async () => {
    await addNode('renamed');
    const folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-'));
    const file = path.join(folder, 'names');
    await writeFile(file, '# renamed by hand\nrenamed=2\n');
    expect((await explain()).out).toContain('no droplet has this name or address');
    for (const value of ['renamed=pool-a-2', `@${file}`]) {
      expect((await explain(`--node-name-map=${value}`)).out).toContain('digitalocean://2');
    }
    const wrong = await explain('--node-name-map=renamed');
    expect({ code: wrong.code, err: wrong.err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^do-ccm: --node-name-map: .*"renamed" does not end in "=".*\n$/),
    });
    await rm(folder, { recursive: true });
    await call('DELETE', '/api/v1/nodes/renamed');
  });
});

describe('orphans', () => {
  const env = (): Env => ({ ...cloudEnv(), DO_CLUSTER_ID: 'c1' });
  const flags = (): readonly string[] => ['orphans', `--kubeconfig=${plane.kubeconfigPath}`];
  const droplets = (): readonly number[] => [...cloud.state.droplets.keys()];
  const addBalancer = async (name: string, tag: string): Promise<void> => {
    const rule = { entry_protocol: 'tcp', entry_port: 80, target_protocol: 'tcp', target_port: 80 };
    const body = { name, region: 'fra1', forwarding_rules: [rule], droplet_ids: droplets(), tags: [tag] };
    const headers = { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' };
    await fetch(`${cloud.url}/v2/load_balancers`, { method: 'POST', headers, body: JSON.stringify(body) });
  };
  const names = (): readonly string[] => [...cloud.state.loadBalancers.values()].map(({ name }) => name);

  test('--delete removes what belongs to no Service of this cluster, only when it is told to', async () => {
    await call('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'owner', annotations: { [ANNOTATIONS.name.key]: 'owned' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    for (const name of ['left-1', 'left-2', 'owned']) await addBalancer(name, 'k8s:c1');
    await addBalancer('strange', 'k8s:c2');
    const listed = await run(flags(), env());
    expect({ code: listed.code, lines: listed.out.split('\n').length }).toEqual({ code: 2, lines: 4 });
    const refused = await run([...flags(), '--delete'], env());
    expect(refused.code).toBe(1);
    expect(`${refused.out}${refused.err}`).toContain('give --yes');
    expect((await run([...flags(), '--delete', '--yes', '--dry-run'], env())).code).toBe(2);
    expect(names()).toEqual(['left-1', 'left-2', 'owned', 'strange']);
    const done = await run([...flags(), '--delete', '--yes', '-o', 'json'], env());
    expect({ code: done.code, answer: JSON.parse(done.out) as unknown }).toMatchObject({
      code: 0,
      answer: { removed: [{ name: 'left-1' }, { name: 'left-2' }], kept: [] },
    });
    expect(names()).toEqual(['owned', 'strange']);
    expect((await run(flags(), env())).code).toBe(0);
    await call('DELETE', '/api/v1/namespaces/default/services/owner');
  });

  test('--yes without --delete', async () => {
    const { code, err } = await run([...flags(), '--yes'], env());
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('--yes agrees to --delete') });
  });
});

test('the Kubernetes library is loaded only where a kubeconfig asks for it', () => {
  interface Output {
    readonly imports: readonly { readonly path: string; readonly kind: string }[];
    readonly inputs: Readonly<Record<string, unknown>>;
  }
  const meta = JSON.parse(readFileSync(path.join(dist, 'meta.json'), 'utf8')) as { outputs: Record<string, Output> };
  const atStart = new Set<string>();
  const visit = (file: string): void => {
    if (atStart.has(file) || !meta.outputs[file]) return;
    atStart.add(file);
    for (const { path: next, kind } of meta.outputs[file].imports) if (kind === 'import-statement') visit(next);
  };
  visit('dist/program.js');
  const inputs = [...atStart].flatMap((file) => Object.keys(meta.outputs[file]?.inputs ?? {}));
  expect(inputs.length).toBeGreaterThan(100);
  expect(inputs.filter((input) => input.includes('@kubernetes/client-node'))).toEqual([]);
  const all = Object.values(meta.outputs).flatMap(({ inputs: each }) => Object.keys(each));
  expect(all.some((input) => input.includes('@kubernetes/client-node'))).toBe(true);
});
