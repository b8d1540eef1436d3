// What `npm run bench -- csi` runs (from sources, because it needs this folder's client and host): the built program against a simulated
// cloud whose states take no time. Prints one JSON object. The node side is measured where root and loop devices are.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { waitFor } from '@longshore/reconciler-core/testing';
import { IdentityService } from '../gen/csi.ts';
import { aCapability, credentialsOf, deviceId, gib } from './cloud-driver.ts';
import { startDriverProcess } from './driver-process.ts';
import type { DriverProcess } from './driver-process.ts';
import { HostWorld, missingForHostWorld } from './host-world.ts';
import { listens } from './listens.ts';
import { installProgram, startProgram } from './program.ts';

const STARTS = 9;
const PROBES = 2000;
const VOLUMES = 10;
const QUIET_ROUNDS = 16;
const MS_PER_TICK = 10;
const QUICK = { volumeQueuedMs: 0, snapshotMs: 0 };

const PROBE_HEADERS = {
  ':method': 'POST',
  ':path': IdentityService.probe.path,
  'content-type': 'application/grpc',
  te: 'trailers',
};
// Not compressed, no bytes.
const EMPTY_MESSAGE = Buffer.alloc(5);

// A stage makes a file system.
const LONG = { timeoutMs: 120_000 };

type Figures = Record<string, number | string>;

/** The value below which that share of the samples lies. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 100) / 100;
}

async function timed(samples: number[], call: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await call();
  samples.push(performance.now() - startedAt);
}

/** From the start of the process until its socket takes a connection, without the first start. */
async function measureStarts(main: string, flags: readonly string[], env: Record<string, string>): Promise<Figures> {
  const samples: number[] = [];
  for (let round = 0; round <= STARTS; round += 1) {
    const socket = join(dirname(main), `start-${round}.sock`);
    const startedAt = performance.now();
    const program = startProgram([`--endpoint=unix://${socket}`, ...flags], env, main);
    await waitFor(() => listens(socket), { what: 'the socket', everyMs: 1 });
    if (round > 0) samples.push(performance.now() - startedAt);
    await program.kill();
  }
  return { startToSocketMs: quantile(samples, 0.5) };
}

/** The memory of a program that is asked nothing, Probes, and the memory once they are over. */
async function measureIdle(driver: DriverProcess, socket: string): Promise<Figures> {
  const pid = driver.child.pid ?? 0;
  await quiet(pid);
  const idleResidentMB = residentMB(pid);
  const cpuBefore = cpuMs(pid);
  const probes = await probeTimes(socket);
  const probeCpuMs = Math.round(((cpuMs(pid) - cpuBefore) / PROBES) * 100) / 100;
  await quiet(pid);
  return {
    probeP50Ms: quantile(probes, 0.5),
    probeP99Ms: quantile(probes, 0.99),
    probeCpuMs,
    idleResidentMB,
    residentAfterProbesMB: residentMB(pid),
  };
}

/** One Probe after the other by a bare HTTP/2 client: grpc-js's own client would be half of what is measured. */
async function probeTimes(socket: string): Promise<readonly number[]> {
  const session = http2.connect('http://localhost', { createConnection: () => connect(socket) });
  const samples: number[] = [];
  for (let count = 0; count < PROBES; count += 1) await timed(samples, () => probe(session));
  session.close();
  return samples;
}

function probe(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = session.request(PROBE_HEADERS);
    let status: unknown;
    call.on('response', (headers) => (status = headers['grpc-status']));
    call.on('trailers', (headers: IncomingHttpHeaders) => (status = headers['grpc-status']));
    call.on('error', reject);
    call.on('end', () => (status === '0' ? resolve() : reject(new Error(`Probe ended with status ${String(status)}`))));
    call.resume();
    call.end(EMPTY_MESSAGE);
  });
}

function residentMB(pid: number): number {
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return Math.round(kib * 1.024) / 1000;
}

function cpuMs(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).map(Number);
  return ((user ?? 0) + (system ?? 0)) * MS_PER_TICK;
}

/** Until it has used no CPU time and got no other size for a while: V8 gives memory back some seconds after a burst of calls. */
async function quiet(pid: number): Promise<void> {
  let last = '';
  let same = 0;
  const isQuiet = (): boolean => {
    const now = `${cpuMs(pid)} ${residentMB(pid)}`;
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= QUIET_ROUNDS;
  };
  await waitFor(isQuiet, { what: 'a program with nothing to do', everyMs: 500, timeoutMs: 120_000 });
}

/** Volumes one after the other through their whole life. */
async function measureLives(driver: DriverProcess, cloud: PacketSimulator, world?: HostWorld): Promise<Figures> {
  const { controller } = driver.client;
  const samples: Record<string, number[]> = {};
  const take = (name: string, call: () => Promise<unknown>): Promise<void> => timed((samples[name] ??= []), call);
  cloud.calls.clear();
  for (let count = 1; count <= VOLUMES; count += 1) {
    const capability = aCapability();
    let volumeId = '';
    let publishContext = {};
    const nodeId = deviceId(cloud, 'node-1');
    await take('create', async () => {
      const wish = { name: `pvc-${count}`, volumeCapabilities: [capability], capacityRange: gib(10) };
      volumeId = (await controller.createVolume(wish)).volume?.volumeId ?? '';
    });
    await take('attach', async () => {
      const wish = { volumeId, nodeId, volumeCapability: capability };
      publishContext = (await controller.controllerPublishVolume(wish)).publishContext;
    });
    if (world) await onNode(driver, world, { take, volumeId, publishContext });
    await take('detach', () => controller.controllerUnpublishVolume({ volumeId, nodeId }));
    await take('delete', () => controller.deleteVolume({ volumeId }));
  }
  const medians = Object.entries(samples).map(([name, values]) => [`${name}Ms`, quantile(values, 0.5)]);
  const byName = Object.fromEntries(medians) as Figures;
  return { ...byName, apiCallsPerVolume: cloud.calls.total / VOLUMES };
}

async function onNode(
  driver: DriverProcess,
  world: HostWorld,
  life: {
    readonly take: (name: string, call: () => Promise<unknown>) => Promise<void>;
    readonly volumeId: string;
    readonly publishContext: Record<string, string>;
  },
): Promise<void> {
  const { take, volumeId, publishContext } = life;
  const { node } = driver.client;
  const stagingTargetPath = world.stagingPath(volumeId);
  const targetPath = world.targetPath(volumeId);
  const volumeCapability = aCapability();
  await take('stage', () =>
    node.nodeStageVolume({ volumeId, publishContext, stagingTargetPath, volumeCapability }, LONG),
  );
  await take('publish', () => node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability }));
  await take('unpublish', () => node.nodeUnpublishVolume({ volumeId, targetPath }));
  await take('unstage', () => node.nodeUnstageVolume({ volumeId, stagingTargetPath }, LONG));
}

interface Ground {
  readonly folder: string;
  readonly cloud: PacketSimulator;
  readonly world: HostWorld | undefined;
}

async function measureAll({ folder, cloud, world }: Ground): Promise<Figures> {
  const flags = world?.flags ?? [];
  const nodeEnv = { ...world?.env, PACKET_METADATA_URL: cloud.metadata.urlOf('node-1') };
  const nodeFlags = ['--mode=node', ...flags];
  const main = await installProgram(folder);
  const started = await measureStarts(main, nodeFlags, nodeEnv);
  const socket = join(folder, 'idle.sock');
  const idle = await startDriverProcess(socket, nodeFlags, nodeEnv, main);
  const idling = await measureIdle(idle, socket);
  await idle.stop();
  const env = { ...world?.env, ...credentialsOf(cloud), PACKET_FACILITY_NAME: 'ewr1' };
  const mode = world ? '--mode=all' : '--mode=controller';
  const driver = await startDriverProcess(join(folder, 'all.sock'), [mode, ...flags], env, main);
  const lives = await measureLives(driver, cloud, world);
  await driver.stop();
  return { ...started, ...idling, ...lives };
}

const missing = missingForHostWorld();
const cloud = await simulatePacket({ devices: 2, ...QUICK });
const world = missing === undefined ? await HostWorld.start() : undefined;
// A short path, as in the image (/app/main.js): with a long one Node's own path functions run so often while it starts that V8 brings its
// middle compiler (2 MB of the binary) before the program can forbid it.
const folder = await mkdtemp(join(tmpdir(), 'csi-'));
world?.follow(cloud, 'node-1');
try {
  const figures = await measureAll({ folder, cloud, world });
  process.stdout.write(
    `${JSON.stringify({ nodeSide: missing ?? 'stand-ins for iSCSI on loop devices', ...figures })}\n`,
  );
} finally {
  await world?.stop();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
}
