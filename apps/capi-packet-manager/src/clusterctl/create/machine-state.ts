// What a Machine waits for, in one line, and whether it is there. Pure.
import { conditionTypes } from '../../api/conditions.ts';
import type { Cluster, Condition, Machine, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { titleOf } from '../kube-kinds.ts';
import { done, notYet } from '../wait/wait-until.ts';
import type { Look } from '../wait/wait-until.ts';

/** The last conditions that are not true, the phase, and errors. */
export function stateOf(machine: Machine, cluster?: Cluster): string {
  const { phase, errorReason, errorMessage } = machine.status ?? {};
  const parts = [
    phase ?? 'not looked at yet',
    ...(errorReason === undefined ? [] : [`${errorReason}: ${errorMessage ?? ''}`]),
    ...unmet(machine.status?.conditions),
    ...unmet(cluster?.status?.conditions).map((text) => `Cluster ${text}`),
  ];
  return parts.join('; ');
}

function unmet(conditions: readonly Condition[] | undefined): readonly string[] {
  return (conditions ?? [])
    .filter(({ type, status }) => (type === conditionTypes.paused ? status === 'True' : status !== 'True'))
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

/** The first control plane machine: its Node is known, or its API server can be reached with a kubeconfig that is there. */
export function lookAtMaster(
  machine: Machine | undefined,
  cluster: Cluster | undefined,
  hasKubeconfig: boolean,
): Look<true> {
  if (!machine) return notYet('it is gone');
  const isThere = machine.status?.nodeRef !== undefined || (isUp(machine) && hasKubeconfig && hasEndpoint(cluster));
  return isThere ? done(true) : notYet(stateOf(machine, cluster));
}

function isUp({ status }: Machine): boolean {
  return status?.phase === 'Provisioned' || status?.phase === 'Running';
}

function hasEndpoint(cluster: Cluster | undefined): boolean {
  return (cluster?.status?.apiEndpoints ?? []).length > 0;
}

/** A worker, or a further control plane machine: its Node is known. */
export function lookAtMachine(machine: Machine | undefined): Look<true> {
  if (!machine) return notYet('it is gone');
  return machine.status?.nodeRef ? done(true) : notYet(stateOf(machine));
}

/** A set or deployment: as many machines are available as it asks for. `machines` are all of the namespace. */
export function lookAtReplicas(
  object: MachineSet | MachineDeployment | undefined,
  machines: readonly Machine[],
): Look<true> {
  if (!object) return notYet('it is gone');
  const wanted = object.spec?.replicas ?? 1;
  const { availableReplicas = 0, observedGeneration } = object.status ?? {};
  if (observedGeneration !== undefined && availableReplicas >= wanted) return done(true);
  const waiting = machines.filter((machine) => !machine.status?.nodeRef && isOf(machine, object));
  const states = waiting.slice(0, 3).map((machine) => `${titleOf('Machine', machine)}: ${stateOf(machine)}`);
  return notYet([`${availableReplicas} of ${wanted} available`, ...states].join('; '));
}

function isOf(machine: Machine, { spec }: MachineSet | MachineDeployment): boolean {
  const wanted = Object.entries(spec?.selector?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => machine.metadata?.labels?.[name] === value);
}
