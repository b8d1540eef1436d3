// The statuses that a Machine shows, in words: what it waits for, what is wrong and what to do. Pure; used by all planners. Messages hold
// nothing that changes by itself (times, percentages), because a new message is a new event.
import type { Device } from '@longshore/packet-api';
import { conditionOf, conditionTypes } from '../api/conditions.ts';
import type { ConditionWish } from '../api/conditions.ts';
import type { Machine, MachineErrorReason, MachinePhase } from '../api/objects.ts';
import type { StatusWish } from './machine-facts.ts';

/** A condition. */
export function condition(
  type: string,
  status: ConditionWish['status'],
  reason: string,
  message: string,
): ConditionWish {
  return { type, status, reason, message };
}

/** There is no device, and that is why. */
export function notReady(
  phase: MachinePhase,
  reason: string,
  message: string,
  error: MachineErrorReason | null = null,
): StatusWish {
  return {
    phase,
    device: null,
    error: error === null ? null : { reason: error, message },
    conditions: [
      condition(conditionTypes.ready, 'False', reason, message),
      condition(conditionTypes.device, 'False', reason, message),
    ],
  };
}

/** There is a device; `error` is what is wrong in spite of it. */
export function withDevice(machine: Machine, device: Device, error: StatusWish['error'] = null): StatusWish {
  const shown = deviceCondition(device);
  return {
    phase: error !== null && isFinal(error?.reason) ? 'Failed' : phaseOf(machine, device),
    device,
    error,
    conditions: [error ? errorCondition(error) : readyCondition(machine, device, shown), shown],
  };
}

/** The state of the device as a condition. */
export function deviceCondition({ id, state }: Device): ConditionWish {
  const [status, reason, message] = DEVICE_STATES[state] ?? ['False', 'DeviceNotActive', `is ${state}`];
  return condition(conditionTypes.device, status, reason, `Device ${id} ${message}`);
}

const OFF = 'is not running; it is switched on again in the Packet portal, or by deleting this Machine replaced';
const COMING = 'is being provisioned';
const DEVICE_STATES: Readonly<Record<string, readonly [ConditionWish['status'], string, string]>> = {
  active: ['True', 'DeviceActive', 'is active'],
  queued: ['False', 'DeviceProvisioning', COMING],
  provisioning: ['False', 'DeviceProvisioning', COMING],
  reinstalling: ['False', 'DeviceProvisioning', 'is being installed anew'],
  powering_off: ['False', 'DevicePoweredOff', OFF],
  inactive: ['False', 'DevicePoweredOff', OFF],
  powering_on: ['False', 'DevicePoweringOn', 'is being switched on'],
  deprovisioning: ['False', 'DeviceDeprovisioning', 'is being deleted'],
  deleted: ['False', 'DeviceDeprovisioning', 'is being deleted'],
  failed: ['False', 'DeviceFailed', 'failed to be provisioned'],
};

function phaseOf(machine: Machine, { state }: Device): MachinePhase {
  if (state === 'failed') return 'Failed';
  if (['queued', 'provisioning', 'reinstalling'].includes(state)) return 'Provisioning';
  return conditionOf(machine.status, conditionTypes.nodeReady)?.status === 'True' ? 'Running' : 'Provisioned';
}

function isFinal(reason: MachineErrorReason | undefined): boolean {
  return reason === 'CreateError' || reason === 'JoinClusterTimeoutError';
}

function errorCondition({ reason, message }: NonNullable<StatusWish['error']>): ConditionWish {
  return condition(conditionTypes.ready, 'False', reason, message);
}

function readyCondition(machine: Machine, device: Device, shown: ConditionWish): ConditionWish {
  if (shown.status !== 'True') return { ...shown, type: conditionTypes.ready };
  const node = conditionOf(machine.status, conditionTypes.nodeReady);
  if (node?.status === 'True') {
    return condition(conditionTypes.ready, 'True', 'NodeReady', `Device ${device.id} is a ready Node`);
  }
  const message = `Device ${device.id} is active; its Node has not joined the cluster yet`;
  if (node === undefined) return condition(conditionTypes.ready, 'False', 'WaitingForNode', message);
  return condition(conditionTypes.ready, node.status, node.reason, node.message);
}
