// One move of a roll-out: the new set grows while there is room, old ones shrink while enough machines stay available. Pure.
// Nothing grows, and no available machine goes, before every set has seen its number (`isSettled`): it might still be making or deleting
// machines for a former one.
import { annotations } from '../api/names.ts';
import type { Machine, MachineSet } from '../api/objects.ts';
import { isAvailable } from '../machineset/machine-facts.ts';
import type { RollingLimits } from './rolling-limits.ts';
import { isSettled, mostOf, sumOf } from './set-view.ts';
import type { SetView } from './set-view.ts';

/** What a roll-out works with; `old` sorted oldest first. */
export interface RollingFacts {
  readonly limits: RollingLimits;
  readonly fresh: SetView;
  readonly old: readonly SetView[];
  readonly nowMs: number;
  /** Readiness is only as last seen: nothing is removed because of it. */
  readonly isUnreachable: boolean;
}

/** A set gets another number, or a machine is named as the one that goes. */
export type RollingStep =
  | { readonly kind: 'scale'; readonly set: MachineSet; readonly replicas: number }
  | { readonly kind: 'mark'; readonly machine: Machine };

/** The next move; empty when it is done or waits for machines. */
export function planRolling(facts: RollingFacts): readonly RollingStep[] {
  const { fresh, old, limits } = facts;
  const size = newSetSize(limits, fresh.wanted, [fresh, ...old]);
  if (size !== fresh.wanted) return [{ kind: 'scale', set: fresh.set, replicas: size }];
  if (facts.isUnreachable && limits.desired > 0) return [];
  return planOldSets(facts);
}

/** How many machines the new set may have, given all sets (itself included, if it exists). */
export function newSetSize(limits: RollingLimits, current: number, all: readonly SetView[]): number {
  const { desired, maxSurge } = limits;
  if (current >= desired) return desired;
  if (!all.every(isSettled)) return current;
  const room = desired + maxSurge - sumOf(all, mostOf);
  return current + Math.max(0, Math.min(room, desired - current));
}

/** Machines that an old set is to lose. */
interface Cut {
  readonly view: SetView;
  /** Of these many it is known that they are not available, or not even there. */
  readonly unhealthy: number;
  readonly available: number;
}

function planOldSets(facts: RollingFacts): readonly RollingStep[] {
  const { limits, fresh } = facts;
  const old = facts.old.filter(({ isGoing, wanted }) => !isGoing && wanted > 0);
  const all = [fresh, ...facts.old];
  const leastAvailable = limits.desired - limits.maxUnavailable;
  const budget = sumOf(all, ({ wanted }) => wanted) - leastAvailable - (fresh.wanted - fresh.available);
  if (budget <= 0) return [];
  const cleaned = cutUnhealthy(old, budget);
  const spare = sumOf(all, ({ available }) => available) - leastAvailable;
  const cuts = cutAvailable(cleaned, all.every(isSettled) ? spare : 0);
  return cuts.filter(({ unhealthy, available }) => unhealthy + available > 0).flatMap((cut) => stepsOf(cut, facts));
}

function cutUnhealthy(old: readonly SetView[], budget: number): readonly Cut[] {
  let left = budget;
  return old.map((view) => {
    const unhealthy = Math.min(view.wanted - view.available, left);
    left -= unhealthy;
    return { view, unhealthy, available: 0 };
  });
}

function cutAvailable(cuts: readonly Cut[], spare: number): readonly Cut[] {
  let left = Math.max(0, spare);
  return cuts.map((cut) => {
    const available = Math.min(cut.view.wanted - cut.unhealthy, left);
    left -= available;
    return { ...cut, available };
  });
}

// The set would rather delete an annotated or failed machine than an unhealthy one, and by age under other policies: where that costs an
// available machine, the unhealthy ones are annotated too. Then they go first, because they are not ready.
function stepsOf({ view, unhealthy, available }: Cut, { nowMs }: RollingFacts): readonly RollingStep[] {
  const { set, wanted, staying } = view;
  const rule = { nowMs, minReadySeconds: set.spec?.minReadySeconds ?? 0 };
  const isUnhealthy = (machine: Machine): boolean => !isAvailable(machine, rule);
  const missing = Math.max(0, wanted - staying.length);
  const count = Math.max(0, unhealthy - missing);
  const foreseen = staying.slice(0, Math.max(0, unhealthy + available - missing));
  const isOrdered = foreseen.filter(isUnhealthy).length >= count;
  const marked = isOrdered ? [] : staying.filter(isUnhealthy).slice(0, count);
  return [
    ...marked.filter(isUnmarked).map((machine) => ({ kind: 'mark' as const, machine })),
    { kind: 'scale', set, replicas: wanted - unhealthy - available },
  ];
}

function isUnmarked(machine: Machine): boolean {
  return !machine.metadata?.annotations?.[annotations.deleteMachine];
}
