// How the text of an annotation becomes a value. A text that is no value is never replaced by a default. Lists are JSON, as in the Go program.
import { parseLabelSelector } from '@longshore/cloud-provider';
import type { LabelSelector } from '@longshore/cloud-provider';
import { canonicalUuid, toId } from '@longshore/cloudscale-api';
import type { LoadBalancerId, MonitorHttp, SubnetId, VipWish } from '@longshore/cloudscale-api';
import { canonicalAddress, canonicalCidr, floatingAddress } from './addresses.ts';

/** One way to write values. */
export interface ValueKind<T> {
  /** Completes "use …" in messages. */
  readonly values: string;
  /** How a message begins. */
  readonly complaint?: string;
  /** `undefined` when the text is no value. */
  parse(text: string): T | undefined;
}

/** Any text. */
export function text<T extends string | undefined>(values: string): ValueKind<T> {
  return { values, parse: (raw) => raw as T };
}

/** One of a few words; case matters. */
export function oneOf<const T extends string>(words: readonly T[]): ValueKind<T> {
  return { values: `one of ${words.join(', ')}`, parse: (raw) => words.find((word) => word === raw) };
}

/** A whole number. */
export function integer(least: number): ValueKind<number> {
  const values = `a whole number from ${least}`;
  return { values, parse: (raw) => (/^\d{1,9}$/.test(raw) && Number(raw) >= least ? Number(raw) : undefined) };
}

/** The UUID of a balancer. */
export const uuidOrNone: ValueKind<LoadBalancerId | undefined> = {
  values: 'the UUID of a load balancer (it is written by the controller: remove it)',
  parse: (raw) => toId<LoadBalancerId>(raw),
};

/** A DNS name; the API server takes no other in a Service's status. */
export const hostname: ValueKind<string | undefined> = {
  values: 'a DNS name such as lb.example.com',
  parse: (raw) =>
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/.test(raw) ? raw : undefined,
};

/** Networks; bare addresses get a mask. */
export const cidrs: ValueKind<readonly string[]> = {
  values: 'a JSON list of networks such as ["10.0.0.0/8"]',
  parse: (raw) => parseTexts(raw, canonicalCidr),
};

/** Addresses of floating IPs, with or without prefix length. */
export const floatingIps: ValueKind<readonly string[]> = {
  values: 'a JSON list of floating IPs such as ["5.102.150.123/32"]',
  parse: (raw) => parseTexts(raw, floatingAddress),
};

/** UUIDs of subnets. */
export const subnets: ValueKind<readonly SubnetId[]> = {
  values: 'a JSON list of UUIDs of subnets',
  parse: (raw) => parseTexts(raw, (item) => toId<SubnetId>(item)),
};

/** Wishes for addresses in private subnets. */
export const vips: ValueKind<readonly VipWish[]> = {
  values: 'a JSON list of objects such as {"subnet": "<uuid>", "address": "10.0.0.5"}, address may be left out',
  parse: (raw) => parseList(raw, parseVip),
};

/** Options of a health monitor of type http or https. */
export const monitorHttp: ValueKind<Partial<MonitorHttp> | undefined> = {
  values: 'a JSON object with expected_codes (a list), method, url_path, version ("1.0" or "1.1") and host',
  parse: parseMonitorHttp,
};

/** A label selector. */
export const labelSelector: ValueKind<LabelSelector | undefined> = {
  values: 'a label selector such as zone=a,!edge',
  complaint: 'unable to parse selector',
  parse: parseLabelSelector,
};

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function parseList<T>(raw: string, parseItem: (item: unknown) => T | undefined): readonly T[] | undefined {
  const list = parseJson(raw);
  if (!Array.isArray(list)) return undefined;
  const items = list.map(parseItem);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function parseTexts<T>(raw: string, parseItem: (item: string) => T | undefined): readonly T[] | undefined {
  const items = parseList(raw, (item) => (typeof item === 'string' ? parseItem(item) : undefined));
  return items && [...new Set(items)];
}

function parseVip(item: unknown): VipWish | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { subnet: uuid, address, ...rest } = item as Readonly<Record<string, unknown>>;
  const subnet = typeof uuid === 'string' ? (canonicalUuid(uuid) as SubnetId | undefined) : undefined;
  if (subnet === undefined || Object.keys(rest).length > 0) return undefined;
  if (address === undefined || address === '') return { subnet };
  const canonical = typeof address === 'string' ? canonicalAddress(address) : undefined;
  return canonical === undefined ? undefined : { subnet, address: canonical };
}

const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'];

type Field = readonly [name: keyof MonitorHttp, isFine: (value: unknown) => boolean];

const FIELDS: Readonly<Record<string, Field>> = {
  expected_codes: ['expectedCodes', areCodes],
  method: ['method', (value) => METHODS.includes(String(value))],
  url_path: ['urlPath', (value) => typeof value === 'string' && value.startsWith('/')],
  version: ['version', (value) => value === '1.0' || value === '1.1'],
  host: ['host', (value) => value === null || typeof value === 'string'],
};

function parseMonitorHttp(raw: string): Partial<MonitorHttp> | undefined {
  const object = parseJson(raw);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const entries = Object.entries(object).map(([field, value]) => {
    const known = FIELDS[field];
    return known?.[1](value) ? ([known[0], value === '' ? null : value] as const) : undefined;
  });
  if (!entries.every((entry) => entry !== undefined)) return undefined;
  const http = Object.fromEntries(entries) as Partial<MonitorHttp>;
  // The API refuses it, and only after the balancer is built.
  return http.version === '1.0' && typeof http.host === 'string' ? undefined : http;
}

function areCodes(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((code) => typeof code === 'string' && /^\d{3}(-\d{3})?$/.test(code))
  );
}
