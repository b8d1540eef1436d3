// Runs a command: flags, connection and provider as for the controllers, then the command's own function. Reads only: the client refuses
// writes and the provider is told that this is a dry run; only `orphans --delete` may change the cloud.
import { silentLogger } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import {
  authenticationFlags,
  authorizationFlags,
  keyOf,
  leaderFlags,
  nodes,
  services,
  servingFlags,
} from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject, Lister, ResourceType } from '@longshore/k8s-runtime';
import { enumFlag, loggerFromFlags, parseFlags, UsageError } from '@longshore/k8s-runtime/process';
import type { FlagTable, ProcessContext } from '@longshore/k8s-runtime/process';
import { planSettings } from './commands/plan-settings.ts';
import { checkProgramFlags, programFlagTable } from './flags.ts';
import type { CcmFlagValues } from './flags.ts';
import { webhookFlags } from './flags-webhook.ts';
import { commandSummaries, splitWords } from './wiring-command-line.ts';
import { dryRunEvents } from './wiring-dry-run.ts';
import { checkOrphansFlags, orphansCommand, orphansFlags, removalWish } from './wiring-orphans.ts';
import type { OrphansContext, OrphansFlagValues } from './wiring-orphans.ts';
import type { Surroundings } from './wiring-parts.ts';
import type { CloudControllerManagerProgram } from './wiring-program.ts';
import { prepare } from './wiring-start.ts';
import { terminalOf } from './wiring-terminal.ts';

/** The command line behind the program's name. */
export interface CommandLine {
  readonly command: string;
  readonly rest: readonly string[];
}

const outputFlag = {
  output: enumFlag({
    default: 'text',
    values: ['text', 'json'],
    short: 'o',
    group: 'Command',
    help: 'Format of the output.',
  }),
};

/** Runs a command of this library; the exit code. Those of the program, and words that are no command, wiring-command-own.ts has sorted out. */
export async function runCommand<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  { command, rest }: CommandLine,
  context: ProcessContext,
): Promise<number> {
  if (command === 'version') {
    context.print(`${program.name} ${program.version}\n`);
    return 0;
  }
  const about = commandSummaries.find(({ name }) => name === (command === 'help' ? rest[0] : command));
  if (!about) throw new UsageError([`"${command}" is no command of this library`]);
  const table = { ...outputFlag, ...flagsOf(about.name), ...withoutServing(programFlagTable(program)) };
  const { words, flags } = splitWords(command === 'help' ? ['--help'] : rest, table);
  const parsed = parseFlags(table, flags, {
    program: `${program.name} ${about.usage.replace(' [flags]', '')}`,
    version: program.version,
    description: `${about.summary[0]?.toUpperCase() ?? ''}${about.summary.slice(1)}.`,
    check: (values) => [...checkProgramFlags(values as never, program), ...checkOrphansFlags(values as never)],
  });
  if (parsed.kind === 'print') {
    context.print(parsed.text);
    return 0;
  }
  return runWith(program, { name: about.name, words, values: parsed.values as never }, context);
}

async function runWith<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  line: {
    readonly name: string;
    readonly words: readonly string[];
    readonly values: CommandFlagValues;
  },
  context: ProcessContext,
): Promise<number> {
  const values = { ...line.values, 'dry-run': true };
  const removal = removalWish(line.values, terminalOf(process));
  const log = loggerFromFlags(values, { name: program.name, secrets: context.secrets });
  const manner = { isCommand: true, changesCloud: removal !== undefined && !removal.isDryRun };
  const around = await prepare(program, values as never, { ...context, log }, manner);
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const said = values.v > 0 ? log : onlyProblems(log);
  try {
    await startProvider(around, said, signal);
    const command = await loadCommand(line.name);
    return await command.run(
      commandContext(around, { log: said, signal, output: line.values.output, removal }, context),
      line.words,
    );
  } finally {
    ended.abort(new Error('the command has ended'));
    await around.simulation?.stop();
  }
}

function flagsOf(command: string): FlagTable {
  return command === orphansCommand.name ? orphansFlags : {};
}

/** A command takes all flags of the controllers, so that a manifest's list can be used as it is; `--help` shows those that matter. */
function withoutServing<Table extends FlagTable>(table: Table): Table {
  const shown = Object.entries(table).map(([name, flag]) => [
    name,
    irrelevant.has(flag.group ?? '') ? { ...flag, isHidden: true } : flag,
  ]);
  return Object.fromEntries(shown) as Table;
}

const irrelevant: ReadonlySet<string> = new Set(
  [servingFlags, authenticationFlags, authorizationFlags, leaderFlags, webhookFlags].flatMap((table: FlagTable) =>
    Object.values(table).map(({ group }) => group ?? ''),
  ),
);

async function loadCommand(name: string): Promise<AnyCommand> {
  if (name === orphansCommand.name) return orphansCommand;
  const { commands } = await import('./commands/commands.ts');
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw new UsageError([`"${name}" is no command of this program`]);
  return command;
}

interface AnyCommand {
  run(context: OrphansContext, args: readonly string[]): Promise<number>;
}

type CommandFlagValues = CcmFlagValues & OrphansFlagValues & { readonly output: 'text' | 'json' };

function commandContext(
  { provider, client, clock, flags }: Surroundings,
  how: Pick<OrphansContext, 'log' | 'signal' | 'output' | 'removal'>,
  { print }: ProcessContext,
): OrphansContext {
  const clusterCidrs = flags['cluster-cidr'].split(',').filter((cidr) => cidr !== '');
  return {
    provider,
    client,
    clock,
    clusterName: flags['cluster-name'],
    write: (text) => print(text),
    settings: planSettings(flags),
    ...(flags['configure-cloud-routes'] && clusterCidrs.length > 0 ? { routes: { clusterCidrs } } : {}),
    ...how,
  };
}

/** Some providers read what they need of the cluster when they start. */
async function startProvider(around: Surroundings, log: Logger, signal: AbortSignal): Promise<void> {
  const { provider, client, clock, metrics, flags } = around;
  if (!provider.start) return;
  const [allNodes, allServices] = await Promise.all([listed(client, nodes, signal), listed(client, services, signal)]);
  const cluster = { clusterName: flags['cluster-name'], client, nodes: allNodes, services: allServices };
  const tools = { events: dryRunEvents(log), clock, log, metrics, isDryRun: true, signal };
  await provider.start({ ...cluster, ...tools, keepRunning: () => {} });
}

async function listed<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  signal: AbortSignal,
): Promise<Lister<T>> {
  const { items } = await client.list(type, { signal });
  const byKey = new Map(items.map((object) => [keyOf(object), object]));
  return {
    get: (key) => byKey.get(key),
    list: (where = () => true) => items.filter(where),
    byIndex: () => {
      throw new Error('a command has no indexes');
    },
    size: items.length,
  };
}

function onlyProblems(log: Logger): Logger {
  const quiet: Logger = {
    ...silentLogger,
    warn: (message, fields) => log.warn(message, fields),
    error: (message, fields) => log.error(message, fields),
    child: () => quiet,
  };
  return quiet;
}
