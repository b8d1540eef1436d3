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
    usage: 'orphans [--delete [--yes]] [flags]',
    summary:
      'list load balancers of this cluster that belong to no Service; with --delete remove them after a question',
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

/** A command in the list of `--help`. */
export interface CommandSummary {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
}

/** The built-in commands and those of the program. */
export function summariesWith(
  own: readonly { readonly name: string; readonly takes: string; readonly summary: string }[] = [],
): readonly CommandSummary[] {
  return [
    ...commandSummaries,
    ...own.map(({ name, takes, summary }) => ({ name, usage: `${name} ${takes}`, summary })),
  ];
}

/** The section of `--help` about commands. */
export function commandsHelp(program: string, summaries: readonly CommandSummary[] = commandSummaries): string {
  const width = Math.max(...summaries.map(({ usage }) => usage.length));
  const lines = summaries.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`);
  return [`Commands (${program} COMMAND --help tells more):`, '', ...lines, ''].join('\n');
}
