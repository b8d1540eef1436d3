// The decisions of the node side. Pure: node-volumes.ts finds out what they are made from, and does what they say.
import { CsiError, failedPrecondition } from '../server/csi-error.ts';
import type { DiskVerdict } from './disk/verdict.ts';
import type { FileSystem } from './host/command.ts';
import { mountsAt, mountsOf, standingPlace } from './mounts/mount-table.ts';
import type { DeviceNames, Mount } from './mounts/mount-table.ts';
import type { VolumeRecord } from './volume-record.ts';

/** What to do with a disk before it is mounted. */
export type DiskDecision =
  | { readonly kind: 'make' }
  | { readonly kind: 'use'; readonly type: string }
  | { readonly kind: 'refuse'; readonly error: CsiError };

const FAMILIES: Readonly<Record<string, string>> = { ext2: 'ext', ext3: 'ext', ext4: 'ext', ext4dev: 'ext' };
const familyOf = (type: string): string => FAMILIES[type] ?? type;

/** What the disk's content and the wish lead to. `isOurs`: a file system was being made by us, and nobody else had the disk since. */
export function decideDisk(
  verdict: DiskVerdict,
  { volume, wanted, isOurs }: { readonly volume: string; readonly wanted: FileSystem; readonly isOurs: boolean },
): DiskDecision {
  // Never mounted since: whatever is there, mkfs wrote it.
  if (isOurs || verdict.kind === 'blank') return { kind: 'make' };
  if (verdict.kind === 'occupied') {
    const message = `volume ${volume}: its disk holds ${verdict.what} and is never formatted: ${verdict.remedy}`;
    return { kind: 'refuse', error: failedPrecondition(message) };
  }
  // ext3 is mounted by the code of ext4, and the other way round what is there is kept.
  if (familyOf(verdict.type) === familyOf(wanted)) return { kind: 'use', type: verdict.type };
  const message = `volume ${volume}: its disk holds ${verdict.type} and ${wanted} was asked for: it is never formatted; set fsType ${verdict.type}`;
  return { kind: 'refuse', error: failedPrecondition(message) };
}

/** Whether a disk that looks half-made is our own work: begun by us under the same attachment, on the same disk. */
export function isOwnUnfinished(
  record: VolumeRecord | undefined,
  now: { readonly attachmentId: string | undefined; readonly wwid: string },
): boolean {
  if (record?.phase !== 'formatting' || record.attachmentId === undefined) return false;
  return record.attachmentId === now.attachmentId && record.disk?.wwid === now.wwid;
}

/** What is at a path that a file system is to be mounted at. */
export type TargetDecision =
  { readonly kind: 'mount' } | { readonly kind: 'done' } | { readonly kind: 'refuse'; readonly error: CsiError };

/** Whether the path has to be mounted, is so already, or holds something else. */
export function decideTarget(
  mounts: readonly Mount[],
  {
    path,
    number,
    isReadonly,
  }: { readonly path: string; readonly number: string; readonly isReadonly: boolean | undefined },
): TargetDecision {
  const top = mountsAt(mounts, path).at(-1);
  if (top === undefined) return { kind: 'mount' };
  if (top.device !== number) {
    const message = `${path} is taken by a mount of ${top.source}: unmount it first`;
    return { kind: 'refuse', error: new CsiError('FAILED_PRECONDITION', message) };
  }
  if (isReadonly !== undefined && top.options.includes('ro') !== isReadonly) {
    const message = `${path} is mounted ${isReadonly ? 'read-write' : 'read-only'} already: unpublish it first`;
    return { kind: 'refuse', error: new CsiError('ALREADY_EXISTS', message) };
  }
  return { kind: 'done' };
}

/** Refuses to take a volume down that pods still use: after a logout their writes would be lost. */
export function refuseIfUsedElsewhere(
  mounts: readonly Mount[],
  {
    volume,
    names,
    stagingPath,
  }: { readonly volume: string; readonly names: DeviceNames; readonly stagingPath: string },
): void {
  const others = mountsOf(mounts, names).filter(({ mountPoint }) => mountPoint !== stagingPath);
  if (others.length === 0) return;
  const places = others.map(({ mountPoint }) => mountPoint).join(', ');
  throw failedPrecondition(`volume ${volume} is still published at ${places}: unpublish it first`);
}

/** Refuses a second pod of a volume that one pod is to use alone; `places` are those that this pod has itself. */
export function refuseSecondWriter(
  mounts: readonly Mount[],
  {
    volume,
    names,
    places,
  }: { readonly volume: string; readonly names: DeviceNames; readonly places: readonly string[] },
): void {
  const own = places.map((place) => standingPlace(mounts, place));
  const other = mountsOf(mounts, names).find(({ mountPoint }) => !own.includes(standingPlace(mounts, mountPoint)));
  if (other === undefined) return;
  const mode = 'its access mode SINGLE_NODE_SINGLE_WRITER is for one pod alone';
  throw failedPrecondition(
    `volume ${volume} is published at ${other.mountPoint}, and ${mode}: unpublish it there first`,
  );
}

/** Refuses a staging that contradicts the one there is. */
export function refuseIfStagedOtherwise(
  record: VolumeRecord | undefined,
  wish: { readonly stagingPath: string; readonly use: VolumeRecord['use'] },
): void {
  if (record?.phase !== 'staged') return;
  if (record.use === wish.use && record.stagingPath === wish.stagingPath) return;
  const message = `volume ${record.volumeId} is staged already at ${record.stagingPath} as ${record.use}: unstage it first`;
  throw new CsiError('ALREADY_EXISTS', message);
}
