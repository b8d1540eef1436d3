// The status of a MachineSet. Pure: plannedStatus gives back the very object of the set when nothing changes, so that nothing is written.
import { isDeepStrictEqual } from 'node:util';
import { conditionOf, conditionTypes, withConditions } from '../api/conditions.ts';
import type { ConditionWish } from '../api/conditions.ts';
import type { Cluster, Condition, Machine, MachineSet } from '../api/objects.ts';
import type { ReadSelector } from './label-selector.ts';
import { isAvailable, isReady, isUnreachable } from './machine-facts.ts';

/** `status` of a MachineSet. */
export type MachineSetStatus = NonNullable<MachineSet['status']>;

/** What a status is made of. */
export interface StatusFacts {
  readonly set: MachineSet;
  readonly cluster: Cluster | undefined;
  /** Machines that count. */
  readonly owned: readonly Machine[];
  readonly nowMs: number;
  readonly selector?: ReadSelector | undefined;
  /** What somebody has to correct. */
  readonly problem?: string | undefined;
  readonly waitsFor?: string | undefined;
  /** Only the condition Paused is set then. */
  readonly isPaused?: boolean;
}

/** Of machines in sentences: three names are enough. */
const NAMED = 3;

/** The status that the set should have; the set's own when it has it. */
export function plannedStatus(facts: StatusFacts): MachineSetStatus {
  const { set, isPaused = false } = facts;
  const old = set.status ?? {};
  const conditions = withConditions(old.conditions, conditionWishes(facts), timestamp(facts.nowMs));
  const next = isPaused ? { ...old, conditions } : { ...old, ...counts(facts), ...problemFields(facts), conditions };
  return isDeepStrictEqual(withoutAbsent(next), withoutAbsent(old)) ? old : withoutAbsent(next);
}

/** Conditions that every set and deployment may have: paused, and the workload cluster not answering. */
export function commonConditions(
  old: readonly Condition[] | undefined,
  { cluster, isPaused }: { readonly cluster: Cluster | undefined; readonly isPaused: boolean },
): readonly ConditionWish[] {
  const has = (type: string): boolean => conditionOf({ conditions: old ?? [] }, type) !== undefined;
  const wishes: ConditionWish[] = [];
  if (isPaused) wishes.push(wish(conditionTypes.paused, 'True', ['Paused', 'nothing is changed until it is unpaused']));
  else if (has(conditionTypes.paused)) wishes.push(wish(conditionTypes.paused, 'False', ['NotPaused', '']));
  if (isUnreachable(cluster)) wishes.push(wish(conditionTypes.reachable, 'False', ['LastKnown', UNREACHABLE]));
  else if (has(conditionTypes.reachable)) wishes.push(wish(conditionTypes.reachable, 'True', ['Answers', '']));
  return wishes;
}

const UNREACHABLE =
  'the API server of the workload cluster does not answer: ready and available machines are as last seen, and none is removed for them';

/** A condition without its time. */
export function wish(
  type: string,
  status: ConditionWish['status'],
  [reason, message]: readonly [string, string],
): ConditionWish {
  return { type, status, reason, message };
}

/** `of` machines by name, for people. */
export function someNames(machines: readonly Machine[]): string {
  const names = machines.map(({ metadata }) => metadata?.name ?? '').sort();
  return names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
}

/** RFC 3339 without fractions, as Kubernetes writes times. */
export function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Without fields that are undefined, as it comes back from the API server. */
export function withoutAbsent<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function conditionWishes(facts: StatusFacts): readonly ConditionWish[] {
  const { set, cluster, isPaused = false } = facts;
  const common = commonConditions(set.status?.conditions, { cluster, isPaused });
  return isPaused ? common.slice(0, 1) : [...common, readyWish(facts)];
}

function readyWish(facts: StatusFacts): ConditionWish {
  const { set, owned, problem, waitsFor } = facts;
  if (problem !== undefined) return wish(conditionTypes.ready, 'False', ['InvalidConfiguration', problem]);
  if (waitsFor !== undefined) return wish(conditionTypes.ready, 'False', ['WaitingForCluster', waitsFor]);
  const wanted = set.spec?.replicas ?? 1;
  const { availableReplicas = 0 } = counts(facts);
  if (owned.length === wanted && availableReplicas === wanted) {
    return wish(conditionTypes.ready, 'True', ['AllAvailable', '']);
  }
  const missing = owned.filter((machine) => !isAvailable(machine, ruleOf(facts)));
  const names = missing.length > 0 ? `; waiting for ${someNames(missing)}` : '';
  const message = `${availableReplicas} of ${wanted} machines are available${names}`;
  return wish(conditionTypes.ready, 'False', ['WaitingForMachines', message]);
}

function counts(facts: StatusFacts): MachineSetStatus {
  const { set, cluster, owned, selector } = facts;
  const labels = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const isFullyLabeled = (machine: Machine): boolean =>
    labels.every(([key, value]) => machine.metadata?.labels?.[key] === value);
  const rule = ruleOf(facts);
  const isLastKnown = isUnreachable(cluster);
  const seen = (last: number | undefined, count: number): number =>
    isLastKnown && last !== undefined ? Math.min(last, owned.length) : count;
  return {
    replicas: owned.length,
    fullyLabeledReplicas: owned.filter(isFullyLabeled).length,
    readyReplicas: seen(set.status?.readyReplicas, owned.filter(isReady).length),
    availableReplicas: seen(
      set.status?.availableReplicas,
      owned.filter((machine) => isAvailable(machine, rule)).length,
    ),
    ...(set.metadata?.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(selector ? { labelSelector: selector.text } : {}),
  };
}

function ruleOf({ set, nowMs }: StatusFacts): { readonly nowMs: number; readonly minReadySeconds: number } {
  return { nowMs, minReadySeconds: set.spec?.minReadySeconds ?? 0 };
}

function problemFields({ problem }: StatusFacts): Pick<MachineSetStatus, 'errorReason' | 'errorMessage'> {
  const isTroubled = problem !== undefined;
  return {
    errorReason: isTroubled ? 'InvalidConfiguration' : undefined,
    errorMessage: isTroubled ? problem : undefined,
  } as Pick<MachineSetStatus, 'errorReason' | 'errorMessage'>;
}
