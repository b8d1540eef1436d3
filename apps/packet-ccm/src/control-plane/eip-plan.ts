// Who shall have the elastic IP of the control plane. Pure. It moves only for a reason that lasts (failed checks in a row, a cordoned or
// deleted node) and only to a node whose API server has just answered; in doubt everything stays as it is.
import type { AssignmentId, DeviceId } from '@longshore/packet-api';

/** A control-plane node. */
export interface ControlPlaneNode {
  readonly name: string;
  readonly deviceId: DeviceId;
  readonly isSchedulable: boolean;
  readonly isLeaving: boolean;
}

/** Who has the address now. */
export type Holder =
  | { readonly kind: 'nobody' }
  /** Several devices at once: nobody here did that. */
  | { readonly kind: 'several'; readonly count: number }
  | { readonly kind: 'node'; readonly node: ControlPlaneNode; readonly assignmentId: AssignmentId }
  /** A device that is no node's: not registered yet, or its Node was deleted while nobody looked. */
  | { readonly kind: 'stranger'; readonly deviceId: DeviceId; readonly assignmentId: AssignmentId };

/** Why the address leaves its holder. */
export type Reason = 'unassigned' | 'unhealthy' | 'cordoned' | 'deleted';

/** What is known when the holder is judged. */
export interface HolderFacts {
  readonly holder: Holder;
  /** Failed checks in a row, the last one included; 0 after a good one. */
  readonly failures: number;
  readonly failuresToMove: number;
  /** The holder's device was seen as that of a Node since this process leads. */
  readonly wasNode: boolean;
}

/** What becomes of the holder. */
export type Judgement =
  | { readonly kind: 'keep' }
  /** It fails, but not long enough. */
  | { readonly kind: 'wait'; readonly failures: number }
  | { readonly kind: 'leave'; readonly reason: Reason }
  | { readonly kind: 'hands-off'; readonly problem: string };

/** Judges the holder. */
export function judgeHolder({ holder, failures, failuresToMove, wasNode }: HolderFacts): Judgement {
  if (holder.kind === 'nobody') return { kind: 'leave', reason: 'unassigned' };
  if (holder.kind === 'several') {
    const problem = `it is assigned to ${holder.count} devices at once: take it off all but one`;
    return { kind: 'hands-off', problem };
  }
  if (isGone(holder, wasNode)) return { kind: 'leave', reason: 'deleted' };
  if (failures >= failuresToMove) return { kind: 'leave', reason: 'unhealthy' };
  if (holder.kind === 'node' && !holder.node.isSchedulable) return { kind: 'leave', reason: 'cordoned' };
  return failures > 0 ? { kind: 'wait', failures } : { kind: 'keep' };
}

function isGone(holder: Extract<Holder, { kind: 'node' | 'stranger' }>, wasNode: boolean): boolean {
  return holder.kind === 'node' ? holder.node.isLeaving : wasNode;
}

/** A node with the answer to its check. */
export interface CheckedNode extends ControlPlaneNode {
  readonly isHealthy: boolean;
  /** It lost the address because of failed checks. */
  readonly hasFailedBefore: boolean;
}

/** One change. `to` is in the order of preference: a device that the API refuses is followed by the next. */
export type EipStep =
  | { readonly kind: 'unassign'; readonly assignmentId: AssignmentId; readonly from: string }
  | {
      readonly kind: 'assign';
      readonly address: string;
      readonly to: readonly Pick<CheckedNode, 'name' | 'deviceId'>[];
    };

/** The way to another holder, or why there is none. */
export interface MovePlan {
  readonly steps: readonly EipStep[];
  readonly problem?: string;
}

/** Plans the move away from a holder. `others` are all control-plane nodes but the holder. */
export function planMove(
  { address, holder, reason }: { readonly address: string; readonly holder: Holder; readonly reason: Reason },
  others: readonly CheckedNode[],
): MovePlan {
  const healthy = others.filter(({ isHealthy, isLeaving }) => isHealthy && !isLeaving);
  // A cordoned holder serves: it is left only for a better one.
  const candidates = reason === 'cordoned' ? healthy.filter(({ isSchedulable }) => isSchedulable) : healthy;
  if (candidates.length === 0) return { steps: [], problem: noCandidate(reason, others) };
  const to = candidates.toSorted(byPreference).map(({ name, deviceId }) => ({ name, deviceId }));
  const assign: EipStep = { kind: 'assign', address, to };
  return { steps: [...unassignSteps(holder), assign] };
}

function unassignSteps(holder: Holder): readonly EipStep[] {
  if (holder.kind !== 'node' && holder.kind !== 'stranger') return [];
  const from = holder.kind === 'node' ? holder.node.name : `device ${holder.deviceId}`;
  return [{ kind: 'unassign', assignmentId: holder.assignmentId, from }];
}

function byPreference(a: CheckedNode, b: CheckedNode): number {
  const rank = ({ isSchedulable, hasFailedBefore }: CheckedNode): number =>
    (isSchedulable ? 0 : 2) + (hasFailedBefore ? 1 : 0);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
}

function noCandidate(reason: Reason, others: readonly CheckedNode[]): string {
  const names = others.map(({ name }) => name).join(', ');
  const asked = others.length === 0 ? 'there is no other control-plane node' : `asked were ${names}`;
  const what = reason === 'cordoned' ? 'its node is cordoned, and no other' : `${WHY[reason]}, and no`;
  return `${what} control-plane node can take it: no API server answered well (${asked})`;
}

const WHY: Readonly<Record<Reason, string>> = {
  unassigned: 'it is on no device',
  unhealthy: 'the API server behind it fails',
  cordoned: 'its node is cordoned',
  deleted: 'its node is deleted',
};

/** The reason in words. */
export function describeReason(reason: Reason): string {
  return WHY[reason];
}

/** A step in words. */
export function describeEipStep(step: EipStep): string {
  if (step.kind === 'unassign') return `take it off ${step.from}`;
  return `assign ${step.address} to ${step.to[0]?.name ?? 'nobody'}`;
}
