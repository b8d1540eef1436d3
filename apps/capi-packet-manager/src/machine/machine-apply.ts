// Steps of the Machine planner as calls. Decides nothing: each step is done, and what was learnt from it is added to the facts.
import { messageOf } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { nodes } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient } from '@longshore/k8s-runtime';
import type { Device, ProjectId } from '@longshore/packet-api';
import { isControlPlane } from '../api/conditions.ts';
import type { Cluster, Machine } from '../api/objects.ts';
import { clusters, machines } from '../api/resources.ts';
import type { ClusterKey } from '../cluster/contract.ts';
import type { ServerFinding, ServerRemoval, Servers } from '../servers/contract.ts';
import { memoryAfter } from '../servers/plan-server.ts';
import { planEntrance } from './entrance-plan.ts';
import { removeMember, removeNode } from './farewell.ts';
import type { FarewellParts } from './farewell.ts';
import type { EventWish, MachineFacts, MachineStep, Rest } from './machine-facts.ts';
import { memoryOf, memoryPatch } from './machine-memory.ts';
import type { MachineMemory } from './machine-memory.ts';
import { listMachines, objectKey, patchInitAttempt, patchMachine, releasePatch } from './machine-writes.ts';
import type { NewestMachines } from './newest-machines.ts';
import { knownProject, ownershipOf } from './ownership.ts';
import { prepare } from './preparation.ts';
import type { PreparationParts } from './preparation.ts';
import { placeOf } from './place.ts';

/** What steps are applied with. */
export interface StepParts extends FarewellParts, PreparationParts {
  readonly client: KubeClient;
  readonly servers: Servers;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newest: NewestMachines;
}

/** A step that is not the end of the round. */
export type ActiveStep = Exclude<MachineStep, Rest>;

type Applier<Step> = (
  step: Step,
  facts: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
) => Promise<MachineFacts | undefined>;

const APPLIERS: { readonly [Do in ActiveStep['do']]: Applier<Extract<ActiveStep, { do: Do }>> } = {
  own: (_step, facts, parts, signal) => own(facts, parts, signal),
  find: async (_step, facts, { servers }, signal) => ({
    ...facts,
    finding: await servers.find(facts.memory, projectOf(facts), signal),
  }),
  'look-up': async (_step, facts, { servers }, signal) => ({
    ...facts,
    finding: await servers.lookUp(facts.memory, projectOf(facts), signal),
  }),
  prepare: async (_step, facts, parts, signal) => ({ ...facts, preparation: await prepare(facts, parts, signal) }),
  remember: ({ memory }, facts, parts, signal) => remember(facts, memory, parts, signal),
  'take-init': (_step, facts, parts, signal) => takeInit(facts, parts, signal),
  create,
  event: async ({ event, then }, facts, parts, signal) => {
    record(facts.machine, event, parts);
    return then.do === 'rest' ? facts : applyStep(then, facts, parts, signal);
  },
  'delete-machine': ({ event }, facts, parts, signal) => deleteMachine(facts, event, parts, signal),
  release: (_step, facts, parts, signal) => release(facts, parts, signal),
  'remove-duplicates': changeDevice,
  correct: changeDevice,
  'clear-user-data': changeDevice,
  'remove-device': changeDevice,
  'remove-node': askCluster,
  'remove-member': askCluster,
  'ask-host': askCluster,
};

/** The facts after the step; `undefined` when the Machine is gone. */
export function applyStep(
  step: ActiveStep,
  facts: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const apply = APPLIERS[step.do] as Applier<ActiveStep>;
  return apply(step, facts, parts, signal);
}

/** Writes the event about the Machine. */
export function record(machine: Machine, { type, reason, message }: EventWish, { events }: StepParts): void {
  if (type === 'Warning') events.warning(machine, reason, message);
  else events.normal(machine, reason, message);
}

async function write(
  facts: MachineFacts,
  body: { readonly metadata?: object; readonly spec?: object },
  { client, newest }: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const machine = await patchMachine(client, facts.machine, body, { signal });
  if (machine === undefined) return undefined;
  newest.put(machine);
  return { ...facts, machine, memory: memoryOf(machine) };
}

async function own(facts: MachineFacts, parts: StepParts, signal: AbortSignal): Promise<MachineFacts | undefined> {
  const metadata = facts.cluster && ownershipOf(facts.machine, facts.cluster);
  return metadata === undefined ? facts : write(facts, { metadata }, parts, signal);
}

async function remember(
  facts: MachineFacts,
  memory: MachineMemory,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const after = await write(facts, memoryPatch(facts.machine, memory, facts.settings.providerIdPrefix), parts, signal);
  if (after === undefined || memory.attemptId === facts.memory.attemptId) return after;
  // What was known is about another attempt.
  const { finding: _finding, removal: _removal, creation: _creation, ...rest } = after;
  return { ...rest, newAttemptId: crypto.randomUUID() };
}

// The Cluster first, then its Machines: whoever is written in the Cluster has written its attempt before.
async function takeInit(facts: MachineFacts, parts: StepParts, signal: AbortSignal): Promise<MachineFacts | undefined> {
  const { client } = parts;
  const { cluster: known, memory, preparation: _preparation, ...rest } = facts;
  const cluster = known && (await client.get(clusters, objectKey(known), { signal }));
  if (cluster === undefined || memory.attemptId === undefined) return undefined;
  const all = await listMachines(client, cluster, { signal });
  const otherMasters = all.filter((one) => isControlPlane(one) && one.metadata?.name !== facts.machine.metadata?.name);
  const after = { ...rest, cluster, memory, otherMasters };
  if (planEntrance({ ...after, cluster }).kind !== 'init') return after;
  const taken = await patchInitAttempt(client, cluster, memory.attemptId, { signal });
  return taken && { ...facts, cluster: taken, otherMasters };
}

async function create(
  step: Extract<MachineStep, { do: 'create' }>,
  before: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const facts = await remember(before, step.memory, parts, signal);
  if (facts === undefined) return undefined;
  const creation = await parts.servers.create(facts.memory, step.spec, signal);
  if (creation.state === 'in-doubt') return facts;
  if (creation.state === 'created') {
    const { device } = creation;
    const message = `Device ${device.id} was ordered (${step.spec.plan}, ${device.facility?.code ?? step.spec.facilities.join(' or ')})`;
    record(facts.machine, { type: 'Normal', reason: 'DeviceCreated', message }, parts);
    return { ...facts, finding: { state: 'present', device, duplicates: [] } };
  }
  const { projectId, failedAttempt } = facts.memory;
  const kept = { ...(projectId && { projectId }), ...(failedAttempt && { failedAttempt }) };
  const after = await remember(facts, { ...memoryAfter(facts.memory, creation), ...kept }, parts, signal);
  return after && { ...after, creation };
}

async function deleteMachine(
  facts: MachineFacts,
  event: EventWish,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts | undefined> {
  const { uid, resourceVersion } = facts.machine.metadata ?? {};
  const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
  const key = objectKey(facts.machine);
  await parts.client.remove(machines, key, { signal, preconditions });
  record(facts.machine, event, parts);
  const machine = await parts.client.get(machines, key, { signal });
  if (machine === undefined || machine.metadata?.uid !== uid) return undefined;
  parts.newest.put(machine);
  return { ...facts, machine };
}

async function release(facts: MachineFacts, parts: StepParts, signal: AbortSignal): Promise<MachineFacts | undefined> {
  const after = await write(facts, releasePatch(facts.machine), parts, signal);
  parts.log.info('machine released', { device: facts.memory.deviceId });
  return after;
}

async function changeDevice(
  step: Extract<MachineStep, { do: 'remove-duplicates' | 'correct' | 'clear-user-data' | 'remove-device' }>,
  facts: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts> {
  const { servers } = parts;
  switch (step.do) {
    case 'remove-device':
      return { ...facts, removal: await removeDevice(facts, servers, signal) };
    case 'remove-duplicates':
      for (const duplicate of step.devices) await removeDuplicate(duplicate, facts, parts, signal);
      return { ...facts, finding: withDevice(facts.finding, {}) };
    case 'correct': {
      await servers.correct(step.device.id, step.change, signal);
      const message = `Device ${step.device.id}: ${Object.keys(step.change).join(' and ')} put back`;
      record(facts.machine, { type: 'Normal', reason: 'DeviceCorrected', message }, parts);
      return { ...facts, finding: withDevice(facts.finding, step.change) };
    }
    case 'clear-user-data':
      await servers.clearUserData(step.device.id, signal);
      return { ...facts, finding: withDevice(facts.finding, { userdata: '' }) };
  }
}

/** The finding with the device changed, and without the duplicates that were dealt with. */
function withDevice(finding: ServerFinding | undefined, change: Partial<Device>): ServerFinding {
  if (finding?.state !== 'present') throw new Error('a device was changed that was not found');
  return { state: 'present', device: { ...finding.device, ...change }, duplicates: [] };
}

async function removeDevice(facts: MachineFacts, servers: Servers, signal: AbortSignal): Promise<ServerRemoval> {
  const projectId = knownProject(facts);
  if (projectId !== undefined) return servers.remove(facts.memory, projectId, signal);
  const message = 'neither the Machine nor its Cluster names the project of the device';
  return { state: 'refused', message, isCredentials: false };
}

async function removeDuplicate(
  { id }: Device,
  facts: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
): Promise<void> {
  const removal = await parts.servers.remove({ deviceId: id }, projectOf(facts), signal);
  const end = removal.state === 'refused' ? `is refused: ${removal.message}` : 'is under way';
  const message = `Two devices were made for this machine; the removal of the younger one, ${id}, ${end}`;
  record(facts.machine, { type: 'Warning', reason: 'DuplicateDevice', message }, parts);
}

async function askCluster(
  step: Extract<MachineStep, { do: 'remove-node' | 'remove-member' | 'ask-host' }>,
  facts: MachineFacts,
  parts: StepParts,
  signal: AbortSignal,
): Promise<MachineFacts> {
  const { machine, otherMasters, settings } = facts;
  if (step.do === 'ask-host') return { ...facts, hostsUs: await hostsUs(machine, settings.nodeName, parts, signal) };
  const cluster = clusterKey(facts.cluster);
  return step.do === 'remove-node'
    ? { ...facts, nodeRemoval: await removeNode(machine, cluster, parts, signal) }
    : { ...facts, memberRemoval: await removeMember(machine, { cluster, otherMasters }, parts, signal) };
}

// A Node of that name exists in other clusters too: it is ours when the uid is the same. In doubt the machine stays.
async function hostsUs(
  { status }: Machine,
  nodeName: string | undefined,
  { client, log }: StepParts,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const node = await client.get(nodes, { name: nodeName ?? '' }, { signal });
    return node !== undefined && node.metadata?.uid === status?.nodeRef?.uid;
  } catch (error) {
    signal.throwIfAborted();
    log.warn('cannot tell whether the manager runs on this machine', { error: messageOf(error) });
    return true;
  }
}

/** Namespace and name of the Cluster. */
export function clusterKey(cluster: Cluster | undefined): ClusterKey {
  return placeOf(cluster ?? {});
}

function projectOf(facts: MachineFacts): ProjectId {
  const projectId = knownProject(facts);
  if (projectId === undefined) throw new Error('the project of the device is not known');
  return projectId;
}
