// `bench -- start` and `bench -- failover`: the life of the process around the controllers.
import { awaitWorld } from './await-world.ts';
import { createBenchNode } from './bench-nodes.ts';
import { median } from './floor.ts';
import { dropletsOf, onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { BenchResult } from './nodes-benchmark.ts';
import type { Program } from './program.ts';

const START_ROUNDS = 7;

/** Milliseconds from spawning the process to its first request to the cloud; median of several rounds, the first one not counted. */
export async function benchStart(options: GroundOptions): Promise<BenchResult> {
  return onGround({ ...options, droplets: 1 }, async (ground) => {
    const rounds: number[] = [];
    for (let round = 0; round <= START_ROUNDS; round += 1) {
      const milliseconds = await measureStart(ground);
      if (round > 0) rounds.push(milliseconds);
    }
    return { benchmark: 'start', firstRequestMs: median(rounds), rounds };
  });
}

async function measureStart({ cloud, start }: Ground): Promise<number> {
  cloud.calls.clear();
  const program = await start(['--leader-elect=false']);
  const firstMs = await awaitWorld(() => Promise.resolve(cloud.calls.records[0]?.atMs), {
    what: 'the first request',
    timeoutMs: 60_000,
    everyMs: 5,
    meanwhile: () => program.mustRun(),
  });
  await program.stop();
  return Math.round(firstMs - program.startedAtMs);
}

/** Seconds from SIGTERM to the leader until the second replica has initialized a Node that is created at that moment. */
export async function benchFailover(options: GroundOptions): Promise<BenchResult> {
  return onGround({ ...options, droplets: 3 }, async (ground) => {
    const [first, second] = dropletsOf(ground.cloud);
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
      readonly spec: { readonly taints?: readonly unknown[] };
    };
    return node.spec.taints?.length ? undefined : true;
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

// A standby has nothing to show from outside but the CPU that it no longer needs once its caches are filled.
async function settled(program: Program): Promise<void> {
  let last = -1;
  const probe = (): Promise<true | undefined> => {
    const { cpuSeconds } = program.usage();
    const isQuiet = cpuSeconds > 0.1 && cpuSeconds === last;
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
