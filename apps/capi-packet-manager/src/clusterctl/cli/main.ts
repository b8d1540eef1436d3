// The program clusterctl: its command tree, and what ends it. Nothing is asked of the environment before a command runs: `--help` works
// without an API key.
import { Command, CommanderError } from 'commander';
import { messageOf, OperatorError } from '@longshore/reconciler-core';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { filesOnDisk } from '../../generate/files-on-disk.ts';
import { generateCommand } from '../../generate/command.ts';
import type { GenerateCommandIo } from '../../generate/command.ts';
import { VERSION } from '../../process/version.ts';
import type { Host } from '../host.ts';
import { addAlphaCommands } from './alpha-commands.ts';
import { addClusterCommands } from './cluster-commands.ts';
import type { Run } from './cluster-commands.ts';
import { withDashes, withKlogOptions } from './shared-options.ts';

/** Ended by Ctrl-C or SIGTERM. */
export const INTERRUPTED = 130;

/** Where text goes. */
export interface CliStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What the program is given. */
export interface CliParts extends CliStreams {
  readonly host: () => Host;
  readonly generate: GenerateCommandIo;
}

/** The whole tree. */
export function commandTree(parts: CliParts, run: Run): Command {
  const program = new Command('clusterctl')
    .description('Makes, moves, checks and deletes Kubernetes clusters on Packet.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .configureOutput({ writeOut: parts.out, writeErr: parts.err })
    .showHelpAfterError();
  addClusterCommands(program, run);
  addAlphaCommands(program, run);
  program.addCommand(generateCommand(parts.generate));
  settle(program);
  return program;
}

// Commander copies settings to subcommands when they are made, but not to those that are added; leaves get klog's flags.
function settle(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command).exitOverride().allowExcessArguments(false);
    child.helpCommand(false);
    settle(child);
    if (child.commands.length === 0 && child.name() !== 'generate') withKlogOptions(child);
  }
  command.exitOverride();
}

/** Runs one command line; resolves with the exit code. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  let code = 0;
  const run: Run = async (work) => {
    code = (await work(parts.host())) ?? 0;
  };
  const program = commandTree(
    { ...parts, generate: { ...parts.generate, setExitCode: (given) => (code = given) } },
    run,
  );
  try {
    await program.parseAsync([...withDashes(argv)], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    return complain(error, parts);
  }
}

function complain(error: unknown, { err, host }: CliParts): number {
  const isInterrupted = host().signal.aborted;
  const known = error instanceof OperatorError ? ` (${error.code})` : '';
  err(
    `clusterctl: ${isInterrupted ? 'interrupted: the same command goes on from here' : `${messageOf(error)}${known}`}\n`,
  );
  return isInterrupted ? INTERRUPTED : 1;
}

/** Main function of the process. */
export async function clusterctl(context: ProcessContext, host: Host): Promise<number> {
  const out = (text: string): void => context.print(context.secrets.redact(text));
  const err = (text: string): void => void process.stderr.write(context.secrets.redact(text));

  const generate: GenerateCommandIo = {
    ...filesOnDisk,
    env: context.env,
    print: (line) => out(`${line}\n`),
    complain: (line) => err(`${line}\n`),
    setExitCode: () => {},
  };
  return runCli(context.argv, { out, err, host: () => host, generate });
}
