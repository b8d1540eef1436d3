// Carries out the steps of a MachineSet's plan and writes its status. Decides nothing; every step ends in an event.
import { isConflict, KubeApiError } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient } from '@longshore/k8s-runtime';
import { messageOf, parallelUntil } from '@longshore/reconciler-core';
import { machineSets, machines } from '../api/resources.ts';
import type { Machine, MachineSet } from '../api/objects.ts';
import { machineName } from './machine-name.ts';
import type { UncertainNames } from './machine-name.ts';
import { patchOwners, reportedClaim } from './owner-apply.ts';
import { controllerReference, objectKey } from './ownership.ts';
import type { MachineSetFacts, MachineSetPlan, MachineSetStep } from './machine-set-plan.ts';
import type { MachineSetStatus } from './machine-set-status.ts';

/** What the steps are carried out with. */
export interface MachineSetTools {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly uncertain: UncertainNames;
  readonly random: () => number;
}

// Creations and deletions of one set at the same time.
const AT_ONCE = 5;

/** Carries out the steps; what comes first must succeed before machines are made or deleted. */
export async function applyMachineSetSteps(
  facts: MachineSetFacts,
  steps: MachineSetPlan['steps'],
  tools: MachineSetTools,
  signal: AbortSignal,
): Promise<void> {
  const { set } = facts;
  for (const step of steps) await applyMetadataStep(set, step, tools, signal);
  const names = steps.flatMap((step) => (step.kind === 'create' ? newNames(facts, step.count, tools) : []));
  const victims = steps.flatMap((step) => (step.kind === 'delete' ? [step.machine] : []));
  await parallelUntil(names, AT_ONCE, (name) => createMachine(set, name, tools, signal), signal);
  await parallelUntil(victims, AT_ONCE, (machine) => deleteMachine(set, machine, tools, signal), signal);
}

/** Writes the status. */
export async function patchMachineSetStatus(
  set: MachineSet,
  status: MachineSetStatus,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const absent = Object.keys(set.status ?? {}).filter((field) => !Object.hasOwn(status, field));
  const body = { status: { ...status, ...Object.fromEntries(absent.map((field) => [field, null])) } };
  await client.patch(machineSets, objectKey(set), { kind: 'merge', body }, { subresource: 'status', signal });
}

async function applyMetadataStep(
  set: MachineSet,
  step: MachineSetStep,
  { client, events }: MachineSetTools,
  signal: AbortSignal,
): Promise<void> {
  const owner = { kind: 'MachineSet', object: set } as const;
  switch (step.kind) {
    case 'own-metadata':
      await patchOwners({ client, type: machineSets, object: set, metadata: step.metadata }, signal);
      return;
    case 'adopt':
    case 'release':
      await reportedClaim({ client, events, type: machines, object: step.machine, owner, claim: step.kind }, signal);
      return;
    default:
      return;
  }
}

function newNames(facts: MachineSetFacts, count: number, { uncertain, random }: MachineSetTools): readonly string[] {
  const { name = '', uid = '' } = facts.set.metadata ?? {};
  const existing = new Set(facts.machines.map((machine) => machine.metadata?.name ?? ''));
  const names = new Set(uncertain.of(uid, existing).slice(0, count));
  while (names.size < count) {
    const fresh = machineName(name, random);
    if (!existing.has(fresh)) names.add(fresh);
  }
  return [...names];
}

async function createMachine(
  set: MachineSet,
  name: string,
  { client, events, uncertain }: MachineSetTools,
  signal: AbortSignal,
): Promise<void> {
  const setUid = set.metadata?.uid ?? '';
  try {
    uncertain.add(setUid, name);
    await client.create(machines, machineOf(set, name), { signal });
    uncertain.settle(setUid, name);
    events.normal(set, 'SuccessfulCreate', `created machine ${name}`);
  } catch (error) {
    // A refusal is an answer; only a lost one leaves the name uncertain. "Already exists" is our own create that arrived late.
    if (error instanceof KubeApiError && error.status < 500) uncertain.settle(setUid, name);
    if (!isAlreadyThere(error))
      events.warning(set, 'FailedCreate', `creating machine ${name} failed: ${messageOf(error)}`);
    throw error;
  }
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof KubeApiError && error.reason === 'AlreadyExists';
}

async function deleteMachine(
  set: MachineSet,
  machine: Machine,
  { client, events }: MachineSetTools,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', uid } = machine.metadata ?? {};
  const preconditions = uid === undefined ? {} : { uid };
  try {
    await client.remove(machines, objectKey(machine), { preconditions, signal });
    events.normal(set, 'SuccessfulDelete', `deleted machine ${name}`);
  } catch (error) {
    // Another machine of that name by now: the one that was meant is gone.
    if (isConflict(error)) return;
    events.warning(set, 'FailedDelete', `deleting machine ${name} failed: ${messageOf(error)}`);
    throw error;
  }
}

function machineOf(set: MachineSet, name: string): Machine {
  const { metadata: { labels, annotations } = {}, spec } = set.spec?.template ?? {};
  return {
    apiVersion: `${machines.group}/${machines.version}`,
    kind: machines.kind,
    metadata: {
      ...objectKey(set),
      name,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference('MachineSet', set)],
    },
    ...(spec ? { spec } : {}),
  };
}
