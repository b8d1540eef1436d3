// Whether a Machine's device may be asked for now, and what is shown when it may not or the API refused. Pure. All that can be known is
// checked before the POST; what is wrong is said once, in one condition and one event, and recovers by itself when the cause goes.
import type { MachineErrorReason } from '../api/objects.ts';
import type { ServerCreation } from '../servers/contract.ts';
import type { EventWish, MachineFacts, MachineStep, Preparation, Rest } from './machine-facts.ts';
import { initAttemptOf } from './entrance-plan.ts';
import { isLeaving } from './place.ts';
import { notReady } from './status-wishes.ts';

const CONFIG_CHECK_MS = 30_000;

type Refused = Extract<ServerCreation, { state: 'refused' }>;
type Ready = Extract<Preparation, { state: 'ready' }>;

/** The next step towards the device. `requestedAtMs`: the time of the POST that may be sent now; absent before there is an attempt. */
export function planCreation(facts: MachineFacts, requestedAtMs?: number): MachineStep {
  const { creation, reading, preparation } = facts;
  if (creation?.state === 'refused') return afterRefusal(facts, creation);
  if (facts.cluster && isLeaving(facts.cluster)) {
    const message = 'The Cluster is being deleted: no device is made for this machine';
    return { do: 'rest', status: notReady('Pending', 'ClusterDeleting', message) };
  }
  if (reading.problems) return invalid(reading.problems.join('; '));
  if (preparation === undefined) return { do: 'prepare' };
  if (preparation.state === 'refused') return invalid(preparation.message);
  if (preparation.state === 'waiting') {
    const { reason, message, forMs } = preparation;
    const again = { afterMs: forMs, reason: message };
    return { do: 'rest', status: notReady('Pending', reason, message), again };
  }
  return planPost(facts, preparation, requestedAtMs);
}

function planPost(facts: MachineFacts, { kind, spec }: Ready, requestedAtMs: number | undefined): MachineStep {
  const { memory, cluster, newAttemptId } = facts;
  const { projectId } = spec;
  if (memory.attemptId === undefined || memory.projectId !== projectId) {
    const { attemptId = newAttemptId, failedAttempt } = memory;
    return { do: 'remember', memory: { attemptId, projectId, ...(failedAttempt && { failedAttempt }) } };
  }
  if (kind === 'init' && initAttemptOf(cluster) !== memory.attemptId) return { do: 'take-init' };
  // The attempt is new: what is there under its tag is asked first, and says then that the POST may be sent.
  if (requestedAtMs === undefined) return { do: 'find' };
  return { do: 'create', memory: { ...memory, requestedAtMs }, spec };
}

function invalid(message: string): Rest {
  return {
    do: 'rest',
    status: notReady('Pending', 'InvalidConfiguration', message, 'InvalidConfiguration'),
    event: warning('InvalidConfiguration', message),
    // Nobody is told when the file of machine configurations changes.
    again: { afterMs: CONFIG_CHECK_MS, reason: 'the configuration may have been corrected' },
  };
}

function warning(reason: string, message: string): EventWish {
  return { type: 'Warning', reason, message };
}

const REFUSALS: Readonly<
  Record<
    Refused['why'],
    { readonly reason: string; readonly error: MachineErrorReason | null; readonly remedy: string }
  >
> = {
  'no-capacity': {
    reason: 'InsufficientResources',
    error: 'InsufficientResources',
    remedy: 'it is asked for again with growing pauses; more facilities or another machineType may help',
  },
  quota: {
    reason: 'QuotaReached',
    error: 'InsufficientResources',
    remedy: 'delete devices that are not needed, or have the quota of the project raised',
  },
  credentials: {
    reason: 'CredentialsInvalid',
    error: null,
    remedy: 'put a valid API key into the credentials Secret',
  },
  permission: {
    reason: 'PermissionMissing',
    error: null,
    remedy: 'the API key may not create devices: take one with write permission for the project',
  },
  'rate-limit': { reason: 'RateLimited', error: null, remedy: 'it is asked for again when the API allows it' },
  invalid: {
    reason: 'InvalidConfiguration',
    error: 'InvalidConfiguration',
    remedy: 'correct spec.providerSpec of the Machine',
  },
};

function afterRefusal({ settings }: MachineFacts, { why, message, retryAfterMs }: Refused): Rest {
  const { reason, error, remedy } = REFUSALS[why];
  const text = `Packet refused the device: ${message} (${remedy})`;
  const status = notReady('Pending', reason, text, error);
  if (why === 'rate-limit') {
    return { do: 'rest', status, again: { afterMs: retryAfterMs ?? settings.waitMs, reason: message } };
  }
  const again = { afterMs: retryAfterMs ?? 0, reason: message, isGrowing: retryAfterMs === undefined };
  return { do: 'rest', status, event: warning(reason, text), again };
}
