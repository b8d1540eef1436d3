// `bench -- nodes`: how long until no Node carries the uninitialized taint, what it cost, and the floor of the same run.
import { setTimeout as pause } from 'node:timers/promises';
import { countsBetween, readApiCounts } from './api-counts.ts';
import { awaitWorld, followWatch, listOf } from './await-world.ts';
import { createBenchNode } from './bench-nodes.ts';
import { measureFloor } from './floor.ts';
import { dropletsOf, onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { Program } from './program.ts';

/** Options of `bench -- nodes`. */
export interface NodesOptions {
  readonly nodes: number;
  /** Then this long with nothing to do; 0 = not. */
  readonly steadyMs: number;
  readonly withFloor: boolean;
}

/** Result object; `-o json` prints it. */
export type BenchResult = Readonly<Record<string, unknown>>;

const TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';
const EVENTS_WITHIN_MS = 60_000;

/** Runs the benchmark. */
export async function benchNodes(
  options: GroundOptions,
  { nodes, steadyMs, withFloor }: NodesOptions,
): Promise<BenchResult> {
  return onGround({ ...options, droplets: nodes }, async (ground) => {
    const floor = withFloor ? await measureFloor(ground.controlPlane, nodes, options.progress) : undefined;
    options.progress(`creating ${nodes} nodes`);
    const droplets = dropletsOf(ground.cloud);
    await ground.api.each(nodes, 20, (index) =>
      createBenchNode(ground.api, { name: droplets[index]?.name ?? '', isInitialized: false, sizeBytes: 0 }),
    );
    const first = await measureInitialization(ground, nodes);
    const steady = steadyMs > 0 ? await measureSteady(ground, first.program, steadyMs) : {};
    const { program, ...result } = first;
    const usage = program.usage();
    return {
      benchmark: 'nodes',
      nodes,
      latencyMs: options.latencyMs,
      ...result,
      ...(floor ? { floorSeconds: floor.seconds, floorByConnections: floor.byConnections } : {}),
      cpuSecondsAtEnd: usage.cpuSeconds,
      peakRssMiB: usage.peakRssMiB,
      rssMiB: usage.rssMiB,
      ...steady,
    };
  });
}

interface Initialization {
  readonly program: Program;
  readonly seconds: number;
  readonly secondsFromFirstRequest: number;
  readonly [key: string]: unknown;
}

async function measureInitialization(ground: Ground, nodes: number): Promise<Initialization> {
  const { api, cloud, options } = ground;
  const watching = new AbortController();
  const left = await watchTaints(ground, nodes, watching.signal);
  const before = await readApiCounts(api);
  cloud.calls.clear();
  const program = await ground.start();
  options.progress('program started');
  await awaitWorld(() => Promise.resolve(left.count === 0 ? true : undefined), {
    what: `no taint left (${left.count} of ${nodes})`,
    timeoutMs: 600_000,
    everyMs: 10,
    meanwhile: () => program.mustRun(),
  });
  const seconds = (left.lastAtMs - program.startedAtMs) / 1000;
  const usage = program.usage();
  watching.abort();
  const cloudCalls = cloud.calls.total;
  const cloudCallsByRoute = cloud.callsByRoute();
  const firstCallMs = [...cloud.calls.records][0]?.atMs ?? program.startedAtMs;
  const eventsMissing = await countMissingEvents(ground, nodes);
  const apiCalls = countsBetween(before, await readApiCounts(api));
  await assertInitialized(ground, nodes);
  return {
    program,
    seconds,
    secondsFromFirstRequest: (left.lastAtMs - firstCallMs) / 1000,
    cloudCalls,
    cloudCallsByRoute,
    apiCalls,
    cpuSeconds: usage.cpuSeconds,
    peakRssMiBWhenDone: usage.peakRssMiB,
    eventsMissing,
  };
}

async function watchTaints(
  ground: Ground,
  nodes: number,
  signal: AbortSignal,
): Promise<{ count: number; lastAtMs: number }> {
  const list = JSON.parse(await ground.api.must({ method: 'GET', path: '/api/v1/nodes?limit=1' })) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  const left = { count: nodes, lastAtMs: 0 };
  const done = new Set<string>();
  const path = `/api/v1/nodes?watch=1&resourceVersion=${list.metadata.resourceVersion}`;
  void followWatch(
    ground.api,
    path,
    (line) => {
      const name = /"name":"([^"]+)"/.exec(line)?.[1] ?? '';
      if (line.includes(TAINT) || done.has(name)) return;
      done.add(name);
      left.count -= 1;
      left.lastAtMs = performance.now();
    },
    signal,
  );
  return left;
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
