// A world for laws: both reconciles run by hand, each against caches that are as old as the test likes, and a pass can be held up before any
// of its calls while others run. RollOutJudge looks at every write.
import { AsyncLocalStorage } from 'node:async_hooks';
import { keyOf } from '@longshore/k8s-runtime';
import type {
  CallOptions,
  KubeList,
  KubeObject,
  Lister,
  ListOptions,
  ObjectKey,
  Patch,
  RemoveOptions,
  ResourceType,
  WriteOptions,
} from '@longshore/k8s-runtime';
import { lostAnswer } from '@longshore/k8s-runtime/testing';
import { silentLogger } from '@longshore/reconciler-core';
import type { Reconcile } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import type { Machine, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { reconcileMachineDeployment } from '../../machinedeployment/machine-deployment-controller.ts';
import { isAvailable, isDeleting, isReady } from '../machine-facts.ts';
import { reconcileMachineSet } from '../machine-set-controller.ts';
import { Pass } from './pass.ts';
import { limitsOf, RollOutJudge } from './roll-out-judge.ts';
import { EventLog, GenerationClient, NAMESPACE, readyMachine, template } from './set-world.ts';

const KEY = `${NAMESPACE}/d`;
const KINDS: readonly ResourceType<KubeObject>[] = [machineDeployments, machineSets, machines, clusters];

/** A cache that changes only when it is refreshed. */
class OldCache<T extends KubeObject> implements Lister<T> {
  #objects = new Map<string, T>();
  readonly #read: () => readonly T[];

  constructor(read: () => readonly T[]) {
    this.#read = read;
  }

  refresh(): void {
    this.#objects = new Map(this.#read().map((object) => [keyOf(object), object]));
  }
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }
  list(where: (object: T) => boolean = () => true): readonly T[] {
    return [...this.#objects.values()].filter(where);
  }
  byIndex(): readonly T[] {
    throw new Error('no indexes here');
  }
  get size(): number {
    return this.#objects.size;
  }
}

/** A write that gets no answer. */
export interface WriteFault {
  readonly how: 'lost' | 'lost but done';
  readonly verb?: 'create' | 'patch' | 'remove' | undefined;
}

/** The API server as the passes see it: their reads are noted, their writes judged. */
class JudgedClient extends GenerationClient {
  readonly running = new AsyncLocalStorage<Pass>();
  judge: RollOutJudge | undefined;
  /** The next write fails like this; with `verb`, the next one of that kind. */
  fault: WriteFault | undefined;
  writes = 0;

  override async get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T | undefined> {
    const pass = await this.#turn();
    const answer = await super.get(type, key, options);
    this.judge?.hasRead(pass, type, answer);
    return answer;
  }

  override async list<T extends KubeObject>(
    type: ResourceType<T>,
    options?: ListOptions & CallOptions,
  ): Promise<KubeList<T>> {
    const pass = await this.#turn();
    const answer = await super.list(type, options);
    this.judge?.hasRead(pass, type, undefined);
    return answer;
  }

  override async create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#write('create', async (pass) => {
      const before = this.judge?.most() ?? 0;
      const made = await super.create(type, object, options);
      if (type.kind === 'Machine') this.judge?.machineMade(pass, made, before);
      else this.judge?.setSized(pass, made, 0);
      return made;
    });
  }

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    return this.#write('patch', async (pass) => {
      const before = (this.object(type, keyOf({ metadata: key })) as MachineSet | undefined)?.spec?.replicas ?? 1;
      const after = await super.patch(type, key, patch, options);
      const isSized = type.kind === 'MachineSet' && (patch.body as MachineSet).spec?.replicas !== undefined;
      if (isSized && after) this.judge?.setSized(pass, after, before);
      return after;
    });
  }

  override async remove<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: RemoveOptions = {},
  ): Promise<'accepted' | 'gone'> {
    return this.#write('remove', async (pass) => {
      const victim = this.object(type, keyOf({ metadata: key }));
      const before = this.judge?.know();
      const answer = await super.remove(type, key, options);
      if (!victim || !before || isDeleting(victim)) return answer;
      if (type.kind === 'Machine') this.judge?.machineDeleted(pass, victim, before);
      else this.judge?.setDeleted(victim);
      return answer;
    });
  }

  async #turn(): Promise<Pass> {
    const pass = this.running.getStore();
    if (!pass) throw new Error('a call outside of a pass');
    await pass.turn();
    return pass;
  }

  async #write<R>(verb: WriteFault['verb'], work: (pass: Pass) => Promise<R>): Promise<R> {
    const pass = await this.#turn();
    this.writes += 1;
    const isHit = this.fault !== undefined && (this.fault.verb ?? verb) === verb;
    const how = isHit ? this.fault?.how : undefined;
    if (isHit) this.fault = undefined;
    if (how === 'lost') throw lostAnswer();
    const done = await work(pass);
    if (how === 'lost but done') throw lostAnswer();
    return done;
  }
}

/** One deployment and its world. */
export class LagWorld {
  readonly clock = new FakeClock();
  readonly client = new JudgedClient({ now: () => this.clock.nowMs() });
  readonly caches = KINDS.map((type) => new OldCache<KubeObject>(() => this.client.objects(type)));
  readonly judge = new RollOutJudge({
    deployment: () => this.deployment(),
    sets: () => this.sets(),
    alive: () => this.alive(),
    nowMs: () => this.clock.nowMs(),
    passes: () => [...this.#passes.values()].map(({ pass }) => pass),
  });
  readonly #reconcile: Readonly<Record<Pass['of'], Reconcile<string>>>;
  readonly #passes = new Map<string, { readonly pass: Pass; readonly done: Promise<void> }>();

  constructor(deployment: MachineDeployment, random: () => number) {
    const { client, clock } = this;
    const [deployments, sets, ofMachines, ofClusters] = this.caches as unknown as [
      Lister<MachineDeployment>,
      Lister<MachineSet>,
      Lister<Machine>,
      Lister<KubeObject>,
    ];
    const shared = { client, clock, events: new EventLog(), sets, machines: ofMachines, clusters: ofClusters };
    this.#reconcile = {
      set: reconcileMachineSet({ ...shared, random }),
      deployment: reconcileMachineDeployment({ ...shared, deployments }),
    };
    client.put(machineDeployments, { ...deployment, metadata: { ...deployment.metadata, generation: 1 } });
    client.judge = this.judge;
    this.refreshAll();
  }

  refreshAll(): void {
    for (const cache of this.caches) cache.refresh();
  }

  /** The `index`-th set that there is gets a pass, held up before its call number `holdAt`. */
  async reconcileSet(index: number, holdAt = 0): Promise<void> {
    const sets = this.sets();
    const set = sets[index % Math.max(1, sets.length)];
    if (set) await this.#run(new Pass('set', keyOf(set), holdAt));
  }

  async reconcileDeployment(holdAt = 0): Promise<void> {
    await this.#run(new Pass('deployment', KEY, holdAt));
  }

  /** The `index`-th pass that is held up goes on to its end. */
  async release(index: number): Promise<void> {
    const held = [...this.#passes.values()];
    const one = held[index % Math.max(1, held.length)];
    one?.pass.release();
    await one?.done;
  }

  async releaseAll(): Promise<void> {
    while (this.#passes.size > 0) await this.release(0);
  }

  // A controller works on a key once at a time.
  async #run(pass: Pass): Promise<void> {
    if (this.#passes.has(pass.key)) return;
    const context = { signal: new AbortController().signal, log: silentLogger, attempt: 1 };
    // Failures are part of the world; the next pass tries again.
    const work = async (): Promise<unknown> => this.#reconcile[pass.of](pass.key, context).catch(() => {});
    const done = Promise.resolve()
      .then(() => this.client.running.run(pass, work))
      .then(() => void this.#passes.delete(pass.key));
    this.#passes.set(pass.key, { pass, done });
    await Promise.race([done, pass.held]);
  }

  setReady(index: number, isReadyNow: boolean): void {
    const machine = this.#pick(index);
    if (!machine || isReady(machine) === isReadyNow) return;
    this.client.put(machines, readyMachine(machine, isReadyNow, this.clock.nowMs()));
  }

  vanish(index: number): void {
    const name = this.#pick(index)?.metadata?.name;
    if (name !== undefined) this.client.delete(machines, { namespace: NAMESPACE, name });
  }

  edit(spec: Partial<NonNullable<MachineDeployment['spec']>>): void {
    this.client.edit(machineDeployments, 'd', (object) => ({ ...object, spec: { ...object.spec, ...spec } }));
  }

  setTemplate(version: number): void {
    this.edit({ template: template(`1.34.${version}`) });
  }

  /** All machines become ready and everybody works with fresh caches, until a round writes nothing. Returns the rounds. */
  async converge(limit = 100): Promise<number> {
    this.client.fault = undefined;
    await this.releaseAll();
    for (let round = 0; round < limit; round += 1) {
      const before = this.client.writes;
      for (const index of this.alive().keys()) this.setReady(index, true);
      await this.clock.advance(60_000);
      this.refreshAll();
      await this.reconcileDeployment();
      this.refreshAll();
      for (const index of this.sets().keys()) await this.reconcileSet(index);
      if (this.client.writes === before) return round;
    }
    throw new Error(`no rest after ${limit} rounds`);
  }

  deployment(): MachineDeployment {
    const deployment = this.client.object(machineDeployments, KEY);
    if (!deployment) throw new Error('there is no deployment');
    return deployment;
  }

  sets(): readonly MachineSet[] {
    return this.client.objects(machineSets);
  }

  alive(): readonly Machine[] {
    return this.client.objects(machines).filter((machine) => !isDeleting(machine));
  }

  available(): number {
    const rule = this.judge.rule();
    return this.alive().filter((machine) => isAvailable(machine, rule)).length;
  }

  /** What is beyond the limits at this moment, whoever caused it. */
  beyondLimits(): readonly string[] {
    const { desired, maxSurge, maxUnavailable } = limitsOf(this.deployment());
    const [count, available] = [this.alive().length, this.available()];
    return [
      ...(count > desired + maxSurge ? [`${count} machines of ${desired} + ${maxSurge}`] : []),
      ...(available < desired - maxUnavailable ? [`${available} available of ${desired} - ${maxUnavailable}`] : []),
    ];
  }

  #pick(index: number): Machine | undefined {
    const alive = this.alive();
    return alive[index % Math.max(1, alive.length)];
  }
}
