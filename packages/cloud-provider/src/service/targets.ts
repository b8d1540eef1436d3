// Which Nodes a balancer sends traffic to (spec §4.4), and when that set is another one (§4.5). Readiness, cordoning and
// externalTrafficPolicy play no part: the balancer's health check drains those Nodes, and taking them out here would cut
// connections that survive a restart of kubelet.
import type { KubeNode } from '@longshore/k8s-runtime';
import { LABEL_EXCLUDE_FROM_BALANCERS, TAINT_AUTOSCALER_DELETES } from '../well-known.ts';

/** Why a Node is no target. */
export type DropRule = 'excluded' | 'deleting' | 'doomed';

/** What is remembered of a target set: a Node's name and what providers address it by. */
export type TargetSet = ReadonlyMap<string, string>;

/** The Nodes of a cluster as balancers see them; `nodes` is ordered by name. */
export interface Targets {
  readonly nodes: readonly KubeNode[];
  readonly set: TargetSet;
  readonly dropped: Readonly<Record<DropRule, readonly string[]>>;
}

/** Nodes that the cluster autoscaler is about to remove leave at once (I27), or with the next change of the set. */
export interface TargetRules {
  readonly removesDoomedAtOnce: boolean;
}

/** Applies the filter to all Nodes of the cluster. */
export function selectTargets(all: Iterable<KubeNode>): Targets {
  const nodes: KubeNode[] = [];
  const dropped: Record<DropRule, string[]> = { excluded: [], deleting: [], doomed: [] };
  for (const node of all) {
    const rule = dropRule(node);
    if (rule) dropped[rule].push(nameOf(node));
    else nodes.push(node);
  }
  nodes.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return { nodes, dropped, set: new Map(nodes.map((node) => [nameOf(node), targetFacts(node)])) };
}

/** The rule that keeps a Node out of balancers; undefined for a target. */
export function dropRule(node: KubeNode): DropRule | undefined {
  if (node.metadata?.deletionTimestamp !== undefined) return 'deleting';
  if (isExcluded(node)) return 'excluded';
  return isDoomed(node) ? 'doomed' : undefined;
}

/** True when an update of a Node can change a target set: what starts a look at the balancers. */
export function isTargetUpdate(before: KubeNode, after: KubeNode): boolean {
  return dropRule(before) !== dropRule(after) || targetFacts(before) !== targetFacts(after);
}

/** True when the set that a balancer was last told is not the present one. */
export function isOtherTargetSet(told: TargetSet, now: Targets, rules: TargetRules): boolean {
  if (told === now.set) return false;
  const ignored = new Set(rules.removesDoomedAtOnce ? [] : now.dropped.doomed);
  const expected = [...told].filter(([name]) => !ignored.has(name));
  return expected.length !== now.set.size || expected.some(([name, facts]) => now.set.get(name) !== facts);
}

const RULE_WORDS: Readonly<Record<DropRule, string>> = {
  excluded: `labelled ${LABEL_EXCLUDE_FROM_BALANCERS}`,
  deleting: 'being deleted',
  doomed: `tainted ${TAINT_AUTOSCALER_DELETES}`,
};

/** `3 labelled …, 1 being deleted`, or '' when no Node was dropped (I24). */
export function describeDropped(dropped: Targets['dropped']): string {
  const rules = Object.keys(RULE_WORDS) as DropRule[];
  const parts = rules.filter((rule) => dropped[rule].length > 0);
  return parts.map((rule) => `${dropped[rule].length} ${RULE_WORDS[rule]}`).join(', ');
}

/** One rule in words, for `explain`. */
export function describeRule(rule: DropRule): string {
  return RULE_WORDS[rule];
}

// Go's strconv.ParseBool: these spellings are false; everything else excludes, unparsable and empty values too.
const FALSE_WORDS: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'False', 'FALSE']);

function isExcluded(node: KubeNode): boolean {
  const label = node.metadata?.labels?.[LABEL_EXCLUDE_FROM_BALANCERS];
  return label !== undefined && !FALSE_WORDS.has(label);
}

function isDoomed(node: KubeNode): boolean {
  return node.spec?.taints?.some((taint) => taint.key === TAINT_AUTOSCALER_DELETES) ?? false;
}

// Some clouds address targets by instance, others by IP; hostnames and DNS names are nobody's targets.
function targetFacts(node: KubeNode): string {
  const addresses = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP');
  return JSON.stringify([node.spec?.providerID ?? '', addresses.map(({ type, address }) => [type, address])]);
}

function nameOf(node: KubeNode): string {
  return node.metadata?.name ?? '';
}
