// The start of a cloud controller manager (spec §6.3): configuration, client and provider side by side, the secure port before the
// election, caches that are warm on standbys (I21), a lease that is given back at the end (I20).
import { messageOf, never, OperatorError, systemClock } from '@longshore/reconciler-core';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import {
  connect,
  createEventRecorder,
  dryRunClient,
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
import type { KubeClient, RunnableEventRecorder } from '@longshore/k8s-runtime';
import {
  addProcessMetrics,
  EventLoopLag,
  exitCodes,
  logFlags,
  loggerFromFlags,
  Manager,
  PrometheusMetrics,
} from '@longshore/k8s-runtime/process';
import type { FlagTable, FlagValues, ProcessContext, RootLogger } from '@longshore/k8s-runtime/process';
import { programFlagTable } from './flags.ts';
import type { CcmFlagValues } from './flags.ts';
import type { CloudProvider } from './provider.ts';
import { configz } from './wiring-configz.ts';
import { controllerNames } from './wiring-controllers.ts';
import { dryRunEvents } from './wiring-dry-run.ts';
import { cloudCheck, informersCheck } from './wiring-health.ts';
import { leadingWork } from './wiring-leading.ts';
import type { CloudControllerManagerProgram, ProviderConfig, Simulation } from './wiring-program.ts';
import { reportMissingRights } from './wiring-rights.ts';
import { startServing } from './wiring-serving.ts';
import type { Serving } from './wiring-serving.ts';
import { startSimulation } from './wiring-simulate.ts';
import { createWork } from './wiring-work.ts';
import type { Work } from './wiring-work.ts';
import { withMetrics } from './with-metrics.ts';

/** Flags as parsed. */
export interface ParsedCommandLine<Table extends FlagTable> {
  readonly values: CcmFlagValues & FlagValues<Table>;
  readonly given: ReadonlySet<string>;
}

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

/** Runs the controllers until the process is told to stop; the exit code. */
export async function startControllers<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  line: ParsedCommandLine<Table>,
  context: ProcessContext,
): Promise<number> {
  const log = loggerFromFlags(line.values, { name: program.name, secrets: context.secrets });
  context.useLogger(log);
  log.info('starting', { program: program.name, version: program.version });
  logFlags(log, programFlagTable(program), line);
  const around = await prepare(program, line.values, { ...context, log });
  try {
    return await runParts(around, programFlagTable(program), context);
  } finally {
    await around.simulation?.stop();
  }
}

/** Connects and makes the provider, side by side; commands start here too. */
export async function prepare<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  flags: CcmFlagValues & FlagValues<Table>,
  context: ProcessContext & { readonly log: RootLogger },
): Promise<Surroundings> {
  const { env, signal, secrets, log } = context;
  const clock = systemClock;
  const metrics = new PrometheusMetrics();
  addProcessMetrics(metrics, { version: program.version });
  const isDryRun = flags['dry-run'];
  const config: ProviderConfig<Table> = { flags, env, clock, log, metrics, signal, isDryRun, secrets };
  const [client, [provider, simulation]] = await Promise.all([
    connectToCluster(program, flags, { env, clock, log, metrics }),
    createProvider(program, config),
  ]);
  refuseWithoutClusterId(provider, flags, log);
  return {
    program: program.name,
    version: program.version,
    flags,
    env,
    clock,
    log,
    metrics,
    client: isDryRun ? dryRunClient(client, log) : client,
    provider: withMetrics(provider, { metrics, clock }),
    simulation,
  };
}

async function connectToCluster(
  { name, version }: { readonly name: string; readonly version: string },
  flags: CcmFlagValues,
  tools: Pick<Surroundings, 'env' | 'clock' | 'log' | 'metrics'>,
): Promise<KubeClient> {
  const names = [...new Set(controllerNames.map(({ client }) => client))];
  return connect({
    ...tools,
    kubeconfig: flags.kubeconfig || undefined,
    master: flags.master || undefined,
    userAgent: `${name}/${version}`,
    qps: flags['kube-api-qps'],
    burst: flags['kube-api-burst'],
    serviceAccounts: flags['use-service-account-credentials'] ? { namespace: 'kube-system', names } : undefined,
  });
}

async function createProvider<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  config: ProviderConfig<Table>,
): Promise<readonly [CloudProvider, Simulation | undefined]> {
  const simulation = await startSimulation(program, config);
  const provider = await program.create({ ...config, env: { ...config.env, ...simulation?.env } });
  return [provider, simulation];
}

function refuseWithoutClusterId(provider: CloudProvider, flags: CcmFlagValues, log: Logger): void {
  if (provider.hasClusterId !== false) return;
  const message = 'no ClusterID found: a ClusterID is required for the cloud provider to function properly';
  if (flags['allow-untagged-cloud']) return log.warn(message);
  throw new OperatorError('CLUSTER_ID_MISSING', `${message}; --allow-untagged-cloud starts without one`, never);
}

async function runParts(around: Surroundings, table: FlagTable, context: ProcessContext): Promise<number> {
  const { flags, clock, log, metrics, client, provider } = around;
  const isDryRun = flags['dry-run'];
  const sliMetrics = new PrometheusMetrics();
  const health = new HealthChecks({ clock, log: log.child({ name: 'health' }), sliMetrics });
  const recorder = createEventRecorder({
    client: client.named('events'),
    component: MANAGER,
    clock,
    log: log.child({ name: 'events' }),
    metrics,
    redact: (text) => context.secrets.redact(text),
  });
  const informers = new InformerSet({
    client: client.named('shared-informers'),
    clock,
    log: log.child({ name: 'cache' }),
    metrics,
  });
  const caches = {
    nodes: informers.for(nodes, { select: trimNode }),
    services: () => informers.for(services, { select: trimService }),
  };
  const events = (component: string): ReturnType<RunnableEventRecorder['named']> =>
    isDryRun ? dryRunEvents(log) : recorder.named(component);
  const work = createWork({ ...around, ...caches, events });
  const elector = flags['leader-elect'] && !isDryRun ? createElector(around, recorder) : undefined;
  const lag = new EventLoopLag({ clock, metrics, limitMs: flags['leader-elect-renew-deadline'] / 2 });
  addChecks(health, { elector, informers, lag, around });
  const pages = standardPages({
    ...around,
    program: around.program,
    sliMetrics,
    health,
    flags: { table, values: flags },
    configz: () => configz(flags),
    verbosity: flags.profiling ? log.verbosity : undefined,
    startedMs: clock.nowMs(),
    nowMs: () => clock.nowMs(),
  });
  const serving = await startServing({ ...around, pages, userAgent: `${around.program}/${around.version}` });
  const leading = leadingWork({
    work,
    provider,
    context: providerContext(around, caches, events(MANAGER)),
    informers,
    health,
    client: client.named(MANAGER),
    startIntervalMs: flags['controller-start-interval'],
    clock,
    log,
    metrics,
  });
  const manager = new Manager({ clock, log });
  for (const part of [informers, lag, accessReview(around, work), ...partsOf(serving)]) manager.add(part, 'always');
  if (!isDryRun) manager.add(recorder, 'flushing');
  manager.add(leading, 'leading');
  const end = await manager.run(context.signal, elector);
  return end === 'lost' ? exitCodes.failure : exitCodes.success;
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

function addChecks(
  health: HealthChecks,
  parts: {
    readonly elector: LeaseElector | undefined;
    readonly informers: InformerSet;
    readonly lag: EventLoopLag;
    readonly around: Surroundings;
  },
): void {
  const { elector, informers, lag, around } = parts;
  if (elector) health.add(elector);
  health.add(lag, ['livez']);
  health.add(informersCheck(informers), ['readyz']);
  const cloud = cloudCheck(around.provider, around.clock);
  if (cloud) health.add(cloud, ['readyz']);
}

function providerContext(
  { flags, client, clock, log, metrics, provider }: Surroundings,
  caches: Pick<Parameters<typeof createWork>[0], 'nodes' | 'services'>,
  events: ReturnType<RunnableEventRecorder['named']>,
): Parameters<typeof leadingWork>[0]['context'] {
  return {
    clusterName: flags['cluster-name'],
    client: client.named('cloud-provider'),
    nodes: caches.nodes,
    // Asked for only where the provider has a use for it: reading Services needs a right of its own.
    services: provider.start ? caches.services() : emptyServices,
    events,
    clock,
    log: log.child({ name: 'provider' }),
    metrics,
    isDryRun: flags['dry-run'],
  };
}

const emptyServices = { get: () => undefined, list: () => [], byIndex: () => [], size: 0 };

function accessReview({ flags, client, log }: Surroundings, work: readonly Work[]): Runnable {
  const electing = flags['leader-elect'] && !flags['dry-run'];
  const { namespace, name } = leaseTimes(flags);
  const isSplit = flags['use-service-account-credentials'];
  const identities = [...new Set(work.map(({ about }) => about.client))];
  const groups = isSplit ? identities.map((id) => work.filter(({ about }) => about.client === id)) : [work];
  return {
    name: 'access-review',
    async run(signal) {
      for (const group of groups) {
        const controllers = new Set(group.map(({ about }) => about.name));
        const asking = isSplit && group[0] ? client.named(group[0].about.client) : client;
        const lease = electing && !isSplit ? { namespace, name } : undefined;
        await reportMissingRights({ controllers, lease }, { client: asking, log }, signal).catch((error: unknown) => {
          if (!signal.aborted) log.verbose(2, 'permissions could not be looked at', { reason: messageOf(error) });
        });
      }
    },
  };
}

function partsOf(serving: Serving | undefined): readonly Runnable[] {
  return serving ? [serving.server, serving.auth] : [];
}
