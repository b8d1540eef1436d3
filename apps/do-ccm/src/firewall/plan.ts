// Wanted and found firewall to the one step that makes them equal. Pure. A PUT replaces everything, so what is not ours goes along as found:
// droplets, and sources and destinations by droplet, tag or Kubernetes cluster. Addresses and balancers are ours: others are taken out.
import type { Firewall, FirewallId, FirewallRule, FirewallSpec } from '@longshore/digitalocean-api';
import type { WantedFirewall } from './desired.ts';
import { describeRule, normalRules, ruleKey } from './rules.ts';
import type { Kept } from './service-rules.ts';

/** Something about the firewall that is not as wanted. */
export interface Difference {
  readonly field: 'name' | 'tags' | 'inbound rules' | 'outbound rules';
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** One change of the cloud. */
export type FirewallStep =
  | { readonly kind: 'create-firewall'; readonly spec: FirewallSpec }
  | {
      readonly kind: 'update-firewall';
      readonly id: FirewallId;
      readonly spec: FirewallSpec;
      readonly differences: readonly Difference[];
    };

/** The step; undefined when all is as wanted. */
export function planFirewall(wanted: WantedFirewall, found: Firewall | undefined): FirewallStep | undefined {
  const spec = specOf(wanted, found);
  if (!found) return { kind: 'create-firewall', spec };
  const differences = differencesBetween(spec, found);
  return differences.length > 0 ? { kind: 'update-firewall', id: found.id, spec, differences } : undefined;
}

/** A difference in words. */
export function describeDifference({ field, added, removed }: Difference): string {
  const all = [...removed.map((text) => `- ${text}`), ...added.map((text) => `+ ${text}`)];
  const more = all.length > SHOWN ? [`and ${all.length - SHOWN} more`] : [];
  return `${field}: ${[...all.slice(0, SHOWN), ...more].join(', ')}`;
}

/** The step in words. */
export function describeFirewallStep(step: FirewallStep): { readonly summary: string; readonly why: string } {
  const { spec } = step;
  if (step.kind === 'update-firewall') {
    const fields = step.differences.map(({ field }) => field).join(', ');
    return {
      summary: `change ${step.differences.map(describeDifference).join('; ')}`,
      why: `not as wanted: ${fields}`,
    };
  }
  const opens = spec.inboundRules.map(describeRule);
  const inbound = opens.length > 0 ? `that lets in ${shortened(opens).join(', ')}` : 'that lets nobody in';
  const summary = `create the firewall ${spec.name} for droplets with the tag ${spec.tags.join(' or ')}, ${inbound}`;
  return { summary, why: 'there is none of this name' };
}

const SHOWN = 10;

function shortened(texts: readonly string[]): readonly string[] {
  return texts.length > SHOWN ? [...texts.slice(0, SHOWN), `and ${texts.length - SHOWN} more`] : texts;
}

function specOf(wanted: WantedFirewall, found: Firewall | undefined): FirewallSpec {
  const inbound = found?.inboundRules ?? [];
  const kept = wanted.kept.flatMap((part) => keptRules(part, inbound));
  return {
    name: wanted.name,
    tags: wanted.tags,
    inboundRules: normalRules([...wanted.inboundRules, ...kept, ...inbound.map(withForeignPeers)]),
    outboundRules: normalRules([...wanted.outboundRules, ...(found?.outboundRules ?? []).map(withForeignPeers)]),
    dropletIds: found?.dropletIds ?? [],
  };
}

function keptRules({ openings, balancerId }: Kept, found: readonly FirewallRule[]): readonly FirewallRule[] {
  const keys = new Set(openings.map(ruleKey));
  return found.flatMap(({ peers, ...rule }) => {
    const addresses = keys.has(ruleKey(rule)) ? (peers.addresses ?? []) : [];
    const loadBalancerIds = (peers.loadBalancerIds ?? []).filter((id) => id === balancerId);
    return [{ ...rule, peers: { addresses, loadBalancerIds } }];
  });
}

function withForeignPeers({ peers, ...rule }: FirewallRule): FirewallRule {
  const { addresses: _addresses, loadBalancerIds: _balancers, ...foreign } = peers;
  return { ...rule, peers: foreign };
}

function differencesBetween(spec: FirewallSpec, found: Firewall): readonly Difference[] {
  const rules = (list: readonly FirewallRule[]): readonly string[] => normalRules(list).map(describeRule);
  return [
    difference('name', [spec.name], [found.name]),
    difference('tags', spec.tags, found.tags),
    difference('inbound rules', rules(spec.inboundRules), rules(found.inboundRules)),
    difference('outbound rules', rules(spec.outboundRules), rules(found.outboundRules)),
  ].filter(({ added, removed }) => added.length + removed.length > 0);
}

function difference(field: Difference['field'], wanted: readonly string[], found: readonly string[]): Difference {
  return {
    field,
    added: wanted.filter((text) => !found.includes(text)),
    removed: found.filter((text) => !wanted.includes(text)),
  };
}
