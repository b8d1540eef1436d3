// What sets and deployments read off one Machine. Pure. Readiness is the Machine's own condition NodeReady (the node link writes it): nothing
// here asks the workload cluster.
import { conditionOf, conditionTypes, pausedBy } from '../api/conditions.ts';
import { annotations } from '../api/names.ts';
import type { Cluster, Machine, ObjectMeta, OwnerReference } from '../api/objects.ts';

/** Any object with metadata. */
export interface WithMeta {
  readonly metadata?: ObjectMeta;
}

/** What decides about availability besides the machine. */
export interface AvailabilityRule {
  readonly nowMs: number;
  readonly minReadySeconds: number;
}

/** Its deletion was asked for; such machines and sets do not count. */
export function isDeleting(object: WithMeta): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}

/** As `pausedBy`, without regard to `spec.paused`: of a deployment that only stops the roll-out. */
export function pauseOf(object: WithMeta, cluster?: Cluster): 'paused' | 'moving' | undefined {
  return pausedBy(object.metadata ? { metadata: object.metadata } : {}, cluster);
}

/** The owner that looks after the object. */
export function controllerOf(object: WithMeta): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** Whether `owner` looks after the object. Names do not matter: an owner made anew is another one. */
export function isControlledBy(object: WithMeta, owner: WithMeta): boolean {
  const uid = owner.metadata?.uid;
  return uid !== undefined && controllerOf(object)?.uid === uid;
}

/** Its Node is ready. */
export function isReady(machine: Machine): boolean {
  return conditionOf(machine.status, conditionTypes.nodeReady)?.status === 'True';
}

/** Its Node has been ready for `minReadySeconds`. */
export function isAvailable(machine: Machine, rule: AvailabilityRule): boolean {
  const waitMs = waitForAvailabilityMs(machine, rule);
  return waitMs !== undefined && waitMs <= 0;
}

/** Until a ready machine is available, 0 or less when it is; undefined while its Node is not ready. */
export function waitForAvailabilityMs(machine: Machine, rule: AvailabilityRule): number | undefined {
  if (!isReady(machine)) return undefined;
  if (rule.minReadySeconds <= 0) return 0;
  const sinceMs = Date.parse(conditionOf(machine.status, conditionTypes.nodeReady)?.lastTransitionTime ?? '');
  // A time that cannot be read counts as this moment: too late rather than too early.
  return (Number.isNaN(sinceMs) ? rule.nowMs : sinceMs) + rule.minReadySeconds * 1000 - rule.nowMs;
}

/** The cloud has given it a device. */
export function hasDevice(machine: Machine): boolean {
  const known = [
    machine.spec?.providerID,
    machine.status?.providerStatus?.deviceID,
    machine.metadata?.annotations?.[annotations.deviceId],
  ];
  return known.some((id) => id !== undefined && id !== '');
}

/** Its status names an error. */
export function hasFailed(machine: Machine): boolean {
  return Boolean(machine.status?.errorReason) || Boolean(machine.status?.errorMessage);
}

/** The workload cluster was asked and did not answer: readiness is as it was last seen, and nothing is removed because of it. */
export function isUnreachable(cluster: Cluster | undefined): boolean {
  return conditionOf(cluster?.status, conditionTypes.reachable)?.status === 'False';
}
