// A world for the set and deployment controllers: an API server in memory with generations, the real informers and controllers, one clock,
// and a player who makes machines ready.
import { InformerSet, keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeObject, ObjectKey, Patch, ResourceType, WriteOptions } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { Runnable } from '@longshore/reconciler-core';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import { CLUSTER_LABEL } from '../../api/names.ts';
import type { Cluster, Machine, MachineDeployment, MachineSet, ObjectMeta } from '../../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { createMachineDeploymentController } from '../../machinedeployment/machine-deployment-controller.ts';
import type { ControllerParts } from '../../process/parts.ts';
import { controllerOf, isAvailable, isDeleting, isReady } from '../machine-facts.ts';
import { createMachineSetController } from '../machine-set-controller.ts';

/** Namespace of everything here. */
export const NAMESPACE = 'default';
/** What a world is made of. */
export type SetObjects = readonly (Cluster | Machine | MachineSet | MachineDeployment)[];
type Meta = Partial<ObjectMeta>;
interface WithSpec {
  readonly metadata?: ObjectMeta;
  readonly spec?: unknown;
}

/** FakeKubeClient that counts generations, as the API server does for kinds with a status subresource. */
export class GenerationClient extends FakeKubeClient {
  override async create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return super.create(type, { ...object, metadata: { ...object.metadata, generation: 1 } }, options);
  }

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    const body = patch.body as { spec?: unknown; metadata?: object };
    if (options.subresource || patch.kind !== 'merge' || !body.spec) return super.patch(type, key, patch, options);
    const stored = this.object(type, keyOf({ metadata: key })) as WithSpec | undefined;
    const metadata = { ...body.metadata, generation: (stored?.metadata?.generation ?? 0) + 1 };
    return super.patch(type, key, { kind: 'merge', body: { ...body, metadata } }, options);
  }

  /** Somebody changes the object. */
  edit<T extends KubeObject & WithSpec>(type: ResourceType<T>, name: string, change: (object: T) => T): T {
    const before = this.object(type, `${NAMESPACE}/${name}`);
    if (!before) throw new Error(`no ${type.kind} ${name}`);
    const after = change(before);
    const isNews = JSON.stringify(after.spec) !== JSON.stringify(before.spec);
    const generation = (before.metadata?.generation ?? 0) + (isNews ? 1 : 0);
    return this.put(type, { ...after, metadata: { ...after.metadata, generation } });
  }
}

/** Events as `reason: message`, by the name of the object. */
export class EventLog implements EventRecorder {
  readonly all: { readonly about: string; readonly reason: string; readonly message: string }[] = [];
  normal(about: KubeObject, reason: string, message: string): void {
    this.all.push({ about: about.metadata?.name ?? '', reason, message });
  }
  warning(about: KubeObject, reason: string, message: string): void {
    this.normal(about, reason, message);
  }
  reasons(about?: string): readonly string[] {
    return this.all.filter((event) => about === undefined || event.about === about).map(({ reason }) => reason);
  }
}

/** API server, controllers and player. */
export class SetWorld {
  readonly clock = new FakeClock();
  readonly client = new GenerationClient({ now: () => this.clock.nowMs() });
  readonly events = new EventLog();
  readonly log = recordingLogger(2);
  readonly informers: InformerSet;
  readonly parts: ControllerParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor() {
    const { client, clock, log, events } = this;
    this.informers = new InformerSet({ client, clock, log });
    this.parts = { client, informers: this.informers, events, clock, log, metrics: fakeMetrics(), concurrency: 2 };
  }

  /** Starts both controllers. */
  async start(): Promise<this> {
    const loops: Runnable[] = [createMachineSetController(this.parts), createMachineDeploymentController(this.parts)];
    for (const loop of [this.informers, ...loops]) this.#running.push(loop.run(this.#stop.signal));
    await this.settle();
    return this;
  }

  /** Ends everything; rejects if a loop failed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.clock.advance(10_000);
    await Promise.all(this.#running);
  }

  /** Lets the controllers work; a second passes, so that failures are tried again. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await this.clock.advance(250);
  }

  machines(set?: string): readonly Machine[] {
    return this.client.objects(machines).filter((machine) => {
      const owner = controllerOf(machine)?.name;
      return set === undefined || owner === set;
    });
  }

  /** Machines that count. */
  alive(set?: string): readonly Machine[] {
    return this.machines(set).filter((machine) => !isDeleting(machine));
  }

  names(set?: string): readonly string[] {
    return this.alive(set).map(({ metadata }) => metadata?.name ?? '');
  }

  available(): number {
    const rule = { nowMs: this.clock.nowMs(), minReadySeconds: 0 };
    return this.alive().filter((machine) => isAvailable(machine, rule)).length;
  }

  set(name: string): MachineSet {
    return found(this.client.object(machineSets, `${NAMESPACE}/${name}`), name);
  }

  /** Sets of the deployment, oldest first. */
  sets(): readonly MachineSet[] {
    return [...this.client.objects(machineSets)].sort(
      (a, b) => Number(a.metadata?.uid?.slice(4)) - Number(b.metadata?.uid?.slice(4)),
    );
  }

  deployment(name = 'd'): MachineDeployment {
    return found(this.client.object(machineDeployments, `${NAMESPACE}/${name}`), name);
  }

  /** Somebody changes the spec of a set. */
  editSet(name: string, spec: Partial<NonNullable<MachineSet['spec']>>): void {
    this.client.edit(machineSets, name, (set) => ({ ...set, spec: { ...set.spec, ...spec } }));
  }

  /** Somebody changes the spec of the deployment. */
  editDeployment(spec: Partial<NonNullable<MachineDeployment['spec']>>, name = 'd'): void {
    this.client.edit(machineDeployments, name, (object) => ({ ...object, spec: { ...object.spec, ...spec } }));
  }

  /** The Node of the machine becomes ready, or stops being it. */
  ready(name: string, isReadyNow = true): void {
    this.client.edit(machines, name, (machine) => readyMachine(machine, isReadyNow, this.clock.nowMs()));
  }

  /** Makes all machines ready, one after the other, `check` looks at the world after each step. Returns the steps. */
  async play(check: () => void = () => {}, limit = 60): Promise<number> {
    for (let step = 0; step < limit; step += 1) {
      await this.settle();
      check();
      const next = this.alive().find((machine) => !isReady(machine));
      if (!next) return step;
      this.ready(next.metadata?.name ?? '');
      check();
    }
    throw new Error(`machines are made without end: ${this.names().join(' ')}`);
  }

  /** A machine is gone with its device. */
  vanish(name: string): void {
    this.client.delete(machines, { namespace: NAMESPACE, name });
  }

  put(...objects: SetObjects): this {
    const kinds: readonly ResourceType<KubeObject>[] = [clusters, machines, machineSets, machineDeployments];
    for (const object of objects) {
      const type = kinds.find(({ kind }) => kind === object.kind);
      if (type) this.client.put(type, { ...object, metadata: { generation: 1, ...object.metadata } });
    }
    return this;
  }

  /** Names written so far, as `create machines default/x`. */
  get writes(): readonly string[] {
    return this.client.callsOf().map(({ verb, resource, key = '' }) => `${verb} ${resource} ${key}`);
  }
}

/** The machine with another condition NodeReady. */
export function readyMachine(machine: Machine, isReadyNow: boolean, nowMs: number): Machine {
  const condition = {
    type: 'NodeReady',
    status: isReadyNow ? ('True' as const) : ('False' as const),
    reason: 'Played',
    message: '',
    lastTransitionTime: new Date(nowMs).toISOString(),
  };
  const others = (machine.status?.conditions ?? []).filter(({ type }) => type !== 'NodeReady');
  return { ...machine, status: { ...machine.status, conditions: [...others, condition] } };
}

const API = { apiVersion: 'cluster.k8s.io/v1alpha1' };

export function aCluster(overrides: Partial<Cluster> & { readonly meta?: Meta } = {}): Cluster {
  const { meta, ...rest } = overrides;
  return { ...API, kind: 'Cluster', metadata: { name: 'c', namespace: NAMESPACE, ...meta }, ...rest };
}

export function aMachine(
  name: string,
  overrides: Pick<Machine, 'spec' | 'status'> & { readonly meta?: Meta } = {},
): Machine {
  const { meta, ...rest } = overrides;
  const metadata = { name, namespace: NAMESPACE, labels: { app: 's' }, ...meta };
  return { ...API, kind: 'Machine', metadata, spec: {}, ...rest };
}

export function aSet(
  spec: Partial<NonNullable<MachineSet['spec']>> = {},
  meta: Meta = {},
  status?: NonNullable<MachineSet['status']>,
): MachineSet {
  const template = { metadata: { labels: { app: 's' } }, spec: { versions: { kubelet: '1.34.0' } } };
  return {
    ...API,
    kind: 'MachineSet',
    metadata: { name: 's', namespace: NAMESPACE, ...meta },
    spec: { selector: { matchLabels: { app: 's' } }, template, ...spec },
    ...(status ? { status } : {}),
  };
}

/** A template for kubelets of a version. */
export function template(kubelet: string): NonNullable<NonNullable<MachineDeployment['spec']>['template']> {
  return { metadata: { labels: { app: 'd' } }, spec: { providerSpec: { value: {} }, versions: { kubelet } } };
}

export function aDeployment(
  spec: Partial<NonNullable<MachineDeployment['spec']>> = {},
  meta: Meta = {},
): MachineDeployment {
  return {
    ...API,
    kind: 'MachineDeployment',
    metadata: { name: 'd', namespace: NAMESPACE, ...meta },
    spec: { replicas: 3, selector: { matchLabels: { app: 'd' } }, template: template('1.34.0'), ...spec },
  };
}

/** Label of things in a Cluster. */
export const inCluster = (labels: Readonly<Record<string, string>> = {}): Meta => ({
  labels: { [CLUSTER_LABEL]: 'c', ...labels },
});

function found<T>(object: T | undefined, name: string): T {
  if (object === undefined) throw new Error(`there is no ${name}`);
  return object;
}
