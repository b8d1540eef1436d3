// A world for laws: both reconciles run by hand, each against caches that are as old as the test likes; the API server's state is judged at
// every write. Two limits are watched: machines never beyond the surge, available ones never below the minimum through our deletions.
import { keyOf } from '@longshore/k8s-runtime';
import type {
  KubeObject,
  Lister,
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
import { rollingLimits } from '../../machinedeployment/rolling-limits.ts';
import type { RollingLimits } from '../../machinedeployment/rolling-limits.ts';
import { controllerOf, isAvailable, isControlledBy, isDeleting, isReady } from '../machine-facts.ts';
import { reconcileMachineSet } from '../machine-set-controller.ts';
import { EventLog, GenerationClient, NAMESPACE, readyMachine, template } from './set-world.ts';

const KEY = `${NAMESPACE}/d`;
const KINDS: readonly ResourceType<KubeObject>[] = [machineDeployments, machineSets, machines, clusters];

/** What a pass of the deployment controller went by. */
interface Basis {
  readonly limits: RollingLimits;
  /** Losses that the world had caused when it began. */
  readonly losses: number;
  /** Machines that were available then: one that recovers before it is deleted leaves no fewer than these. */
  readonly available: number;
}

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

/** The API server, judging what is written. */
class JudgingClient extends GenerationClient {
  readonly broken: string[] = [];
  judge: LagWorld | undefined;
  /** The next write fails like this. */
  fault: 'lost' | 'lost but done' | undefined;
  writes = 0;

  override async create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#write(() => {
      const before = this.judge?.most() ?? 0;
      return super.create(type, object, options).then((made) => {
        if (type.kind === 'Machine') this.judge?.machineMade(before);
        else if ((made as MachineSet).spec?.replicas !== 0)
          this.judge?.setGrew(made.metadata?.name ?? '', `set ${keyOf(made)} was made`);
        return made;
      });
    });
  }

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    const wanted = (patch.body as MachineSet).spec?.replicas;
    return this.#write(async () => {
      const before = (this.object(type, keyOf({ metadata: key })) as MachineSet | undefined)?.spec?.replicas ?? 0;
      const after = await super.patch(type, key, patch, options);
      if (wanted !== undefined && wanted > before)
        this.judge?.setGrew(key.name, `${key.name} grew from ${before} to ${wanted}`);
      if (wanted !== undefined && wanted < before) this.judge?.setShrank(key.name, before);
      return after;
    });
  }

  override async remove<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: RemoveOptions = {},
  ): Promise<'accepted' | 'gone'> {
    return this.#write(async () => {
      const victim = this.object(type, keyOf({ metadata: key })) as Machine | undefined;
      const answer = await super.remove(type, key, options);
      if (type.kind === 'Machine' && victim) this.judge?.machineDeleted(victim);
      return answer;
    });
  }

  async #write<R>(work: () => Promise<R>): Promise<R> {
    this.writes += 1;
    const { fault } = this;
    this.fault = undefined;
    if (fault === 'lost') throw lostAnswer();
    const done = await work();
    if (fault === 'lost but done') throw lostAnswer();
    return done;
  }
}

/** One deployment and its world. */
export class LagWorld {
  readonly clock = new FakeClock();
  readonly client = new JudgingClient({ now: () => this.clock.nowMs() });
  readonly caches = KINDS.map((type) => new OldCache<KubeObject>(() => this.client.objects(type)));
  readonly #reconcileSet: Reconcile<string>;
  readonly #reconcileDeployment: Reconcile<string>;
  readonly #shrunk = new Map<string, Basis>();
  /** Replicas of sets before they shrank: a pass that began earlier may still make so many, until the set acknowledges. */
  readonly #granted = new Map<string, number>();
  #basis: Basis;
  #losses = 0;

  constructor(deployment: MachineDeployment, random: () => number) {
    const { client, clock } = this;
    const [deployments, sets, ofMachines, ofClusters] = this.caches as unknown as [
      Lister<MachineDeployment>,
      Lister<MachineSet>,
      Lister<Machine>,
      Lister<KubeObject>,
    ];
    const shared = { client, clock, events: new EventLog(), sets, machines: ofMachines, clusters: ofClusters };
    this.#reconcileSet = reconcileMachineSet({ ...shared, random });
    this.#reconcileDeployment = reconcileMachineDeployment({ ...shared, deployments });
    client.put(machineDeployments, { ...deployment, metadata: { ...deployment.metadata, generation: 1 } });
    client.judge = this;
    this.#basis = { limits: this.limits(), losses: 0, available: 0 };
    this.refreshAll();
  }

  refreshAll(): void {
    for (const cache of this.caches) cache.refresh();
  }

  /** The `index`-th set that there is gets a pass. */
  async reconcileSet(index: number): Promise<void> {
    const sets = this.sets();
    const set = sets[index % Math.max(1, sets.length)];
    if (set) await quietly(this.#reconcileSet, keyOf(set));
  }

  async reconcileDeployment(): Promise<void> {
    const available = this.alive().filter((machine) => this.#isAvailable(machine)).length;
    this.#basis = { limits: this.limits(), losses: this.#losses, available };
    await quietly(this.#reconcileDeployment, KEY);
  }

  setReady(index: number, isReadyNow: boolean): void {
    const machine = this.#pick(index);
    if (!machine || isReady(machine) === isReadyNow) return;
    if (this.#isAvailable(machine)) this.#losses += 1;
    this.client.put(machines, readyMachine(machine, isReadyNow, this.clock.nowMs()));
  }

  vanish(index: number): void {
    const machine = this.#pick(index);
    if (!machine) return;
    if (this.#isAvailable(machine)) this.#losses += 1;
    this.client.delete(machines, { namespace: NAMESPACE, name: machine.metadata?.name ?? '' });
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

  limits(): RollingLimits {
    const deployment = this.client.object(machineDeployments, KEY);
    const limits = deployment && rollingLimits(deployment);
    if (!limits || 'code' in limits) throw new Error('the deployment is broken');
    return limits;
  }

  sets(): readonly MachineSet[] {
    return this.client.objects(machineSets);
  }

  alive(): readonly Machine[] {
    return this.client.objects(machines).filter((machine) => !isDeleting(machine));
  }

  /** The most machines that the sets as they stand can have. */
  most(): number {
    const alive = this.alive();
    return this.sets()
      .map((set) => {
        const owned = alive.filter((each) => isControlledBy(each, set)).length;
        return Math.max(set.spec?.replicas ?? 1, owned, this.#grantedTo(set));
      })
      .reduce((sum, count) => sum + count, 0);
  }

  machineMade(mostBefore: number): void {
    const { desired, maxSurge } = this.limits();
    const bound = Math.max(desired + maxSurge, mostBefore);
    this.#expect(this.alive().length <= bound, `${this.alive().length} machines, at most ${bound} may be`);
  }

  setGrew(name: string, what: string): void {
    this.#granted.delete(name);
    const bounds = [this.limits(), this.#basis.limits].map(({ desired, maxSurge }) => desired + maxSurge);
    this.#expect(
      this.most() <= Math.max(...bounds),
      `${what}: ${this.most()} machines possible, ${bounds.join('/')} allowed`,
    );
  }

  setShrank(name: string, before: number): void {
    this.#granted.set(name, Math.max(before, this.#granted.get(name) ?? 0));
    this.#shrunk.set(name, this.#basis);
  }

  machineDeleted(victim: Machine): void {
    if (isDeleting(victim) || !this.#isAvailable(victim)) return;
    const basis = this.#shrunk.get(controllerOf(victim)?.name ?? '') ?? this.#basis;
    const least = Math.min(
      basis.available,
      ...[basis.limits, this.#basis.limits, this.limits()].map((limits) => limits.desired - limits.maxUnavailable),
    );
    const left = this.alive().filter((machine) => this.#isAvailable(machine)).length;
    const excused = this.#losses - basis.losses;
    this.#expect(left + excused >= least, `${left} available (${excused} lost otherwise), at least ${least} must be`);
  }

  #grantedTo({ metadata, status }: MachineSet): number {
    const name = metadata?.name ?? '';
    if ((status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0)) this.#granted.delete(name);
    return this.#granted.get(name) ?? 0;
  }

  #isAvailable(machine: Machine): boolean {
    const minReadySeconds = this.client.object(machineDeployments, KEY)?.spec?.minReadySeconds ?? 0;
    return isAvailable(machine, { nowMs: this.clock.nowMs(), minReadySeconds });
  }

  #pick(index: number): Machine | undefined {
    const alive = this.alive();
    return alive[index % Math.max(1, alive.length)];
  }

  #expect(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.client.broken.push(otherwise);
  }
}

// Failures are part of the world; the next pass tries again.
async function quietly(reconcile: Reconcile<string>, key: string): Promise<void> {
  await reconcile(key, { signal: new AbortController().signal, log: silentLogger, attempt: 1 }).catch(() => {});
}
