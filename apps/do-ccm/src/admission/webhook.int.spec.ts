// The built program (npm run build) as a webhook of a real API server, with the configuration of the manifest and a simulated cloud.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { acquireBinary, DEFAULT_MINOR, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { ServingCertificates } from '@longshore/k8s-runtime/process';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { waitFor } from '@longshore/reconciler-core/testing';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ANNOTATIONS } from '../annotations.ts';
import { appFolder, onlyOne } from '../test-support/manifest-files.ts';
import { VERSION } from '../version.ts';

const FIRST_BUILD_MS = 1_800_000;
const MANIFEST = `releases/digitalocean-cloud-controller-manager-admission-server/v${VERSION}.yml`;
const WEBHOOK = 'validation-webhook.cloud-controller-manager.digitalocean.com';
const SIZE = ANNOTATIONS.sizeUnit.key;

let plane: ControlPlane;
let cloud: DigitalOceanSimulator;
let kubectlPath: string;
let folder: string;
let server: Running;

interface Running {
  readonly child: ChildProcess;
  readonly log: () => string;
}

function start(flags: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const settings = { DO_ACCESS_TOKEN: cloud.token, DO_OVERRIDE_URL: cloud.url, REGION: 'fra1' };
  const child = spawn(process.execPath, [path.join(appFolder, 'dist/main.js'), 'admission-server', ...flags], {
    env: { PATH: process.env['PATH'], ...settings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (line: string) => lines.push(line));
  return { child, log: () => lines.join('') };
}

const flags = (): readonly string[] => ['--bind-address=127.0.0.1', '--port=0', `--cert-dir=${folder}`];

async function portOf({ log }: Running): Promise<number> {
  const port = (): string | undefined => /serving.*port="?(\d+)/.exec(log())?.[1];
  await waitFor(() => port() !== undefined, { what: 'the port' });
  return Number(port());
}

async function end({ child }: Running): Promise<unknown> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  return (await ended)[0] as unknown;
}

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-admission-'));
  kubectlPath = await acquireBinary('kubectl', DEFAULT_MINOR, { onProgress });
  [plane, cloud] = await Promise.all([startControlPlane({ onProgress }), simulateDigitalOcean({ quota: 'off' })]);
  writeCertificate();
  server = start([...flags(), '-v=2']);
  await configureWebhook(await portOf(server));
}, FIRST_BUILD_MS);

afterAll(async () => {
  await end(server);
  await Promise.all([plane.stop(), cloud.close()]);
  await rm(folder, { recursive: true });
});

afterEach(() => cloud.clearFaults());

/** Writes tls.crt and tls.key. */
function writeCertificate(): void {
  const where = { certFile: '', keyFile: '', certDir: folder, pairName: 'tls', generatedNames: ['127.0.0.1'] };
  const rest = { sniPairs: [], minVersion: '', cipherSuites: [], curves: [], clientCas: () => [] };
  new ServingCertificates({ ...where, ...rest, clock: systemClock, log: silentLogger });
}

/** The configuration of the manifest, but for the way to the server. */
async function configureWebhook(port: number): Promise<void> {
  const { metadata, ...manifest } = onlyOne(MANIFEST, 'ValidatingWebhookConfiguration');
  const caBundle = (await readFile(path.join(folder, 'tls.crt'))).toString('base64');
  const clientConfig = { url: `https://127.0.0.1:${port}/lb-service`, caBundle };
  const webhooks = (manifest['webhooks'] as readonly object[]).map((webhook) => ({ ...webhook, clientConfig }));
  const body = { ...manifest, metadata: { name: metadata.name }, webhooks };
  const at = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const { status } = await plane.request({ method: 'POST', path: at, body });
  expect(status).toBe(201);
  const isActive = async (): Promise<boolean> => (await create({ [SIZE]: 'x' })).code !== 0;
  await waitFor(isActive, { what: 'the webhook' });
}

interface Said {
  readonly code: number;
  readonly said: string;
}

/** `kubectl create`, not stored. */
async function create(
  annotations: Readonly<Record<string, string>>,
  ports: readonly object[] = [{ port: 80 }],
): Promise<Said> {
  const file = path.join(folder, 'service.json');
  const metadata = { name: 'web', namespace: 'default', annotations };
  const spec = { type: 'LoadBalancer', ports };
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec }));
  return kubectl('create', '--dry-run=server', '-f', file);
}

async function kubectl(...args: string[]): Promise<Said> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfigPath, HOME: folder };
  try {
    const { stdout, stderr } = await promisify(execFile)(kubectlPath, args, { env });
    return { code: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, said: stderr };
  }
}

describe('kubectl create', () => {
  test('a good Service is created, after DigitalOcean was asked', async () => {
    const before = cloud.calls.total;
    expect(await create({})).toEqual({ code: 0, said: 'service/web created (server dry run)\n' });
    expect(cloud.calls.records.slice(before).map(({ method, path: at }) => `${method} ${at}`)).toEqual([
      'POST /v2/load_balancers',
    ]);
    expect(cloud.state.loadBalancers.size).toBe(0);
    expect(cloud.schemaProblems).toEqual([]);
  });

  test('a bad annotation is refused in the words of the event', async () => {
    const { code, said } = await create({ [SIZE]: 'x' });
    expect(code).toBe(1);
    expect(said).toMatch(/^Error from server \(Forbidden\): error when creating /);
    expect(said).toContain(
      `admission webhook "${WEBHOOK}" denied the request: annotation ${SIZE}: "x" is not allowed, use a whole number`,
    );
  });

  test('what only DigitalOcean knows is refused in its words', async () => {
    const annotations = {
      [ANNOTATIONS.type.key]: 'REGIONAL',
      [ANNOTATIONS.certificateId.key]: '00000000-1111-4222-8333-444444444444',
    };
    const { code, said } = await create(annotations, [{ port: 443 }]);
    expect(code).toBe(1);
    expect(said).toMatch(/denied the request: invalid load balancer definition: .*certificate/);
  });

  test('what is doubtful is a warning', async () => {
    const { code, said } = await create({ [ANNOTATIONS.healthCheckPath.key]: '/x' });
    expect(code).toBe(0);
    expect(said).toMatch(/^Warning: .*no effect without the annotation/m);
  });

  test('row 111: while DigitalOcean throttles, a Service is created with a warning', async () => {
    cloud.fail({ match: { path: '/v2/load_balancers' }, status: 429, times: Infinity });
    const { code, said } = await create({});
    expect(code).toBe(0);
    expect(said).toMatch(/^Warning: load balancer definition not checked.*rate limit/m);
  });

  test('another type of Service is none of the server’s business', async () => {
    const said = await kubectl('create', 'service', 'clusterip', 'plain', '--tcp=80', '--dry-run=server');
    expect(said).toMatchObject({ code: 0 });
    expect(server.log()).not.toContain('default/plain');
  });
});

describe('the server', () => {
  test('answers probes', async () => {
    const port = await portOf(server);
    const pages = await Promise.all(['/healthz', '/readyz', '/livez', '/nothing'].map((at) => get(port, at)));
    expect(pages).toEqual(['200 ok', '200 ok', '200 ok', '404 404 page not found\n']);
  });

  async function get(port: number, at: string): Promise<string> {
    const ca = await readFile(path.join(folder, 'tls.crt'));
    const asked = request({ host: '127.0.0.1', port, path: at, ca, agent: false }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return `${answer.statusCode} ${await text(answer)}`;
  }

  test('shows no token in its log, whatever is asked', async () => {
    cloud.fail({ match: { path: '/v2/load_balancers' }, status: 401 });
    expect(await create({})).toMatchObject({ code: 0, said: expect.stringContaining('API token') });
    expect(server.log()).toContain('a Service could not be checked');
    expect(server.log()).not.toContain(cloud.token);
  });

  test.each([
    {
      what: 'no certificate',
      over: ['--cert-dir=/nowhere'],
      env: {},
      says: /--cert-dir: \/nowhere has no certificate.*tls\.crt/,
    },
    { what: 'a flag that does not exist', over: ['--kubeconfig=x'], env: {}, says: /unknown flag --kubeconfig/ },
    { what: 'a region that does not exist', over: [], env: { REGION: 'xyz' }, says: /invalid region specified: xyz/ },
    { what: 'no token', over: [], env: { DO_ACCESS_TOKEN: '' }, says: /DO_ACCESS_TOKEN.* is required/ },
  ])('does not start with $what, and says what to do', async ({ over, env, says }) => {
    const running = start([...flags(), ...over], env);
    expect(await once(running.child, 'exit')).toEqual([1, null]);
    expect(running.log()).toMatch(says);
  });

  test('does not take a port that is taken', async () => {
    const running = start([...flags(), `--port=${await portOf(server)}`]);
    expect(await once(running.child, 'exit')).toEqual([1, null]);
    expect(running.log()).toMatch(/--port: port \d+ on 127\.0\.0\.1 is in use/);
  });

  test('starts while DigitalOcean is away', async () => {
    cloud.fail({ match: { path: '/v2/regions' }, status: 503, times: Infinity });
    const running = start(flags());
    await portOf(running);
    expect(await end(running)).toBe(0);
  });

  test('ends when it is told to, and Services are taken without it', async () => {
    expect(await end(server)).toBe(0);
    expect(await create({ [SIZE]: 'x' })).toMatchObject({ code: 0 });
  });
});
