// What is done about a Machine whose device is there. Pure. Off is not gone and waiting is not failing: only a device that the API could
// not bring up, or whose Node never came, is given up.
import type { Device } from '@longshore/packet-api';
import { conditionOf, conditionTypes, isControlPlane } from '../api/conditions.ts';
import type { Machine, PacketMachineProviderSpec } from '../api/objects.ts';
import type { MachineFacts, MachineStep, Rest, StatusWish } from './machine-facts.ts';
import { isRemembered } from './machine-memory.ts';
import { withDevice } from './status-wishes.ts';

/** Reasons of the condition NodeReady that the Machine controller acts on; the node link writes them. */
export const NODE_REASONS = {
  /** The Node was there and is not any more. */
  deleted: 'NodeDeleted',
  /** The workload cluster cannot be asked. */
  unreachable: 'ClusterUnreachable',
} as const;

/** The next step. */
export function planLife(facts: MachineFacts, device: Device): MachineStep {
  const { machine, memory } = facts;
  if (!isRemembered(machine, device.id)) return { do: 'remember', memory: { ...memory, deviceId: device.id } };
  const isGivenUp = memory.failedAttempt !== undefined && memory.failedAttempt === memory.attemptId;
  if (device.state === 'failed' || isGivenUp) return planFailedDevice(facts, device);
  // The keys of the cluster are in there, and everybody with access to the project can read it.
  if (machine.status?.nodeRef && (device.userdata ?? '') !== '') return { do: 'clear-user-data', device };
  const problem = specProblem(facts, device);
  if (problem) return resting(withDevice(machine, device, problem), problem);
  return planUnjoined(facts, device);
}

function resting(status: StatusWish, { reason, message }: { reason: string; message: string }): Rest {
  return { do: 'rest', status, event: { type: 'Warning', reason, message } };
}

/** The name of the MachineSet that controls the Machine. */
export function setOf(machine: Machine): string | undefined {
  return machine.metadata?.ownerReferences?.find(({ kind, controller }) => kind === 'MachineSet' && controller === true)
    ?.name;
}

/** Of the attempts at a device the first that fails is replaced, the second is the last: something is wrong that money does not cure. */
function planFailedDevice(facts: MachineFacts, device: Device): MachineStep {
  const { machine, memory, removal } = facts;
  const attempt = memory.attemptId ?? device.id;
  if (isControlPlane(machine) && machine.status?.nodeRef !== undefined) {
    const message = `Device ${device.id} of a control plane machine failed; it is not replaced, because its etcd may be needed`;
    return resting(withDevice(machine, device), { reason: 'DeviceFailed', message });
  }
  if (memory.failedAttempt === undefined) {
    const message = `Device ${device.id} failed to be provisioned: it is deleted, and another one is asked for`;
    const then = { do: 'remember', memory: { ...memory, failedAttempt: attempt } } as const;
    return { do: 'event', event: { type: 'Warning', reason: 'DeviceFailed', message }, then };
  }
  if (memory.failedAttempt !== attempt) {
    const message = `Two devices in a row failed to be provisioned, the last one was ${device.id}: look at its events in the Packet portal, then delete this Machine`;
    return resting(withDevice(machine, device, { reason: 'CreateError', message }), { reason: 'CreateError', message });
  }
  if (removal === undefined) return { do: 'remove-device' };
  if (removal.state === 'gone') return newAttempt(facts);
  const again =
    removal.state === 'waiting'
      ? { afterMs: removal.forMs, reason: removal.reason }
      : { afterMs: 0, reason: removal.message, isGrowing: true };
  return { do: 'rest', status: withDevice(machine, device), again };
}

/** The device is gone for good: the next one has a new identity. */
export function newAttempt({ memory, newAttemptId }: MachineFacts): MachineStep {
  const { projectId, failedAttempt } = memory;
  return {
    do: 'remember',
    memory: { attemptId: newAttemptId, ...(projectId && { projectId }), ...(failedAttempt && { failedAttempt }) },
  };
}

function specProblem({ reading, memory }: MachineFacts, device: Device): NonNullable<StatusWish['error']> | undefined {
  if (reading.problems) return { reason: 'InvalidConfiguration', message: reading.problems.join('; ') };
  const changes = unsupportedChanges(reading.spec, device, memory.projectId ?? device.projectId);
  if (changes.length === 0) return undefined;
  const message = `A device cannot change its ${changes.join('; ')}: put the former value back, or delete the Machine and make a new one`;
  return { reason: 'UnsupportedChange', message };
}

function unsupportedChanges(
  spec: PacketMachineProviderSpec,
  device: Device,
  projectId: string | undefined,
): readonly string[] {
  const differs = (name: string, has: string | undefined, wanted: readonly string[]): readonly string[] =>
    has === undefined || wanted.some((one) => one.toLowerCase() === has.toLowerCase())
      ? []
      : [`${name} (it has ${has}, the spec asks for ${wanted.join(' or ')})`];
  const { facility, metro } = device;
  const isThere = spec.facility.some((wanted) => wanted === 'any' || wanted === metro?.code);
  return [
    ...differs('facility', isThere ? undefined : facility?.code, spec.facility),
    ...differs('machineType', device.plan, [spec.machineType]),
    ...differs('projectID', projectId, [spec.projectID]),
    ...differs('OS', device.operatingSystem, [spec.OS]),
    ...differs('billingCycle', device.billingCycle, [spec.billingCycle]),
  ];
}

function planUnjoined(facts: MachineFacts, device: Device): MachineStep {
  const { machine, settings, nowMs } = facts;
  const rest = withDevice(machine, device);
  if (device.state !== 'active' || machine.status?.nodeRef !== undefined) return { do: 'rest', status: rest };
  const leftMs = settings.joinTimeoutMs - (nowMs - (waitingSinceMs(machine) ?? nowMs));
  if (leftMs > 0 || isExcused(machine)) {
    const again = { afterMs: Math.max(leftMs, settings.waitMs), reason: 'its Node has not joined yet' };
    return { do: 'rest', status: rest, again };
  }
  const minutes = Math.round(settings.joinTimeoutMs / 60_000);
  const message = `Device ${device.id} is active, but its Node did not join the cluster within ${minutes} minutes. Look at /var/log/cloud-init-output.log on it; a bootstrap token that expired before it booted is one cause`;
  const event = { type: 'Warning', reason: 'JoinClusterTimeoutError', message } as const;
  if (setOf(machine) !== undefined && !isControlPlane(machine)) return { do: 'delete-machine', event };
  return { do: 'rest', status: withDevice(machine, device, { reason: 'JoinClusterTimeoutError', message }), event };
}

/** Since when its Node is missing although the device runs. */
function waitingSinceMs({ status }: Machine): number | undefined {
  const device = conditionOf(status, conditionTypes.device);
  const node = conditionOf(status, conditionTypes.nodeReady);
  if (device?.status !== 'True') return undefined;
  const times = [device, ...(node?.reason === NODE_REASONS.deleted ? [node] : [])];
  return Math.max(...times.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime)));
}

// While the cluster cannot be asked nobody knows whether the Node joined; of a master that never answered, that is the answer.
function isExcused(machine: Machine): boolean {
  const node = conditionOf(machine.status, conditionTypes.nodeReady);
  return !isControlPlane(machine) && node?.reason === NODE_REASONS.unreachable;
}
