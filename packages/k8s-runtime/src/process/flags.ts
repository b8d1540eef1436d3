// Kubernetes-style command lines: `--a=b`, `--a b`, `-v=4`, `--bool`, words joined by `-` or `_`. Programs declare a table and get typed values.
// Own code, because none of this is commander's way: it stops at the first problem, knows neither `--bool=false` nor `-v=4`, and costs 13 ms at start.
import type { Flag } from './flag-kinds.ts';
import { helpText } from './flag-help.ts';
import { isProblem } from './problem.ts';
import { UsageError } from './usage-error.ts';

/** Flags by name, written with `-`. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table, typed by key. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer Value> ? Value : never;
};

/** What the command line asks for: to run with these values, or to print a text and end. */
export type ParsedFlags<Table extends FlagTable> =
  | { readonly kind: 'run'; readonly values: FlagValues<Table>; readonly given: ReadonlySet<string> }
  | { readonly kind: 'print'; readonly text: string };

/** Names of the program for `--help` and `--version`, and the checks that span several flags. */
export interface Program<Table extends FlagTable> {
  readonly program: string;
  readonly version: string;
  readonly description: string;
  /** Problems between flags; each a whole sentence that names the flags. Called only when every single flag is fine. */
  readonly check?: (values: FlagValues<Table>) => readonly string[];
}

/** Declares a table; exists for its types. */
export function defineFlags<const Table extends FlagTable>(table: Table): Table {
  for (const name of Object.keys(table)) {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new Error(`flag name ${name} must be lower case, joined by -`);
  }
  return table;
}

/** Parses a command line (without the program's own name). Throws UsageError with all problems. */
export function parseFlags<Table extends FlagTable>(
  table: Table,
  argv: readonly string[],
  program: Program<Table>,
): ParsedFlags<Table> {
  const line = readArguments(table, argv);
  if (line.asked === 'help') return { kind: 'print', text: helpText(table, program) };
  if (line.asked === 'version') return { kind: 'print', text: `${program.program} ${withV(program.version)}\n` };
  const values = { ...defaultsOf(table), ...Object.fromEntries(line.values) } as FlagValues<Table>;
  const problems = line.problems.length > 0 ? line.problems : (program.check?.(values) ?? []);
  if (problems.length > 0) throw new UsageError(problems);
  return { kind: 'run', values, given: new Set(line.values.keys()) };
}

/** The values of a program that was started without any flag. */
export function defaultsOf<Table extends FlagTable>(table: Table): FlagValues<Table> {
  return Object.fromEntries(Object.entries(table).map(([name, flag]) => [name, flag.default])) as FlagValues<Table>;
}

function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}

interface ReadLine {
  readonly values: Map<string, unknown>;
  readonly problems: string[];
  asked: 'help' | 'version' | undefined;
}

function readArguments(table: FlagTable, argv: readonly string[]): ReadLine {
  const line: ReadLine = { values: new Map(), problems: [], asked: undefined };
  for (let at = 0; at < argv.length;) at += readOne(table, argv.slice(at, at + 2), line);
  return line;
}

/** Reads the flag at the head of `rest`; returns how many arguments it took. */
function readOne(table: FlagTable, rest: readonly string[], line: ReadLine): 1 | 2 {
  const [argument = '', next] = rest;
  const match = /^(--?)([^=-][^=]*)(?:=([\s\S]*))?$/.exec(argument);
  if (!match) {
    line.problems.push(`unexpected argument "${argument}": only flags are taken, and they start with --`);
    return 1;
  }
  const [, dashes = '', word = '', attached] = match;
  const name = nameOf(table, word, dashes === '--');
  if (name !== undefined) return readValue({ table, name, attached: attached ?? shortValue(word, name), next }, line);
  return readUnknown({ argument, dashes, word, next }, table, line);
}

function readUnknown(
  unknown: {
    readonly argument: string;
    readonly dashes: string;
    readonly word: string;
    readonly next: string | undefined;
  },
  table: FlagTable,
  line: ReadLine,
): 1 | 2 {
  const { argument, dashes, word, next } = unknown;
  const asked = askedFor(argument);
  if (asked) line.asked ??= asked;
  else line.problems.push(`unknown flag ${dashes}${word}${suggestion(table, word)}`);
  // Its value, most likely: one mistake, one line.
  return !asked && !argument.includes('=') && next !== undefined && !next.startsWith('-') ? 2 : 1;
}

interface Given {
  readonly table: FlagTable;
  readonly name: string;
  readonly attached: string | undefined;
  readonly next: string | undefined;
}

function readValue({ table, name, attached, next }: Given, line: ReadLine): 1 | 2 {
  const flag = table[name];
  if (!flag) return 1;
  const isAlone = attached !== undefined || flag.kind === 'bool';
  const text = isAlone ? (attached ?? 'true') : next;
  if (text === undefined) {
    line.problems.push(`--${name} needs a value (${flag.kind})`);
    return 1;
  }
  const value = flag.parse(text, line.values.get(name));
  const problem = problemOf(flag, value);
  if (problem === undefined) line.values.set(name, value);
  else line.problems.push(`--${name}: ${flag.isSecret ? 'the value' : `"${text}"`} ${problem}`);
  return isAlone ? 1 : 2;
}

function problemOf(flag: Flag<unknown>, value: unknown): string | undefined {
  return isProblem(value) ? value.problem : flag.validate?.(value);
}

/** `-v4` is the short flag `v` with its value; in `-v=4` and `-v 4` the word is the flag alone. */
function shortValue(word: string, name: string): string | undefined {
  return word.length > 1 && normal(word) !== name ? word.slice(1) : undefined;
}

function nameOf(table: FlagTable, word: string, isLong: boolean): string | undefined {
  const name = normal(word);
  if (Object.hasOwn(table, name)) return name;
  if (isLong) return undefined;
  const short = Object.entries(table).find(([, flag]) => flag.short === word[0])?.[0];
  return short !== undefined && (word.length === 1 || /^\d+$/.test(word.slice(1))) ? short : undefined;
}

function normal(word: string): string {
  return word.replaceAll('_', '-');
}

function askedFor(argument: string): 'help' | 'version' | undefined {
  if (/^(-h|--?help)(=true)?$/.test(argument)) return 'help';
  return /^--?version(=(true|raw))?$/.test(argument) ? 'version' : undefined;
}

function suggestion(table: FlagTable, word: string): string {
  const close = Object.keys(table)
    .map((name) => ({ name, distance: editDistance(name, normal(word)) }))
    .filter(({ distance }) => distance <= Math.floor(word.length / 4))
    .sort((a, b) => a.distance - b.distance)[0];
  return close ? ` (did you mean --${close.name}?)` : ' (see --help)';
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...from].entries()) {
    const above = row;
    row = [at + 1];
    for (const [column, other] of [...to].entries()) {
      const swap = (above[column] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(swap, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
