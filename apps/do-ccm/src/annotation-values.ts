// How the text of an annotation becomes a value. Each kind says which values it takes, in the words of error messages and of
// docs/annotations; annotations.ts uses them in its table. A text that is no value is never replaced by a default.
import ipaddr from 'ipaddr.js';

/** One way to write values. */
export interface ValueKind<T> {
  /** Completes "use …" in messages and stands in the docs. */
  readonly values: string;
  /** An empty text counts as "not set", as it does in the Go program for these. */
  readonly isEmptyAbsent: boolean;
  /** `undefined` when the text is no value. */
  parse(text: string): T | undefined;
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's booleans. */
export const boolean: ValueKind<boolean> = {
  values: '`true` or `false`',
  isEmptyAbsent: false,
  parse: (text) => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined),
};

/** On when present, whatever the value, as the Go program reads it; only the forms of `false` switch it off. */
export const presence: ValueKind<boolean> = {
  values: '`true`; any other value counts as `true` as well, except `false`',
  isEmptyAbsent: false,
  parse: (text) => !FALSE.has(text.trim()),
};

/** Any text. */
export function text(values: string): ValueKind<string> {
  return { values, isEmptyAbsent: true, parse: (raw) => raw.trim() };
}

/** One of a few words; case matters. */
export function oneOf<const T extends string>(
  words: readonly T[],
  { isEmptyAbsent }: { isEmptyAbsent: boolean } = { isEmptyAbsent: true },
): ValueKind<T> {
  const values = words.map((word) => `\`${word}\``).join(', ');
  return { values: `one of ${values}`, isEmptyAbsent, parse: (raw) => words.find((word) => word === raw) };
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number, unit = ''): ValueKind<number> {
  const values = `a whole number${unit && ` of ${unit}`} from ${least} to ${most}`;
  return { values, isEmptyAbsent: false, parse: (raw) => parseInteger(raw, least, most) };
}

/** A TCP or UDP port. */
export const port: ValueKind<number> = { ...integer(1, 65535), values: 'a port (1-65535)', isEmptyAbsent: true };

/** Ports separated by commas; blanks are allowed, unlike in the Go program. */
export const ports: ValueKind<readonly number[]> = {
  values: 'ports (1-65535), separated by commas',
  isEmptyAbsent: true,
  parse: (raw) => parseList(raw, (item) => parseInteger(item, 1, 65535)),
};

/** Entries of the balancer's firewall. */
export const firewallRules: ValueKind<readonly string[]> = {
  values: 'entries `ip:<address>` or `cidr:<network>`, separated by commas',
  isEmptyAbsent: true,
  parse: (raw) => parseList(raw, (item) => (isFirewallRule(item) ? item : undefined)),
};

/** A DNS name in lower case; the API server takes no other in a Service's status. */
export const hostname: ValueKind<string> = {
  values: 'a DNS name such as `lb.example.com`',
  isEmptyAbsent: true,
  parse: (raw) => {
    const name = raw.trim().toLowerCase();
    const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
    return name.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(name) ? name : undefined;
  },
};

/** An IPv4 address. */
export const ipv4: ValueKind<string> = {
  values: 'an IPv4 address',
  isEmptyAbsent: true,
  parse: (raw) => (ipaddr.IPv4.isValidFourPartDecimal(raw.trim()) ? raw.trim() : undefined),
};

/** A text of a certain length. */
export function textOfLength(least: number, most: number): ValueKind<string> {
  const values = `a text of ${least} to ${most} characters`;
  const fits = (raw: string): boolean => raw.length >= least && raw.length <= most;
  return { values, isEmptyAbsent: true, parse: (raw) => (fits(raw) ? raw : undefined) };
}

function parseInteger(raw: string, least: number, most: number): number | undefined {
  const trimmed = raw.trim();
  if (!/^[+-]?\d{1,9}$/.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return value >= least && value <= most ? value : undefined;
}

function parseList<T>(raw: string, parseItem: (item: string) => T | undefined): readonly T[] | undefined {
  const items = raw.split(',').map((item) => parseItem(item.trim()));
  return items.every((item) => item !== undefined) ? items : undefined;
}

function isFirewallRule(item: string): boolean {
  const [, kind, target = ''] = /^(ip|cidr):(.*)$/.exec(item) ?? [];
  if (kind === 'ip') return ipaddr.isValid(target);
  return kind === 'cidr' && ipaddr.isValidCIDR(target);
}
