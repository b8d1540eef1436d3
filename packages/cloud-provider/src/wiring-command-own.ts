// Which command the first word is, and those that a program brings itself, such as a webhook server: with flags of their own, without the
// connection and provider that the commands of this library start with. Both are loaded when they are asked for. Called by run.ts.
import { parseFlags, UsageError } from '@longshore/k8s-runtime/process';
import type { FlagTable, FlagValues, ProcessContext } from '@longshore/k8s-runtime/process';
import { commandsHelp, summariesWith } from './wiring-command-line.ts';
import type { CloudControllerManagerProgram } from './wiring-program.ts';

/** What `--help` and `help` say about a command of a program. */
export interface ProgramCommand {
  /** The word behind the program's name; none of the built-in commands. */
  readonly name: string;
  /** What it takes, behind the name: `[flags]`. */
  readonly takes: string;
  /** A few words, without a period. */
  readonly summary: string;
  /** Called only when the command is asked for, so that its code costs the controllers nothing. */
  load(): Promise<ProgramCommandBody>;
}

/** The command itself. */
export interface ProgramCommandBody<Table extends FlagTable = FlagTable> {
  /** Whole sentences, for `help COMMAND`. */
  readonly description: string;
  /** All of its flags; those of logging are not added by themselves. */
  readonly flags: Table;
  /** Problems between its flags. */
  check?(values: FlagValues<Table>): readonly string[];
  /** The exit code. */
  run(line: ProgramCommandLine<Table>, context: ProcessContext): Promise<number>;
}

/** The flags as parsed. */
export interface ProgramCommandLine<Table extends FlagTable = FlagTable> {
  readonly values: FlagValues<Table>;
  readonly given: ReadonlySet<string>;
}

/** Checks the types of a body's flags, which `load` forgets. */
export function defineCommand<const Table extends FlagTable>(body: ProgramCommandBody<Table>): ProgramCommandBody {
  return body;
}

/** Runs the command; the exit code. */
export async function runAnyCommand<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  line: { readonly command: string; readonly rest: readonly string[] },
  context: ProcessContext,
): Promise<number> {
  const isHelp = line.command === 'help';
  const word = isHelp ? line.rest[0] : line.command;
  const own = program.commands?.find(({ name }) => name === word);
  if (own) return runOwnCommand(program, { command: own, rest: isHelp ? ['--help'] : line.rest }, context);
  const summaries = summariesWith(program.commands);
  if (summaries.some(({ name }) => name === word)) {
    const { runCommand } = await import('./wiring-command.ts');
    return runCommand(program, line, context);
  }
  const names = summaries.map(({ name }) => name).join(', ');
  if (!isHelp) throw new UsageError([`"${line.command}" is no command; there are: ${names}`]);
  context.print(commandsHelp(program.name, summaries));
  return 0;
}

async function runOwnCommand(
  program: { readonly name: string; readonly version: string },
  { command, rest }: { readonly command: ProgramCommand; readonly rest: readonly string[] },
  context: ProcessContext,
): Promise<number> {
  const body = await command.load();
  const parsed = parseFlags(body.flags, rest, {
    program: `${program.name} ${command.name}`,
    version: program.version,
    description: body.description,
    check: (values) => body.check?.(values) ?? [],
  });
  if (parsed.kind === 'run') return body.run(parsed, context);
  context.print(parsed.text);
  return 0;
}
