// Cloud firewalls. A PUT replaces everything, so what others have put in (droplet ids) has to be sent along.
import {
  listOf,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  requiredText,
  withoutAbsent,
} from '@longshore/cloud-http';
import type { CloudHttp, JsonObject } from '@longshore/cloud-http';
import { parseDropletNumber, parseFirewallId, parseLoadBalancerId } from './ids.ts';
import type { DropletId, FirewallId, LoadBalancerId } from './ids.ts';
import { listAll } from './lists.ts';
import type { Removal } from './load-balancers.ts';

/** Who is at the other end of a rule. An absent list is not sent. */
export interface FirewallPeers {
  readonly addresses?: readonly string[];
  readonly dropletIds?: readonly DropletId[];
  readonly loadBalancerIds?: readonly LoadBalancerId[];
  readonly kubernetesIds?: readonly string[];
  readonly tags?: readonly string[];
}

/** Lets traffic in or out. */
export interface FirewallRule {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | (string & {});
  /** `80`, `8000-9000`, or `all`; the API's `0` and empty text read as `all`. Absent for icmp. */
  readonly ports?: string;
  readonly peers: FirewallPeers;
}

/** What a firewall shall be. */
export interface FirewallSpec {
  readonly name: string;
  readonly inboundRules: readonly FirewallRule[];
  readonly outboundRules: readonly FirewallRule[];
  readonly dropletIds: readonly DropletId[];
  /** Must exist. */
  readonly tags: readonly string[];
}

/** A firewall as the API shows it. */
export interface Firewall extends FirewallSpec {
  readonly id: FirewallId;
  readonly status: 'waiting' | 'succeeded' | 'failed' | (string & {}) | undefined;
}

const ALL = '/v2/firewalls';
const ONE = '/v2/firewalls/{id}';

/** Calls about firewalls. */
export class Firewalls {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All firewalls. */
  list(signal: AbortSignal): Promise<readonly Firewall[]> {
    return listAll(
      this.#http,
      { path: ALL, key: 'firewalls', parse: parseFirewall, idOf: ({ id }: Firewall) => id },
      signal,
    );
  }

  /** One firewall; `undefined` only when the API itself says that there is none. */
  get(id: FirewallId, signal: AbortSignal): Promise<Firewall | undefined> {
    return this.#http.send(
      { method: 'GET', path: pathOf(id), name: ONE, parse: parseAnswer, absentOn404: true },
      signal,
    );
  }

  /** Creates one. When the answer is lost (`isLostAnswer`), look for it by name before creating again. */
  create(spec: FirewallSpec, signal: AbortSignal): Promise<Firewall> {
    return this.#http.send(
      { method: 'POST', path: ALL, name: ALL, body: toFirewallBody(spec), parse: parseAnswer },
      signal,
    );
  }

  /** Replaces everything about it; `undefined` when it is gone. */
  update(id: FirewallId, spec: FirewallSpec, signal: AbortSignal): Promise<Firewall | undefined> {
    const body = toFirewallBody(spec);
    return this.#http.send(
      { method: 'PUT', path: pathOf(id), name: ONE, body, parse: parseAnswer, absentOn404: true },
      signal,
    );
  }

  /** Removes it. */
  async remove(id: FirewallId, signal: AbortSignal): Promise<Removal> {
    const call = { method: 'DELETE', path: pathOf(id), name: ONE, absentOn404: true } as const;
    return (await this.#http.send({ ...call, parse: () => 'removed' as const }, signal)) ?? 'absent';
  }
}

/** A firewall as the API writes it. */
export function parseFirewall(raw: unknown): Firewall {
  const firewall = parseObject(raw, 'firewall');
  return {
    id: parseFirewallId(requiredText(firewall, 'id')),
    name: requiredText(firewall, 'name'),
    status: optionalText(firewall, 'status'),
    inboundRules: listOf(firewall, 'inbound_rules', (rule) => parseRule(rule, 'sources')),
    outboundRules: listOf(firewall, 'outbound_rules', (rule) => parseRule(rule, 'destinations')),
    dropletIds: listOf(firewall, 'droplet_ids', parseDropletNumber),
    tags: listOf(firewall, 'tags', parseText),
  };
}

/** The body of a POST or PUT. */
export function toFirewallBody(spec: FirewallSpec): JsonObject {
  return {
    name: spec.name,
    inbound_rules: spec.inboundRules.map((rule) => toRuleBody(rule, 'sources')),
    outbound_rules: spec.outboundRules.map((rule) => toRuleBody(rule, 'destinations')),
    droplet_ids: spec.dropletIds,
    tags: spec.tags,
  };
}

function parseRule(raw: unknown, side: 'sources' | 'destinations'): FirewallRule {
  const rule = parseObject(raw, 'firewall rule');
  const protocol = requiredText(rule, 'protocol');
  const ports = optionalText(rule, 'ports');
  const peers = parsePeers(optionalObject(rule[side]) ?? {});
  if (protocol === 'icmp') return { protocol, peers };
  return { protocol, ports: ports === undefined || ports === '0' ? 'all' : ports, peers };
}

function parsePeers(peers: JsonObject): FirewallPeers {
  const lists = {
    addresses: listOf(peers, 'addresses', parseText),
    dropletIds: listOf(peers, 'droplet_ids', parseDropletNumber),
    loadBalancerIds: listOf(peers, 'load_balancer_uids', (id) => parseLoadBalancerId(parseText(id))),
    kubernetesIds: listOf(peers, 'kubernetes_ids', parseText),
    tags: listOf(peers, 'tags', parseText),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function toRuleBody(rule: FirewallRule, side: 'sources' | 'destinations'): JsonObject {
  const { addresses, dropletIds, loadBalancerIds, kubernetesIds, tags } = rule.peers;
  return withoutAbsent({
    protocol: rule.protocol,
    ports: rule.ports,
    [side]: withoutAbsent({
      addresses,
      droplet_ids: dropletIds,
      load_balancer_uids: loadBalancerIds,
      kubernetes_ids: kubernetesIds,
      tags,
    }),
  });
}

function pathOf(id: FirewallId): string {
  return `${ALL}/${encodeURIComponent(id)}`;
}

function parseAnswer(body: unknown): Firewall {
  return parseFirewall(parseObject(body, 'the answer')['firewall']);
}
