// What the API refuses about a firewall, as a sentence for its 422. Documented: name, at least one rule, tags that exist. The other checks
// follow from the meaning of the fields; their wording is ours.
import { isIP } from 'node:net';
import type { WireFirewallPeers, WireFirewallRule } from './wire.ts';
import type { World } from './world.ts';

/** The body of a POST or PUT; what is absent is reset. */
export interface FirewallBody {
  readonly name?: string;
  readonly inbound_rules?: readonly WireFirewallRule[] | null;
  readonly outbound_rules?: readonly WireFirewallRule[] | null;
  readonly droplet_ids?: readonly number[] | null;
  readonly tags?: readonly string[] | null;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9.-]+$/;

/** The first thing that is wrong. */
export function firewallProblem(body: FirewallBody, world: World): string | undefined {
  if (!NAME.test(body.name ?? '')) return 'name is invalid';
  const { inbound_rules: inbound, outbound_rules: outbound, droplet_ids: dropletIds, tags } = body;
  const rules = [...(inbound ?? []), ...(outbound ?? [])];
  if (rules.length === 0) return 'at least one rule is required';
  const peers = rules.flatMap(({ sources, destinations }) => [sources, destinations]);
  const all = { droplet_ids: dropletIds ?? [], tags: tags ?? [] };
  return ruleProblem(rules) ?? peersProblem(mergedPeers([...peers, all]), world);
}

type AllPeers = Required<WireFirewallPeers>;

function mergedPeers(peers: readonly (WireFirewallPeers | undefined)[]): AllPeers {
  return {
    addresses: peers.flatMap((each) => each?.addresses ?? []),
    droplet_ids: peers.flatMap((each) => each?.droplet_ids ?? []),
    load_balancer_uids: peers.flatMap((each) => each?.load_balancer_uids ?? []),
    kubernetes_ids: [],
    tags: peers.flatMap((each) => each?.tags ?? []),
  };
}

function peersProblem(peers: AllPeers, world: World): string | undefined {
  return (
    missing('droplet', peers.droplet_ids, world.droplets) ??
    missing('load balancer', peers.load_balancer_uids, world.loadBalancers) ??
    addressProblem(peers.addresses) ??
    tagProblem(peers.tags, world)
  );
}

function ruleProblem(rules: readonly WireFirewallRule[]): string | undefined {
  const wrong = rules.find((rule) => !['tcp', 'udp', 'icmp'].includes(rule.protocol) || !hasPorts(rule));
  return wrong === undefined ? undefined : `rule for ${wrong.protocol} "${wrong.ports ?? ''}" is invalid`;
}

function hasPorts({ protocol, ports }: WireFirewallRule): boolean {
  if (protocol === 'icmp') return true;
  if (ports === 'all' || ports === '0') return true;
  const [low, high = low] = (ports ?? '').split('-').map(Number);
  return low !== undefined && high !== undefined && low >= 1 && low <= high && high <= 65535;
}

function addressProblem(addresses: readonly string[]): string | undefined {
  const wrong = addresses.find((address) => !isAddress(address));
  return wrong === undefined ? undefined : `address "${wrong}" is invalid`;
}

function isAddress(text: string): boolean {
  const [host = '', bits, more] = text.split('/');
  const version = isIP(host);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function missing<K>(what: string, ids: readonly K[], has: ReadonlyMap<K, unknown>): string | undefined {
  const unknown = ids.find((id) => !has.has(id));
  return unknown === undefined ? undefined : `${what} ${String(unknown)} not found`;
}

function tagProblem(names: readonly string[], world: World): string | undefined {
  const absent = names.find((name) => !world.tags.has(name));
  return absent === undefined ? undefined : `tag "${absent}" does not exist`;
}
