// The environment as a value, and the only file that knows variable names. `parseConfig` is pure and reports every problem at once;
// provider.ts turns the Config into clients. Names and meanings are those of the Go program (README, "Configuration").
import { isIP } from 'node:net';
import type { Problem } from '@longshore/cloud-provider';
import { never, OperatorError } from '@longshore/reconciler-core';

/** The environment of the process, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Address families that go onto Nodes. */
export type AddressFamily = 'ipv4' | 'ipv6';

/** Kinds of balancers that can be the default. */
export type DefaultBalancerType = 'REGIONAL' | 'REGIONAL_NETWORK';

/** Where a server of ours listens; host '' means all addresses. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Everything that the environment says. */
export interface Config {
  readonly token: { readonly kind: 'value'; readonly token: string } | { readonly kind: 'file'; readonly path: string };
  readonly apiUrl: string;
  readonly metadataUrl: string;
  /** Absent: the metadata service of the droplet knows. */
  readonly region: string | undefined;
  readonly clusterId: string | undefined;
  readonly vpcId: string | undefined;
  readonly limiterQps: number | undefined;
  readonly defaultBalancerType: DefaultBalancerType;
  /** In the order of the addresses on Nodes. Absent: IPv4, then IPv6 where there is one. */
  readonly addressFamilies: readonly AddressFamily[] | undefined;
  readonly publicFirewall: { readonly name: string; readonly tags: readonly string[] } | undefined;
  readonly debugAddress: ListenAddress | undefined;
  readonly metricsAddress: ListenAddress | undefined;
}

const DEFAULT_API_URL = 'https://api.digitalocean.com/';
const DEFAULT_METADATA_URL = 'http://169.254.169.254/';

/** Reads the environment; an array is the list of everything that is wrong with it. */
export function parseConfig(env: Environment): Config | readonly Problem[] {
  const problems: Problem[] = [];
  const read = readerOf(env, problems);
  const config: Config = {
    token: readToken(env, problems),
    apiUrl: read('DO_OVERRIDE_URL', parseUrl) ?? DEFAULT_API_URL,
    metadataUrl: read('DO_METADATA_URL', parseUrl) ?? DEFAULT_METADATA_URL,
    region: read('REGION', parseSlug),
    clusterId: read('DO_CLUSTER_ID', parseClusterId),
    vpcId: read('DO_CLUSTER_VPC_ID', parseText),
    limiterQps: read('DO_API_RATE_LIMIT_QPS', parseQps),
    defaultBalancerType: read('DEFAULT_LB_TYPE', parseBalancerType) ?? 'REGIONAL_NETWORK',
    addressFamilies: read('DO_IP_ADDR_FAMILIES', parseFamilies),
    publicFirewall: readFirewall(env, problems),
    debugAddress: read('DEBUG_ADDR', parseListenAddress),
    metricsAddress: read('METRICS_ADDR', parseListenAddress),
  };
  return problems.length > 0 ? problems : config;
}

/** Problems of the environment as the error that ends the process. */
export function configError(problems: readonly Problem[]): OperatorError {
  return new OperatorError('CONFIG_INVALID', problems.map(({ message }) => message).join('; '), never);
}

/** Variables whose values must never be shown. */
export function secretsOf(env: Environment): readonly string[] {
  const token = env['DO_ACCESS_TOKEN']?.trim();
  return token ? [token] : [];
}

interface Bad {
  readonly use: string;
}
type Parse<T> = (text: string) => T | Bad;
type Read = <T extends string | number | object>(name: string, parse: Parse<T>) => T | undefined;

// Values are trimmed: a Secret made from a file ends in a newline, and a space in a manifest is never meant. Empty counts as unset.
function readerOf(env: Environment, problems: Problem[]): Read {
  return (name, parse) => {
    const text = env[name]?.trim() ?? '';
    if (text === '') return undefined;
    const value = parse(text);
    if (!isBad(value)) return value;
    const message = `environment variable ${name}: ${JSON.stringify(text)} is not allowed, use ${value.use}`;
    problems.push({ field: name, value: text, message, severity: 'error' });
    return undefined;
  };
}

function isBad(value: unknown): value is Bad {
  return typeof value === 'object' && value !== null && 'use' in value;
}

function readToken(env: Environment, problems: Problem[]): Config['token'] {
  const token = env['DO_ACCESS_TOKEN']?.trim() ?? '';
  const path = env['DO_ACCESS_TOKEN_FILE']?.trim() ?? '';
  const refuse = (message: string): void => {
    problems.push({ field: 'DO_ACCESS_TOKEN', message, severity: 'error' });
  };
  if (token !== '' && path !== '') {
    refuse('set only one of the environment variables DO_ACCESS_TOKEN and DO_ACCESS_TOKEN_FILE');
  }
  if (path !== '') return { kind: 'file', path };
  if (token === '') {
    refuse(
      'environment variable "DO_ACCESS_TOKEN" is required: an API token of DigitalOcean with read and write scope (or DO_ACCESS_TOKEN_FILE, the path of a file with it)',
    );
  } else if (!/^[\x21-\x7e]+$/.test(token)) {
    refuse('environment variable DO_ACCESS_TOKEN: the token has a blank or a character that no token has');
  }
  return { kind: 'value', token };
}

function readFirewall(env: Environment, problems: Problem[]): Config['publicFirewall'] {
  const name = env['PUBLIC_ACCESS_FIREWALL_NAME']?.trim() ?? '';
  const tags = (env['PUBLIC_ACCESS_FIREWALL_TAGS'] ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (name === '' && tags.length === 0) return undefined;
  if (name === '') problems.push(missingForFirewall('PUBLIC_ACCESS_FIREWALL_NAME'));
  else if (!FIREWALL_NAME.test(name)) problems.push(badFirewallName(name));
  if (tags.length === 0) problems.push(missingForFirewall('PUBLIC_ACCESS_FIREWALL_TAGS'));
  return { name, tags: [...new Set(tags)] };
}

const FIREWALL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9.-]+$/;

function missingForFirewall(variable: string): Problem {
  const message = `environment variable "${variable}" is required when managing firewalls`;
  return { field: variable, message, severity: 'error' };
}

function badFirewallName(name: string): Problem {
  const field = 'PUBLIC_ACCESS_FIREWALL_NAME';
  const message = `environment variable ${field}: ${JSON.stringify(name)} is not allowed, use two or more letters, digits, "." and "-", starting with a letter or digit`;
  return { field, value: name, message, severity: 'error' };
}

const parseText: Parse<string> = (text) => text;

const parseSlug: Parse<string> = (text) =>
  /^[a-z0-9-]+$/i.test(text) ? text.toLowerCase() : { use: 'a region slug such as fra1' };

// The cluster ID becomes part of a tag, and tags know only these characters.
const parseClusterId: Parse<string> = (text) =>
  /^[A-Za-z0-9_:-]{1,250}$/.test(text) ? text : { use: 'letters, digits, "_", "-" and ":" (it becomes part of a tag)' };

const parseQps: Parse<number> = (text) => {
  const qps = Number(text);
  return Number.isFinite(qps) && qps > 0 ? qps : { use: 'a number of calls per second above 0, such as 3.5' };
};

const parseBalancerType: Parse<DefaultBalancerType> = (text) =>
  text === 'REGIONAL' || text === 'REGIONAL_NETWORK' ? text : { use: 'REGIONAL or REGIONAL_NETWORK' };

const parseFamilies: Parse<readonly AddressFamily[]> = (text) => {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const families = names.filter((name) => name === 'ipv4' || name === 'ipv6');
  const isFine = families.length === names.length && new Set(names).size === names.length;
  return isFine ? families : { use: 'ipv4, ipv6, "ipv4,ipv6" or "ipv6,ipv4"' };
};

const parseUrl: Parse<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !isHttp) return { use: 'an http or https URL' };
  return url.username === '' && url.password === '' ? url.href : { use: 'a URL without user and password' };
};

const parseListenAddress: Parse<ListenAddress> = (text) => {
  const use = { use: 'host:port or :port, such as 127.0.0.1:8081 or [::1]:8081' };
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]*)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain ?? '';
  if (digits === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return use;
  return { host, port };
};
