// The way of a Machine that is being deleted: out of the cluster, out of etcd, then the device, then our finalizer. Pure. It needs no
// configuration, no keys and no endpoint; the workload cluster is waited for a minute, the Packet API for ever.
import { conditionOf, conditionTypes, isControlPlane } from '../api/conditions.ts';
import { MACHINE_FINALIZER } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import type { MachineFacts, MachineStep, Rest, WorkloadResult } from './machine-facts.ts';
import type { MachineMemory } from './machine-memory.ts';
import { isLeaving } from './place.ts';
import { condition } from './status-wishes.ts';
import type { ServerRemoval } from '../servers/contract.ts';

/** What is shown while the device is being deleted. */
const DEVICE_REASONS = {
  deleting: 'DeviceDeleting',
  refused: 'DeletionRefused',
  credentials: 'CredentialsInvalid',
} as const;

/** The next step. */
export function planDeletion(facts: MachineFacts): MachineStep {
  const { machine, memory } = facts;
  if (machine.metadata?.finalizers?.includes(MACHINE_FINALIZER) !== true) return { do: 'rest' };
  const refusal = planSelfProtection(facts);
  if (refusal) return refusal;
  const farewell = planFarewell(facts);
  if (farewell) return farewell;
  if (hasNoDevice(memory)) return { do: 'release' };
  return planRemoval(facts);
}

function planSelfProtection({ machine, settings, hostsUs }: MachineFacts): MachineStep | undefined {
  if (settings.nodeName === undefined || machine.status?.nodeRef?.name !== settings.nodeName) return undefined;
  if (hostsUs === undefined) return { do: 'ask-host' };
  if (!hostsUs) return undefined;
  const message = `The manager itself runs on Node ${settings.nodeName}: it deletes this machine once it runs elsewhere`;
  return { ...deleting('HostsManager', message, true), again: { afterMs: 30_000, reason: message } };
}

/**
 * Steps in the workload cluster, while it may answer. A master's Node goes before its etcd member: without the member its API server ends,
 * and that may be the one that the cluster's address leads to until the device is gone.
 */
function planFarewell(facts: MachineFacts): MachineStep | undefined {
  const { machine, hasExternalEndpoint, memberRemoval, nodeRemoval } = facts;
  if (hasLeft(machine) || !hasSomebodyToAsk(facts)) return undefined;
  if (nodeRemoval === undefined) return { do: 'remove-node' };
  const wait = patience(facts, nodeRemoval, 'its Node');
  if (wait || !isControlPlane(machine) || !hasExternalEndpoint) return wait;
  if (memberRemoval === undefined) return { do: 'remove-member' };
  return patience(facts, memberRemoval, 'its etcd member');
}

/** Its device is being deleted already: what comes before that was done. */
function hasLeft({ status }: Machine): boolean {
  const reason = conditionOf(status, conditionTypes.ready)?.reason ?? '';
  return status?.phase === 'Deleting' && Object.values<string>(DEVICE_REASONS).includes(reason);
}

/** It was in a cluster that lives on, and a master is left there. */
function hasSomebodyToAsk({ machine, cluster, otherMasters }: MachineFacts): boolean {
  if (cluster === undefined || isLeaving(cluster)) return false;
  return machine.status?.nodeRef !== undefined && otherMasters.some((master) => !isLeaving(master));
}

function patience({ machine, nowMs, settings }: MachineFacts, result: WorkloadResult, what: string): Rest | undefined {
  const sinceMs = Date.parse(machine.metadata?.deletionTimestamp ?? '');
  if (result.state !== 'failed' || nowMs - sinceMs >= settings.workloadPatienceMs) return undefined;
  const message = `Removing ${what} from the cluster failed: ${result.message}`;
  return { ...deleting('WaitingForCluster', message), again: { afterMs: 5_000, reason: message } };
}

// An attempt of ours is written together with its project, and the time of a POST before the POST. The Go program wrote the attempt alone,
// after its POST.
function hasNoDevice({ attemptId, deviceId, projectId, requestedAtMs }: MachineMemory): boolean {
  if (deviceId !== undefined) return false;
  return attemptId === undefined || (projectId !== undefined && requestedAtMs === undefined);
}

function planRemoval(facts: MachineFacts): MachineStep {
  const { removal } = facts;
  if (removal === undefined) return { do: 'remove-device' };
  if (removal.state === 'gone') return { do: 'release' };
  if (removal.state === 'waiting') {
    return {
      ...deleting(DEVICE_REASONS.deleting, removal.reason),
      again: { afterMs: removal.forMs, reason: removal.reason },
    };
  }
  return afterRefusal(removal);
}

function afterRefusal({ message, isCredentials }: Extract<ServerRemoval, { state: 'refused' }>): Rest {
  const reason = isCredentials ? DEVICE_REASONS.credentials : DEVICE_REASONS.refused;
  const remedy = isCredentials
    ? 'put a valid API key into the credentials Secret'
    : 'unlock or delete it in the portal';
  const text = `Packet refused to delete the device: ${message} (${remedy})`;
  const rest = deleting(reason, text, true);
  const error = { reason: 'DeleteError', message: text } as const;
  return {
    ...rest,
    status: { conditions: [], ...rest.status, error },
    again: { afterMs: 60_000, reason: message },
  };
}

function deleting(reason: string, message: string, isWarned = false): Rest {
  return {
    do: 'rest',
    status: {
      phase: 'Deleting',
      error: null,
      conditions: [condition(conditionTypes.ready, 'False', reason, message)],
    },
    ...(isWarned && { event: { type: 'Warning', reason, message } }),
  };
}
