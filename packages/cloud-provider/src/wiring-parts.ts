// The parts of the running program and how they hang together: caches and pages run always (standbys are warm and answer, I21), the
// controllers while leading, events are flushed at the end, and the lease is given back (I20).
import { messageOf } from '@longshore/reconciler-core';
import type { Clock, Runnable } from '@longshore/reconciler-core';
import {
  createEventRecorder,
  HealthChecks,
  InformerSet,
  LeaseElector,
  leaseTimes,
  newIdentity,
  nodes,
  services,
  standardPages,
  trimNode,
  trimService,
} from '@longshore/k8s-runtime';
import type {
  EventRecorder,
  Informer,
  KubeClient,
  KubeService,
  Pages,
  RunnableEventRecorder,
} from '@longshore/k8s-runtime';
import { EventLoopLag, exitCodes, Manager, PrometheusMetrics } from '@longshore/k8s-runtime/process';
import type { FlagTable, ProcessContext, RootLogger } from '@longshore/k8s-runtime/process';
import type { CcmFlagValues } from './flags.ts';
import type { CloudProvider } from './provider.ts';
import { configz } from './wiring-configz.ts';
import { dryRunEvents } from './wiring-dry-run.ts';
import { reportGates } from './wiring-gates.ts';
import { cloudCheck, informersCheck } from './wiring-health.ts';
import { leadingWork } from './wiring-leading.ts';
import type { LeadingOptions } from './wiring-leading.ts';
import type { Simulation } from './wiring-program.ts';
import { reportMissingRights } from './wiring-rights.ts';
import { startServing } from './wiring-serving.ts';
import { createWork } from './wiring-work.ts';
import type { Work, WorkMaterial } from './wiring-work.ts';

/** The process around one provider: what all later steps share. */
export interface Surroundings {
  readonly program: string;
  readonly version: string;
  readonly flags: CcmFlagValues;
  readonly env: ProcessContext['env'];
  readonly clock: Clock;
  readonly log: RootLogger;
  readonly metrics: PrometheusMetrics;
  readonly client: KubeClient;
  readonly provider: CloudProvider;
  readonly simulation: Simulation | undefined;
}

const MANAGER = 'cloud-controller-manager';

/** Runs everything until the process is told to stop or the lease is lost; the exit code. */
export async function runParts(around: Surroundings, table: FlagTable, context: ProcessContext): Promise<number> {
  const { flags, clock, log, metrics } = around;
  reportGates(flags['feature-gates'], around);
  const recorder = createRecorder(around, context);
  const caches = createCaches(around);
  const events = (component: string): EventRecorder =>
    flags['dry-run'] ? dryRunEvents(log) : recorder.named(component);
  const work = createWork({ ...around, ...caches, events });
  const elector = flags['leader-elect'] && !flags['dry-run'] ? createElector(around, recorder) : undefined;
  const lag = new EventLoopLag({ clock, metrics, limitMs: flags['leader-elect-renew-deadline'] / 2 });
  const sliMetrics = new PrometheusMetrics();
  const health = createHealth(around, { sliMetrics, elector, lag, informers: caches.informers });
  const pages = createPages(around, { table, health, sliMetrics });
  const serving = await startServing({ ...around, pages, userAgent: `${around.program}/${around.version}` });
  const manager = new Manager({ clock, log });
  for (const part of [caches.informers, lag]) manager.add(part, 'always');
  if (serving) manager.add(serving.server, 'always').add(serving.auth, 'always');
  if (!flags['dry-run']) manager.add(recorder, 'flushing').add(accessReview(around, work), 'always');
  manager.add(createLeadingWork(around, { work, caches, health, events: events(MANAGER) }), 'leading');
  const end = await manager.run(context.signal, elector);
  return end === 'lost' ? exitCodes.failure : exitCodes.success;
}

interface Caches extends Pick<WorkMaterial, 'nodes' | 'services'> {
  readonly informers: InformerSet;
}

function createCaches({ client, clock, log, metrics }: Surroundings): Caches {
  const shared = { client: client.named('shared-informers'), clock, log: log.child({ name: 'cache' }), metrics };
  const informers = new InformerSet(shared);
  return {
    informers,
    nodes: informers.for(nodes, { select: trimNode }),
    services: () => informers.for(services, { select: trimService }),
  };
}

function createRecorder({ client, clock, log, metrics }: Surroundings, context: ProcessContext): RunnableEventRecorder {
  return createEventRecorder({
    client: client.named('events'),
    component: MANAGER,
    clock,
    log: log.child({ name: 'events' }),
    metrics,
    redact: (text) => context.secrets.redact(text),
  });
}

function createElector(
  { flags, client, clock, log, metrics }: Surroundings,
  recorder: RunnableEventRecorder,
): LeaseElector {
  return new LeaseElector({
    ...leaseTimes(flags),
    client: client.named('leader-election'),
    identity: newIdentity(),
    clock,
    log: log.child({ name: 'lease' }),
    events: recorder,
    metrics,
  });
}

function createHealth(
  { clock, log, provider }: Surroundings,
  parts: {
    readonly sliMetrics: PrometheusMetrics;
    readonly elector: LeaseElector | undefined;
    readonly lag: EventLoopLag;
    readonly informers: InformerSet;
  },
): HealthChecks {
  const health = new HealthChecks({ clock, log: log.child({ name: 'health' }), sliMetrics: parts.sliMetrics });
  if (parts.elector) health.add(parts.elector);
  health.add(parts.lag, ['livez']).add(informersCheck(parts.informers), ['readyz']);
  const cloud = cloudCheck(provider, clock);
  return cloud ? health.add(cloud, ['readyz']) : health;
}

function createPages(
  around: Surroundings,
  parts: { readonly table: FlagTable; readonly health: HealthChecks; readonly sliMetrics: PrometheusMetrics },
): Pages {
  const { flags, clock, log } = around;
  return standardPages({
    ...around,
    ...parts,
    flags: { table: parts.table, values: flags },
    configz: () => configz(flags),
    verbosity: flags.profiling ? log.verbosity : undefined,
    startedMs: clock.nowMs(),
    nowMs: () => clock.nowMs(),
  });
}

function createLeadingWork(
  around: Surroundings,
  parts: {
    readonly work: readonly Work[];
    readonly caches: Caches;
    readonly health: HealthChecks;
    readonly events: EventRecorder;
  },
): Runnable {
  const { flags, client } = around;
  return leadingWork({
    ...around,
    work: parts.work,
    health: parts.health,
    informers: parts.caches.informers,
    context: providerContext(around, parts.caches, parts.events),
    client: client.named(MANAGER),
    startIntervalMs: flags['controller-start-interval'],
  });
}

function providerContext(around: Surroundings, caches: Caches, events: EventRecorder): LeadingOptions['context'] {
  const { flags, client, clock, log, metrics, provider } = around;
  return {
    clusterName: flags['cluster-name'],
    client: client.named('cloud-provider'),
    nodes: caches.nodes,
    nodeChanges: caches.nodes,
    // Asked for only where the provider has a use for it: reading Services needs a right of its own.
    ...(provider.start ? watched(caches.services()) : { services: noServices }),
    events,
    clock,
    log: log.child({ name: 'provider' }),
    metrics,
    isDryRun: flags['dry-run'],
  };
}

function watched(services: Informer<KubeService>): Pick<LeadingOptions['context'], 'services' | 'serviceChanges'> {
  return { services, serviceChanges: services };
}

const noServices: LeadingOptions['context']['services'] = {
  get: () => undefined,
  list: () => [],
  byIndex: () => [],
  size: 0,
};

function accessReview({ flags, client, log, provider }: Surroundings, work: readonly Work[]): Runnable {
  const { namespace, name } = leaseTimes(flags);
  const question = {
    controllers: work.map(({ about }) => about),
    lease: flags['leader-elect'] ? { namespace, name } : undefined,
    isSplit: flags['use-service-account-credentials'],
    ofProvider: work.some(({ about }) => about.name === 'service-lb-controller') ? provider.serviceRights : undefined,
  };
  return {
    name: 'access-review',
    async run(signal) {
      await reportMissingRights(question, { client, log }, signal).catch((error: unknown) => {
        if (!signal.aborted) log.verbose(2, 'permissions could not be looked at', { reason: messageOf(error) });
      });
    },
  };
}
