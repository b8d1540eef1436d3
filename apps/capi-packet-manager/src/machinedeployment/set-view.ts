// One set as a roll-out sees it: what it has, and what it will have left once it has deleted what it was told to. Pure.
import { annotations } from '../api/names.ts';
import type { Machine, MachineSet } from '../api/objects.ts';
import { deletionOrder } from '../machineset/delete-priority.ts';
import { isAvailable, isControlledBy, isDeleting, isReady, pauseOf } from '../machineset/machine-facts.ts';
import { replicasOf } from '../machineset/machine-set-plan.ts';

/** A set with its machines. */
export interface SetView {
  readonly set: MachineSet;
  /** `spec.replicas`; 0 while the set is being deleted. */
  readonly wanted: number;
  /** Machines that count. */
  readonly machines: readonly Machine[];
  /** Machines that stay when the set has come down to `wanted`; those that go next come first. */
  readonly staying: readonly Machine[];
  /** Available ones of those that stay. */
  readonly available: number;
  /** Available and ready ones of all. */
  readonly availableNow: number;
  readonly readyNow: number;
  /** The set controller has seen the set as it is: no pass for an earlier number of replicas is under way. */
  readonly isAcknowledged: boolean;
  readonly isGoing: boolean;
}

/** Views the set; `machines` may hold those of others too. */
export function viewSet(set: MachineSet, machines: readonly Machine[], nowMs: number): SetView {
  const isGoing = isDeleting(set);
  const mine = machines.filter((machine) => isControlledBy(machine, set) && !isDeleting(machine));
  const wanted = isGoing ? 0 : replicasOf(set);
  const rule = { nowMs, minReadySeconds: set.spec?.minReadySeconds ?? 0 };
  // Paused machines are never deleted by their set. An unknown policy deletes nothing.
  const order = deletionOrder(mine, set.spec?.deletePolicy, rule);
  const mayGo = (order ?? []).filter((machine) => !pauseOf(machine));
  const others = order ? mine.filter((machine) => pauseOf(machine)) : mine;
  const staying = [...mayGo.slice(Math.max(0, mine.length - wanted)), ...others];
  const available = (counted: readonly Machine[]): number =>
    counted.filter((machine) => isAvailable(machine, rule)).length;
  return {
    set,
    wanted,
    machines: mine,
    staying,
    available: available(staying),
    availableNow: available(mine),
    readyNow: mine.filter(isReady).length,
    isAcknowledged: isAcknowledged(set),
    isGoing,
  };
}

/** The most machines that a set has or may make at any moment. */
export function mostOf({ wanted, machines }: SetView): number {
  return Math.max(wanted, machines.length);
}

/** No pass for a former number is under way, or none that could matter any more. */
export function isSettled({ isAcknowledged, isGoing }: SetView): boolean {
  return isAcknowledged || isGoing;
}

/** Sum over sets. */
export function sumOf(views: readonly SetView[], count: (view: SetView) => number): number {
  return views.reduce((sum, view) => sum + count(view), 0);
}

/** Running number of the roll-out that the set belongs to; 0 without one. */
export function revisionOf(object: MachineSet): number {
  const text = object.metadata?.annotations?.[annotations.revision] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** Oldest first. Creation times have whole seconds, so the revision decides between equals. */
export function byAge(a: SetView, b: SetView): number {
  const bornMs = ({ set }: SetView): number => Date.parse(set.metadata?.creationTimestamp ?? '') || 0;
  const name = ({ set }: SetView): string => set.metadata?.name ?? '';
  return bornMs(a) - bornMs(b) || revisionOf(a.set) - revisionOf(b.set) || (name(a) < name(b) ? -1 : 1);
}

function isAcknowledged({ metadata, status }: MachineSet): boolean {
  return metadata?.generation === undefined || (status?.observedGeneration ?? 0) >= metadata.generation;
}
