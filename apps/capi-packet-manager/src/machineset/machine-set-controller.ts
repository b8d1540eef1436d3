// The MachineSet controller: as many machines as wanted, made from the template. Reads: observe from the caches, plan; if there is anything to
// write, observe through the API, plan again, apply. process/ makes it.
import { isConflict, keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, Lister } from '@longshore/k8s-runtime';
import { checkAgain, Controller, messageOf, onChange, OperatorError, settled } from '@longshore/reconciler-core';
import type { Change, Clock, Outcome, Reconcile, Runnable } from '@longshore/reconciler-core';
import { CLUSTER_LABEL } from '../api/names.ts';
import type { Cluster, Machine, MachineSet } from '../api/objects.ts';
import { clusters, machines, machineSets } from '../api/resources.ts';
import type { ControllerParts } from '../process/parts.ts';
import { readSelector } from './label-selector.ts';
import { controllerOf } from './machine-facts.ts';
import type { WithMeta } from './machine-facts.ts';
import { UncertainNames } from './machine-name.ts';
import { applyMachineSetSteps, patchMachineSetStatus } from './machine-set-apply.ts';
import type { MachineSetTools } from './machine-set-apply.ts';
import { planMachineSet } from './machine-set-plan.ts';
import type { MachineSetFacts, MachineSetPlan } from './machine-set-plan.ts';
import { objectKey } from './ownership.ts';

/** What the reconcile needs. */
export interface MachineSetDeps {
  readonly client: KubeClient;
  readonly sets: Lister<MachineSet>;
  readonly machines: Lister<Machine>;
  readonly clusters: Lister<Cluster>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** `Math.random` by default. */
  readonly random?: () => number;
}

const AFTER_CONFLICT_MS = 50;

/** Somebody else wrote at the same time, which is no failure and nobody hears of it: reading again is all it takes. */
export function afterConflict(error: unknown): Outcome {
  if (isConflict(error)) return checkAgain(AFTER_CONFLICT_MS, 'something changed meanwhile');
  throw error;
}

/** Makes the MachineSet controller. */
export function createMachineSetController(parts: ControllerParts): Runnable {
  const { client, informers, events, clock, log, metrics } = parts;
  const sets = informers.for(machineSets);
  const ofMachines = informers.for(machines);
  const ofClusters = informers.for(clusters);
  const controller = new Controller<string>({
    name: 'machine-set',
    workers: parts.concurrency,
    clock,
    log,
    metrics,
    reconcile: reconcileMachineSet({ client, sets, machines: ofMachines, clusters: ofClusters, events, clock }),
    onFailure: ({ key, error }) => {
      const set = sets.get(key);
      if (set) events.warning(set, 'ReconcileError', messageOf(error));
    },
  });
  controller.watch(sets, ({ object }) => [keyOf(object)]);
  controller.watch(ofMachines, (change) => setsOfMachine(change, sets));
  controller.watch(ofClusters, ({ object }) => membersOf(object, sets));
  return controller;
}

/** The reconcile of one MachineSet. */
export function reconcileMachineSet(deps: MachineSetDeps): Reconcile<string> {
  const { client, events, random = Math.random } = deps;
  const tools: MachineSetTools = { client, events, random, uncertain: new UncertainNames() };
  return async (key, { signal }) => {
    const cached = deps.sets.get(key);
    if (!cached) return settled;
    let facts = observeCached(cached, deps);
    let plan = planMachineSet(facts);
    if (plan.steps.length > 0) {
      const fresh = await observeFresh(cached, deps, signal);
      if (!fresh) return settled;
      facts = fresh;
      plan = planMachineSet(facts);
    }
    return applyPlan(facts, plan, tools, signal).catch(afterConflict);
  };
}

// The status is written even when a step failed: it says which generation was seen, and a deployment waits for that.
async function applyPlan(
  facts: MachineSetFacts,
  plan: MachineSetPlan,
  tools: MachineSetTools,
  signal: AbortSignal,
): Promise<Outcome> {
  const failure = await applyMachineSetSteps(facts, plan.steps, tools, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (plan.status && plan.status !== facts.set.status) {
    await patchMachineSetStatus(facts.set, plan.status, tools.client, signal);
  }
  if (failure) throw failure.error;
  if (plan.problem) throw new OperatorError(plan.problem.code, plan.problem.message, onChange);
  return plan.checkAgainMs === undefined ? settled : checkAgain(plan.checkAgainMs, 'a machine becomes available');
}

function observeCached(set: MachineSet, deps: MachineSetDeps): MachineSetFacts {
  const { namespace } = set.metadata ?? {};
  return {
    set,
    cluster: clusterOf(set, deps.clusters),
    machines: deps.machines.list((machine) => machine.metadata?.namespace === namespace),
    nowMs: deps.clock.nowMs(),
  };
}

async function observeFresh(
  cached: MachineSet,
  { client, clusters: known, clock }: MachineSetDeps,
  signal: AbortSignal,
): Promise<MachineSetFacts | undefined> {
  const { namespace = '' } = cached.metadata ?? {};
  const set = await client.get(machineSets, objectKey(cached), { signal });
  if (!set) return undefined;
  // After the set: machines that are made for a later number of replicas may be missing in it, never the other way round.
  const { items } = await client.list(machines, { namespace, signal });
  return { set, cluster: clusterOf(set, known), machines: items, nowMs: clock.nowMs() };
}

/** The Cluster that the object's label names, when there is one. */
export function clusterOf(object: WithMeta, known: Lister<Cluster>): Cluster | undefined {
  const { namespace = '', labels } = object.metadata ?? {};
  const name = labels?.[CLUSTER_LABEL];
  return name === undefined ? undefined : known.get(keyOf({ metadata: { namespace, name } }));
}

/** Keys of the objects that belong to a Cluster by their label. */
export function membersOf(cluster: Cluster, known: Pick<Lister<WithMeta>, 'list'>): readonly string[] {
  const { name, namespace } = cluster.metadata ?? {};
  return known
    .list(({ metadata }) => metadata?.namespace === namespace && metadata?.labels?.[CLUSTER_LABEL] === name)
    .map((member) => keyOf(member));
}

/** Keys of the sets that a change of a machine concerns: those of its controllers, else all that may adopt it. */
export function setsOfMachine(change: Change<Machine>, sets: Lister<MachineSet>): readonly string[] {
  const states = change.kind === 'updated' ? [change.before, change.object] : [change.object];
  return [...new Set(states.flatMap((machine) => setsOf(machine, sets)))];
}

function setsOf(machine: Machine, sets: Lister<MachineSet>): readonly string[] {
  const { namespace, labels } = machine.metadata ?? {};
  const owner = controllerOf(machine);
  if (owner) return owner.kind === 'MachineSet' ? [`${namespace ?? ''}/${owner.name}`] : [];
  const mayAdopt = (set: MachineSet): boolean =>
    set.metadata?.namespace === namespace && readSelector(set.spec?.selector)?.selects(labels) === true;
  return sets.list(mayAdopt).map(keyOf);
}
