// Carries out the steps of a MachineDeployment's plan and writes its status. Decides nothing.
import { KubeApiError } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient } from '@longshore/k8s-runtime';
import { assertNever, backoff, messageOf, OperatorError } from '@longshore/reconciler-core';
import { annotations } from '../api/names.ts';
import type { MachineDeployment, MachineSet } from '../api/objects.ts';
import { machineDeployments, machines, machineSets } from '../api/resources.ts';
import { isControlledBy, isDeleting } from '../machineset/machine-facts.ts';
import { patchOwners, reportedClaim } from '../machineset/owner-apply.ts';
import { objectKey } from '../machineset/ownership.ts';
import type { DeploymentStep } from './deployment-plan.ts';
import type { MachineDeploymentStatus } from './deployment-status.ts';

/** What the steps are carried out with. */
export interface DeploymentTools {
  readonly client: KubeClient;
  readonly events: EventRecorder;
}

/** Carries out one step. */
export async function applyDeploymentStep(
  deployment: MachineDeployment,
  step: DeploymentStep,
  tools: DeploymentTools,
  signal: AbortSignal,
): Promise<void> {
  const { client, events } = tools;
  const onSelf = { client, type: machineDeployments, object: deployment };
  const owner = { kind: 'MachineDeployment', object: deployment } as const;
  switch (step.kind) {
    case 'own-metadata':
      return patchOwners({ ...onSelf, metadata: step.metadata }, signal);
    case 'revise':
      return revise(deployment, step.revision, client, signal);
    case 'adopt':
    case 'release':
      return reportedClaim({ client, events, type: machineSets, object: step.set, owner, claim: step.kind }, signal);
    case 'mark':
      return patchOwners(
        {
          client,
          type: machines,
          object: step.machine,
          metadata: { annotations: { [annotations.deleteMachine]: 'true' } },
        },
        signal,
      );
    case 'create-set':
      return createSet(deployment, step.set, tools, signal);
    case 'change-set':
      return changeSet(step, client, signal);
    case 'scale':
      return scale(deployment, step, tools, signal);
    case 'delete-set':
      return deleteSet(deployment, step.set, tools, signal);
    default:
      return assertNever(step);
  }
}

/** Writes the status. */
export async function patchDeploymentStatus(
  deployment: MachineDeployment,
  status: MachineDeploymentStatus,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const patch = { kind: 'merge', body: { status } } as const;
  await client.patch(machineDeployments, objectKey(deployment), patch, { subresource: 'status', signal });
}

async function revise(
  deployment: MachineDeployment,
  revision: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const body = { metadata: { annotations: { [annotations.revision]: revision } } };
  await client.patch(machineDeployments, objectKey(deployment), { kind: 'merge', body }, { signal });
}

async function createSet(
  deployment: MachineDeployment,
  set: MachineSet,
  { client, events }: DeploymentTools,
  signal: AbortSignal,
): Promise<void> {
  const name = set.metadata?.name ?? '';
  try {
    await client.create(machineSets, set, { signal });
    events.normal(deployment, 'SuccessfulCreate', `created MachineSet ${name}`);
  } catch (error) {
    const isTaken = error instanceof KubeApiError && error.reason === 'AlreadyExists';
    // Ours: an earlier create whose answer was lost.
    if (isTaken && (await isOurs(deployment, set, client, signal))) return;
    const failure = isTaken ? nameTaken(deployment, name, error) : error;
    events.warning(deployment, 'FailedCreate', `creating MachineSet ${name} failed: ${messageOf(failure)}`);
    throw failure;
  }
}

async function isOurs(
  deployment: MachineDeployment,
  set: MachineSet,
  client: KubeClient,
  signal: AbortSignal,
): Promise<boolean> {
  const present = await client.get(machineSets, objectKey(set), { signal });
  return present !== undefined && isControlledBy(present, deployment) && !isDeleting(present);
}

function nameTaken(deployment: MachineDeployment, name: string, cause: unknown): OperatorError {
  const message =
    `MachineDeployment ${deployment.metadata?.name ?? ''} needs a MachineSet ${name}, but one of that name belongs to ` +
    `somebody else or is being deleted: delete or rename it`;
  return new OperatorError('MACHINE_DEPLOYMENT_SET_NAME_TAKEN', message, backoff, { cause });
}

async function changeSet(
  { set, change }: Extract<DeploymentStep, { kind: 'change-set' }>,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const { resourceVersion } = set.metadata ?? {};
  const { annotations: changed, minReadySeconds } = change;
  const body = {
    metadata: { resourceVersion, ...(changed ? { annotations: changed } : {}) },
    ...(minReadySeconds === undefined ? {} : { spec: { minReadySeconds } }),
  };
  await client.patch(machineSets, objectKey(set), { kind: 'merge', body }, { signal });
}

async function scale(
  deployment: MachineDeployment,
  { set, replicas, annotations: changed }: Extract<DeploymentStep, { kind: 'scale' }>,
  { client, events }: DeploymentTools,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', resourceVersion } = set.metadata ?? {};
  const before = set.spec?.replicas ?? 1;
  const what = `MachineSet ${name} from ${before} to ${replicas}`;
  try {
    const body = { metadata: { resourceVersion, annotations: changed }, spec: { replicas } };
    await client.patch(machineSets, objectKey(set), { kind: 'merge', body }, { signal });
    events.normal(deployment, 'SuccessfulScale', `scaled ${what}`);
  } catch (error) {
    events.warning(deployment, 'FailedScale', `scaling ${what} failed: ${messageOf(error)}`);
    throw error;
  }
}

async function deleteSet(
  deployment: MachineDeployment,
  set: MachineSet,
  { client, events }: DeploymentTools,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', uid } = set.metadata ?? {};
  const preconditions = uid === undefined ? {} : { uid };
  try {
    await client.remove(machineSets, objectKey(set), { preconditions, signal });
    events.normal(deployment, 'SuccessfulDelete', `deleted MachineSet ${name}`);
  } catch (error) {
    events.warning(deployment, 'FailedDelete', `deleting MachineSet ${name} failed: ${messageOf(error)}`);
    throw error;
  }
}
