// NodeStageVolume: sessions, disk, map, file system, mount. Each step finds out what is there already, so that a call which was cut off, or a
// program that was killed, goes on where it was. The record is written before the step that it tells of.
import { mkdir } from 'node:fs/promises';
import { CsiError } from '../server/csi-error.ts';
import { decideDisk, decideTarget, isOwnUnfinished, refuseIfStagedOtherwise } from './decisions.ts';
import { isOutgrown } from './disk/file-system-size.ts';
import { lookAtDisk, sizeOfDisk, sizeOfFileSystem } from './disk/look-at-disk.ts';
import type { FoundDisk } from './disk/find-disk.ts';
import { judgeDisk } from './disk/verdict.ts';
import { fileSystem } from './host/command.ts';
import type { FileSystem, Portal } from './host/command.ts';
import { blockDeviceAt } from './host/files.ts';
import { failureOf } from './host/host-programs.ts';
import { noPathError } from './iscsi/iscsi.ts';
import { portalsOf } from './node-parts.ts';
import type { NodeParts } from './node-parts.ts';
import type { RecordedDisk, VolumeRecord } from './volume-record.ts';

/** What the request asks for. */
export interface StageWish {
  readonly volumeId: string;
  readonly volumeName: string;
  readonly attachmentId: string | undefined;
  readonly stagingPath: string;
  readonly use: FileSystem | 'block';
  readonly mountFlags: readonly string[];
  /** From the publish context; absent: the metadata service is asked. */
  readonly target: { readonly iqn: string; readonly portals: readonly string[] } | undefined;
  /** Size that the disk has to have. */
  readonly sizeBytes: number | undefined;
  /** False: a blank disk is refused too (`noformat` in the volume's attributes). */
  readonly mayFormat: boolean;
}

const CORRECTED = 1;
const CORRECTED_REBOOT = 2;
const NEEDS_HAND = 4;

/** Stages; resolves when pods can use the volume. */
export async function stageVolume(parts: NodeParts, wish: StageWish): Promise<void> {
  const before = await parts.store.load(wish.volumeId);
  refuseIfStagedOtherwise(before, wish);
  if (before !== undefined && (await isStaged(parts, before))) return;
  const { iqn, portals } = wish.target ?? (await targetFromMetadata(parts, wish));
  const { volumeId, volumeName, attachmentId, stagingPath, use } = wish;
  const known = { volumeId, volumeName, attachmentId, iqn, portals, stagingPath, use };
  // The mark of a file system that is being made outlives this: it is all that tells our own half-made work from somebody's data.
  const isMarked = before?.phase === 'formatting';
  const record: VolumeRecord = isMarked ? before : { ...known, phase: 'attaching', disk: undefined };
  await parts.store.save(record);
  await connect(parts, wish, portalsOf({ iqn, portals }));
  const found = await parts.finder.find(volumeName, portalsOf({ iqn, portals }));
  const disk: RecordedDisk = {
    bootId: parts.bootId,
    wwid: found.wwid,
    device: found.device.path,
    number: found.device.number,
    isMap: found.isMap,
  };
  const withDisk: VolumeRecord = { ...known, phase: 'attaching', disk };
  if (use !== 'block') {
    await mountFileSystem(parts, { wish, use, before, found, record: withDisk });
    await fillDisk(parts, wish, found.device.path);
  }
  await parts.store.save({ ...withDisk, phase: 'staged' });
}

/** Whether a volume is as its record says. */
export async function isStaged(parts: NodeParts, { phase, disk, use, stagingPath }: VolumeRecord): Promise<boolean> {
  if (phase !== 'staged' || disk?.bootId !== parts.bootId) return false;
  if ((await blockDeviceAt(disk.device))?.number !== disk.number) return false;
  if (use === 'block') return true;
  const target = { path: stagingPath, number: disk.number, isReadonly: undefined };
  return decideTarget(await parts.mounts.list(), target).kind === 'done';
}

async function targetFromMetadata(
  { metadata }: NodeParts,
  { volumeName }: StageWish,
): Promise<{ readonly iqn: string; readonly portals: readonly string[] }> {
  const { volumes } = await metadata.read(new AbortController().signal);
  const volume = volumes.find(({ name }) => name === volumeName);
  if (volume?.iqn !== undefined && volume.ips.length > 0) return { iqn: volume.iqn, portals: volume.ips };
  const message = `the metadata service does not show ${volumeName} yet, and the attachment did not say where it is`;
  throw new CsiError('UNAVAILABLE', message);
}

async function connect(parts: NodeParts, { volumeName }: StageWish, portals: readonly Portal[]): Promise<void> {
  const { iqn: initiator } = await parts.metadata.read(new AbortController().signal).catch(() => ({ iqn: undefined }));
  const down = await parts.iscsi.login(portals, initiator);
  if (down.length < portals.length) return;
  throw noPathError(volumeName, down);
}

interface Mounting {
  readonly wish: StageWish;
  readonly use: FileSystem;
  readonly before: VolumeRecord | undefined;
  readonly found: FoundDisk;
  readonly record: VolumeRecord;
}

async function mountFileSystem(parts: NodeParts, mounting: Mounting): Promise<void> {
  const { wish, found } = mounting;
  const target = { path: wish.stagingPath, number: found.device.number, isReadonly: undefined };
  const decision = decideTarget(await parts.mounts.list(), target);
  if (decision.kind === 'refuse') throw decision.error;
  if (decision.kind === 'done') return;
  const type = await ensureFileSystem(parts, mounting);
  await mkdir(wish.stagingPath, { recursive: true, mode: 0o750 });
  const flags = wish.mountFlags;
  await parts.mounts.mount(
    fileSystem.mount(type, { device: found.device.path, target: wish.stagingPath, flags }),
    wish.stagingPath,
  );
}

/**
 * A volume that was made from a smaller snapshot comes with a file system of the snapshot's size, and kubelet asks nobody to let it grow: for
 * kubelet the volume has the right size from the start.
 */
async function fillDisk(
  parts: NodeParts,
  { volumeId, stagingPath, mountFlags }: StageWish,
  device: string,
): Promise<void> {
  if (mountFlags.includes('ro')) return;
  const size = await sizeOfFileSystem(device);
  if (size === undefined || !isOutgrown(size, await sizeOfDisk(parts.programs, device))) return;
  parts.log.info('the file system is smaller than its disk and grows', { volume: volumeId, device });
  await parts.programs.demand(fileSystem.grow(size.family, device, stagingPath));
}

/** A file system that can be mounted is on the disk when it resolves; to its type. */
async function ensureFileSystem(parts: NodeParts, { wish, use, before, found, record }: Mounting): Promise<string> {
  const { volumeId: volume, attachmentId } = wish;
  const isOurs = isOwnUnfinished(before, { attachmentId, wwid: found.wwid });
  const evidence = await lookAtDisk(parts.programs, found.device.path, wish.sizeBytes);
  const decision = decideDisk(judgeDisk(evidence), { volume, wanted: use, isOurs });
  if (decision.kind === 'refuse') throw decision.error;
  if (decision.kind === 'use') {
    await checkFileSystem(parts, { volume, type: decision.type, device: found.device.path });
    await parts.store.save(record);
    return decision.type;
  }
  if (!wish.mayFormat) {
    throw new CsiError('FAILED_PRECONDITION', `volume ${volume}: its disk is blank, and its attributes say noformat`);
  }
  parts.log.info('making a file system', { volume, fileSystem: use, device: found.device.path });
  await parts.store.save({ ...record, phase: 'formatting' });
  await parts.programs.demand(fileSystem.make(use, found.device.path));
  await parts.store.save(record);
  return use;
}

async function checkFileSystem(
  { programs, log }: NodeParts,
  { volume, type, device }: { readonly volume: string; readonly type: string; readonly device: string },
): Promise<void> {
  if (!type.startsWith('ext')) return;
  const command = fileSystem.check(device);
  const ended = await programs.run(command);
  if (ended.code === CORRECTED || ended.code === CORRECTED_REBOOT) {
    log.warn('a file system was repaired', { volume, device, said: ended.stdout.trim() });
  } else if (ended.code === NEEDS_HAND) {
    const remedy = `repair it by hand: e2fsck ${device}`;
    throw new CsiError('INTERNAL', `volume ${volume}: its file system has errors that need a decision: ${remedy}`);
  } else if (ended.code !== 0) throw failureOf(command, ended);
}
