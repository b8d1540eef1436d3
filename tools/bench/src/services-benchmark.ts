// `bench -- services`: many Services at once, then one Node more, then a restart with nothing to do, then all deleted.
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@longshore/reconciler-core';
import { countsBetween, readApiCounts, writesIn } from './api-counts.ts';
import type { BareApi } from './api-loop.ts';
import { awaitWorld, followWatch, listOf } from './await-world.ts';
import { createBenchNode } from './bench-nodes.ts';
import { onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { BenchResult } from './nodes-benchmark.ts';
import type { Program } from './program.ts';
import type { BenchBalancers } from './subject.ts';
import { isUninitialized } from './taint-watch.ts';

const NODES = 10;
const QUIET_MS = 8000;

/** Runs the benchmark with `count` Services. */
export async function benchServices(options: GroundOptions, count: number): Promise<BenchResult> {
  return onGround({ ...options, machines: NODES }, async (ground) => {
    balancersOf(ground);
    await createNodes(ground);
    const first = await ground.start();
    await untilInitialized(ground, first, NODES);
    const created = await measureCreation(ground, first, count);
    const nodeAdded = await measureNodeAdded(ground, first, count);
    const usage = first.usage();
    await first.stop();
    const restart = await measureRestart(ground);
    const deleted = await measureDeletion(ground, restart.program, count);
    return {
      benchmark: 'services',
      count,
      latencyMs: options.latencyMs,
      timeToActiveMs: options.timeToActiveMs ?? 1500,
      ...created,
      ...nodeAdded,
      ...restart.result,
      ...deleted,
      cpuSeconds: usage.cpuSeconds,
      peakRssMiB: usage.peakRssMiB,
    };
  });
}

async function createNodes({ api, cloud }: Ground): Promise<void> {
  for (const { name } of cloud.machines()) await createBenchNode(api, { name, isInitialized: false, sizeBytes: 0 });
}

async function untilInitialized({ api }: Ground, program: Program, count: number): Promise<void> {
  interface Node {
    readonly spec: { readonly taints?: readonly { readonly key: string }[]; readonly providerID?: string };
  }
  const probe = async (): Promise<true | undefined> => {
    const nodes = await listOf<Node>(api, '/api/v1/nodes');
    return nodes.filter(({ spec }) => spec.providerID && !isUninitialized(spec)).length === count ? true : undefined;
  };
  await awaitWorld(probe, { what: 'initialized nodes', timeoutMs: 60_000, meanwhile: () => program.mustRun() });
}

interface Seen {
  readonly addressAtMs: Map<string, number>;
  /** `namespace/name` by UID. */
  readonly names: Map<string, string>;
}

async function watchAddresses(ground: Ground, signal: AbortSignal): Promise<Seen> {
  const addressAtMs = new Map<string, number>();
  const names = new Map<string, string>();
  void followWatch(
    ground.api,
    '/api/v1/services?watch=1',
    (line) => {
      if (!line.includes('"ingress":[{')) return;
      const uid = /"uid":"([^"]+)"/.exec(line)?.[1] ?? '';
      if (!addressAtMs.has(uid)) addressAtMs.set(uid, systemClock.monotonicMs());
      names.set(uid, `default/${/"metadata":\{"name":"([^"]+)"/.exec(line)?.[1] ?? ''}`);
    },
    signal,
  );
  return { addressAtMs, names };
}

async function measureCreation(ground: Ground, program: Program, count: number): Promise<BenchResult> {
  const { api, cloud, options } = ground;
  options.progress(`creating ${count} Services`);
  const watching = new AbortController();
  const seen = await watchAddresses(ground, watching.signal);
  const before = await readApiCounts(api);
  cloud.calls.clear();
  const startedAt = systemClock.monotonicMs();
  await api.each(count, 10, (index) => createService(api, index));
  await awaitWorld(() => Promise.resolve(seen.addressAtMs.size >= count ? true : undefined), {
    what: `${count} addresses`,
    timeoutMs: 300_000,
    everyMs: 10,
    meanwhile: () => program.mustRun(),
  });
  const seconds = (Math.max(...seen.addressAtMs.values()) - startedAt) / 1000;
  await pause(QUIET_MS);
  watching.abort();
  interface Event {
    readonly type: string;
    readonly reason: string;
  }
  const warnings = (await listOf<Event>(api, '/api/v1/namespaces/default/events')).filter(
    ({ type }) => type === 'Warning',
  );
  return {
    seconds,
    addressDelaySeconds: longestDelay(ground, seen),
    warnings: warnings.length,
    cloudCalls: cloud.calls.total,
    cloudCallsByRoute: cloud.callsByRoute(),
    apiCalls: countsBetween(before, await readApiCounts(api)),
  };
}

function balancersOf({ cloud, options }: Ground): BenchBalancers {
  if (!cloud.balancers) throw new Error(`${options.subject.app} has no load balancers yet`);
  return cloud.balancers;
}

function longestDelay(ground: Ground, { addressAtMs, names }: Seen): number {
  const readyAt = balancersOf(ground).readyAtMs(addressAtMs.keys(), (uid) => names.get(uid) ?? '');
  return Math.max(...[...addressAtMs].map(([uid, atMs]) => atMs - (readyAt.get(uid) ?? 0))) / 1000;
}

async function createService(api: BareApi, index: number): Promise<void> {
  await api.must({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `web-${index}` },
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    }),
  });
}

async function measureNodeAdded(ground: Ground, program: Program, count: number): Promise<BenchResult> {
  const { api, cloud } = ground;
  ground.options.progress('adding one node');
  cloud.calls.clear();
  const machine = cloud.addMachine();
  const startedAt = systemClock.monotonicMs();
  await createBenchNode(api, { name: machine.name, isInitialized: false, sizeBytes: 0 });
  await awaitWorld(() => Promise.resolve(balancersOf(ground).areAllSendingTo(machine) ? true : undefined), {
    what: 'the new machine in all balancers',
    timeoutMs: 120_000,
    everyMs: 10,
    meanwhile: () => program.mustRun(),
  });
  const seconds = (systemClock.monotonicMs() - startedAt) / 1000;
  await pause(QUIET_MS);
  const writes = cloud.calls.writes().length;
  return {
    nodeAddedSeconds: seconds,
    nodeAddedCloudCalls: cloud.calls.total,
    nodeAddedCloudCallsByRoute: cloud.callsByRoute(),
    nodeAddedExtraWrites: Math.max(0, writes - count),
  };
}

async function measureRestart(ground: Ground): Promise<{ readonly program: Program; readonly result: BenchResult }> {
  const { api, cloud } = ground;
  ground.options.progress('restarting with nothing to do');
  const before = await readApiCounts(api);
  cloud.calls.clear();
  const program = await ground.start();
  await awaitWorld(() => Promise.resolve(cloud.calls.of(balancersOf(ground).listRoute).length > 0 ? true : undefined), {
    what: 'the first look at the balancers',
    timeoutMs: 60_000,
    meanwhile: () => program.mustRun(),
  });
  await pause(QUIET_MS);
  const apiCalls = countsBetween(before, await readApiCounts(api));
  const result = {
    restartCloudCalls: cloud.calls.total,
    restartCloudCallsByRoute: cloud.callsByRoute(),
    restartCloudWrites: cloud.calls.writes().length,
    restartApiCalls: apiCalls,
    restartClusterWrites: writesIn(apiCalls),
    restartEvents: apiCalls['POST events'] ?? 0,
  };
  return { program, result };
}

async function measureDeletion(ground: Ground, program: Program, count: number): Promise<BenchResult> {
  const { api, cloud } = ground;
  ground.options.progress(`deleting ${count} Services`);
  cloud.calls.clear();
  const startedAt = systemClock.monotonicMs();
  await api.each(count, 10, (index) =>
    api.must({ method: 'DELETE', path: `/api/v1/namespaces/default/services/web-${index}` }),
  );
  const probe = async (): Promise<true | undefined> => {
    if (balancersOf(ground).count() > 0) return undefined;
    const services = await listOf<{ readonly spec: { readonly type: string } }>(
      api,
      '/api/v1/namespaces/default/services',
    );
    return services.some(({ spec }) => spec.type === 'LoadBalancer') ? undefined : true;
  };
  await awaitWorld(probe, {
    what: 'all balancers and Services gone',
    timeoutMs: 120_000,
    meanwhile: () => program.mustRun(),
  });
  return {
    deletionSeconds: (systemClock.monotonicMs() - startedAt) / 1000,
    deletionCloudCalls: cloud.calls.total,
    deletionCloudCallsByRoute: cloud.callsByRoute(),
  };
}
