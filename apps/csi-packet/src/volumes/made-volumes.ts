// Second layer, making volumes: looks for the name first, makes the volume or clones it, waits until it can be used. Called through
// idempotent-volumes.ts, which lets one run per name go on at a time.
import type { Volume, VolumeId, VolumeSnapshot } from '@longshore/packet-api';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { aborted, CsiError, notFound } from '../server/csi-error.ts';
import { readDescription, writeDescription } from './description.ts';
import type { VolumeSource } from './description.ts';
import { byAge, findVolume } from './find-volume.ts';
import type { VolumeWish } from './find-volume.ts';
import type { WorkSignals } from './joined-work.ts';
import { readNotes, withNote, withoutNote, writeNotes } from './notes.ts';
import type { Intent } from './notes.ts';
import type { PacketVolumes } from './packet-volumes.ts';
import { missingPolicies } from './snapshot-policies.ts';
import { planId } from './storage-plan.ts';
import type { StorageFacility } from './volumes.ts';

/** What making needs. */
export interface MadeVolumesOptions {
  readonly steps: PacketVolumes;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs work on a volume when no other work on it goes on. */
  readonly alone: <T>(id: VolumeId, fingerprint: string, work: (signals: WorkSignals) => Promise<T>) => Promise<T>;
}

/** What a volume is cloned from, looked up. */
interface Origin {
  readonly volume: Volume;
  readonly source: VolumeSource;
  readonly snapshot: VolumeSnapshot | undefined;
  readonly sizeGiB: number;
}

/** Makes volumes. */
export class MadeVolumes {
  readonly #options: MadeVolumesOptions;

  constructor(options: MadeVolumesOptions) {
    this.#options = options;
  }

  /** The volume that is wished for, made if it is not there. */
  async ensure(wish: VolumeWish, facility: StorageFacility, signals: WorkSignals): Promise<Volume> {
    const { steps, log } = this.#options;
    const found = findVolume(wish, await steps.list(signals.signal));
    if (found.kind === 'conflict') throw new CsiError('ALREADY_EXISTS', found.reason);
    if (found.kind === 'found' && found.others.length > 0) {
      const others = found.others.map(({ id }) => id);
      log.warn('several volumes have one name: the oldest is taken', {
        name: wish.name,
        volume: found.volume.id,
        others,
      });
    }
    const volume = found.kind === 'found' ? found.volume : await this.#make(wish, facility, signals);
    return this.#untilActive(volume, signals);
  }

  #make(wish: VolumeWish, facility: StorageFacility, signals: WorkSignals): Promise<Volume> {
    const { source } = wish;
    if (source !== undefined) {
      const id = source.volumeId as VolumeId;
      return this.#options.alone(id, `clone for ${wish.name}`, (inner) =>
        this.#clone(wish, source, both(signals, inner)),
      );
    }
    const spec = {
      sizeGB: wish.size.sizeGiB,
      plan: planId(wish.plan),
      facility: facility.id,
      description: this.#describe(wish),
      customdata: writeNotes(undefined, { ...readNotes(undefined), tags: wish.tags }),
      ...(wish.snapshotPolicies.length > 0 ? { snapshotPolicies: wish.snapshotPolicies } : {}),
    };
    return this.#options.steps.create(spec, signals.signal);
  }

  async #clone(wish: VolumeWish, source: VolumeSource, signals: WorkSignals): Promise<Volume> {
    const { steps } = this.#options;
    const origin = await this.#lookUp(source, signals.signal);
    checkCloneSize(wish, origin);
    const begun = await this.#begunClone(wish, origin, signals.signal);
    const { description } = origin.volume;
    const find = (all: readonly Volume[]): Volume | undefined => lookalikes(origin.volume, all, begun.intent)[0];
    const timestamp = origin.snapshot?.timestamp;
    const made = begun.clone ?? (await steps.clone(origin.volume.id, { timestamp, find }, signals.signal));
    const active = await this.#untilActive(made, signals);
    // Before it has its name: as long as it has none, a repeated call comes by here.
    for (const policy of missingPolicies(wish.snapshotPolicies, active.snapshotPolicies)) {
      await steps.addSnapshotPolicy(active.id, policy, signals.signal);
    }
    const change = {
      description: this.#describe(wish),
      customdata: writeNotes(undefined, { ...readNotes(undefined), tags: wish.tags }),
      ...(active.sizeGB < wish.size.minGiB ? { sizeGB: wish.size.minGiB } : {}),
      plan: planId(wish.plan),
    };
    const finished = await steps.update(active.id, change, signals.signal);
    if (finished === undefined) throw aborted(`volume ${active.id}, cloned from ${description ?? ''}, went away`);
    await this.#noteClone(origin.volume.id, wish.name, undefined, signals.signal);
    return finished;
  }

  async #lookUp(source: VolumeSource, signal: AbortSignal): Promise<Origin> {
    const { steps } = this.#options;
    const id = source.volumeId as VolumeId;
    const volume = await steps.get(id, signal);
    if (volume === undefined) throw notFound(`${source.kind} ${idOf(source)}: there is no volume ${id}`);
    if (source.kind === 'volume') return { volume, source, snapshot: undefined, sizeGiB: volume.sizeGB };
    const snapshot = (await steps.snapshots(id, signal)).find((one) => one.id === source.snapshotId);
    if (snapshot === undefined) throw notFound(`there is no snapshot ${idOf(source)}`);
    const notes = Object.values(readNotes(volume.customdata).snapshots);
    const noted = notes.find((note) => note.id === snapshot.id);
    return { volume, source, snapshot, sizeGiB: noted?.sizeGiB ?? volume.sizeGB };
  }

  // The API makes clones without a name. What is being cloned is noted with the source first, with everything that looks like a clone of
  // it already: after a crash, what looks like one beyond that is the clone.
  async #begunClone(
    wish: VolumeWish,
    { volume, source }: Origin,
    signal: AbortSignal,
  ): Promise<{ readonly intent: Intent; readonly clone: Volume | undefined }> {
    const all = await this.#options.steps.list(signal);
    const snapshotId = source.kind === 'snapshot' ? source.snapshotId : undefined;
    const noted = readNotes(volume.customdata).cloning[wish.name];
    if (noted !== undefined && noted.snapshotId === snapshotId) {
      return { intent: noted, clone: lookalikes(volume, all, noted)[0] };
    }
    const existing = lookalikes(volume, all, { existing: [] }).map(({ id }) => id);
    const intent: Intent = snapshotId === undefined ? { existing } : { existing, snapshotId };
    await this.#noteClone(volume.id, wish.name, intent, signal);
    return { intent, clone: undefined };
  }

  async #noteClone(id: VolumeId, name: string, intent: Intent | undefined, signal: AbortSignal): Promise<void> {
    const { steps } = this.#options;
    // Read anew: whoever else notes something there would lose it otherwise.
    const volume = await steps.get(id, signal);
    if (volume === undefined) return;
    const notes = readNotes(volume.customdata);
    const cloning = intent === undefined ? withoutNote(notes.cloning, name) : withNote(notes.cloning, name, intent);
    await steps.update(id, { customdata: writeNotes(volume.customdata, { ...notes, cloning }) }, signal);
  }

  async #untilActive(volume: Volume, signals: WorkSignals): Promise<Volume> {
    const active = await this.#options.steps.untilActive(volume, signals);
    if (active === undefined) throw aborted(`volume ${volume.id} went away while it was being made: repeat the call`);
    return active;
  }

  #describe({ name, source }: VolumeWish): string {
    return writeDescription({ name, created: new Date(this.#options.clock.nowMs()).toISOString(), source });
  }
}

// A clone has the description of its source, whose time of creation makes it like no other's. Sources without one of ours have clones
// that cannot be told from volumes that people make: those are never taken.
function lookalikes(source: Volume, all: readonly Volume[], { existing }: Intent): readonly Volume[] {
  if (readDescription(source.description) === undefined) return [];
  const alike = all.filter(({ id, description, attachments }) => {
    return id !== source.id && description === source.description && attachments.length === 0 && !existing.includes(id);
  });
  return alike.sort(byAge);
}

function checkCloneSize({ size }: VolumeWish, { sizeGiB, source }: Origin): void {
  const isTooSmall = size.isGiven && (size.maxGiB < sizeGiB || size.minGiB < sizeGiB);
  if (!isTooSmall) return;
  const message = `${source.kind} ${idOf(source)} has ${sizeGiB} GiB, ${size.minGiB} GiB are asked for: volumes do not shrink`;
  throw new CsiError('OUT_OF_RANGE', message);
}

function idOf(source: VolumeSource): string {
  return source.kind === 'volume' ? source.volumeId : `${source.volumeId}/${source.snapshotId}`;
}

function both(outer: WorkSignals, inner: WorkSignals): WorkSignals {
  return { signal: outer.signal, wanted: AbortSignal.any([outer.wanted, inner.wanted]) };
}
