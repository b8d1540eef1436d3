// Which proxy a request goes through, with the rules of Go's net/http (golang.org/x/net/http/httpproxy), so that a deployment's
// environment means the same here. Pure: the environment is an argument. A proxy address that cannot be parsed counts as none, as in Go.
import { BlockList, isIP } from 'node:net';

/** Environment variables; those that matter are HTTPS_PROXY, HTTP_PROXY, NO_PROXY in upper or lower case (upper case wins). */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The proxy for `url`, or undefined for a direct connection. */
export function proxyFor(url: URL, env: ProxyEnvironment): URL | undefined {
  const proxy = parseProxy(proxyAddress(url.protocol, env));
  if (!proxy) return undefined;
  const target = { host: bareHost(url.hostname), port: url.port || defaultPort(url.protocol) };
  return isLocal(target.host) || isExcluded(target, setting(env, 'NO_PROXY')) ? undefined : proxy;
}

interface Target {
  readonly host: string;
  readonly port: string;
}

function proxyAddress(protocol: string, env: ProxyEnvironment): string {
  if (protocol === 'https:') return setting(env, 'HTTPS_PROXY');
  return protocol === 'http:' ? setting(env, 'HTTP_PROXY') : '';
}

function setting(env: ProxyEnvironment, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}

function parseProxy(address: string): URL | undefined {
  if (address === '') return undefined;
  const proxy = URL.parse(address.includes('://') ? address : `http://${address}`);
  return proxy && proxy.hostname !== '' ? proxy : undefined;
}

function defaultPort(protocol: string): string {
  return protocol === 'https:' ? '443' : '80';
}

// URLs write IPv6 hosts in brackets.
function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function isLocal(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && inNetworks(host, ['127.0.0.0/8', '::1/128']));
}

function isExcluded(target: Target, noProxy: string): boolean {
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matchesEntry(target, entry));
}

function matchesEntry(target: Target, entry: string): boolean {
  if (entry === '*') return true;
  if (isNetwork(entry)) return isIP(target.host) !== 0 && inNetworks(target.host, [entry]);
  const { host, port } = splitPort(entry);
  if (host === '' || (port !== '' && port !== target.port)) return false;
  const family = isIP(host);
  if (family !== 0) return isIP(target.host) !== 0 && inNetworks(target.host, [`${host}/${family === 4 ? 32 : 128}`]);
  return matchesDomain(target.host, host);
}

// `x.y` and its subdomains; `.x.y` and `*.x.y` the subdomains only.
function matchesDomain(host: string, pattern: string): boolean {
  const domain = pattern.startsWith('*.') ? pattern.slice(1) : pattern;
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

// `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6 address, whose colons separate no port.
function splitPort(entry: string): Target {
  if (isIP(entry) !== 0) return { host: entry, port: '' };
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry) ?? [];
  return { host: bareHost(host), port };
}

function isNetwork(entry: string): boolean {
  const [address = '', prefix = '', ...rest] = entry.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

function inNetworks(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix = ''] = network.split('/');
    list.addSubnet(base, Number(prefix), familyOf(base));
  }
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
