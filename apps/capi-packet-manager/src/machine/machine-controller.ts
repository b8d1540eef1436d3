// The Machine controller: one server on Packet for each Machine, exactly once, from its first tag to its last. Observe, plan one step,
// apply it, plan again until nothing is left to do. process/ runs it.
import { checkAgain, Controller, OperatorError, backoff, settled } from '@longshore/reconciler-core';
import type { Change, Logger, Outcome, Runnable } from '@longshore/reconciler-core';
import { isConflict, keyOf, parseKey } from '@longshore/k8s-runtime';
import type { Informer } from '@longshore/k8s-runtime';
import { isControlPlane, pausedBy } from '../api/conditions.ts';
import { CLUSTER_LABEL } from '../api/names.ts';
import type { Cluster, Machine, MachineClass } from '../api/objects.ts';
import { readClusterProviderSpec, readMachineProviderSpec } from '../api/packet-specs.ts';
import { clusters, machineClasses, machines } from '../api/resources.ts';
import type { MachineSetup } from '../bootstrap/machine-configs.ts';
import type { ClusterMaterials, WorkloadClusters } from '../cluster/contract.ts';
import type { ControllerParts } from '../process/parts.ts';
import type { Servers } from '../servers/contract.ts';
import { EtcdMembers } from './etcd-members.ts';
import { applyStep, record } from './machine-apply.ts';
import type { StepParts } from './machine-apply.ts';
import type { MachineFacts, Rest } from './machine-facts.ts';
import { memoryOf } from './machine-memory.ts';
import { pauseStatus, planMachine } from './machine-plan.ts';
import { MACHINE_SETTINGS } from './machine-settings.ts';
import type { MachineSettings } from './machine-settings.ts';
import { patchMachine } from './machine-writes.ts';
import { NewestMachines } from './newest-machines.ts';
import { RefusalPauses } from './refusal-pauses.ts';
import { isNews, statusPatch } from './status-patch.ts';

/** What the Machine controller needs beside the parts that all controllers share. */
export interface MachineControllerOptions {
  readonly servers: Servers;
  readonly materials: ClusterMaterials;
  readonly workloads: WorkloadClusters;
  /** The machine configurations, read anew for each machine (MachineConfigFile). */
  readonly configs: { setups(): Promise<readonly MachineSetup[]> };
  /** Those that are absent are as usual. */
  readonly settings?: Partial<MachineSettings>;
  /** For tests. */
  readonly etcd?: EtcdMembers;
}

const OF_CLUSTER = 'machinesOfCluster';
const OF_ATTEMPT = 'machinesOfAttempt';
const OF_CLASS = 'machinesOfClass';
// More steps than any way through the planner has: two plans that undo each other are a mistake of ours.
const MOST_STEPS = 40;
const AFTER_CONFLICT_MS = 250;

/** Makes the Machine controller. */
export function createMachineController(parts: ControllerParts, options: MachineControllerOptions): Runnable {
  const reconciler = new MachineReconciler(parts, options);
  const { servers } = options;
  const controller = new Controller<string>({
    name: 'machine',
    workers: parts.concurrency,
    clock: parts.clock,
    log: parts.log,
    metrics: parts.metrics,
    reconcile: (key, { signal, log }) => reconciler.reconcile(key, signal, log),
    isUrgent: (key) => reconciler.isLeaving(key),
  });
  controller.watch(reconciler.machines, (change) => reconciler.keysOfMachine(change));
  controller.watch(reconciler.clusters, ({ object }) => reconciler.keysOfCluster(object));
  controller.watch(reconciler.classes, ({ object }) => reconciler.keysOfClass(object));
  return {
    name: controller.name,
    async run(signal) {
      const unsubscribe = servers.subscribe((attemptId) => {
        for (const key of reconciler.keysOfAttempt(attemptId)) controller.enqueue(key);
      });
      try {
        await controller.run(signal);
      } finally {
        unsubscribe();
      }
    },
  };
}

class MachineReconciler {
  readonly machines: Informer<Machine>;
  readonly clusters: Informer<Cluster>;
  readonly classes: Informer<MachineClass>;
  readonly #parts: Omit<StepParts, 'log'>;
  readonly #settings: MachineSettings;
  readonly #newest: NewestMachines;
  readonly #pauses: RefusalPauses;

  constructor(parts: ControllerParts, options: MachineControllerOptions) {
    const { informers, client, events, clock } = parts;
    this.machines = informers.for(machines, {
      indexes: {
        [OF_CLUSTER]: (machine) => filed(clusterOf(machine)),
        [OF_ATTEMPT]: (machine) => filed(memoryOf(machine).attemptId),
        [OF_CLASS]: (machine) => filed(classOf(machine)),
      },
    });
    this.clusters = informers.for(clusters);
    this.classes = informers.for(machineClasses);
    this.#settings = { ...MACHINE_SETTINGS, ...options.settings };
    this.#newest = new NewestMachines(this.machines);
    const { firstPauseMs, longestPauseMs } = this.#settings;
    this.#pauses = new RefusalPauses({ firstMs: firstPauseMs, longestMs: longestPauseMs });
    const { etcd = new EtcdMembers({ clock }), servers, materials, workloads, configs } = options;
    this.#parts = { client, events, clock, newest: this.#newest, etcd, servers, materials, workloads, configs };
  }

  /** Deletions go first: they cost money and free capacity. */
  isLeaving(key: string): boolean {
    return this.machines.get(key)?.metadata?.deletionTimestamp !== undefined;
  }

  /** The Machine, and the other masters of its cluster, which may have waited for this one. */
  keysOfMachine(change: Change<Machine>): readonly string[] {
    const { object } = change;
    const cluster = isControlPlane(object) && change.kind === 'deleted' ? clusterOf(object) : undefined;
    const others = cluster === undefined ? [] : this.machines.byIndex(OF_CLUSTER, cluster);
    return [keyOf(object), ...others.filter(isControlPlane).map(keyOf)];
  }

  keysOfCluster(cluster: Cluster): readonly string[] {
    return this.machines.byIndex(OF_CLUSTER, keyOf(cluster)).map(keyOf);
  }

  keysOfClass(machineClass: MachineClass): readonly string[] {
    return this.machines.byIndex(OF_CLASS, keyOf(machineClass)).map(keyOf);
  }

  keysOfAttempt(attemptId: string): readonly string[] {
    return this.machines.byIndex(OF_ATTEMPT, attemptId).map(keyOf);
  }

  async reconcile(key: string, signal: AbortSignal, log: Logger): Promise<Outcome> {
    const machine = this.#newest.get(key);
    if (machine === undefined || this.machines.get(key) === undefined) {
      this.#newest.forget(key);
      this.#pauses.forget(key);
      return settled;
    }
    try {
      return await this.#work(machine, { ...this.#parts, log }, signal);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // Planned from what is not so any more: what is so now is read without waiting for the watch.
      const newest = await this.#parts.client.get(machines, parseKey(key), { signal });
      if (newest) this.#newest.put(newest);
      return checkAgain(AFTER_CONFLICT_MS, 'the object was changed meanwhile');
    }
  }

  async #work(machine: Machine, parts: StepParts, signal: AbortSignal): Promise<Outcome> {
    const observed = this.#observe(machine);
    const pause = pausedBy({ metadata: machine.metadata ?? {} }, observed.cluster);
    if (pause === 'moving') return settled;
    const pauseShown = pauseStatus(machine, pause === 'paused');
    if (pause === 'paused') {
      return this.#rest({ do: 'rest', ...(pauseShown && { status: pauseShown }) }, observed, parts, signal);
    }
    let facts: MachineFacts = observed;
    for (let count = 0; count < MOST_STEPS; count += 1) {
      const step = planMachine(facts);
      parts.log.verbose(4, 'step', { do: step.do });
      if (step.do === 'rest') return this.#rest(withPauseOver(step, pauseShown), facts, parts, signal);
      const after = await applyStep(step, facts, parts, signal);
      if (after === undefined) return settled;
      facts = { ...after, nowMs: parts.clock.nowMs() };
    }
    const message = `Machine ${keyOf(machine)}: after ${MOST_STEPS} steps there is still something to do; this is a mistake of the program`;
    throw new OperatorError('MACHINE_PLAN_UNSTABLE', message, backoff);
  }

  #observe(machine: Machine): MachineFacts {
    const owner = clusterOf(machine);
    const cluster = owner === undefined ? undefined : this.clusters.get(owner);
    const clusterSpec = cluster && readClusterProviderSpec(cluster).spec;
    const name = machine.metadata?.name;
    const nowMs = this.#parts.clock.nowMs();
    const creation = this.#pauses.pending(machine, nowMs);
    return {
      nowMs,
      ...(creation && { creation }),
      settings: this.#settings,
      machine,
      memory: memoryOf(machine),
      cluster,
      hasExternalEndpoint: clusterSpec?.controlPlaneEndpoint !== undefined,
      otherMasters: this.#mastersOf(owner).filter(({ metadata }) => metadata?.name !== name),
      reading: readMachineProviderSpec(machine, (namespace, className) =>
        this.classes.get(`${namespace}/${className}`),
      ),
      newAttemptId: crypto.randomUUID(),
    };
  }

  #mastersOf(cluster: string | undefined): readonly Machine[] {
    if (cluster === undefined) return [];
    const cached = this.machines.byIndex(OF_CLUSTER, cluster).filter(isControlPlane);
    return cached.map((one) => this.#newest.get(keyOf(one)) ?? one);
  }

  async #rest(step: Rest, facts: MachineFacts, parts: StepParts, signal: AbortSignal): Promise<Outcome> {
    const { machine, nowMs } = facts;
    const body = step.status && statusPatch(machine, step.status, nowMs);
    if (body !== undefined) {
      const written = await patchMachine(parts.client, machine, body, { signal, subresource: 'status' });
      if (written === undefined) return settled;
      this.#newest.put(written);
    }
    if (step.event && step.status && isNews(machine, step.status)) record(machine, step.event, parts);
    return step.again === undefined
      ? this.#settle(machine)
      : checkAgain(this.#pauseMs(step.again, facts), step.again.reason);
  }

  #settle(machine: Machine): Outcome {
    this.#pauses.forget(keyOf(machine));
    return settled;
  }

  #pauseMs(
    { afterMs, isGrowing = false }: NonNullable<Rest['again']>,
    { machine, creation, nowMs }: MachineFacts,
  ): number {
    if (creation !== undefined) {
      return this.#pauses.pauseMs(machine, { creation, nowMs, fixedMs: isGrowing ? undefined : afterMs });
    }
    if (isGrowing) return this.#pauses.nextMs(machine);
    this.#pauses.forget(keyOf(machine));
    return afterMs;
  }
}

function withPauseOver(step: Rest, pauseOver: Rest['status']): Rest {
  if (pauseOver === undefined) return step;
  const { status } = step;
  return { ...step, status: { ...status, conditions: [...(status?.conditions ?? []), ...pauseOver.conditions] } };
}

/** `namespace/name` of the Cluster that the Machine names. */
function clusterOf({ metadata }: Machine): string | undefined {
  const name = metadata?.labels?.[CLUSTER_LABEL];
  return name === undefined ? undefined : `${metadata?.namespace ?? ''}/${name}`;
}

function filed(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function classOf({ metadata, spec }: Machine): string | undefined {
  const reference = spec?.providerSpec?.valueFrom?.machineClass;
  return reference && `${reference.namespace ?? metadata?.namespace ?? 'default'}/${reference.name}`;
}
