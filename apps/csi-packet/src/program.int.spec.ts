// The built program as users run it: settings, life, exit codes, last words, what it weighs.
import { once } from 'node:events';
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { waitFor } from '@longshore/reconciler-core/testing';
import { aCapability, aCreate, credentialsOf } from './test-support/cloud-driver.ts';
import { codeOf, csiClient } from './test-support/csi-client.ts';
import type { CsiClient } from './test-support/csi-client.ts';
import { listens } from './test-support/listens.ts';
import { mountSecret } from './test-support/mounted-secret.ts';
import { startProgram } from './test-support/program.ts';
import type { Program } from './test-support/program.ts';
import { VERSION } from './version.ts';

type Env = Readonly<Record<string, string>>;
let folder: string;
let socket: string;
let cloud: PacketSimulator;
let client: CsiClient;
let running: Program[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csi-program-'));
  socket = join(folder, 'csi.sock');
  cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0 });
  client = csiClient(`unix:${socket}`);
  running = [];
});
afterEach(async () => {
  client.close();
  await Promise.all(running.map((program) => program.kill()));
  await cloud.close();
  await rm(folder, { recursive: true });
});

function run(flags: readonly string[], env: Env = {}): Program {
  const program = startProgram(flags, env);
  running.push(program);
  return program;
}
async function start(flags: readonly string[] = [], env: Env = {}): Promise<Program> {
  const program = run([`--endpoint=unix://${socket}`, ...flags], env);
  let code: number | null | undefined;
  void program.exited.then((value) => (code = value));
  const isUp = async (): Promise<boolean> => {
    if (code !== undefined) throw new Error(`ended with ${code}: ${program.output()}`);
    return (await listens(socket)) && (await client.identity.probe({})).ready === true;
  };
  await waitFor(isUp, { what: 'a program that is ready' });
  return program;
}
const cloudAt = (): Env => ({ PACKET_API_URL: cloud.url, PACKET_METADATA_URL: cloud.metadata.urlOf('node-1') });
const ewr1 = async (): Promise<string> => {
  const answer = await fetch(`${cloud.url}/facilities`, { headers: { 'X-Auth-Token': cloud.token } });
  const { facilities } = (await answer.json()) as { facilities: readonly { id: string; code: string }[] };
  return facilities.find(({ code }) => code === 'ewr1')?.id ?? '';
};
async function facilityOfNewVolume(): Promise<string | undefined> {
  const { volume } = await client.controller.createVolume(aCreate());
  return cloud.state.volumes.get(volume?.volumeId ?? '')?.facility?.code;
}

describe('words on the command line', () => {
  test('CP row 148 --version prints and ends', async () => {
    const program = run(['--version']);
    expect(await program.exited).toBe(0);
    expect(program.output()).toBe(`csi-packet v${VERSION}\n`);
  });

  test('--help names the flags of the Go program, and is the page that is kept', async () => {
    const program = run(['--help']);
    expect(await program.exited).toBe(0);
    const golden = new URL('__golden__/help.txt', import.meta.url);
    if (process.env['UPDATE_GOLDEN']) await writeFile(golden, program.output());
    expect(program.output()).toBe(await readFile(golden, 'utf8'));
    for (const flag of ['--endpoint', '--nodeid', '--v', '--config']) expect(program.output()).toContain(`${flag} `);
  });

  test('without an endpoint it says what is missing; CSI_ENDPOINT will do', async () => {
    const program = run([]);
    expect(await program.exited).toBe(1);
    expect(program.output()).toContain('--endpoint is required');
    const other = run(['--v=5'], { CSI_ENDPOINT: `unix://${socket}` });
    await waitFor(() => listens(socket), { what: 'the socket of CSI_ENDPOINT' });
    other.child.kill('SIGTERM');
    expect(await other.exited).toBe(0);
  });

  test.each(['panic', '0', 'debug', '6'])('--v=%s is taken', async (level) => {
    const program = await start([`--v=${level}`]);
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.output().includes('started')).toBe(['debug', '6'].includes(level));
  });
});

describe('settings', () => {
  test.each([
    { form: 'the JSON file', path: 'cloud-sa.json', files: ['cloud-sa.json'] },
    { form: 'the folder with the JSON file', path: '.', files: ['cloud-sa.json'] },
    { form: 'the folder with plain keys, as of the CCM’s Secret', path: '.', files: ['plain'] },
    { form: 'the folder with both', path: '.', files: ['cloud-sa.json', 'plain'] },
  ])('CP row 139 $form; its facilityID is used', async ({ path, files }) => {
    const values = { apiKey: cloud.token, projectID: cloud.projectId, facilityID: await ewr1() };
    const secret = join(folder, 'secret');
    await mountSecret(secret, {
      ...(files.includes('plain') ? values : {}),
      ...(files.includes('cloud-sa.json') ? { 'cloud-sa.json': JSON.stringify(values) } : {}),
    });
    await start([`--config=${join(secret, path)}`], cloudAt());
    expect(await facilityOfNewVolume()).toBe('ewr1');
  });

  test('CP row 138 environment and file: the environment wins, key by key', async () => {
    const file = join(folder, 'cloud-sa.json');
    const values = { apiKey: 'not-this-key', projectID: cloud.projectId, 'facility-id': await ewr1() };
    await writeFile(file, JSON.stringify(values));
    await start([`--config=${file}`], { ...cloudAt(), PACKET_API_KEY: cloud.token });
    expect(await facilityOfNewVolume()).toBe('ewr1');
  });

  test('CPJ 2 base-url and metadata-url of the file count', async () => {
    const file = join(folder, 'cloud-sa.json');
    const urls = { 'base-url': cloud.url, 'metadata-url': cloud.metadata.urlOf('node-1') };
    await writeFile(file, JSON.stringify({ apiKey: cloud.token, projectId: cloud.projectId, ...urls }));
    await start([`--config=${file}`]);
    expect(await facilityOfNewVolume()).toBe('ewr1');
  });

  test('CP row 140 a key without a project: the message names what to set', async () => {
    const program = run([`--endpoint=unix://${socket}`], { ...cloudAt(), PACKET_API_KEY: cloud.token });
    expect(await program.exited).toBe(1);
    expect(program.output()).toMatch(/without a project: set .*PACKET_PROJECT_ID/);
  });

  test('a file that cannot be read or is no JSON: its place is named, its content is not', async () => {
    const file = join(folder, 'cloud-sa.json');
    await writeFile(file, '{"apiKey": "SECRETKEY",}');
    const program = run([`--endpoint=unix://${socket}`, `--config=${file}`]);
    expect(await program.exited).toBe(1);
    expect(program.output()).toContain('line 1, column 24');
    expect(program.output()).not.toContain('SECRETKEY');
  });

  test('a facility without storage ends the program', async () => {
    const env = { ...credentialsOf(cloud), PACKET_FACILITY_NAME: 'ny5' };
    const program = run([`--endpoint=unix://${socket}`], env);
    expect(await program.exited).toBe(1);
    expect(program.output()).toContain('has no block storage');
  });

  test('an API that is away does not: calls are 14 until it is there', async () => {
    cloud.fail({ kind: 'drop-before', times: Infinity });
    await start(['--v=error'], credentialsOf(cloud));
    expect(await codeOf(client.controller.createVolume(aCreate()))).toBe(14);
    cloud.clearFaults();
    expect(await codeOf(client.controller.createVolume(aCreate()))).toBe(0);
  });
});

describe('its life', () => {
  test('CP row 143 a second program leaves the first one’s socket alone', async () => {
    await start();
    const second = run([`--endpoint=unix://${socket}`]);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain('another process listens on');
    expect(await client.identity.probe({})).toEqual({ ready: true });
  });

  test('CP row 142 the socket of a killed one is replaced', async () => {
    const first = await start();
    await first.kill();
    expect((await stat(socket)).isSocket()).toBe(true);
    const again = csiClient(`unix:${socket}`);
    await start();
    expect((await again.identity.probe({})).ready).toBe(true);
    again.close();
  });

  test('CP row 144 a file at the socket’s place stays', async () => {
    await writeFile(socket, 'precious');
    const program = run([`--endpoint=unix://${socket}`]);
    expect(await program.exited).toBe(1);
    expect(await readFile(socket, 'utf8')).toBe('precious');
  });

  test('CP row 145 SIGTERM during a call: the call is answered, the socket is gone, 0', async () => {
    const program = await start([], credentialsOf(cloud));
    cloud.fail({ match: { path: '/projects/{id}/storage' }, kind: 'delay', delayMs: 1_500 });
    const call = codeOf(client.controller.createVolume(aCreate()));
    await waitFor(() => (cloud.callsByRoute()['GET /projects/{id}/storage'] ?? 0) > 0, { what: 'the call' });
    program.child.kill('SIGTERM');
    expect(await call).toBe(0);
    client.close();
    expect(await program.exited).toBe(0);
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('CP row 146 at debug the log has methods and no secret, neither of the request nor of the API', async () => {
    const program = await start(['--v=debug'], credentialsOf(cloud));
    await client.controller.createVolume(aCreate({ secrets: { password: 'TOPSECRET' } }));
    await codeOf(client.controller.deleteVolume({ secrets: { password: 'TOPSECRET' } }));
    await waitFor(() => program.output().includes('DeleteVolume'), { what: 'the log line' });
    expect(program.output()).toContain('***stripped***');
    expect(program.output()).not.toContain('TOPSECRET');
    expect(program.output()).not.toContain(cloud.token);
  });

  test('health and metrics are served', async () => {
    const port = await freePort();
    await start([`--http-endpoint=127.0.0.1:${port}`], credentialsOf(cloud));
    const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    for (const path of ['/healthz', '/livez', '/readyz']) expect(await page(path)).toBe('ok');
    await client.controller.createVolume(aCreate());
    const metrics = await page('/metrics');
    expect(metrics).toContain('csi_plugin_operations_seconds_count{driver_name="net.packet.csi"');
    expect(metrics).toContain('cloudprovider_packet_api_request');
    expect(metrics).not.toContain(cloud.token);
  });

  test('a node plugin with registration: kubelet is told name and socket', async () => {
    const registry = join(folder, 'plugins_registry');
    await mkdir(registry);
    const program = await start([`--registration-dir=${registry}`], cloudAt());
    const kubelet = csiClient(`unix:${join(registry, 'net.packet.csi-reg.sock')}`);
    expect(await kubelet.registration.getInfo({})).toEqual({
      type: 'CSIPlugin',
      name: 'net.packet.csi',
      endpoint: '/var/lib/kubelet/plugins/net.packet.csi/csi.sock',
      supportedVersions: ['1.0.0'],
    });
    kubelet.close();
    client.close();
    program.child.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    await expect(stat(join(registry, 'net.packet.csi-reg.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a retried call after kill -9 finds what was made', async () => {
    const first = await start([], credentialsOf(cloud));
    const { volume } = await client.controller.createVolume(aCreate());
    await first.kill();
    await start([], credentialsOf(cloud));
    const again = csiClient(`unix:${socket}`);
    expect((await again.controller.createVolume(aCreate())).volume).toEqual(volume);
    const request = { volumeId: volume?.volumeId ?? '', nodeId: 'node-1', volumeCapability: aCapability() };
    expect(await codeOf(again.controller.controllerPublishVolume(request))).toBe(0);
    again.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
