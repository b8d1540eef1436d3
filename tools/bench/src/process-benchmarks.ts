// `bench -- start` and `bench -- failover`: the life of the process around the controllers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { awaitWorld } from './await-world.ts';
import { createBenchNode } from './bench-nodes.ts';
import { median } from './floor.ts';
import { freePort } from './free-port.ts';
import { onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { BenchResult } from './nodes-benchmark.ts';
import { Program } from './program.ts';
import { isUninitialized } from './taint-watch.ts';

const START_ROUNDS = 7;
const QUIET_CPU_SECONDS = 0.04;

/**
 * Milliseconds from spawning the process to its first request to the API server; median of several rounds, the first
 * one not counted. A stand-in answers, so that nothing but the program is measured.
 */
export async function benchStart(options: GroundOptions): Promise<BenchResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-bench-'));
  const listener = await listenForRequests();
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(listener.url));
  try {
    const rounds: number[] = [];
    for (let round = 0; round <= START_ROUNDS; round += 1) {
      options.progress(`start, round ${round}`);
      const milliseconds = await measureStart(options, listener, kubeconfig);
      if (round > 0) rounds.push(milliseconds);
    }
    return { benchmark: 'start', firstRequestMs: median(rounds), rounds };
  } finally {
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RequestListener {
  readonly url: string;
  /** Resolves at the next request with its moment. */
  readonly next: () => Promise<number>;
  readonly close: () => void;
}

async function listenForRequests(): Promise<RequestListener> {
  const server = http.createServer((_request, response) => {
    server.emit('longshore-request', performance.now());
    response.writeHead(503, { 'retry-after': '1' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    next: async () => Number((await once(server, 'longshore-request', { signal: AbortSignal.timeout(60_000) }))[0]),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench',
  });
}

async function measureStart(
  { subject, commandLine }: GroundOptions,
  listener: RequestListener,
  kubeconfig: string,
): Promise<number> {
  const securePort = await freePort();
  const first = listener.next();
  const cloud = await subject.simulate({ latencyMs: 0, machines: 1, timeToActiveMs: 0 });
  const program = new Program({
    subject,
    commandLine,
    kubeconfig,
    cloudUrl: cloud.url,
    env: cloud.env,
    securePort,
    extraArgs: ['--leader-elect=false'],
  });
  try {
    return Math.round((await first) - program.startedAtMs);
  } finally {
    await program.stop();
    await cloud.close();
  }
}

/** Seconds from SIGTERM to the leader until the second replica has initialized a Node that is created at that moment. */
export async function benchFailover(options: GroundOptions): Promise<BenchResult> {
  return onGround({ ...options, machines: 3 }, async (ground) => {
    const [first, second] = ground.cloud.machines();
    const leader = await ground.start();
    await createBenchNode(ground.api, { name: first?.name ?? '', isInitialized: false, sizeBytes: 0 });
    await untilUntainted(ground, leader, first?.name ?? '');
    const standby = await ground.start();
    await holderIs(ground, leader);
    await settled(standby);
    const before = await leaseHolder(ground);
    const startedAt = performance.now();
    const stopping = leader.stop();
    await createBenchNode(ground.api, { name: second?.name ?? '', isInitialized: false, sizeBytes: 0 });
    const takenOver = await awaitWorld(
      async () => {
        const holder = await leaseHolder(ground);
        return holder !== '' && holder !== before ? performance.now() : undefined;
      },
      { what: 'another holder of the lease', timeoutMs: 60_000, everyMs: 10, meanwhile: () => standby.mustRun() },
    );
    await untilUntainted(ground, standby, second?.name ?? '');
    const worked = performance.now();
    return {
      benchmark: 'failover',
      seconds: (worked - startedAt) / 1000,
      leaseTakenSeconds: (takenOver - startedAt) / 1000,
      stopSeconds: await stopping,
    };
  });
}

async function untilUntainted({ api }: Ground, program: Program, name: string): Promise<void> {
  const probe = async (): Promise<true | undefined> => {
    const node = JSON.parse(await api.must({ method: 'GET', path: `/api/v1/nodes/${name}` })) as {
      readonly spec: { readonly taints?: readonly { readonly key: string }[] };
    };
    return isUninitialized(node.spec) ? undefined : true;
  };
  await awaitWorld(probe, {
    what: `${name} initialized`,
    timeoutMs: 60_000,
    everyMs: 10,
    meanwhile: () => program.mustRun(),
  });
}

async function leaseHolder({ api }: Ground): Promise<string> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager';
  const { status, body } = await api.send({ method: 'GET', path });
  if (status !== 200) return '';
  return (JSON.parse(body) as { readonly spec: { readonly holderIdentity?: string } }).spec.holderIdentity ?? '';
}

async function holderIs(ground: Ground, program: Program): Promise<void> {
  const probe = async (): Promise<true | undefined> => ((await leaseHolder(ground)) === '' ? undefined : true);
  await awaitWorld(probe, { what: 'a leader', timeoutMs: 60_000, meanwhile: () => program.mustRun() });
}

// A standby has nothing to show from outside but the CPU that it no longer needs once its caches are filled: then it only looks at the
// lease every two seconds, which takes a few hundredths.
async function settled(program: Program): Promise<void> {
  let last = -1;
  const probe = (): Promise<true | undefined> => {
    const { cpuSeconds } = program.usage();
    const isQuiet = cpuSeconds > 0.1 && cpuSeconds - last <= QUIET_CPU_SECONDS;
    last = cpuSeconds;
    return Promise.resolve(isQuiet ? true : undefined);
  };
  await awaitWorld(probe, {
    what: 'a quiet standby',
    timeoutMs: 30_000,
    everyMs: 1000,
    meanwhile: () => program.mustRun(),
  });
}
