// What is done when two sources say that a Machine's device is gone. Pure. A machine of a set goes, and the set makes another; a worker
// of its own gets a new device; a master only if others keep the cluster alive, because with the last one etcd is lost.
import { conditionOf, conditionTypes, isControlPlane } from '../api/conditions.ts';
import type { Machine } from '../api/objects.ts';
import { newAttempt, setOf } from './life-plan.ts';
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
  return facts.nodeRemoval === undefined ? { do: 'remove-node' } : replaced(facts);
}

// A device that fails early is taken back by Packet, or may not be read any more: it counts as one that failed.
function wasBeingProvisioned({ status }: Machine): boolean {
  const reason = conditionOf(status, conditionTypes.device)?.reason ?? '';
  return status?.nodeRef === undefined && ['DeviceProvisioning', 'CreateError'].includes(reason);
}

function planVanished({ memory }: MachineFacts): MachineStep {
  const id = memory.deviceId ?? '';
  if (memory.failedAttempt === undefined && memory.attemptId !== undefined) {
    const message = `Device ${id} vanished while it was being provisioned: another one is asked for`;
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

function planLostMaster(facts: MachineFacts): MachineStep {
  const { memory, otherMasters, hasExternalEndpoint, memberRemoval, nodeRemoval } = facts;
  if (!hasExternalEndpoint || !otherMasters.some(isSurvivor)) {
    const message = `Device ${memory.deviceId ?? ''} of a control plane machine is gone, and with it the cluster's data: it is not replaced by itself. Restore a backup of etcd, or delete the Cluster`;
    return lost(message);
  }
  if (memberRemoval === undefined) return { do: 'remove-member' };
  if (memberRemoval.state === 'failed') {
    const message = `Device ${memory.deviceId ?? ''} of a control plane machine is gone; it is replaced once its etcd member is removed, which failed: ${memberRemoval.message}`;
    return { ...lost(message), again: { afterMs: 0, reason: message, isGrowing: true } };
  }
  return nodeRemoval === undefined ? { do: 'remove-node' } : replaced(facts);
}

function lost(message: string): Rest {
  return {
    do: 'rest',
    status: notReady('Failed', 'DeviceLost', message, 'UpdateError'),
    event: { type: 'Warning', reason: 'DeviceLost', message },
  };
}
