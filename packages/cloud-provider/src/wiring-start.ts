// The start of a cloud controller manager (spec §6.3): flags are logged, client and provider are made side by side, then the parts of
// wiring-parts.ts run until the process is told to stop. Commands begin with `prepare` too.
import { never, OperatorError, systemClock } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { connect, dryRunClient } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { addProcessMetrics, logFlags, loggerFromFlags, PrometheusMetrics } from '@longshore/k8s-runtime/process';
import type { FlagTable, FlagValues, ProcessContext, RootLogger } from '@longshore/k8s-runtime/process';
import { programFlagTable } from './flags.ts';
import type { CcmFlagValues } from './flags.ts';
import type { CloudProvider } from './provider.ts';
import { controllerNames } from './wiring-controllers.ts';
import { readNodeNameMap } from './wiring-node-names.ts';
import { runParts } from './wiring-parts.ts';
import type { Surroundings } from './wiring-parts.ts';
import type { CloudControllerManagerProgram, ProviderConfig, Simulation } from './wiring-program.ts';
import { startSimulation } from './wiring-simulate.ts';
import { withMetrics } from './with-metrics.ts';

/** Flags as parsed. */
export interface ParsedCommandLine<Table extends FlagTable> {
  readonly values: CcmFlagValues & FlagValues<Table>;
  readonly given: ReadonlySet<string>;
}

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

/** How a command differs from the controllers. */
export interface CommandManner {
  readonly isCommand: boolean;
  /** Changes things in the cloud even so; never in the cluster. */
  readonly changesCloud: boolean;
}

/** Connects and makes the provider, side by side; commands start here too. */
export async function prepare<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  flags: CcmFlagValues & FlagValues<Table>,
  context: ProcessContext & { readonly log: RootLogger },
  { isCommand, changesCloud }: CommandManner = { isCommand: false, changesCloud: false },
): Promise<Surroundings> {
  const { env, signal, secrets, log } = context;
  const clock = systemClock;
  const metrics = new PrometheusMetrics();
  addProcessMetrics(metrics, { version: program.version });
  const isDryRun = flags['dry-run'];
  const machineNameOf = await readNodeNameMap(flags['node-name-map']);
  const tools = { env, clock, log, metrics, signal, secrets, isCommand, machineNameOf };
  const config: ProviderConfig<Table> = { flags, ...tools, isDryRun: isDryRun && !changesCloud };
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
