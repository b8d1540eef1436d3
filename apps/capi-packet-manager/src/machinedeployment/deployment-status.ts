// The status of a MachineDeployment: sums over its sets. Pure; gives back the deployment's own status when nothing changes.
import { isDeepStrictEqual } from 'node:util';
import { conditionTypes, withConditions } from '../api/conditions.ts';
import type { ConditionWish } from '../api/conditions.ts';
import type { Cluster, MachineDeployment } from '../api/objects.ts';
import { isUnreachable } from '../machineset/machine-facts.ts';
import { replicasOf } from '../machineset/machine-set-plan.ts';
import { commonConditions, timestamp, wish, withoutAbsent } from '../machineset/machine-set-status.ts';
import { sumOf } from './set-view.ts';
import type { SetView } from './set-view.ts';

/** `status` of a MachineDeployment. */
export type MachineDeploymentStatus = NonNullable<MachineDeployment['status']>;

/** What a status is made of. */
export interface DeploymentStatusFacts {
  readonly deployment: MachineDeployment;
  readonly cluster: Cluster | undefined;
  readonly fresh: SetView | undefined;
  readonly old: readonly SetView[];
  readonly nowMs: number;
  readonly selectorText?: string | undefined;
  readonly problem?: string | undefined;
  readonly waitsFor?: string | undefined;
  /** Nothing at all is done: only the condition Paused is set. */
  readonly isStopped?: boolean;
}

/** The status that the deployment should have; its own when it has it. */
export function plannedDeploymentStatus(facts: DeploymentStatusFacts): MachineDeploymentStatus {
  const { deployment, isStopped = false } = facts;
  const old = deployment.status ?? {};
  const conditions = withConditions(old.conditions, wishesOf(facts), timestamp(facts.nowMs));
  const next = withoutAbsent(isStopped ? { ...old, conditions } : { ...old, ...counts(facts), conditions });
  return isDeepStrictEqual(next, withoutAbsent(old)) ? old : next;
}

/** The roll-out is over: all machines are of the new set and available. */
export function isComplete({ deployment, fresh, old }: DeploymentStatusFacts): boolean {
  const desired = replicasOf(deployment);
  const others = sumOf(old, ({ machines }) => machines.length);
  return others === 0 && fresh?.machines.length === desired && fresh.availableNow === desired;
}

function wishesOf(facts: DeploymentStatusFacts): readonly ConditionWish[] {
  const { deployment, cluster, isStopped = false } = facts;
  const isPaused = isStopped || deployment.spec?.paused === true;
  const common = commonConditions(deployment.status?.conditions, { cluster, isPaused });
  return isStopped ? common.slice(0, 1) : [...common, readyWish(facts)];
}

function readyWish(facts: DeploymentStatusFacts): ConditionWish {
  const { problem, waitsFor, deployment } = facts;
  if (problem !== undefined) return wish(conditionTypes.ready, 'False', ['InvalidConfiguration', problem]);
  if (waitsFor !== undefined) return wish(conditionTypes.ready, 'False', ['WaitingForCluster', waitsFor]);
  if (isComplete(facts)) return wish(conditionTypes.ready, 'True', ['Complete', '']);
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = counts(facts);
  const desired = replicasOf(deployment);
  const message =
    `${updatedReplicas} of ${desired} machines have the present template, ` +
    `${availableReplicas} are available, ${replicas - updatedReplicas} of former templates are left`;
  return wish(conditionTypes.ready, 'False', ['RollingOut', message]);
}

function counts({ deployment, cluster, fresh, old, selectorText }: DeploymentStatusFacts): MachineDeploymentStatus {
  const all = [...(fresh ? [fresh] : []), ...old];
  const replicas = sumOf(all, ({ machines }) => machines.length);
  const isLastKnown = isUnreachable(cluster);
  const seen = (last: number | undefined, count: number): number =>
    isLastKnown && last !== undefined ? Math.min(last, replicas) : count;
  const available = seen(
    deployment.status?.availableReplicas,
    sumOf(all, ({ availableNow }) => availableNow),
  );
  const ready = seen(
    deployment.status?.readyReplicas,
    sumOf(all, ({ readyNow }) => readyNow),
  );
  return {
    replicas,
    updatedReplicas: fresh?.machines.length ?? 0,
    readyReplicas: ready,
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumOf(all, ({ wanted }) => wanted) - available),
    ...(deployment.metadata?.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...(selectorText === undefined ? {} : { labelSelector: selectorText }),
  };
}
