// The one next step for a Machine. Pure: reads top to bottom, each part of the life has its own file. The Machine controller applies the
// step, adds what it learnt to the facts and asks again until nothing is left to do.
import { conditionOf, conditionTypes } from '../api/conditions.ts';
import { annotations, CLUSTER_LABEL } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import type { ServerFinding, ServerStep } from '../servers/contract.ts';
import { planServer, serverPlanSettings } from '../servers/plan-server.ts';
import { planCreation } from './creation-plan.ts';
import { planDeletion } from './deletion-plan.ts';
import { planLife } from './life-plan.ts';
import { planLost } from './lost-plan.ts';
import type { MachineFacts, MachineStep, Rest } from './machine-facts.ts';
import { knownProject, ownerOf, ownershipOf } from './ownership.ts';
import { isLeaving, placeOf } from './place.ts';
import { notReady } from './status-wishes.ts';

/** The next step. */
export function planMachine(facts: MachineFacts): MachineStep {
  const { machine, cluster, memory, finding } = facts;
  if (isLeaving(machine)) return planDeletion(facts);
  if (cluster === undefined) return withoutCluster(machine);
  if (ownershipOf(machine, cluster) !== undefined) return { do: 'own' };
  const isNew = memory.attemptId === undefined && memory.deviceId === undefined;
  if (isNew || knownProject(facts) === undefined) return planCreation(facts);
  if (finding === undefined) return { do: 'find' };
  const userTags = facts.reading.spec?.tags ?? [];
  const spec = { owner: ownerOf(machine, cluster), hostname: placeOf(machine).name, userTags };
  const settings = serverPlanSettings(facts.settings);
  return planByServer(facts, planServer({ memory, finding, spec, nowMs: facts.nowMs, settings }), finding);
}

function planByServer(facts: MachineFacts, step: ServerStep, finding: ServerFinding): MachineStep {
  switch (step.do) {
    case 'remember':
      return { do: 'remember', memory: { ...facts.memory, ...step.memory } };
    case 'create':
      return planCreation(facts, step.memory.requestedAtMs);
    case 'look-up':
    case 'remove-duplicates':
    case 'correct':
      return step;
    case 'wait':
      return waiting(facts, finding, step);
    case 'nothing':
      return planLife(facts, step.device);
    case 'report-gone':
      return planLost(facts);
  }
}

// Doubt changes nothing that is shown of a device: a failing API must not make every Machine look ill.
function waiting(facts: MachineFacts, finding: ServerFinding, step: { forMs: number; reason: string }): Rest {
  const again = { afterMs: step.forMs, reason: step.reason };
  if (facts.memory.deviceId !== undefined) return { do: 'rest', again };
  if (finding.state === 'unknown') {
    const reason = finding.isCredentials ? 'CredentialsInvalid' : 'PacketUnreachable';
    return { do: 'rest', again, status: notReady('Pending', reason, finding.message) };
  }
  const message =
    'The answer to the request for the device was lost: it is looked for by its tag before it is asked for again';
  return { do: 'rest', again, status: notReady('Pending', 'CreationInDoubt', message) };
}

function withoutCluster(machine: Machine): Rest {
  const name = machine.metadata?.labels?.[CLUSTER_LABEL];
  const message =
    name === undefined
      ? `The label ${CLUSTER_LABEL} is missing: it has to name the Cluster that this machine belongs to`
      : `There is no Cluster ${placeOf(machine).namespace}/${name} yet: create it, or correct the label ${CLUSTER_LABEL}`;
  return { do: 'rest', status: notReady('Pending', 'WaitingForCluster', message) };
}

/** What a paused Machine shows; `undefined` when it shows it already, or, for the end of a pause, when it shows nothing. */
export function pauseStatus(machine: Machine, isPaused: boolean): Rest['status'] | undefined {
  const isShown = conditionOf(machine.status, conditionTypes.paused)?.status === 'True';
  if (isShown === isPaused) return undefined;
  const message = isPaused
    ? `Nothing is done: this machine or its Cluster has spec.paused or the annotation ${annotations.paused}`
    : 'The pause is over';
  const status = isPaused ? 'True' : 'False';
  return {
    conditions: [{ type: conditionTypes.paused, status, reason: isPaused ? 'Paused' : 'NotPaused', message }],
  };
}
