// Second layer, snapshots. The API gives them neither names nor an answer when they are made: the names are noted with the volume, and
// what was there before is noted first, so that a snapshot whose making was interrupted is found again.
import type { Volume, VolumeId, VolumeSnapshot } from '@longshore/packet-api';
import { aborted, CsiError } from '../server/csi-error.ts';
import { noVolume } from './attachments.ts';
import type { WorkSignals } from './joined-work.ts';
import { readNotes, withNote, withoutNote, writeNotes } from './notes.ts';
import type { VolumeNotes } from './notes.ts';
import { oldestOf } from './packet-volumes.ts';
import type { PacketVolumes } from './packet-volumes.ts';
import type { SnapshotRef } from './snapshot-ids.ts';
import type { StoredSnapshot } from './volumes.ts';

/** Makes and finds snapshots. */
export class Snapshots {
  readonly #steps: PacketVolumes;

  constructor(steps: PacketVolumes) {
    this.#steps = steps;
  }

  /** The snapshot of this name of this volume, made if it is not there. */
  async ensure(id: VolumeId, name: string, { signal }: WorkSignals): Promise<StoredSnapshot> {
    const all = await this.#steps.list(signal);
    const other = all.find((volume) => volume.id !== id && isNamed(readNotes(volume.customdata), name));
    if (other !== undefined) {
      throw new CsiError('ALREADY_EXISTS', `snapshot ${name} is one of volume ${other.id}, not of ${id}`);
    }
    const volume = all.find((one) => one.id === id);
    if (volume === undefined) throw noVolume(id);
    const there = await this.#steps.snapshots(id, signal);
    const notes = readNotes(volume.customdata);
    const known = there.find((one) => one.id === notes.snapshots[name]?.id);
    const snapshot = known ?? (await this.#make(volume, { name, there }, signal));
    return { volumeId: id, snapshot, sizeGiB: notes.snapshots[name]?.sizeGiB ?? volume.sizeGB };
  }

  /** The snapshot is gone afterwards, and so is its name. */
  async remove({ volumeId, snapshotId }: SnapshotRef, { signal }: WorkSignals): Promise<void> {
    const volume = await this.#steps.get(volumeId, signal);
    if (volume === undefined) return;
    await this.#steps.removeSnapshot(volumeId, snapshotId, signal);
    const notes = readNotes(volume.customdata);
    const left = Object.entries(notes.snapshots).filter(([, { id }]) => id !== snapshotId);
    if (left.length === Object.keys(notes.snapshots).length) return;
    await this.#write(volume, { ...notes, snapshots: Object.fromEntries(left) }, signal);
  }

  /** All snapshots of a volume. */
  async of(id: VolumeId, signal: AbortSignal): Promise<readonly StoredSnapshot[]> {
    const volume = await this.#steps.get(id, signal);
    if (volume === undefined) return [];
    const notes = Object.values(readNotes(volume.customdata).snapshots);
    const there = await this.#steps.snapshots(id, signal);
    return there.map((snapshot) => {
      const noted = notes.find((note) => note.id === snapshot.id);
      return { volumeId: id, snapshot, sizeGiB: noted?.sizeGiB ?? volume.sizeGB };
    });
  }

  async #make(
    volume: Volume,
    { name, there }: { readonly name: string; readonly there: readonly VolumeSnapshot[] },
    signal: AbortSignal,
  ): Promise<VolumeSnapshot> {
    const begun = readNotes(volume.customdata);
    const named = Object.values(begun.snapshots).map(({ id }) => id);
    // Where policies make snapshots too, one that came since the last call may be theirs, and they throw it away again one day.
    const isOursAlone = volume.snapshotPolicies.length === 0;
    const before = isOursAlone ? begun.taking[name] : undefined;
    const existing = before?.existing ?? there.map(({ id }) => id);
    const isNew = ({ id }: VolumeSnapshot): boolean => !existing.includes(id) && !named.includes(id);
    if (before === undefined) {
      await this.#write(volume, { ...begun, taking: withNote(begun.taking, name, { existing }) }, signal);
    }
    const made = oldestOf(there.filter(isNew)) ?? (await this.#steps.takeSnapshot(volume.id, isNew, signal));
    if (made === undefined) throw aborted(`the API took a snapshot of volume ${volume.id} but does not list it yet`);
    const snapshots = withNote(begun.snapshots, name, { id: made.id, sizeGiB: volume.sizeGB });
    await this.#write(volume, { ...begun, snapshots, taking: withoutNote(begun.taking, name) }, signal);
    return made;
  }

  async #write(volume: Volume, notes: VolumeNotes, signal: AbortSignal): Promise<void> {
    await this.#steps.update(volume.id, { customdata: writeNotes(volume.customdata, notes) }, signal);
  }
}

function isNamed({ snapshots, taking }: VolumeNotes, name: string): boolean {
  return Object.hasOwn(snapshots, name) || Object.hasOwn(taking, name);
}
