// `bench -- nodes`: how long until no Node carries the uninitialized taint, what it cost, and the floor of the same run.
import { setTimeout as pause } from 'node:timers/promises';
import { countsBetween, readApiCounts } from './api-counts.ts';
import type { ApiCounts } from './api-counts.ts';
import { awaitWorld, listOf } from './await-world.ts';
import { createBenchNode, removeAllNodes } from './bench-nodes.ts';
import { floorOf, measureFloorRound, median } from './floor.ts';
import type { FloorRound } from './floor.ts';
import { onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { Program } from './program.ts';
import { watchTaints } from './taint-watch.ts';

/** Options of `bench -- nodes`. */
export interface NodesOptions {
  readonly nodes: number;
  /** Then this long with nothing to do; 0 = not. */
  readonly steadyMs: number;
  readonly withFloor: boolean;
}

/** Result object; `-o json` prints it. */
export type BenchResult = Readonly<Record<string, unknown>>;

const ROUNDS = 3;
const EVENTS_WITHIN_MS = 60_000;

/** Runs the benchmark. */
export async function benchNodes(
  options: GroundOptions,
  { nodes, steadyMs, withFloor }: NodesOptions,
): Promise<BenchResult> {
  return onGround({ ...options, machines: nodes }, async (ground) => {
    const floors: FloorRound[] = [];
    const rounds: Initialization[] = [];
    // In turns: a machine that gets slower or faster meanwhile does so for both.
    for (let round = 1; round <= ROUNDS; round += 1) {
      if (rounds.length > 0) await clearAway(ground, rounds);
      if (withFloor) floors.push(await measureFloorRound(ground.controlPlane, nodes));
      rounds.push(await measureInitialization(ground, nodes));
      options.progress(`round ${round}: ${sayRound(rounds.at(-1), floors.at(-1))}`);
    }
    const last = rounds.at(-1) as Initialization;
    const costs = await measureCosts(ground, nodes, last);
    const steady = steadyMs > 0 ? await measureSteady(ground, last.program, steadyMs) : {};
    const usage = last.program.usage();
    return {
      benchmark: 'nodes',
      nodes,
      latencyMs: options.latencyMs,
      seconds: median(rounds.map(({ seconds }) => seconds)),
      secondsByRound: rounds.map(({ seconds }) => seconds),
      ...costs,
      ...(withFloor ? floorOf(floors) : {}),
      cpuSecondsAtEnd: usage.cpuSeconds,
      peakRssMiB: Math.max(usage.peakRssMiB, ...rounds.map(({ peakRssMiB }) => peakRssMiB)),
      rssMiB: usage.rssMiB,
      ...steady,
    };
  });
}

async function clearAway({ api }: Ground, rounds: readonly Initialization[]): Promise<void> {
  await rounds.at(-1)?.program.stop();
  await removeAllNodes(api);
  await api.must({ method: 'DELETE', path: '/api/v1/namespaces/default/events' });
}

function sayRound(ours: Initialization | undefined, floor: FloorRound | undefined): string {
  const bare = floor ? `, floor ${Math.min(...Object.values(floor)).toFixed(2)} s` : '';
  return `program ${ours?.seconds.toFixed(2)} s${bare}`;
}

interface Initialization {
  readonly program: Program;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMiB: number;
  readonly before: ApiCounts;
}

async function measureInitialization(ground: Ground, nodes: number): Promise<Initialization> {
  const { api, cloud, options } = ground;
  options.progress(`creating ${nodes} nodes`);
  const machines = cloud.machines();
  await api.each(nodes, 20, (index) =>
    createBenchNode(api, { name: machines[index]?.name ?? '', isInitialized: false, sizeBytes: 0 }),
  );
  const watching = new AbortController();
  const watch = await watchTaints(api, nodes, watching.signal);
  const before = await readApiCounts(api);
  cloud.calls.clear();
  const program = await ground.start();
  options.progress('program started');
  await awaitWorld(() => Promise.resolve(watch.left === 0 ? true : undefined), {
    what: `no taint left (${watch.left} of ${nodes})`,
    timeoutMs: 600_000,
    everyMs: 10,
    meanwhile: () => program.mustRun(),
  });
  const seconds = (watch.lastAtMs - program.startedAtMs) / 1000;
  const { cpuSeconds, peakRssMiB } = program.usage();
  watching.abort();
  return { program, seconds, cpuSeconds, peakRssMiB, before };
}

async function measureCosts(ground: Ground, nodes: number, last: Initialization): Promise<BenchResult> {
  const { api, cloud } = ground;
  const cloudCalls = cloud.calls.total;
  const cloudCallsByRoute = cloud.callsByRoute();
  const eventsMissing = await countMissingEvents(ground, nodes);
  const apiCalls = countsBetween(last.before, await readApiCounts(api));
  await assertInitialized(ground, nodes);
  return {
    cloudCalls,
    cloudCallsByRoute,
    apiCalls,
    cpuSeconds: last.cpuSeconds,
    peakRssMiBWhenDone: last.peakRssMiB,
    eventsMissing,
  };
}

async function countMissingEvents(ground: Ground, nodes: number): Promise<number> {
  const path = '/api/v1/namespaces/default/events?fieldSelector=reason%3DSynced';
  const deadline = performance.now() + EVENTS_WITHIN_MS;
  let found = 0;
  while (found < nodes && performance.now() < deadline) {
    found = (await listOf(ground.api, path)).length;
    if (found < nodes) await pause(2000);
  }
  return Math.max(0, nodes - found);
}

async function assertInitialized(ground: Ground, nodes: number): Promise<void> {
  interface NodeFacts {
    readonly spec: { readonly providerID?: string; readonly taints?: readonly unknown[] };
    readonly status: { readonly addresses?: readonly { readonly type: string }[] };
  }
  const all = await listOf<NodeFacts>(ground.api, '/api/v1/nodes');
  const good = all.filter(
    ({ spec, status }) => spec.providerID && status.addresses?.some(({ type }) => type === 'InternalIP'),
  );
  if (good.length !== nodes)
    throw new Error(`only ${good.length} of ${nodes} nodes have a provider ID and an InternalIP`);
}

async function measureSteady(ground: Ground, program: Program, steadyMs: number): Promise<BenchResult> {
  ground.options.progress(`steady for ${Math.round(steadyMs / 1000)} s`);
  const before = await readApiCounts(ground.api);
  ground.cloud.calls.clear();
  await pause(steadyMs);
  program.mustRun();
  return {
    steadySeconds: steadyMs / 1000,
    steadyCloudCalls: ground.cloud.calls.total,
    steadyCloudCallsByRoute: ground.cloud.callsByRoute(),
    steadyApiCalls: countsBetween(before, await readApiCounts(ground.api)),
  };
}
