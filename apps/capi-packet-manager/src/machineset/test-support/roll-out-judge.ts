// Judges every write of both controllers by what its pass had read when it decided: no pass can know more. If each write is right by that,
// the limits hold, but for losses that the world causes and for machines that recover between a decision and its write.
// Nothing of the plans is used here, so that a mistake in them cannot excuse itself.
import type { KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { annotations } from '../../api/names.ts';
import type { Machine, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { rollingLimits } from '../../machinedeployment/rolling-limits.ts';
import type { RollingLimits } from '../../machinedeployment/rolling-limits.ts';
import { hasDevice, hasFailed, isAvailable, isControlledBy, isDeleting, isReady } from '../machine-facts.ts';
import type { AvailabilityRule } from '../machine-facts.ts';
import type { Pass } from './pass.ts';

/** The state of the API server, without a call. */
export interface Truth {
  deployment(): MachineDeployment;
  sets(): readonly MachineSet[];
  /** Machines that are not being deleted. */
  alive(): readonly Machine[];
  nowMs(): number;
  /** Passes under way. */
  passes(): readonly Pass[];
}

/** A set as a pass may know it. */
interface KnownSet {
  readonly set: MachineSet;
  readonly wanted: number;
  /** The smallest number that it comes down to: that of its spec, or an earlier one that a pass under way still works on. */
  readonly kept: number;
}

/** What there was when a pass had read everything. */
export interface Known {
  readonly sets: Map<string, KnownSet>;
  readonly alive: readonly Machine[];
  readonly rule: AvailabilityRule;
}

/** The limits of a deployment that is in order. */
export function limitsOf(deployment: MachineDeployment): RollingLimits {
  const limits = rollingLimits(deployment);
  if ('code' in limits) throw new Error(limits.message);
  return limits;
}

/** Collects what should not have been written. */
export class RollOutJudge {
  readonly broken: string[] = [];
  readonly #truth: Truth;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** The pass read this. Of machines and sets it is the last read that counts: between the lists no set changes its size. */
  hasRead(pass: Pass, type: ResourceType<KubeObject>, answer: KubeObject | undefined): void {
    if (pass.of === 'deployment' && type.kind === 'MachineDeployment' && answer) pass.limits = limitsOf(answer);
    if (pass.of === 'set' && type.kind === 'MachineSet' && answer) pass.told = toldBy(answer);
    if (type.kind === 'Machine') pass.known = this.know();
  }

  /** The state at this moment. */
  know(): Known {
    const told = new Map(this.#truth.passes().flatMap(({ told: by }) => (by ? [[by.uid, by.replicas]] : [])));
    const sets = this.#truth.sets().map((set): [string, KnownSet] => {
      const { uid, replicas } = toldBy(set);
      return [uid, { set, wanted: replicas, kept: Math.min(replicas, told.get(uid) ?? replicas) }];
    });
    return { sets: new Map(sets), alive: this.#truth.alive(), rule: this.rule() };
  }

  /** What makes a machine available here. */
  rule(): AvailabilityRule {
    const minReadySeconds = this.#truth.deployment().spec?.minReadySeconds ?? 0;
    return { nowMs: this.#truth.nowMs(), minReadySeconds };
  }

  /** The most machines that there can be if nobody writes to a set: what a pass under way was told may still arrive. */
  most(): number {
    const told = this.#truth.passes().flatMap(({ told: by }) => (by ? [by] : []));
    const counts = this.#truth.sets().map((set) => {
      const { uid, replicas } = toldBy(set);
      const earlier = told.filter((by) => by.uid === uid).map((by) => by.replicas);
      return Math.max(replicas, this.#owned(set).length, ...earlier);
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** A machine was made, when `mostBefore` could be. */
  machineMade(pass: Pass, machine: Machine, mostBefore: number): void {
    const set = this.#truth.sets().find((each) => isControlledBy(machine, each));
    if (!set) return this.#isBroken(`machine ${nameOf(machine)} was made for a set that is gone`);
    const told = pass.told ?? toldBy(set);
    const has = this.#owned(set).length;
    this.#expect(has <= told.replicas, `${nameOf(set)} has ${has} machines, it was told ${told.replicas}`);
    const { desired, maxSurge } = limitsOf(this.#truth.deployment());
    const bound = Math.max(desired + maxSurge, mostBefore);
    const count = this.#truth.alive().length;
    this.#expect(count <= bound, `${count} machines, at most ${bound} may be`);
  }

  /** A set was made, or its number was raised or lowered. */
  setSized(pass: Pass, set: MachineSet, before: number): void {
    const { uid, replicas } = toldBy(set);
    if (replicas > before) this.#setGrew(pass, `${nameOf(set)} grew from ${before} to ${replicas}`);
    pass.known ??= this.#knownBefore(set, before);
    const known = pass.known.sets.get(uid);
    if (!known) return;
    const { desired, maxUnavailable } = pass.limits ?? limitsOf(this.#truth.deployment());
    const was = promised(pass.known);
    pass.known.sets.set(uid, { ...known, wanted: replicas, kept: Math.min(known.kept, replicas) });
    const is = promised(pass.known);
    const least = Math.min(was, desired - maxUnavailable);
    this.#expect(
      is >= least,
      `${nameOf(set)} went from ${before} to ${replicas}: that leaves ${is} available, at least ${least} must be`,
    );
  }

  /** A set was deleted by the deployment: nothing of it may be left, nor on its way. */
  setDeleted(set: MachineSet): void {
    const { uid, replicas } = toldBy(set);
    const told = this.#truth.passes().filter((pass) => pass.told?.uid === uid && pass.told.replicas > 0);
    const isEmpty = replicas === 0 && told.length === 0 && this.#owned(set).length === 0;
    this.#expect(isEmpty, `${nameOf(set)} was deleted while it had machines`);
  }

  /** A set deletes this machine: as many as are too many, and none while another one had to go first. */
  machineDeleted(pass: Pass, victim: Machine, before: Known): void {
    pass.known ??= before;
    const { sets, alive, rule } = pass.known;
    const known = [...sets.values()].find(({ set }) => isControlledBy(victim, set));
    if (!known) return this.#isBroken(`machine ${nameOf(victim)} was deleted, it is of no set`);
    const owned = alive.filter((machine) => isControlledBy(machine, known.set));
    const surplus = owned.length - (pass.told?.replicas ?? known.wanted);
    pass.deleted += 1;
    this.#expect(pass.deleted <= surplus, `${pass.deleted} machines of ${nameOf(known.set)} deleted, not ${surplus}`);
    const seen = owned.find((machine) => machine.metadata?.uid === victim.metadata?.uid);
    const sooner = owned.filter((machine) => seen && rankOf(machine, rule) < rankOf(seen, rule)).length;
    this.#expect(sooner < surplus, `${nameOf(victim)} was deleted, but ${sooner} others had to go first`);
  }

  #setGrew(pass: Pass, what: string): void {
    const { desired, maxSurge } = pass.limits ?? limitsOf(this.#truth.deployment());
    const most = this.most();
    this.#expect(most <= desired + maxSurge, `${what}: ${most} machines possible, ${desired + maxSurge} allowed`);
  }

  // For a pass that decided without reading: the state just before its write.
  #knownBefore(set: MachineSet, before: number): Known {
    const known = this.know();
    const { uid } = toldBy(set);
    const entry = known.sets.get(uid);
    if (entry) known.sets.set(uid, { ...entry, wanted: before, kept: before });
    return known;
  }

  #owned(set: MachineSet): readonly Machine[] {
    return this.#truth.alive().filter((machine) => isControlledBy(machine, set));
  }

  #expect(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.#isBroken(otherwise);
  }

  #isBroken(what: string): void {
    this.broken.push(what);
  }
}

/** Available machines that are left when every set has deleted what is too many. */
function promised({ sets, alive, rule }: Known): number {
  const left = [...sets.values()].flatMap(({ set, kept }) => {
    const owned = alive.filter((machine) => isControlledBy(machine, set) && !isDeleting(machine));
    const ordered = owned.sort((a, b) => (rankOf(a, rule) < rankOf(b, rule) ? -1 : 1));
    return ordered.slice(Math.max(0, owned.length - kept));
  });
  return left.filter((machine) => isAvailable(machine, rule)).length;
}

// The contract of deletion (policy Random), as text that sorts: lower ones go first.
function rankOf(machine: Machine, rule: AvailabilityRule): string {
  const isSingledOut = Boolean(machine.metadata?.annotations?.[annotations.deleteMachine]) || hasFailed(machine);
  const stays = [!isSingledOut, hasDevice(machine), isReady(machine), isAvailable(machine, rule)];
  return stays.map(Number).join('');
}

function toldBy(set: MachineSet): { readonly uid: string; readonly replicas: number } {
  return { uid: set.metadata?.uid ?? '', replicas: set.spec?.replicas ?? 1 };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? '';
}
