// How the text of an annotation becomes a value. Each kind says which values it takes, in the words of error messages and of
// docs/annotations; annotations.ts uses them in its table. A text that is no value is never replaced by a default.
import ipaddr from 'ipaddr.js';

/** One way to write values. */
export interface ValueKind<T> {
  /** Completes "use …" in messages and stands in the docs. */
  readonly values: string;
  /** An empty text counts as "not set", as it does in the Go program for these. */
  readonly isEmptyAbsent: boolean;
  /** The same rule as data, for the policy that the API server evaluates (admission/policy-rules.ts). */
  readonly shape: ValueShape;
  /** `undefined` when the text is no value. */
  parse(text: string): T | undefined;
}

/** Which texts are values. Blanks around a text count for `words` and `length` only. */
export type ValueShape =
  | { readonly kind: 'any' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  | { readonly kind: 'list'; readonly of: 'port' | 'firewall-rule' }
  | { readonly kind: 'length'; readonly least: number; readonly most: number }
  | { readonly kind: 'hostname' | 'ipv4' | 'uuid' | 'distinct-texts' | 'domains' }
  | { readonly kind: 'port-certificates' | 'region-priorities' };

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's booleans. */
export const boolean: ValueKind<boolean> = {
  values: '`true` or `false`',
  isEmptyAbsent: false,
  shape: { kind: 'words', words: [...TRUE, ...FALSE] },
  parse: (text) => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined),
};

/** On when present, whatever the value, as the Go program reads it; only the forms of `false` switch it off. */
export const presence: ValueKind<boolean> = {
  values: '`true`; any other value counts as `true` as well, except `false`',
  isEmptyAbsent: false,
  shape: { kind: 'any' },
  parse: (text) => !FALSE.has(text.trim()),
};

/** Any text. */
export function text(values: string): ValueKind<string> {
  return { values, isEmptyAbsent: true, shape: { kind: 'any' }, parse: (raw) => raw.trim() };
}

/** A UUID. */
export function uuid(values: string): ValueKind<string> {
  const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  const parse = (raw: string): string | undefined => {
    const id = raw.trim().toLowerCase();
    return form.test(id) ? id : undefined;
  };
  return { values: `${values} (a UUID)`, isEmptyAbsent: true, shape: { kind: 'uuid' }, parse };
}

/** One of a few words; case matters. */
export function oneOf<const T extends string>(
  words: readonly T[],
  { isEmptyAbsent }: { isEmptyAbsent: boolean } = { isEmptyAbsent: true },
): ValueKind<T> {
  const values = words.map((word) => `\`${word}\``).join(', ');
  const shape = { kind: 'words', words } as const;
  return { values: `one of ${values}`, isEmptyAbsent, shape, parse: (raw) => words.find((word) => word === raw) };
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number, unit = ''): ValueKind<number> {
  const values = `a whole number${unit && ` of ${unit}`} from ${least} to ${most}`;
  const shape = { kind: 'integer', least, most } as const;
  return { values, isEmptyAbsent: false, shape, parse: (raw) => parseInteger(raw, least, most) };
}

/** A TCP or UDP port. */
export const port: ValueKind<number> = { ...integer(1, 65535), values: 'a port (1-65535)', isEmptyAbsent: true };

/** Ports separated by commas; blanks are allowed, unlike in the Go program. */
export const ports: ValueKind<readonly number[]> = {
  values: 'ports (1-65535), separated by commas',
  isEmptyAbsent: true,
  shape: { kind: 'list', of: 'port' },
  parse: (raw) => parseList(raw, (item) => parseInteger(item, 1, 65535)),
};

/** Entries of the balancer's firewall. */
export const firewallRules: ValueKind<readonly string[]> = {
  values: 'entries `ip:<address>` or `cidr:<network>`, separated by commas',
  isEmptyAbsent: true,
  shape: { kind: 'list', of: 'firewall-rule' },
  parse: (raw) => parseList(raw, (item) => (isFirewallRule(item) ? item : undefined)),
};

/** Texts separated by commas, each once. */
export function texts(values: string): ValueKind<readonly string[]> {
  const parse = (raw: string): readonly string[] | undefined => {
    const items = parseList(raw, (item) => (item === '' ? undefined : item));
    return items && new Set(items).size === items.length ? items : undefined;
  };
  return { values: `${values}, separated by commas`, isEmptyAbsent: true, shape: { kind: 'distinct-texts' }, parse };
}

/** A domain, and the ID or name of its certificate if it has one. */
export interface DomainEntry {
  readonly name: string;
  readonly certificate: string | undefined;
}

/** Domains of a GLOBAL balancer. */
export const domains: ValueKind<readonly DomainEntry[]> = {
  values: 'DNS names, each with `:` and the ID or name of a certificate if it has one, separated by commas',
  isEmptyAbsent: true,
  shape: { kind: 'domains' },
  parse: (raw) => parseList(raw, parseDomain),
};

/** Certificates of single ports. */
export const portCertificates: ValueKind<ReadonlyMap<number, string>> = {
  values: 'entries `<port>:<ID or name of a certificate>`, separated by commas',
  isEmptyAbsent: true,
  shape: { kind: 'port-certificates' },
  parse: (raw) =>
    parseMap(
      raw,
      /^(\d+):(.+)$/,
      (port) => parseInteger(port, 1, 65535),
      (text) => text.trim(),
    ),
};

/** Numbers for regions. */
export const regionPriorities: ValueKind<ReadonlyMap<string, number>> = {
  values: 'entries `<region>:<number from 1 to 999>`, separated by commas',
  isEmptyAbsent: true,
  shape: { kind: 'region-priorities' },
  parse: (raw) =>
    parseMap(
      raw,
      /^([a-z0-9]+):(\d+)$/,
      (slug) => slug,
      (number) => parseInteger(number, 1, 999),
    ),
};

/** A DNS name in lower case; the API server takes no other in a Service's status. */
export const hostname: ValueKind<string> = {
  values: 'a DNS name such as `lb.example.com`',
  isEmptyAbsent: true,
  shape: { kind: 'hostname' },
  parse: parseDnsName,
};

/** An IPv4 address. */
export const ipv4: ValueKind<string> = {
  values: 'an IPv4 address',
  isEmptyAbsent: true,
  shape: { kind: 'ipv4' },
  parse: (raw) => (ipaddr.IPv4.isValidFourPartDecimal(raw.trim()) ? raw.trim() : undefined),
};

/** A text of a certain length. */
export function textOfLength(least: number, most: number): ValueKind<string> {
  const values = `a text of ${least} to ${most} characters`;
  const shape = { kind: 'length', least, most } as const;
  // Characters, of which JavaScript's length counts some twice.
  const fits = (raw: string): boolean => [...raw].length >= least && [...raw].length <= most;
  return { values, isEmptyAbsent: true, shape, parse: (raw) => (fits(raw) ? raw : undefined) };
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

function parseDnsName(raw: string): string | undefined {
  const name = raw.trim().toLowerCase();
  const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
  return name.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(name) ? name : undefined;
}

function parseDomain(item: string): DomainEntry | undefined {
  const [, text = '', certificate] = /^([^:]+)(?::(.+))?$/.exec(item) ?? [];
  const name = parseDnsName(text);
  return name === undefined ? undefined : { name, certificate: certificate?.trim() };
}

function parseMap<K, V>(
  raw: string,
  form: RegExp,
  parseKey: (text: string) => K | undefined,
  parseValue: (text: string) => V | undefined,
): ReadonlyMap<K, V> | undefined {
  const entries = parseList(raw, (item): readonly [K, V] | undefined => {
    const [, left = '', right = ''] = form.exec(item) ?? [];
    const [key, value] = [parseKey(left), parseValue(right)];
    return left === '' || key === undefined || value === undefined ? undefined : [key, value];
  });
  const map = entries && new Map(entries);
  return map?.size === entries?.length ? map : undefined;
}

function isFirewallRule(item: string): boolean {
  const [, kind, target = ''] = /^(ip|cidr):(.*)$/.exec(item) ?? [];
  if (kind === 'ip') return isAddress(target);
  const [, address = '', bits = ''] = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(target) ?? [];
  return kind === 'cidr' && isAddress(address) && Number(bits) <= (address.includes(':') ? 128 : 32);
}

// The usual notations only: ipaddr.js also takes `127.1`, octal numbers and zones, IPv4 inside IPv6 included, which the API would not.
function isAddress(text: string): boolean {
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text);
  return ipaddr.IPv6.isValid(text) && !/[.%]/.test(text) && !ipaddr.IPv6.parse(text).isIPv4MappedAddress();
}
