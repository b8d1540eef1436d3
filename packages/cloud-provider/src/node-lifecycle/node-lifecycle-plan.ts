// What a Node's readiness and the finding about its machine lead to: a shutdown taint, its removal, or the removal of the Node. Pure.
// Only `gone` can remove, never an error (promise 1 of the design), and even that only under the guard of I10: confirmed by a second
// answer, not while the Node is young and uninitialized, not when so many are gone at once that the answer itself is doubtful. In a small
// cluster two of three may be a scale-down or a mistake of the account: they go, but only after minutes of the same answer.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding } from '../provider.ts';
import { ageMs, isReady, isUninitialized, nameOf, taintsOf, uidOf } from '../node/node-facts.ts';
import type { Taint } from '../node/node-facts.ts';
import { withoutShutdownTaint, withShutdownTaint } from './shutdown-taint.ts';

/** One write to a Node. `taints` is the whole list that shall be there. */
export type LifecycleStep =
  | { readonly kind: 'add-shutdown-taint'; readonly taints: readonly Taint[] }
  | { readonly kind: 'remove-shutdown-taint'; readonly taints: readonly Taint[] }
  | { readonly kind: 'delete-node'; readonly uid: string };

/** How sure it is that the machine is gone, and whether the pass may remove Nodes at all. */
export interface RemovalVerdict {
  readonly isGoneConfirmed: boolean;
  /** Several are gone at once, and the cloud has not been saying so of this one for long enough. */
  readonly isTooSoon?: boolean;
  readonly isHeld: boolean;
}

/** What to do about one Node; `waitingFor` says in words what keeps a Node whose machine is gone. */
export interface LifecyclePlan {
  readonly steps: readonly LifecycleStep[];
  readonly waitingFor?: string;
}

/**
 * At most max(atLeast, percent of all Nodes) may be gone at once. More than one and more than the percentage are several: only
 * the minimum for small clusters lets them go, and only when the cloud has been saying so for `severalGoneMs`.
 */
export interface RemovalLimit {
  readonly atLeast: number;
  readonly percent: number;
  readonly severalGoneMs: number;
}

/** The limit of the program: there is no flag for it. */
export const USUAL_REMOVAL_LIMIT: RemovalLimit = { atLeast: 5, percent: 20, severalGoneMs: 120_000 };

const nothing: LifecyclePlan = { steps: [] };

/** The steps for one Node. `finding` is undefined when the cloud was not asked or left the Node out. */
export function planNodeLifecycle(
  node: KubeNode,
  finding: InstanceFinding | undefined,
  verdict: RemovalVerdict,
): LifecyclePlan {
  if (isReady(node)) return taintPlan('remove-shutdown-taint', withoutShutdownTaint(taintsOf(node)));
  switch (finding?.state) {
    case 'stopped':
      return taintPlan('add-shutdown-taint', withShutdownTaint(taintsOf(node)));
    case 'gone':
      return planRemoval(node, verdict);
    default:
      // Running, but not ready yet: an old shutdown taint stays until the Node is ready again.
      return nothing;
  }
}

/** True while a fresh Node is left in peace: clouds need a while until they know a new machine by name. */
export function isInGrace(
  node: KubeNode,
  { graceMs, nowMs }: { readonly graceMs: number; readonly nowMs: number },
): boolean {
  return isUninitialized(node) && ageMs(node, nowMs) < graceMs;
}

/** How many Nodes may be gone at once before all removals are held back. */
export function mostRemovals(
  nodeCount: number,
  { atLeast, percent }: Pick<RemovalLimit, 'atLeast' | 'percent'>,
): number {
  return Math.max(atLeast, Math.floor((nodeCount * percent) / 100));
}

/** True when so large a part of the Nodes is gone at once that two answers are too few. One Node never is. */
export function areSeveral(goneCount: number, nodeCount: number, { percent }: RemovalLimit): boolean {
  return goneCount > mostRemovals(nodeCount, { atLeast: 1, percent });
}

/** The step as a verb phrase without subject. */
export function describeLifecycleStep(step: LifecycleStep, nodeName: string): string {
  switch (step.kind) {
    case 'add-shutdown-taint':
      return `add the shutdown taint to node ${nodeName}`;
    case 'remove-shutdown-taint':
      return `remove the shutdown taint from node ${nodeName}`;
    case 'delete-node':
      return `delete node ${nodeName}, because its machine does not exist in the cloud`;
  }
}

function planRemoval(node: KubeNode, { isGoneConfirmed, isTooSoon, isHeld }: RemovalVerdict): LifecyclePlan {
  if (node.metadata?.deletionTimestamp !== undefined) return { steps: [], waitingFor: 'its finalizers' };
  if (!isGoneConfirmed) return { steps: [], waitingFor: 'a second answer of the cloud' };
  if (isHeld) return { steps: [], waitingFor: 'fewer nodes to be gone at once: this many look like a mistake' };
  if (isTooSoon) return { steps: [], waitingFor: 'minutes of the same answer, because several nodes are gone at once' };
  if (uidOf(node) === '') return { steps: [], waitingFor: `a UID of node ${nameOf(node)}` };
  return { steps: [{ kind: 'delete-node', uid: uidOf(node) }] };
}

function taintPlan(
  kind: 'add-shutdown-taint' | 'remove-shutdown-taint',
  taints: readonly Taint[] | undefined,
): LifecyclePlan {
  return taints === undefined ? nothing : { steps: [{ kind, taints }] };
}
