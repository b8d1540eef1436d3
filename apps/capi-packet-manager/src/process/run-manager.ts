// The life of the manager: command line, connection, caches, ports, and the sets of controllers under their Leases.
import { OperatorError, systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { connect, createEventRecorder, HealthChecks } from '@longshore/k8s-runtime';
import type { InformerSet, KubeClient, RunnableEventRecorder } from '@longshore/k8s-runtime';
import {
  addProcessMetrics,
  EventLoopLag,
  exitCodes,
  logFlags,
  loggerFromFlags,
  Manager,
  parseFlags,
  PrometheusMetrics,
} from '@longshore/k8s-runtime/process';
import type { ProcessContext, RootLogger } from '@longshore/k8s-runtime/process';
import { GENERIC_NAMESPACE, PACKET_NAMESPACE } from '../api/names.ts';
import { requireApiKey } from './api-key.ts';
import { checkManagerFlags, managerFlags } from './flags.ts';
import type { ManagerFlagValues } from './flags.ts';
import { ensureNamespaces } from './home-namespaces.ts';
import { leadingSet } from './leading.ts';
import { NamespacedInformers } from './namespaced-informers.ts';
import { startServing } from './serving.ts';
import { VERSION } from './version.ts';
import { wire } from './wiring.ts';
import type { Wiring } from './wiring.ts';

const PROGRAM = 'manager';
const DESCRIPTION =
  'Controllers of cluster.k8s.io/v1alpha1: clusters and their machines on Packet, machine sets and deployments.';
/** More than the sets take to drain, so that their Leases are given back in any case. */
const DRAIN_MS = 12_000;

/** Runs until the process is told to stop; the exit code. */
export async function runManager(context: ProcessContext): Promise<number> {
  const check = checkManagerFlags;
  const line = parseFlags(managerFlags, context.argv, {
    program: PROGRAM,
    version: VERSION,
    description: DESCRIPTION,
    check,
  });
  if (line.kind === 'print') {
    context.print(line.text);
    return exitCodes.success;
  }
  if (line.values.controllers.includes('packet')) context.secrets.add(requireApiKey(context.env));
  const log = loggerFromFlags(line.values, { name: PROGRAM, secrets: context.secrets });
  context.useLogger(log);
  log.info('starting', { program: PROGRAM, version: VERSION });
  logFlags(log, managerFlags, line);
  return run(await prepare(line.values, { ...context, log }), context);
}

interface Surroundings {
  readonly flags: ManagerFlagValues;
  readonly client: KubeClient;
  readonly informers: InformerSet;
  readonly events: RunnableEventRecorder;
  readonly clock: Clock;
  readonly log: RootLogger;
  readonly metrics: PrometheusMetrics;
  readonly wiring: Wiring;
}

async function prepare(
  flags: ManagerFlagValues,
  context: ProcessContext & { readonly log: RootLogger },
): Promise<Surroundings> {
  const { env, secrets, log, signal } = context;
  const clock = systemClock;
  const metrics = new PrometheusMetrics();
  addProcessMetrics(metrics, { version: VERSION });
  const { kubeconfig, master, namespace } = flags;
  const userAgent = `cluster-api-provider-packet/${VERSION}`;
  const where = { kubeconfig: kubeconfig || undefined, master: master || undefined };
  const client = await connect({ ...where, userAgent, env, clock, log, metrics });
  const tools = { clock, log, metrics };
  const informers = new NamespacedInformers({ client, namespace, clock, log: log.child({ name: 'cache' }), metrics });
  const events = createEventRecorder({
    client: client.named('events'),
    component: 'cluster-api-provider-packet',
    clock,
    log: log.child({ name: 'events' }),
    metrics,
    redact: (text) => secrets.redact(text),
  });
  const parts = { client, informers, events, ...tools, concurrency: flags.concurrency };
  const wiring = await wire({ parts, flags, env, secrets, ...tools });
  await ensureNamespaces(homesOf(flags), { client, log }, signal);
  return { flags, client, informers, events, ...tools, wiring };
}

function homesOf(flags: ManagerFlagValues): readonly string[] {
  const ofLeases = flags['leader-elect-resource-namespace'];
  const homes = flags.controllers.map((set) => (set === 'packet' ? PACKET_NAMESPACE : GENERIC_NAMESPACE));
  return ofLeases === '' ? homes : [...homes, ofLeases];
}

async function run(around: Surroundings, context: ProcessContext): Promise<number> {
  const { flags, informers, events, clock, log, metrics, wiring } = around;
  const sliMetrics = new PrometheusMetrics();
  const health = new HealthChecks({ clock, log: log.child({ name: 'health' }), sliMetrics });
  const lag = new EventLoopLag({ clock, metrics, limitMs: flags['leader-elect-renew-deadline'] / 2 });
  health.add(lag, ['livez']).add(informersCheck(informers), ['readyz']);
  const sets = [...wiring.sets].map(([set, work]) => leadingSet(set, work, { ...around, health }));
  const servers = await startServing({ flags, health, metrics, sliMetrics, clock, log });
  const manager = new Manager({ clock, log, drainMs: DRAIN_MS });
  for (const part of [informers, lag, ...servers, ...wiring.always]) manager.add(part, 'always');
  manager.add(events, 'flushing');
  for (const set of sets) manager.add(set, 'leading');
  return codeOf(await manager.run(context.signal).catch(orLost));
}

/** Another process leads: this one ends and is started again, as a standby. */
function orLost(error: unknown): 'lost' {
  if (error instanceof OperatorError && error.code === 'LEASE_LOST') return 'lost';
  throw error;
}

function codeOf(end: 'stopped' | 'lost'): number {
  return end === 'lost' ? exitCodes.failure : exitCodes.success;
}

/** Ready when every cache has its first complete list. A key that Packet refuses is no reason not to be. */
function informersCheck(informers: InformerSet): { readonly name: string; check(): string | undefined } {
  return {
    name: 'informers',
    check() {
      const waiting = [...informers.health()].filter(([, { isSynced }]) => !isSynced).map(([name]) => name);
      return waiting.length === 0 ? undefined : `not synced yet: ${waiting.join(', ')}`;
    },
  };
}
