// When to ask the cloud about a Node that is not ready, and what its answers so far are worth (I10, I11). Pure: a record per Node, made
// new by each check. The controller keeps the records; times are monotonic.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding } from '../provider.ts';
import { uidOf } from '../node/node-facts.ts';

/** What is remembered of a Node that is not ready. Forgotten when it is ready, gone, or another Node under the same name. */
export interface CheckRecord {
  readonly uid: string;
  /** Conditions as of the last check: a change makes the Node due at once and starts the pauses over. */
  readonly conditions: string;
  readonly nextCheckMs: number;
  readonly pauseMs: number;
  /** Since when the cloud has been saying `gone`; absent unless its last certain answer was that. */
  readonly goneSinceMs?: number;
  /** Whether a second `gone` came at least one period after the first. */
  readonly isGoneConfirmed: boolean;
}

/** Pauses between checks: the period first, doubled up to the longest. */
export interface CheckPauses {
  readonly periodMs: number;
  readonly longestMs: number;
}

/** True when the cloud must be asked now. */
export function isDue(node: KubeNode, record: CheckRecord | undefined, nowMs: number): boolean {
  return isNews(node, record) || (record !== undefined && record.nextCheckMs <= nowMs);
}

/** True when the Node's conditions are not those of the last check, or there was none. */
export function isNews(node: KubeNode, record: CheckRecord | undefined): boolean {
  return record === undefined || record.uid !== uidOf(node) || record.conditions !== conditionsOf(node);
}

/** The record after a check at `nowMs`; `finding` is undefined when the cloud left the Node out. */
export function recordOf(
  check: { readonly node: KubeNode; readonly finding: InstanceFinding | undefined; readonly nowMs: number },
  before: CheckRecord | undefined,
  pauses: CheckPauses,
): CheckRecord {
  const { node, nowMs } = check;
  const same = before?.uid === uidOf(node) ? before : undefined;
  const pauseMs =
    same === undefined || isNews(node, same) ? pauses.periodMs : Math.min(pauses.longestMs, same.pauseMs * 2);
  const verdict = verdictOf(check, same, pauses);
  // Until the second answer the pauses do not grow: a right removal is delayed by one period, not by a minute.
  const waitsForSecondAnswer = verdict.goneSinceMs !== undefined && !verdict.isGoneConfirmed;
  const nextCheckMs = nowMs + (waitsForSecondAnswer ? pauses.periodMs : pauseMs);
  return { uid: uidOf(node), conditions: conditionsOf(node), nextCheckMs, pauseMs, ...verdict };
}

function verdictOf(
  { finding, nowMs }: { readonly finding: InstanceFinding | undefined; readonly nowMs: number },
  before: CheckRecord | undefined,
  { periodMs }: CheckPauses,
): { readonly goneSinceMs?: number; readonly isGoneConfirmed: boolean } {
  if (finding?.state === 'gone') {
    const goneSinceMs = before?.goneSinceMs ?? nowMs;
    return { goneSinceMs, isGoneConfirmed: nowMs - goneSinceMs >= periodMs };
  }
  // Not knowing takes nothing back and confirms nothing.
  const isCertain = finding?.state !== 'unknown';
  if (isCertain || before?.goneSinceMs === undefined) return { isGoneConfirmed: false };
  return { goneSinceMs: before.goneSinceMs, isGoneConfirmed: false };
}

// Heartbeats must not count as news: only types and states, and when Ready last changed.
function conditionsOf(node: KubeNode): string {
  return (node.status?.conditions ?? [])
    .map(
      ({ type, status, lastTransitionTime }) =>
        `${type}=${status}${type === 'Ready' ? `@${String(lastTransitionTime)}` : ''}`,
    )
    .join(' ');
}
