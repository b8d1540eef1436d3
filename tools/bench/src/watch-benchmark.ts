// `bench -- watch`: resident memory of the program with many big, initialized Nodes in its cache.
import { setTimeout as pause } from 'node:timers/promises';
import { awaitWorld } from './await-world.ts';
import { createBenchNode } from './bench-nodes.ts';
import { onGround } from './ground.ts';
import type { GroundOptions } from './ground.ts';
import type { BenchResult } from './nodes-benchmark.ts';

const QUIET_MS = 20_000;

/** Runs the benchmark with nodes of `sizeBytes` each. */
export async function benchWatch(options: GroundOptions, nodes: number, sizeBytes: number): Promise<BenchResult> {
  return onGround({ ...options, machines: nodes }, async ({ api, cloud, start }) => {
    options.progress(`creating ${nodes} nodes of ${sizeBytes} bytes`);
    const machines = cloud.machines();
    await api.each(nodes, 20, (index) => {
      const { name = '', providerId = '' } = machines[index] ?? {};
      return createBenchNode(api, { name, isInitialized: true, sizeBytes, providerId });
    });
    const program = await start();
    const startedAt = performance.now();
    // The address loop is the first to read all machines: after it everything has been in memory once.
    await awaitWorld(() => Promise.resolve(cloud.calls.of(cloud.machineListRoute).length > 0 ? true : undefined), {
      what: 'the first look at the machines',
      timeoutMs: 120_000,
      meanwhile: () => program.mustRun(),
    });
    const seconds = (performance.now() - startedAt) / 1000;
    await pause(QUIET_MS);
    program.mustRun();
    const usage = program.usage();
    return {
      benchmark: 'watch',
      nodes,
      sizeBytes,
      seconds,
      cpuSeconds: usage.cpuSeconds,
      peakRssMiB: usage.peakRssMiB,
      rssMiB: usage.rssMiB,
      cloudCalls: cloud.calls.total,
    };
  });
}
