// What a MachineDeployment needs now: facts in, steps out. Pure. One pass makes one move; the changes that it causes bring the next pass.
import { annotations, CLUSTER_LABEL, FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Cluster, Machine, MachineDeployment, MachineSet, ObjectMeta } from '../api/objects.ts';
import { readSelector } from '../machineset/label-selector.ts';
import type { ReadSelector } from '../machineset/label-selector.ts';
import {
  isControlledBy,
  isDeleting,
  isUnreachable,
  pauseOf,
  waitForAvailabilityMs,
} from '../machineset/machine-facts.ts';
import { finalizersWhenEmpty, isOrphaning, planClaims, planRoot } from '../machineset/ownership.ts';
import { isComplete, plannedDeploymentStatus } from './deployment-status.ts';
import type { DeploymentStatusFacts, MachineDeploymentStatus } from './deployment-status.ts';
import { planProportional } from './proportional-plan.ts';
import { findNewSet, newSet, planSetChange, sizeAnnotations } from './revision-plan.ts';
import type { SetChange } from './revision-plan.ts';
import { rollingLimits } from './rolling-limits.ts';
import type { RollingLimits, StrategyProblem } from './rolling-limits.ts';
import { newSetSize, planRolling } from './rolling-plan.ts';
import type { RollingStep } from './rolling-plan.ts';
import { byAge, viewSet } from './set-view.ts';
import type { SetView } from './set-view.ts';

/** What is known about a deployment. */
export interface DeploymentFacts {
  readonly deployment: MachineDeployment;
  /** The one that its label names, when it exists. */
  readonly cluster: Cluster | undefined;
  /** At least those of the namespace. */
  readonly sets: readonly MachineSet[];
  readonly machines: readonly Machine[];
  readonly nowMs: number;
}

/** One change; made in this order, and a failure ends the pass. */
export type DeploymentStep =
  | { readonly kind: 'own-metadata'; readonly metadata: Partial<Pick<ObjectMeta, 'ownerReferences' | 'finalizers'>> }
  | { readonly kind: 'adopt'; readonly set: MachineSet }
  | { readonly kind: 'release'; readonly set: MachineSet }
  | { readonly kind: 'create-set'; readonly set: MachineSet }
  | { readonly kind: 'change-set'; readonly set: MachineSet; readonly change: SetChange }
  | { readonly kind: 'revise'; readonly revision: string }
  | { readonly kind: 'mark'; readonly machine: Machine }
  | {
      readonly kind: 'scale';
      readonly set: MachineSet;
      readonly replicas: number;
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'delete-set'; readonly set: MachineSet };

/** Why a deployment cannot be worked on until somebody changes it. */
export type DeploymentProblem =
  StrategyProblem | { readonly code: 'MACHINE_DEPLOYMENT_SELECTOR_MISMATCH'; readonly message: string };

/** The plan. `status` undefined: it is left alone. */
export interface DeploymentPlan {
  readonly steps: readonly DeploymentStep[];
  readonly status?: MachineDeploymentStatus | undefined;
  readonly problem?: DeploymentProblem;
  /** When the next machine becomes available by the passing of time alone. */
  readonly checkAgainMs?: number | undefined;
}

/** Plans one pass. */
export function planDeployment(facts: DeploymentFacts): DeploymentPlan {
  const { deployment, cluster, nowMs } = facts;
  const known = { deployment, cluster, nowMs, fresh: undefined, old: [] };
  const pause = pauseOf(deployment, cluster);
  if (pause === 'moving') return { steps: [] };
  if (pause === 'paused') return { steps: [], status: plannedDeploymentStatus({ ...known, isStopped: true }) };
  if (isDeleting(deployment)) return { steps: planDeletion(facts) };
  return planReadable(facts);
}

function planReadable(facts: DeploymentFacts): DeploymentPlan {
  const { deployment, cluster } = facts;
  const selector = readSelector(deployment.spec?.selector);
  const problem = misfitOf(deployment, selector);
  if (problem || !selector) return stuck(facts, { problem, selector });
  const limits = rollingLimits(deployment);
  if ('code' in limits) return stuck(facts, { problem: limits, selector });
  const label = deployment.metadata?.labels?.[CLUSTER_LABEL];
  if (label === undefined || cluster) return planAlive(facts, { selector, limits });
  const waitsFor = `waiting for Cluster ${label}, which does not exist in the namespace of the deployment`;
  return stuck(facts, { waitsFor, selector });
}

interface Reading {
  readonly selector: ReadSelector;
  readonly limits: RollingLimits;
}

/** The sets of the deployment and what it does with them. */
interface Scene extends Reading {
  readonly facts: DeploymentFacts;
  readonly fresh: SetView | undefined;
  readonly old: readonly SetView[];
  readonly status: DeploymentStatusFacts;
}

function planAlive(facts: DeploymentFacts, reading: Reading): DeploymentPlan {
  const { deployment, cluster, nowMs } = facts;
  const { fresh, old, claims } = viewSets(facts, reading.selector);
  const statusFacts = { deployment, cluster, nowMs, fresh, old, selectorText: reading.selector.text };
  const status = plannedDeploymentStatus(statusFacts);
  const scene: Scene = { ...reading, facts, fresh, old, status: statusFacts };
  const checkAgainMs = nextAvailabilityMs([...(fresh ? [fresh] : []), ...old], nowMs);
  const root = planRoot(deployment, cluster);
  const tidying: readonly DeploymentStep[] = [
    ...(root ? [{ kind: 'own-metadata' as const, metadata: root }] : []),
    ...claims.adopt.map((set) => ({ kind: 'adopt' as const, set })),
    ...claims.release.map((set) => ({ kind: 'release' as const, set })),
  ];
  const isEnding = cluster !== undefined && isDeleting(cluster);
  const steps = tidying.length > 0 ? tidying : isEnding ? [] : planSets(scene);
  return { steps, status, checkAgainMs };
}

function planSets(scene: Scene): readonly DeploymentStep[] {
  const { facts, fresh, old, limits } = scene;
  const { deployment, cluster, nowMs } = facts;
  if (deployment.spec?.paused === true) return planProportional({ limits, fresh, old }).map(sized(limits));
  if (!fresh) {
    const replicas = newSetSize(limits, 0, old);
    return [{ kind: 'create-set', set: newSet(deployment, old, { limits, replicas }) }];
  }
  const change = planSetChange(deployment, fresh.set, old);
  if (change) return [{ kind: 'change-set', set: fresh.set, change }];
  const moves = planRolling({ limits, fresh, old, nowMs, isUnreachable: isUnreachable(cluster) });
  const rest = moves.length > 0 ? moves.map(sized(limits)) : isComplete(scene.status) ? planHistory(scene) : [];
  return [...planRevision(deployment, fresh.set), ...rest];
}

const sized =
  (limits: RollingLimits) =>
  (step: RollingStep): DeploymentStep =>
    step.kind === 'scale' ? { ...step, annotations: sizeAnnotations(limits) } : step;

function planRevision(deployment: MachineDeployment, set: MachineSet): readonly DeploymentStep[] {
  const revision = set.metadata?.annotations?.[annotations.revision];
  const isNews = revision !== undefined && deployment.metadata?.annotations?.[annotations.revision] !== revision;
  return isNews ? [{ kind: 'revise', revision }] : [];
}

// Old sets are kept for going back, `revisionHistoryLimit` of them; only those go that are empty for sure.
function planHistory({ facts, old }: Scene): readonly DeploymentStep[] {
  const kept = old.filter(({ isGoing }) => !isGoing);
  const surplus = kept.length - (facts.deployment.spec?.revisionHistoryLimit ?? 1);
  const isEmpty = ({ set, wanted, machines, isAcknowledged }: SetView): boolean =>
    wanted === 0 && machines.length === 0 && (set.status?.replicas ?? 0) === 0 && isAcknowledged && !pauseOf(set);
  const empty = kept.slice(0, Math.max(0, surplus)).filter(isEmpty);
  return empty.map(({ set }) => ({ kind: 'delete-set', set }));
}

// As for sets: the garbage collector does the same where one runs.
function planDeletion({ deployment, sets }: DeploymentFacts): readonly DeploymentStep[] {
  if (isOrphaning(deployment)) return [];
  const mine = sets.filter((set) => isControlledBy(set, deployment));
  if (mine.length > 0) {
    return mine.filter((set) => !isDeleting(set) && !pauseOf(set)).map((set) => ({ kind: 'delete-set', set }));
  }
  const isHeld = deployment.metadata?.finalizers?.includes(FOREGROUND_FINALIZER) === true;
  return isHeld ? [{ kind: 'own-metadata', metadata: { finalizers: finalizersWhenEmpty(deployment) } }] : [];
}

interface ViewedSets {
  readonly fresh: SetView | undefined;
  readonly old: readonly SetView[];
  readonly claims: { readonly adopt: readonly MachineSet[]; readonly release: readonly MachineSet[] };
}

function viewSets({ deployment, sets, machines, nowMs }: DeploymentFacts, selector: ReadSelector): ViewedSets {
  const claims = planClaims(deployment, sets, selector);
  // Sets that are being deleted still have machines, which count.
  const going = sets.filter((set) => isDeleting(set) && isControlledBy(set, deployment));
  const views = [...claims.owned, ...going].map((set) => viewSet(set, machines, nowMs));
  const fresh = findNewSet(deployment, views);
  return { fresh, old: views.filter((view) => view !== fresh).sort(byAge), claims };
}

function nextAvailabilityMs(views: readonly SetView[], nowMs: number): number | undefined {
  const waitsMs = views.flatMap(({ set, machines }) => {
    const rule = { nowMs, minReadySeconds: set.spec?.minReadySeconds ?? 0 };
    return machines.map((machine) => waitForAvailabilityMs(machine, rule) ?? 0).filter((waitMs) => waitMs > 0);
  });
  return waitsMs.length > 0 ? Math.min(...waitsMs) : undefined;
}

function stuck(
  facts: DeploymentFacts,
  why: {
    readonly problem?: DeploymentProblem | undefined;
    readonly waitsFor?: string;
    readonly selector: ReadSelector | undefined;
  },
): DeploymentPlan {
  const { deployment, cluster, nowMs } = facts;
  const { problem, waitsFor, selector } = why;
  const { fresh, old } = selector ? viewSets(facts, selector) : { fresh: undefined, old: [] };
  const about = { selectorText: selector?.text, problem: problem?.message, waitsFor };
  const status = plannedDeploymentStatus({ deployment, cluster, nowMs, fresh, old, ...about });
  return { steps: [], status, ...(problem ? { problem } : {}) };
}

function misfitOf(
  deployment: MachineDeployment,
  selector: ReadSelector | undefined,
): Extract<DeploymentProblem, { code: 'MACHINE_DEPLOYMENT_SELECTOR_MISMATCH' }> | undefined {
  if (selector?.selects(deployment.spec?.template?.metadata?.labels)) return undefined;
  const name = deployment.metadata?.name ?? '';
  const cause = selector ? 'does not select the labels of its own template' : 'has an operator that does not exist';
  const message = `the selector of MachineDeployment ${name} ${cause}: correct spec.selector or spec.template.metadata.labels`;
  return { code: 'MACHINE_DEPLOYMENT_SELECTOR_MISMATCH', message };
}
