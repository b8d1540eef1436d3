// What this machine knows of a volume that it staged, kept in a file: with it a volume is taken down without asking the metadata service or
// the API, and after a crash every step is found where it was left. Pure; record-store.ts reads and writes.
import type { FileSystem } from './host/command.ts';

/** How far a volume is. */
export type Phase =
  /** Sessions, maps or mounts may exist. */
  | 'attaching'
  /**
   * The disk was blank and a file system is being made on it. While the attachment is the same nobody else can have written to it, so what
   * a killed mkfs left behind may be overwritten.
   */
  | 'formatting'
  /** Ready for pods. */
  | 'staged';

/** The file's content. */
export interface VolumeRecord {
  readonly volumeId: string;
  /** `volume-` and eight digits; also the name of the multipath map. */
  readonly volumeName: string;
  readonly attachmentId: string | undefined;
  readonly iqn: string;
  /** IP addresses. */
  readonly portals: readonly string[];
  readonly stagingPath: string;
  /** `block`: the device itself; else the kind of file system. */
  readonly use: FileSystem | 'block';
  readonly phase: Phase;
  /** Absent until the disk was found. */
  readonly disk: RecordedDisk | undefined;
}

/** The disk as it was found. Device names and numbers hold until the next boot only. */
export interface RecordedDisk {
  readonly bootId: string;
  readonly wwid: string;
  /** What is mounted: the map, or the disk itself where there is no multipath. */
  readonly device: string;
  /** `major:minor`. */
  readonly number: string;
  readonly isMap: boolean;
}

const PHASES: readonly string[] = ['attaching', 'formatting', 'staged'] satisfies Phase[];

/** The text of a file; throws when it is not one of ours. */
export function parseRecord(text: string): VolumeRecord {
  const record = JSON.parse(text) as unknown;
  if (!isRecord(record)) throw new Error('it is not the record of a volume');
  const { attachmentId, disk, ...rest } = record;
  return { ...rest, attachmentId, disk };
}

const TEXTS = ['volumeId', 'volumeName', 'iqn', 'stagingPath', 'use', 'phase'] as const;

function isRecord(value: unknown): value is VolumeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  const hasTexts = TEXTS.every((field) => typeof record[field] === 'string');
  return hasTexts && Array.isArray(record['portals']) && PHASES.includes(String(record['phase']));
}

/** The record as a file's text. */
export function formatRecord(record: VolumeRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** The name of the record's file: an identity may contain anything. */
export function recordFileName(volumeId: string): string {
  return `${encodeURIComponent(volumeId).replaceAll('.', '%2E')}.json`;
}
