// What this program notes with a volume, in the API's free field `customdata`: names of snapshots (the API has none), and what was begun
// but may not have been finished, so that a call repeated after a crash finds the result of the first instead of making a second. Pure;
// what others keep there stays.
import type { JsonObject } from '@longshore/cloud-http';

/** A snapshot under its CSI name. */
export interface SnapshotNote {
  readonly id: string;
  /** Of the volume when it was made. */
  readonly sizeGiB: number;
}

/** What had been there when something was begun: whatever else looks like its result is its result. */
export interface Intent {
  readonly existing: readonly string[];
  /** The snapshot that is cloned. */
  readonly snapshotId?: string;
}

/** All notes of a volume. */
export interface VolumeNotes {
  /** Snapshots by name. */
  readonly snapshots: Readonly<Record<string, SnapshotNote>>;
  /** Snapshots that were begun, by name. */
  readonly taking: Readonly<Record<string, Intent>>;
  /** Clones of this volume that were begun, by the name of the new volume. */
  readonly cloning: Readonly<Record<string, Intent>>;
  /** For people: who asked for the volume. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A volume without notes. */
export const NO_NOTES: VolumeNotes = { snapshots: {}, taking: {}, cloning: {}, tags: {} };

const KEY = 'csi-packet';

/** Reads the notes; what is not in their form is taken for absent. */
export function readNotes(customdata: JsonObject | undefined): VolumeNotes {
  const raw = objectOf(customdata?.[KEY]);
  return {
    snapshots: entriesOf(raw['snapshots'], readSnapshot),
    taking: entriesOf(raw['taking'], readIntent),
    cloning: entriesOf(raw['cloning'], readIntent),
    tags: entriesOf(raw['tags'], (value) => (typeof value === 'string' ? value : undefined)),
  };
}

/** The field with these notes and everything that others keep there. */
export function writeNotes(customdata: JsonObject | undefined, notes: VolumeNotes): JsonObject {
  const kept = Object.fromEntries(Object.entries(notes).filter(([, part]) => Object.keys(part as object).length > 0));
  const { [KEY]: _, ...others } = customdata ?? {};
  return Object.keys(kept).length === 0 ? others : { ...others, [KEY]: kept };
}

/** A record with an entry more. */
export function withNote<T>(record: Readonly<Record<string, T>>, name: string, value: T): Readonly<Record<string, T>> {
  return { ...record, [name]: value };
}

/** A record with an entry less. */
export function withoutNote<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

function readSnapshot(raw: unknown): SnapshotNote | undefined {
  const { id, sizeGiB } = objectOf(raw);
  return typeof id === 'string' && typeof sizeGiB === 'number' ? { id, sizeGiB } : undefined;
}

function readIntent(raw: unknown): Intent | undefined {
  const { existing, snapshotId } = objectOf(raw);
  if (!Array.isArray(existing)) return undefined;
  const ids = existing.filter((id) => typeof id === 'string');
  return typeof snapshotId === 'string' ? { existing: ids, snapshotId } : { existing: ids };
}

function entriesOf<T>(raw: unknown, read: (value: unknown) => T | undefined): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(objectOf(raw)).flatMap(([name, value]) => {
      const entry = read(value);
      return entry === undefined ? [] : [[name, entry]];
    }),
  );
}

function objectOf(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
}
