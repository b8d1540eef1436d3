// What is done when two sources say that a Machine's device is gone. Pure. A machine of a set goes, and the set makes another; a worker
// of its own gets a new device; a master only if others keep the cluster alive, because with the last one etcd is lost.
import { conditionOf, conditionTypes, isControlPlane } from '../api/conditions.ts';
import type { Machine } from '../api/objects.ts';
import { isStarted } from './entrance-plan.ts';
import { newAttempt, NODE_REASONS, setOf } from './life-plan.ts';
import type { MachineFacts, MachineStep, Rest } from './machine-facts.ts';
import { isLeaving } from './place.ts';
import { notReady } from './status-wishes.ts';

/** The next step. */
export function planLost(facts: MachineFacts): MachineStep {
  const { machine, memory } = facts;
  if (memory.failedAttempt !== undefined && memory.failedAttempt === memory.attemptId) return newAttempt(facts);
  if (isControlPlane(machine)) return planLostMaster(facts);
  if (wasBeingProvisioned(machine)) return planVanished(facts);
  const set = setOf(machine);
  if (set !== undefined) {
    const message = `Device ${memory.deviceId ?? ''} is gone: this Machine is deleted, and MachineSet ${set} makes another`;
    return { do: 'delete-machine', event: { type: 'Warning', reason: 'DeviceLost', message } };
  }
  return withoutItsNode(facts);
}

/** A Node that could not be deleted is tried again: no second device stands for a Machine whose Node is still that of the first. */
function withoutItsNode(facts: MachineFacts): MachineStep {
  const { memory, nodeRemoval } = facts;
  if (nodeRemoval === undefined) return { do: 'remove-node' };
  if (nodeRemoval.state !== 'failed') return replaced(facts);
  const message = `Device ${memory.deviceId ?? ''} is gone; it is replaced once its Node is deleted, which failed: ${nodeRemoval.message}`;
  return { ...lost(message), again: { afterMs: 0, reason: message, isGrowing: true } };
}

// A device that fails early is taken back by Packet, or may not be read any more: it counts as one that failed.
function wasBeingProvisioned({ status }: Machine): boolean {
  const reason = reasonOf(status, conditionTypes.device) ?? '';
  return status?.nodeRef === undefined && ['DeviceProvisioning', 'CreateError'].includes(reason);
}

function planVanished({ memory }: MachineFacts): MachineStep {
  const id = memory.deviceId ?? '';
  if (memory.failedAttempt === undefined && memory.attemptId !== undefined) {
    const message = `Device ${id} vanished before its Node had joined: another one is asked for`;
    const then = { do: 'remember', memory: { ...memory, failedAttempt: memory.attemptId } } as const;
    return { do: 'event', event: { type: 'Warning', reason: 'DeviceFailed', message }, then };
  }
  const message = `Two devices in a row failed to be provisioned, the last one, ${id}, vanished: look at the events in the Packet portal, then delete this Machine`;
  const status = notReady('Failed', 'CreateError', message, 'CreateError');
  return { do: 'rest', status, event: { type: 'Warning', reason: 'CreateError', message } };
}

function replaced(facts: MachineFacts): MachineStep {
  const message = `Device ${facts.memory.deviceId ?? ''} is gone: another one is asked for`;
  // What is remembered of an earlier failure does not count against a device that had been brought up.
  const { failedAttempt: _failed, ...memory } = facts.memory;
  return {
    do: 'event',
    event: { type: 'Warning', reason: 'DeviceLost', message },
    then: newAttempt({ ...facts, memory }),
  };
}

/** Whether it is a master that works. */
export function isSurvivor(machine: Machine): boolean {
  return !isLeaving(machine) && conditionOf(machine.status, conditionTypes.nodeReady)?.status === 'True';
}

/**
 * It was to begin the cluster and never did: no Node of it was ever seen, no API server answers, no other master was asked for. Nothing is
 * lost with it. Once it was said that data is gone, nobody takes that back: an API server that falls silent afterwards is no proof.
 */
function wasNeverOne({ machine, cluster, otherMasters }: MachineFacts): boolean {
  const { status } = machine;
  const wasSeen = status?.nodeRef !== undefined || reasonOf(status, conditionTypes.nodeReady) === NODE_REASONS.deleted;
  const isSaidLost = reasonOf(status, conditionTypes.device) === 'DeviceLost';
  const isUp = conditionOf(cluster?.status, conditionTypes.reachable)?.status === 'True';
  return !wasSeen && !isSaidLost && !isUp && !otherMasters.some(isStarted);
}

function reasonOf(status: Machine['status'], type: string): string | undefined {
  return conditionOf(status, type)?.reason;
}

function planLostMaster(facts: MachineFacts): MachineStep {
  const { memory, otherMasters, hasExternalEndpoint, memberRemoval } = facts;
  if (wasNeverOne(facts)) return planVanished(facts);
  if (!hasExternalEndpoint || !otherMasters.some(isSurvivor)) {
    const message = `Device ${memory.deviceId ?? ''} of a control plane machine is gone, and with it the cluster's data: it is not replaced by itself. Restore a backup of etcd, or delete the Cluster`;
    return lost(message);
  }
  if (memberRemoval === undefined) return { do: 'remove-member' };
  if (memberRemoval.state === 'failed') {
    const message = `Device ${memory.deviceId ?? ''} of a control plane machine is gone; it is replaced once its etcd member is removed, which failed: ${memberRemoval.message}`;
    return { ...lost(message), again: { afterMs: 0, reason: message, isGrowing: true } };
  }
  return withoutItsNode(facts);
}

function lost(message: string): Rest {
  return {
    do: 'rest',
    status: notReady('Failed', 'DeviceLost', message, 'UpdateError'),
    event: { type: 'Warning', reason: 'DeviceLost', message },
  };
}
