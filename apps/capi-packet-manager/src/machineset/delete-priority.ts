// Which machines of a set go first when it shrinks: the table of Cluster API v0.1.x, and an order where that leaves one open. Pure; used by
// the set controller, and by the deployment controller to foresee what lowering a set will cost.
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { hasDevice, hasFailed, isAvailable, isDeleting, isReady } from './machine-facts.ts';
import type { AvailabilityRule } from './machine-facts.ts';

const FIRST = 100;
const SOONER = 50;
const USUAL = 20;
// The age scale of `Oldest`: ten days, as in Cluster API.
const AGE_SCALE_S = 864_000;

type Priority = (machine: Machine, nowMs: number) => number;

const POLICIES: Readonly<Record<string, Priority>> = {
  Random: (machine) => (isSingledOut(machine) ? SOONER : USUAL),
  Newest: (machine, nowMs) => (isSingledOut(machine) ? FIRST : FIRST - ageRank(machine, nowMs)),
  Oldest: (machine, nowMs) => (isSingledOut(machine) ? FIRST : ageRank(machine, nowMs)),
};

/** What deletion policies there are. */
export const DELETE_POLICIES: readonly string[] = Object.keys(POLICIES);

/** Whether the set's `deletePolicy` is one; absent and empty mean Random. */
export function isDeletePolicy(policy: string | undefined): boolean {
  return policy === undefined || policy === '' || Object.hasOwn(POLICIES, policy);
}

/** 0 to 100, higher goes first; undefined for a policy that does not exist. */
export function deletePriority(machine: Machine, policy: string | undefined, nowMs: number): number | undefined {
  if (!isDeletePolicy(policy)) return undefined;
  if (isDeleting(machine)) return FIRST;
  return POLICIES[policy || 'Random']?.(machine, nowMs);
}

/**
 * All `machines` in the order in which they go; undefined for an unknown policy. Of equal ones those without a device go first (nobody loses
 * anything), then those that are not ready, those that are not available yet, and the youngest.
 */
export function deletionOrder(
  machines: readonly Machine[],
  policy: string | undefined,
  rule: AvailabilityRule,
): readonly Machine[] | undefined {
  if (!isDeletePolicy(policy)) return undefined;
  const ranked = machines.map((machine) => ({ machine, rank: rankOf(machine, policy, rule) }));
  return ranked.sort(byRank).map(({ machine }) => machine);
}

interface Ranked {
  readonly machine: Machine;
  readonly rank: readonly number[];
}

function rankOf(machine: Machine, policy: string | undefined, rule: AvailabilityRule): readonly number[] {
  const bornMs = Date.parse(machine.metadata?.creationTimestamp ?? '');
  return [
    deletePriority(machine, policy, rule.nowMs) ?? 0,
    hasDevice(machine) ? 0 : 1,
    isReady(machine) ? 0 : 1,
    isAvailable(machine, rule) ? 0 : 1,
    Number.isNaN(bornMs) ? Infinity : bornMs,
  ];
}

function byRank(a: Ranked, b: Ranked): number {
  for (const [index, rank] of a.rank.entries()) {
    const other = b.rank[index] ?? 0;
    if (rank !== other) return rank > other ? -1 : 1;
  }
  return (a.machine.metadata?.name ?? '') < (b.machine.metadata?.name ?? '') ? -1 : 1;
}

function isSingledOut(machine: Machine): boolean {
  return Boolean(machine.metadata?.annotations?.[annotations.deleteMachine]) || hasFailed(machine);
}

// Grows with the age from 0 towards 100; without a time, or with one of the future, 0.
function ageRank(machine: Machine, nowMs: number): number {
  const ageS = (nowMs - Date.parse(machine.metadata?.creationTimestamp ?? '')) / 1000;
  return ageS > 0 ? FIRST * (1 - Math.exp(-ageS / AGE_SCALE_S)) : 0;
}
