// One pass over all Nodes: whom to ask the cloud about, what the answers add to the records, and whether so many are gone at once that
// no Node may be removed, or later than usual (I10). Pure; the controller does the asking in between.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding } from '../provider.ts';
import { isReady, nameOf, uidOf } from '../node/node-facts.ts';
import { isDue, recordOf } from './check-schedule.ts';
import type { CheckPauses, CheckRecord } from './check-schedule.ts';
import { areSeveral, isInGrace, mostRemovals, planNodeLifecycle } from './node-lifecycle-plan.ts';
import type { LifecyclePlan, RemovalLimit, RemovalVerdict } from './node-lifecycle-plan.ts';

/** Records by Node name. */
export type CheckRecords = ReadonlyMap<string, CheckRecord>;

/** Both readings of the clock: monotonic for the schedule, wall for the age of Nodes. */
export interface PassTime {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The plan of one Node of the pass. */
export interface PlannedNode {
  readonly node: KubeNode;
  readonly finding: InstanceFinding | undefined;
  /** As of the pass: a second try with a fresh copy of the Node keeps it. */
  readonly verdict: RemovalVerdict;
  readonly plan: LifecyclePlan;
}

/** What a pass does. */
export interface PassPlan {
  readonly planned: readonly PlannedNode[];
  /** Nodes whose machine is gone as far as the cloud says, confirmed or not. */
  readonly goneCount: number;
  readonly isHeld: boolean;
  /** So many for the cluster's size that two answers do not suffice. */
  readonly isSlow: boolean;
}

/** Nodes that the cloud must be asked about now. */
export function nodesToAsk(
  nodes: readonly KubeNode[],
  records: CheckRecords,
  { time, graceMs }: { readonly time: PassTime; readonly graceMs: number },
): readonly KubeNode[] {
  return nodes.filter(
    (node) =>
      !isReady(node) &&
      !isInGrace(node, { graceMs, nowMs: time.wallMs }) &&
      isDue(node, records.get(nameOf(node)), time.monotonicMs),
  );
}

/** The records after the answers; Nodes that are ready again, gone or replaced have none. */
export function recordsAfter(
  nodes: readonly KubeNode[],
  before: CheckRecords,
  answers: {
    readonly asked: readonly KubeNode[];
    readonly findings: ReadonlyMap<string, InstanceFinding>;
    readonly nowMs: number;
    readonly pauses: CheckPauses;
  },
): CheckRecords {
  const { asked, findings, nowMs, pauses } = answers;
  const askedByName = new Map(asked.map((node) => [nameOf(node), node]));
  const after = new Map<string, CheckRecord>();
  for (const node of nodes.filter((candidate) => !isReady(candidate))) {
    const name = nameOf(node);
    const old = before.get(name);
    const checked = askedByName.get(name);
    if (checked && uidOf(checked) === uidOf(node)) {
      after.set(name, recordOf({ node: checked, finding: findings.get(name), nowMs }, old, pauses));
    } else if (old) after.set(name, old);
  }
  return after;
}

/** The steps for the Nodes that were asked about, and for ready ones that still carry the shutdown taint. */
export function planPass(
  nodes: readonly KubeNode[],
  records: CheckRecords,
  facts: {
    readonly asked: readonly KubeNode[];
    readonly findings: ReadonlyMap<string, InstanceFinding>;
    /** Monotonic, as in the records. */
    readonly nowMs: number;
    readonly limit: RemovalLimit;
  },
): PassPlan {
  const { limit, nowMs } = facts;
  const goneCount = [...records.values()].filter(({ goneSinceMs }) => goneSinceMs !== undefined).length;
  const isHeld = goneCount > mostRemovals(nodes.length, limit);
  const isSlow = areSeveral(goneCount, nodes.length, limit);
  const neededMs = isSlow ? limit.severalGoneMs : 0;
  const askedUids = new Set(facts.asked.map(uidOf));
  const planned = nodes
    .filter((node) => isReady(node) || askedUids.has(uidOf(node)))
    .map((node): PlannedNode => {
      const finding = facts.findings.get(nameOf(node));
      const { isGoneConfirmed = false, goneSinceMs = nowMs } = records.get(nameOf(node)) ?? {};
      const verdict = { isGoneConfirmed, isTooSoon: nowMs - goneSinceMs < neededMs, isHeld };
      return { node, finding, verdict, plan: planNodeLifecycle(node, finding, verdict) };
    });
  return { planned, goneCount, isHeld, isSlow };
}
