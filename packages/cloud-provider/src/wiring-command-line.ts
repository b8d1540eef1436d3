// Where the command line of a program splits: flags alone run the controllers, a first word is a command. Pure.
import type { FlagTable } from '@longshore/k8s-runtime/process';

/** The commands, with what they take and are for. */
export const commandSummaries = [
  {
    name: 'plan',
    usage: 'plan [flags]',
    summary: 'print every step that the controllers would take now; exit code 2 if there are any',
  },
  {
    name: 'explain',
    usage: 'explain service NAMESPACE/NAME | explain node NAME [flags]',
    summary: 'say what is wanted, what was found and what hinders it',
  },
  {
    name: 'orphans',
    usage: 'orphans [flags]',
    summary: 'list load balancers of this cluster that belong to no Service',
  },
  { name: 'version', usage: 'version', summary: 'print the version' },
  { name: 'help', usage: 'help [COMMAND]', summary: 'print help' },
] as const;

/** The command, if the first word is one (or means to be), and everything behind it. */
export function splitCommandLine(argv: readonly string[]): {
  readonly command: string | undefined;
  readonly rest: readonly string[];
} {
  const [first, ...rest] = argv;
  if (first === undefined || first.startsWith('-')) return { command: undefined, rest: argv };
  return { command: first, rest };
}

/** Words and flags of a command may stand in any order; the table says which flags take the next word as their value. */
export function splitWords(
  rest: readonly string[],
  table: FlagTable,
): { readonly words: readonly string[]; readonly flags: readonly string[] } {
  const words: string[] = [];
  const flags: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const argument = rest[at] ?? '';
    if (!argument.startsWith('-')) words.push(argument);
    else {
      flags.push(argument);
      const next = rest[at + 1];
      if (next !== undefined && takesNext(argument, table)) {
        flags.push(next);
        at += 1;
      }
    }
  }
  return { words, flags };
}

function takesNext(argument: string, table: FlagTable): boolean {
  if (argument.includes('=')) return false;
  const word = argument.replace(/^--?/, '').replaceAll('_', '-');
  const flag =
    table[word] ?? (argument.startsWith('--') ? undefined : Object.values(table).find(({ short }) => short === word));
  return flag !== undefined && flag.kind !== 'bool';
}

/** The section of `--help` about commands. */
export function commandsHelp(program: string): string {
  const width = Math.max(...commandSummaries.map(({ usage }) => usage.length));
  const lines = commandSummaries.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`);
  return [`Commands (${program} COMMAND --help tells more):`, '', ...lines, ''].join('\n');
}
