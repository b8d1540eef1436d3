// What a MachineSet needs now: facts in, steps out. Pure. The controller plans twice: from its caches to see whether anything is to be
// written, and if so from what the API server says at that moment, so that a lagging cache never makes a machine too many.
import { CLUSTER_LABEL, FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Cluster, Machine, MachineSet, ObjectMeta } from '../api/objects.ts';
import { DELETE_POLICIES, deletionOrder, isDeletePolicy } from './delete-priority.ts';
import { readSelector } from './label-selector.ts';
import type { ReadSelector } from './label-selector.ts';
import { isControlledBy, isDeleting, pauseOf, waitForAvailabilityMs } from './machine-facts.ts';
import { plannedStatus } from './machine-set-status.ts';
import type { MachineSetStatus, StatusFacts } from './machine-set-status.ts';
import { finalizersWhenEmpty, isOrphaning, planClaims, planRoot } from './ownership.ts';
import type { Claims } from './ownership.ts';

/** What is known about a set. */
export interface MachineSetFacts {
  readonly set: MachineSet;
  /** The one that its label names, when it exists. */
  readonly cluster: Cluster | undefined;
  /** At least those of the set's namespace. */
  readonly machines: readonly Machine[];
  readonly nowMs: number;
}

/** One change. They are made in this order; a failure of the first three kinds ends the pass, because what follows counts on them. */
export type MachineSetStep =
  | { readonly kind: 'own-metadata'; readonly metadata: Partial<Pick<ObjectMeta, 'ownerReferences' | 'finalizers'>> }
  | { readonly kind: 'adopt'; readonly machine: Machine }
  | { readonly kind: 'release'; readonly machine: Machine }
  | { readonly kind: 'create'; readonly count: number }
  | { readonly kind: 'delete'; readonly machine: Machine };

/** Why a set cannot be worked on until somebody changes it. */
export interface MachineSetProblem {
  readonly code: 'MACHINE_SET_SELECTOR_MISMATCH' | 'MACHINE_SET_UNKNOWN_DELETE_POLICY';
  readonly message: string;
}

/** The plan. `status` undefined: it is left alone. */
export interface MachineSetPlan {
  readonly steps: readonly MachineSetStep[];
  readonly status?: MachineSetStatus | undefined;
  readonly problem?: MachineSetProblem;
  /** When the next machine becomes available by the passing of time alone. */
  readonly checkAgainMs?: number | undefined;
}

const NOTHING: MachineSetPlan = { steps: [] };

/** Plans one pass. */
export function planMachineSet(facts: MachineSetFacts): MachineSetPlan {
  const { set, cluster } = facts;
  const pause = pauseOf(set, cluster);
  if (pause === 'moving') return NOTHING;
  if (pause === 'paused') return { steps: [], status: pausedStatus(facts) };
  if (isDeleting(set)) return { steps: planDeletion(facts) };
  return planReadable(facts);
}

function planReadable(facts: MachineSetFacts): MachineSetPlan {
  const { set, cluster } = facts;
  const selector = readSelector(set.spec?.selector);
  const misfit = misfitOf(set, selector);
  if (!selector || misfit) return troubled(facts, misfit);
  const label = set.metadata?.labels?.[CLUSTER_LABEL];
  if (label !== undefined && !cluster) return waiting(facts, { selector, label });
  return planReplicas(facts, selector);
}

/** How many machines the set is to have; absent means 1. */
export function replicasOf(object: { readonly spec?: { readonly replicas?: number } }): number {
  return object.spec?.replicas ?? 1;
}

function planReplicas(facts: MachineSetFacts, selector: ReadSelector): MachineSetPlan {
  const { set, cluster, nowMs } = facts;
  const claims = planClaims(set, facts.machines, selector);
  const rule = { nowMs, minReadySeconds: set.spec?.minReadySeconds ?? 0 };
  const sizing = planSize(facts, claims, rule);
  const root = planRoot(set, cluster);
  const waitsMs = claims.owned
    .map((machine) => waitForAvailabilityMs(machine, rule) ?? 0)
    .filter((waitMs) => waitMs > 0);
  const steps: readonly MachineSetStep[] = [
    ...(root ? [{ kind: 'own-metadata' as const, metadata: root }] : []),
    ...claims.adopt.map((machine) => ({ kind: 'adopt' as const, machine })),
    ...claims.release.map((machine) => ({ kind: 'release' as const, machine })),
    ...sizing.steps,
  ];
  const status = plannedStatus(statusFacts(facts, { selector, owned: claims.owned, problem: sizing.problem?.message }));
  const checkAgainMs = waitsMs.length > 0 ? Math.min(...waitsMs) : undefined;
  return { steps, status, checkAgainMs, ...(sizing.problem ? { problem: sizing.problem } : {}) };
}

interface Sizing {
  readonly steps: readonly MachineSetStep[];
  readonly problem?: MachineSetProblem;
}

function planSize(
  facts: MachineSetFacts,
  claims: Claims<Machine>,
  rule: { nowMs: number; minReadySeconds: number },
): Sizing {
  const { set, cluster } = facts;
  const machines = [...claims.owned, ...claims.adopt];
  const surplus = machines.length - replicasOf(set);
  // A Cluster that goes takes its machines with it; new ones would be left over.
  if (surplus < 0 && cluster && isDeleting(cluster)) return { steps: [] };
  if (surplus < 0) return { steps: [{ kind: 'create', count: -surplus }] };
  if (surplus === 0) return { steps: [] };
  const policy = set.spec?.deletePolicy;
  if (!isDeletePolicy(policy)) return { steps: [], problem: unknownPolicy(set) };
  const order = deletionOrder(machines, policy, rule) ?? [];
  const victims = order.filter((machine) => !pauseOf(machine)).slice(0, surplus);
  return { steps: victims.map((machine) => ({ kind: 'delete', machine })) };
}

// The garbage collector does the same where one runs. Where none does (a bare API server) the machines would stay for ever, and the set too.
function planDeletion({ set, machines }: MachineSetFacts): readonly MachineSetStep[] {
  if (isOrphaning(set)) return [];
  const mine = machines.filter((machine) => isControlledBy(machine, set));
  const victims = mine.filter((machine) => !isDeleting(machine) && !pauseOf(machine));
  if (mine.length > 0) return victims.map((machine) => ({ kind: 'delete', machine }));
  const isHeld = set.metadata?.finalizers?.includes(FOREGROUND_FINALIZER) === true;
  return isHeld ? [{ kind: 'own-metadata', metadata: { finalizers: finalizersWhenEmpty(set) } }] : [];
}

function misfitOf(set: MachineSet, selector: ReadSelector | undefined): MachineSetProblem | undefined {
  if (selector?.selects(set.spec?.template?.metadata?.labels)) return undefined;
  const name = set.metadata?.name ?? '';
  const cause = selector ? 'does not select the labels of its own template' : 'has an operator that does not exist';
  const message = `the selector of MachineSet ${name} ${cause}: correct spec.selector or spec.template.metadata.labels`;
  return { code: 'MACHINE_SET_SELECTOR_MISMATCH', message };
}

function unknownPolicy(set: MachineSet): MachineSetProblem {
  const { name = '' } = set.metadata ?? {};
  const message =
    `MachineSet ${name} has machines to delete, but deletePolicy "${set.spec?.deletePolicy ?? ''}" does not exist: ` +
    `set it to one of ${DELETE_POLICIES.join(', ')}`;
  return { code: 'MACHINE_SET_UNKNOWN_DELETE_POLICY', message };
}

function troubled(facts: MachineSetFacts, problem: MachineSetProblem | undefined): MachineSetPlan {
  const owned = facts.machines.filter((machine) => isControlledBy(machine, facts.set) && !isDeleting(machine));
  const status = plannedStatus(statusFacts(facts, { owned, problem: problem?.message }));
  return { steps: [], status, ...(problem ? { problem } : {}) };
}

function waiting(
  facts: MachineSetFacts,
  { selector, label }: { selector: ReadSelector; label: string },
): MachineSetPlan {
  const owned = planClaims(facts.set, facts.machines, selector).owned;
  const waitsFor = `waiting for Cluster ${label}, which does not exist in the namespace of the set`;
  return { steps: [], status: plannedStatus(statusFacts(facts, { selector, owned, waitsFor })) };
}

function pausedStatus(facts: MachineSetFacts): MachineSetStatus {
  return plannedStatus(statusFacts(facts, { isPaused: true, owned: [] }));
}

function statusFacts(
  { set, cluster, nowMs }: MachineSetFacts,
  rest: Pick<StatusFacts, 'owned'> & Partial<StatusFacts>,
): StatusFacts {
  return { set, cluster, nowMs, ...rest };
}
