// Rules of a cloud firewall in one normal form: one rule for each protocol and port, everything sorted, addresses as the API writes them.
// Two firewalls are equal when their normal forms are: order, `''`/`all`/`0` for all ports and `1.2.3.4/32` for `1.2.3.4` make no difference.
import ipaddr from 'ipaddr.js';
import type { FirewallPeers, FirewallRule } from '@longshore/digitalocean-api';

/** Everybody. */
export const ANYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

/** One rule for each protocol and port, with the peers of all; rules without peers let nobody in and are left out. */
export function normalRules(rules: readonly FirewallRule[]): readonly FirewallRule[] {
  return [...Map.groupBy(rules, ruleKey).values()]
    .map(mergeRules)
    .filter(({ peers }) => Object.keys(peers).length > 0)
    .sort((a, b) => compareTexts(sortKey(a), sortKey(b)));
}

/** What a rule is about: `tcp 443`. */
export function ruleKey({ protocol, ports }: Pick<FirewallRule, 'protocol' | 'ports'>): string {
  return protocol === 'icmp' ? protocol : `${protocol} ${normalPorts(ports)}`;
}

/** A rule in words. */
export function describeRule(rule: FirewallRule): string {
  const { addresses = [], loadBalancerIds = [], dropletIds = [], kubernetesIds = [], tags = [] } = rule.peers;
  const isAnywhere = ANYWHERE.every((address) => addresses.includes(address));
  const peers = [
    ...(isAnywhere ? ['anywhere'] : addresses),
    ...loadBalancerIds.map((id) => `load balancer ${id}`),
    ...dropletIds.map((id) => `droplet ${id}`),
    ...kubernetesIds.map((id) => `cluster ${id}`),
    ...tags.map((tag) => `tag ${tag}`),
  ];
  return `${ruleKey(rule)} (${peers.join(', ')})`;
}

function mergeRules(rules: readonly FirewallRule[]): FirewallRule {
  const [{ protocol, ports } = { protocol: '', ports: undefined }] = rules;
  const all = <T>(read: (peers: FirewallPeers) => readonly T[] | undefined): readonly T[] =>
    sorted(rules.flatMap(({ peers }) => read(peers) ?? []));
  const lists = {
    addresses: widest(all(({ addresses }) => addresses?.map(normalAddress))),
    dropletIds: all(({ dropletIds }) => dropletIds),
    loadBalancerIds: all(({ loadBalancerIds }) => loadBalancerIds),
    kubernetesIds: all(({ kubernetesIds }) => kubernetesIds),
    tags: all(({ tags }) => tags),
  };
  const peers: FirewallPeers = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
  return protocol === 'icmp' ? { protocol, peers } : { protocol, ports: normalPorts(ports), peers };
}

function normalPorts(ports: string | undefined): string {
  return ports === undefined || ports === '' || ports === '0' ? 'all' : ports;
}

// What cannot be read is compared as it is: somebody else wrote it, and it will be replaced.
function normalAddress(text: string): string {
  const address = text.trim();
  const [host = '', bits] = address.split('/');
  if (!ipaddr.isValid(host)) return address;
  const parsed = ipaddr.parse(host);
  const isV4 = parsed.kind() === 'ipv4';
  const shown = isV4 ? parsed.toString() : (parsed as ipaddr.IPv6).toRFC5952String();
  const isSingle = bits === undefined || bits === (isV4 ? '32' : '128');
  return isSingle ? shown : `${shown}/${bits}`;
}

// Beside "everybody" the others of the same family say nothing.
function widest(addresses: readonly string[]): readonly string[] {
  const isV6 = (address: string): boolean => address.includes(':');
  return addresses.filter((address) => {
    const everybody = isV6(address) ? '::/0' : '0.0.0.0/0';
    return address === everybody || !addresses.includes(everybody);
  });
}

function sorted<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)].sort((a, b) => compareTexts(String(a), String(b)));
}

// Ports as text, as the Go program sorts them: 10256, 443, 80.
function sortKey({ protocol, ports = '' }: FirewallRule): string {
  return `${protocol} ${ports}`;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
