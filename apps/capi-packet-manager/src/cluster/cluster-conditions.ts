// What a Cluster's conditions say about what was found. Pure; every message names what is waited for or what to do.
import { messageOf } from '@longshore/reconciler-core';
import { CREDENTIALS_SECRET, PACKET_NAMESPACE } from '../api/names.ts';
import { caCertHash } from '../bootstrap/pki.ts';
import type { ConditionState, StatusWish } from './cluster-status.ts';
import type { Endpoint } from './endpoint-plan.ts';
import type { KeysFinding } from './keys-keeper.ts';
import type { DeviceFindings } from './observe-devices.ts';
import type { Reach } from './reachability.ts';
import { ownedState } from './stray-plan.ts';

/** Something is wrong with the object itself. */
export function invalidStatus(problems: readonly string[]): StatusWish {
  const message = problems.join('; ');
  return {
    ready: { status: 'False', reason: 'InvalidConfiguration', message },
    error: { reason: 'InvalidConfiguration', message },
  };
}

/** The keys cannot be used: nothing goes on. */
export function unusableKeysStatus({ reason, problems }: Extract<KeysFinding, { state: 'unusable' }>): StatusWish {
  const state: ConditionState = { status: 'False', reason, message: problems.join('; ') };
  return { ready: state, certificateAuthority: state, error: null };
}

/** Everything else. */
export interface ClusterFindings {
  readonly keys: Extract<KeysFinding, { state: 'whole' }>;
  readonly devices: DeviceFindings;
  readonly endpoint: Endpoint | undefined;
  readonly reach: Reach | undefined;
}

/** The whole status. */
export function foundStatus(found: ClusterFindings): StatusWish {
  const { keys, devices, endpoint, reach } = found;
  const credentials = credentialsState(devices);
  return {
    ready: readyState(found),
    certificateAuthority: authorityState(keys.warnings),
    masters: mastersState(keys),
    ...(devices.strays && { owned: ownedState(devices.strays), strays: devices.strays }),
    ...(credentials && { credentials }),
    ...(reach && { reachable: reachState(reach, endpoint) }),
    ...(endpoint && { endpoint }),
    caFingerprint: caCertHash(keys.keys.ca.certPem),
    error: null,
  };
}

function readyState({ devices, endpoint }: ClusterFindings): ConditionState {
  if (endpoint !== undefined) {
    return { status: 'True', reason: 'Ready', message: `the API server is at ${endpoint.host}, port ${endpoint.port}` };
  }
  if (devices.failure !== undefined) {
    const message = `the elastic IP of the API server cannot be had: ${steadyMessage(devices.failure.error)}`;
    return { status: 'False', reason: 'EndpointFailed', message };
  }
  const message = 'waiting for a control plane machine with a public IPv4 address';
  return { status: 'False', reason: 'WaitingForControlPlane', message };
}

function authorityState(warnings: readonly string[]): ConditionState {
  if (warnings.length === 0) return { status: 'True', reason: 'Valid', message: 'all key pairs are there and last' };
  return { status: 'False', reason: 'CAExpiresSoon', message: warnings.join('; ') };
}

function mastersState({ mastersObstacle }: ClusterFindings['keys']): ConditionState {
  if (mastersObstacle !== undefined)
    return { status: 'False', reason: 'KeysOfMastersUnknown', message: mastersObstacle };
  return { status: 'True', reason: 'KeysKnown', message: 'all key pairs are those of the control plane' };
}

function credentialsState({ credentials }: DeviceFindings): ConditionState | undefined {
  if (credentials.state === 'unknown') return undefined;
  if (credentials.state === 'valid') {
    return { status: 'True', reason: 'Valid', message: 'the Packet API takes the key' };
  }
  // Not the answer itself: it has the number of the request in it, which would be a write each time.
  const message = `the Packet API refuses the API key: correct apiKey in Secret ${PACKET_NAMESPACE}/${CREDENTIALS_SECRET}`;
  return { status: 'False', reason: 'CredentialsInvalid', message };
}

function steadyMessage(error: unknown): string {
  return messageOf(error).replaceAll(/ \(request "[^"]*"\)/g, '');
}

function reachState(reach: Reach, endpoint: Endpoint | undefined): ConditionState {
  const where = endpoint === undefined ? '' : ` at ${endpoint.host}, port ${endpoint.port}`;
  if (reach.answers) return { status: 'True', reason: 'Answers', message: `the API server answers${where}` };
  // The cause changes from call to call (refused, timed out): in the message it would be a write each time.
  return { status: 'False', reason: 'WaitingForAPIServer', message: `the API server does not answer${where}` };
}
