// The one call of a cloud controller manager's main.ts. Decides between running the controllers and a command; everything else is in
// wiring-*.ts. Commands are loaded when they are asked for: most processes never are.
import { parseFlags, runProcess } from '@longshore/k8s-runtime/process';
import type { FlagTable, ProcessContext } from '@longshore/k8s-runtime/process';
import { checkProgramFlags, programFlagTable } from './flags.ts';
import type { CcmFlagValues } from './flags.ts';
import { commandsHelp, splitCommandLine, summariesWith } from './wiring-command-line.ts';
import type { CloudControllerManagerProgram } from './wiring-program.ts';
import { startControllers } from './wiring-start.ts';

/** Runs the program until it is stopped, and ends the process with its exit code. */
export function runCloudControllerManager<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
): Promise<never> {
  return runProcess((context) => runProgram(program, context), { program: program.name });
}

/** The same without the process: for tests, and for programs with a life of their own. */
export async function runProgram<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  context: ProcessContext,
): Promise<number> {
  context.secrets.add(...(program.secrets?.(context.env) ?? []));
  const { command, rest } = splitCommandLine(context.argv);
  if (command !== undefined) {
    const { runAnyCommand } = await import('./wiring-command-own.ts');
    return runAnyCommand(program, { command, rest }, context);
  }
  const parsed = parseFlags(programFlagTable(program), rest, {
    program: program.name,
    version: program.version,
    description: program.description,
    check: (values) => checkProgramFlags(values as CcmFlagValues & typeof values, program),
  });
  if (parsed.kind === 'run') return startControllers(program, parsed as never, context);
  context.print(
    parsed.text.includes('Usage:')
      ? `${parsed.text}\n${commandsHelp(program.name, summariesWith(program.commands))}`
      : parsed.text,
  );
  return 0;
}
