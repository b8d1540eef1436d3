// The MachineDeployment controller: rolls machines from one template to the next by way of MachineSets. Reads: observe from the caches, plan;
// if there is anything to write, observe through the API, plan again, apply. process/ makes it.
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, Lister } from '@longshore/k8s-runtime';
import { checkAgain, Controller, messageOf, onChange, OperatorError, settled } from '@longshore/reconciler-core';
import type { Change, Clock, Outcome, Reconcile, Runnable } from '@longshore/reconciler-core';
import type { Cluster, Machine, MachineDeployment, MachineSet } from '../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import { readSelector } from '../machineset/label-selector.ts';
import { controllerOf } from '../machineset/machine-facts.ts';
import { afterConflict, clusterOf, membersOf } from '../machineset/machine-set-controller.ts';
import { objectKey } from '../machineset/ownership.ts';
import type { ControllerParts } from '../process/parts.ts';
import { applyDeploymentStep, patchDeploymentStatus } from './deployment-apply.ts';
import { planDeployment } from './deployment-plan.ts';
import type { DeploymentFacts, DeploymentPlan } from './deployment-plan.ts';

/** What the reconcile needs. */
export interface MachineDeploymentDeps {
  readonly client: KubeClient;
  readonly deployments: Lister<MachineDeployment>;
  readonly sets: Lister<MachineSet>;
  readonly machines: Lister<Machine>;
  readonly clusters: Lister<Cluster>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** Makes the MachineDeployment controller. */
export function createMachineDeploymentController(parts: ControllerParts): Runnable {
  const { client, informers, events, clock, log, metrics } = parts;
  const deployments = informers.for(machineDeployments);
  const sets = informers.for(machineSets);
  const ofMachines = informers.for(machines);
  const ofClusters = informers.for(clusters);
  const listers = { deployments, sets, machines: ofMachines, clusters: ofClusters };
  const controller = new Controller<string>({
    name: 'machine-deployment',
    workers: parts.concurrency,
    clock,
    log,
    metrics,
    reconcile: reconcileMachineDeployment({ client, events, clock, ...listers }),
    onFailure: ({ key, error }) => {
      const deployment = deployments.get(key);
      if (deployment) events.warning(deployment, 'ReconcileError', messageOf(error));
    },
  });
  controller.watch(deployments, ({ object }) => [keyOf(object)]);
  controller.watch(sets, (change) => statesOf(change).flatMap((set) => deploymentsOf(set, deployments)));
  controller.watch(ofMachines, (change) =>
    statesOf(change).flatMap((machine) => deploymentsOfMachine(machine, listers)),
  );
  controller.watch(ofClusters, ({ object }) => membersOf(object, deployments));
  return controller;
}

/** The reconcile of one MachineDeployment. */
export function reconcileMachineDeployment(deps: MachineDeploymentDeps): Reconcile<string> {
  return async (key, { signal }) => {
    const cached = deps.deployments.get(key);
    if (!cached) return settled;
    let facts = observeCached(cached, deps);
    let plan = planDeployment(facts);
    if (plan.steps.length > 0) {
      const fresh = await observeFresh(cached, deps, signal);
      if (!fresh) return settled;
      facts = fresh;
      plan = planDeployment(facts);
    }
    return applyPlan(facts, plan, deps, signal).catch(afterConflict);
  };
}

async function applyPlan(
  { deployment }: DeploymentFacts,
  plan: DeploymentPlan,
  { client, events }: MachineDeploymentDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  for (const step of plan.steps) await applyDeploymentStep(deployment, step, { client, events }, signal);
  if (plan.status && plan.status !== deployment.status) {
    await patchDeploymentStatus(deployment, plan.status, client, signal);
  }
  if (plan.problem) throw new OperatorError(plan.problem.code, plan.problem.message, onChange);
  return plan.checkAgainMs === undefined ? settled : checkAgain(plan.checkAgainMs, 'a machine becomes available');
}

function observeCached(deployment: MachineDeployment, deps: MachineDeploymentDeps): DeploymentFacts {
  const isNear = ({ metadata }: MachineSet | Machine): boolean =>
    metadata?.namespace === deployment.metadata?.namespace;
  return {
    deployment,
    cluster: clusterOf(deployment, deps.clusters),
    sets: deps.sets.list(isNear),
    machines: deps.machines.list(isNear),
    nowMs: deps.clock.nowMs(),
  };
}

async function observeFresh(
  cached: MachineDeployment,
  { client, clusters: known, clock }: MachineDeploymentDeps,
  signal: AbortSignal,
): Promise<DeploymentFacts | undefined> {
  const { namespace = '' } = cached.metadata ?? {};
  const deployment = await client.get(machineDeployments, objectKey(cached), { signal });
  if (!deployment) return undefined;
  // Sets before machines: what a set has acknowledged is then to be seen in its machines.
  const { items: sets } = await client.list(machineSets, { namespace, signal });
  const { items } = await client.list(machines, { namespace, signal });
  return { deployment, cluster: clusterOf(deployment, known), sets, machines: items, nowMs: clock.nowMs() };
}

function statesOf<T>(change: Change<T>): readonly T[] {
  return change.kind === 'updated' ? [change.before, change.object] : [change.object];
}

function deploymentsOf(set: MachineSet, deployments: Lister<MachineDeployment>): readonly string[] {
  const { namespace, labels } = set.metadata ?? {};
  const owner = controllerOf(set);
  if (owner) return owner.kind === 'MachineDeployment' ? [`${namespace ?? ''}/${owner.name}`] : [];
  const mayAdopt = ({ metadata, spec }: MachineDeployment): boolean =>
    metadata?.namespace === namespace && readSelector(spec?.selector)?.selects(labels) === true;
  return deployments.list(mayAdopt).map(keyOf);
}

function deploymentsOfMachine(
  machine: Machine,
  { sets, deployments }: Pick<MachineDeploymentDeps, 'sets' | 'deployments'>,
): readonly string[] {
  const owner = controllerOf(machine);
  const set = owner && sets.get(`${machine.metadata?.namespace ?? ''}/${owner.name}`);
  return set ? deploymentsOf(set, deployments) : [];
}
