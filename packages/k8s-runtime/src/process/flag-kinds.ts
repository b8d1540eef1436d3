// The kinds of flags and what their texts mean, as in Kubernetes' programs (pflag). Pure; flags.ts does the command line around them.
import { formatDuration, parseDuration } from './duration.ts';
import { isProblem } from './problem.ts';
import type { Problem } from './problem.ts';

/** What every flag may say about itself. */
export interface FlagOptions<T> {
  readonly help: string;
  /** Heading in `--help`; flags without one come under `Generic`. */
  readonly group?: string;
  /** Why and what instead: one log line when given. */
  readonly deprecated?: string;
  /** Accepted because existing manifests give it, and why it changes nothing: one log line when given. */
  readonly withoutEffect?: string;
  /** The value is never logged nor shown. */
  readonly isSecret?: boolean;
  /** One-letter form, as `v` for `-v`. */
  readonly short?: string;
  /** Left out of `--help`. */
  readonly isHidden?: boolean;
  /** The problem with a well-formed value, worded to follow it (`must be 1 or more`), or undefined. */
  validate?(value: T): string | undefined;
}

/** One flag: kind, default and meaning. Made by boolFlag, stringFlag and so on. */
export interface Flag<T> extends FlagOptions<T> {
  readonly kind: 'string' | 'bool' | 'int' | 'float' | 'duration' | 'list' | 'map' | 'enum';
  readonly default: T;
  /** One text to a value; `before` is the value so far if the flag was given already (lists and maps grow). */
  parse(text: string, before: T | undefined): T | Problem;
  format(value: T): string;
}

/** Text, taken as it is. */
export function stringFlag(options: FlagOptions<string> & { readonly default?: string }): Flag<string> {
  return {
    ...options,
    kind: 'string',
    default: options.default ?? '',
    parse: (text) => text,
    format: (value) => value,
  };
}

const trueTexts = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falseTexts = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** `--x`, `--x=true`, `--x=false`. */
export function boolFlag(options: FlagOptions<boolean> & { readonly default: boolean }): Flag<boolean> {
  return { ...options, kind: 'bool', parse: parseBool, format: String };
}

function parseBool(text: string): boolean | Problem {
  if (trueTexts.has(text)) return true;
  return falseTexts.has(text) ? false : { problem: 'is not a boolean; allowed: true, false' };
}

/** A whole number. */
export function intFlag(options: FlagOptions<number> & { readonly default: number }): Flag<number> {
  return { ...options, kind: 'int', parse: parseInteger, format: String };
}

function parseInteger(text: string): number | Problem {
  const value = Number(text);
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  return { problem: 'is not a whole number' };
}

/** A number. */
export function floatFlag(options: FlagOptions<number> & { readonly default: number }): Flag<number> {
  return { ...options, kind: 'float', parse: parseFloatText, format: String };
}

function parseFloatText(text: string): number | Problem {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? value : { problem: 'is not a number' };
}

/** A Go duration; its value is in milliseconds. */
export function durationFlag(options: FlagOptions<number> & { readonly default: string }): Flag<number> {
  const initial = parseDuration(options.default);
  if (isProblem(initial)) throw new Error(`default ${options.default} ${initial.problem}`);
  return { ...options, kind: 'duration', default: initial, parse: parseDuration, format: formatDuration };
}

/** `a,b,c`; given several times, the lists are joined. */
export function stringListFlag(
  options: FlagOptions<readonly string[]> & { readonly default?: readonly string[] },
): Flag<readonly string[]> {
  return {
    ...options,
    kind: 'list',
    default: options.default ?? [],
    parse: (text, before = []) => [...before, ...splitList(text)],
    format: (value) => value.join(','),
  };
}

/** One text for each time the flag is given; commas mean nothing. */
export function repeatedFlag(options: FlagOptions<readonly string[]>): Flag<readonly string[]> {
  return {
    ...options,
    kind: 'list',
    default: [],
    parse: (text, before = []) => [...before, text],
    format: (value) => value.join(';'),
  };
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `a=true,b=false`; given several times, later keys win. */
export function mapFlag(
  options: FlagOptions<Readonly<Record<string, string>>> & { readonly default?: Readonly<Record<string, string>> },
): Flag<Readonly<Record<string, string>>> {
  return {
    ...options,
    kind: 'map',
    default: options.default ?? {},
    parse: parseMap,
    format: (value) =>
      Object.entries(value)
        .map(([key, item]) => `${key}=${item}`)
        .join(','),
  };
}

function parseMap(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> | Problem {
  const pairs = splitList(text).map(
    (item) => [item.split('=', 1)[0] ?? '', item.slice(item.indexOf('=') + 1)] as const,
  );
  if (splitList(text).some((item) => !item.includes('='))) return { problem: 'is not a list like a=true,b=false' };
  return { ...before, ...Object.fromEntries(pairs) };
}

/** One of a few words. */
export function enumFlag<const Word extends string>(
  options: FlagOptions<Word> & { readonly default: NoInfer<Word>; readonly values: readonly Word[] },
): Flag<Word> {
  // An empty word means "not given" and is allowed, but nobody needs to read about it.
  const named = options.values.filter((word) => word !== '').join(', ');
  return {
    ...options,
    kind: 'enum',
    help: `${options.help} One of: ${named}.`,
    parse: (text) => options.values.find((word) => word === text) ?? { problem: `is not allowed; allowed: ${named}` },
    format: (value) => value,
  };
}

/** The validation "1 or more". */
export function atLeast(minimum: number): (value: number) => string | undefined {
  return (value) => (value >= minimum ? undefined : `must be ${minimum} or more`);
}

/** The validation of a TCP port, where 0 means "none". */
export function portOrZero(value: number): string | undefined {
  return value >= 0 && value <= 65_535 ? undefined : 'is not a port (0-65535)';
}
