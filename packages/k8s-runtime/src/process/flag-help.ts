// How flags look to people: `--help`, the start-up log lines, and the `/flagz` page. Pure.
import type { Flag } from './flag-kinds.ts';
import type { FlagTable } from './flags.ts';

const WIDTH = 110;
const OTHER_GROUP = 'Generic';
const placeholders = {
  string: 'string',
  bool: '',
  int: 'int',
  float: 'float',
  duration: 'duration',
  list: 'strings',
  map: 'name=value,...',
  enum: 'string',
} as const;

/** The text of `--help`: what the program is, then its flags by group. */
export function helpText(table: FlagTable, about: { readonly program: string; readonly description: string }): string {
  const groups = new Map<string, string[]>();
  for (const [name, flag] of Object.entries(table)) {
    if (flag.isHidden) continue;
    const group = flag.group ?? OTHER_GROUP;
    groups.set(group, [...(groups.get(group) ?? []), ...flagHelp(name, flag)]);
  }
  const own = ['      --help', '          Prints this text.', '      --version', '          Prints the version.'];
  groups.set(OTHER_GROUP, [...(groups.get(OTHER_GROUP) ?? []), ...own]);
  const sections = [...groups].map(([group, lines]) => `${group} flags:\n\n${lines.join('\n')}\n`);
  return [`${wrap(about.description, '').join('\n')}\n`, `Usage:\n  ${about.program} [flags]\n`, ...sections].join(
    '\n',
  );
}

function flagHelp(name: string, flag: Flag<unknown>): readonly string[] {
  const short = flag.short ? `-${flag.short}, ` : '    ';
  const head = `  ${short}--${name} ${placeholders[flag.kind]}`.trimEnd();
  const initial = shownDefault(flag);
  const notes = [
    flag.deprecated === undefined ? '' : `Deprecated: ${flag.deprecated}`,
    flag.withoutEffect === undefined ? '' : `Accepted without effect: ${flag.withoutEffect}`,
  ].filter((note) => note !== '');
  const text = [flag.help, ...notes].map(sentence).join(' ');
  return [`${head}${initial}`, ...wrap(text, '          ')];
}

function shownDefault(flag: Flag<unknown>): string {
  const text = flag.isSecret ? '' : flag.format(flag.default);
  if (text === '' || (flag.kind === 'bool' && text === 'false')) return '';
  const isText = flag.kind === 'string' || flag.kind === 'enum' || flag.kind === 'list' || flag.kind === 'map';
  return ` (default ${isText ? JSON.stringify(text) : text})`;
}

function sentence(text: string): string {
  return /[.!?:]$/.test(text) ? text : `${text}.`;
}

function wrap(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

/** Every flag as `name` and shown value, secrets replaced; sorted by name. */
export function shownFlags(
  table: FlagTable,
  values: Readonly<Record<string, unknown>>,
): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(table)
    .map(([name, flag]) => ({ name, value: shownValue(flag, values[name]) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function shownValue(flag: Flag<unknown>, value: unknown): string {
  const text = flag.format(value ?? flag.default);
  return flag.isSecret && text !== '' ? '<redacted>' : text;
}

/** The page `/flagz` as Kubernetes' components serve it. */
export function flagzText(program: string, table: FlagTable, values: Readonly<Record<string, unknown>>): string {
  const warning =
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
  const lines = shownFlags(table, values).map(({ name, value }) => `${name}=${value}`);
  return `\n${program} flags\n${warning}\n\n${lines.join('\n')}\n`;
}

/** What a user should learn at start about the flags that were given: deprecations and flags without effect, one line each. */
export function flagNotices(
  table: FlagTable,
  given: ReadonlySet<string>,
): readonly { readonly message: string; readonly flag: string; readonly reason: string }[] {
  return [...given].flatMap((name) => {
    const { deprecated, withoutEffect } = table[name] ?? {};
    if (withoutEffect !== undefined)
      return [{ message: 'flag has no effect', flag: `--${name}`, reason: withoutEffect }];
    return deprecated === undefined ? [] : [{ message: 'flag is deprecated', flag: `--${name}`, reason: deprecated }];
  });
}
