// What a leader does, in the order of spec §6.3: wait for the API server, start the provider, start the controllers one after the other.
// Meanwhile the provider reads ahead what the first Nodes need: a burst of them waits for the API server or for the cloud, not for both.
// Ends when all of them have ended; the first that fails ends the program.
import { messageOf, never, OperatorError, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Runnable } from '@longshore/reconciler-core';
import type { HealthChecks, InformerSet, KubeClient } from '@longshore/k8s-runtime';
import type { CloudProvider, ProviderContext } from './provider.ts';
import { dryRunOtherPlans } from './wiring-dry-run.ts';
import { controllerCheck } from './wiring-health.ts';
import type { Work } from './wiring-work.ts';

/** What the leader's work needs. */
export interface LeadingOptions {
  readonly work: readonly Work[];
  readonly provider: CloudProvider;
  /** For `provider.start`; the provider's own loops are gathered here. */
  readonly context: Omit<ProviderContext, 'signal' | 'keepRunning'>;
  readonly informers: InformerSet;
  readonly health: HealthChecks;
  readonly client: KubeClient;
  /** `--controller-start-interval`. */
  readonly startIntervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly random?: (() => number) | undefined;
}

const API_WAIT_MS = 10_000;
const API_POLL_MS = 1_000;
const MANAGER = 'cloud-controller-manager';

/** The work of a leader as one part of the process. */
export function leadingWork(options: LeadingOptions): Runnable {
  return {
    name: 'controllers',
    async run(signal) {
      const failed = new AbortController();
      const stop = AbortSignal.any([signal, failed.signal]);
      try {
        warmUp(options, stop);
        await waitForApiServer(options, stop);
        const loops = await startProvider(options, stop);
        await runControllers(options, loops, stop);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        failed.abort(new Error('the work of the leader has ended'));
      }
    },
  };
}

/** Beside everything that follows, which waits for the API server while this waits for the cloud. */
function warmUp({ provider, log }: LeadingOptions, signal: AbortSignal): void {
  provider.warmUp?.(signal).catch((error: unknown) => {
    if (!signal.aborted) log.verbose(1, 'reading ahead from the cloud failed', { reason: messageOf(error) });
  });
}

/** Any answer that is not a failure of the server counts: RBAC may hide the page. */
async function waitForApiServer({ client, clock, log }: LeadingOptions, signal: AbortSignal): Promise<void> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    const problem = await apiServerProblem(client, signal);
    if (problem === undefined) return;
    if (clock.monotonicMs() - startedMs >= API_WAIT_MS) {
      const message = `the API server ${client.server} is not healthy: ${problem}`;
      throw new OperatorError('API_SERVER_UNHEALTHY', message, never);
    }
    log.verbose(1, 'waiting for the API server', { problem });
    await sleep(clock, API_POLL_MS, signal);
  }
}

async function apiServerProblem(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await client.raw({ method: 'GET', path: '/healthz' }, { signal });
    return status < 500 && status !== 429 ? undefined : `/healthz answered ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}

/** The provider's own loops; in a dry run one that says what they would do. */
async function startProvider(options: LeadingOptions, signal: AbortSignal): Promise<readonly Runnable[]> {
  const { provider, context, informers } = options;
  if (!provider.start) return [];
  const loops: Runnable[] = [];
  await informers.synced(signal);
  await provider.start({ ...context, signal, keepRunning: (loop) => void loops.push(loop) });
  if (!context.isDryRun) return loops;
  return provider.otherPlans ? [dryRunOtherPlans({ ...context, provider })] : [];
}

/** One rejection stops all; all are waited for. */
async function runControllers(options: LeadingOptions, loops: readonly Runnable[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const stopsAll = (part: Promise<void>): Promise<void> =>
    part.catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
  const running = loops.map((loop) => stopsAll(loop.run(stop)));
  for (const one of options.work) {
    if (stop.aborted) break;
    running.push(...startWork(one, options, stop).map(stopsAll));
    await pause(options, stop);
  }
  const ends = await Promise.allSettled(running);
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}

function startWork(
  { about, parts }: Work,
  { metrics, health, log }: LeadingOptions,
  signal: AbortSignal,
): readonly Promise<void>[] {
  const gauge = metrics.gauge({
    name: 'running_managed_controllers',
    help: 'Indicates where instances of a controller are currently running',
    labels: ['name', 'manager'],
  });
  const labels = { name: about.gauge, manager: MANAGER };
  log.info('controller started', { controller: about.name });
  gauge.set(1, labels);
  health.add(controllerCheck(about.name, parts));
  return parts.map((part) => part.run(signal).finally(() => gauge.set(0, labels)));
}

async function pause(
  { startIntervalMs, clock, random = Math.random }: LeadingOptions,
  signal: AbortSignal,
): Promise<void> {
  if (startIntervalMs > 0) await sleep(clock, startIntervalMs * (1 + random()), signal).catch(() => {});
}
