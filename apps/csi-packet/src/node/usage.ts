// NodeGetVolumeStats and NodeExpandVolume: how full a published volume is, how well it is connected, and how it grows.
import { statfs } from 'node:fs/promises';
import { sleep } from '@longshore/reconciler-core';
import { CsiError, notFound } from '../server/csi-error.ts';
import { lookAtDisk, sizeOfDisk } from './disk/look-at-disk.ts';
import { judgeDisk } from './disk/verdict.ts';
import { fileSystem, multipath } from './host/command.ts';
import { blockDeviceAt } from './host/files.ts';
import { isSessionOf } from './iscsi/sessions.ts';
import { mountsAt } from './mounts/mount-table.ts';
import type { Mount } from './mounts/mount-table.ts';
import { portalsOf } from './node-parts.ts';
import type { NodeParts } from './node-parts.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Fill level; inodes are absent for a raw device. */
export interface VolumeUsage {
  readonly totalBytes: bigint;
  readonly bytes: { readonly used: bigint; readonly available: bigint } | undefined;
  readonly inodes: { readonly total: bigint; readonly used: bigint; readonly available: bigint } | undefined;
  /** What is wrong with the volume, in words; `undefined` when nothing is. */
  readonly problem: string | undefined;
}

/** The fill level of the volume at the path. Rejects with NOT_FOUND when nothing is mounted there. */
export async function usageOf(parts: NodeParts, volumeId: string, volumePath: string): Promise<VolumeUsage> {
  const place = await placeOf(parts, volumeId, volumePath);
  const problem = await connectionProblem(parts, await parts.store.load(volumeId));
  if (place.kind === 'block') {
    const totalBytes = BigInt(await sizeOfDisk(parts.programs, place.device));
    return { totalBytes, bytes: undefined, inodes: undefined, problem };
  }
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(volumePath, { bigint: true });
  return {
    totalBytes: blocks * bsize,
    bytes: { used: (blocks - bfree) * bsize, available: bavail * bsize },
    inodes: { total: files, used: files - ffree, available: ffree },
    problem,
  };
}

type Place = { readonly kind: 'block'; readonly device: string } | { readonly kind: 'mount'; readonly mount: Mount };

async function placeOf(parts: NodeParts, volumeId: string, volumePath: string): Promise<Place> {
  const device = await blockDeviceAt(volumePath);
  if (device !== undefined) return { kind: 'block', device: device.path };
  const mount = mountsAt(await parts.mounts.list(), volumePath).at(-1);
  if (mount !== undefined) return { kind: 'mount', mount };
  throw notFound(`volume ${volumeId} is not published at ${volumePath}`);
}

async function connectionProblem(parts: NodeParts, record: VolumeRecord | undefined): Promise<string | undefined> {
  if (record === undefined) return undefined;
  const sessions = await parts.iscsi.sessions();
  const down = portalsOf(record).filter((portal) => !sessions.some((session) => isSessionOf(session, portal)));
  if (down.length === 0) return undefined;
  const texts = down.map(({ address }) => address).join(', ');
  return `${down.length} of ${record.portals.length} paths are down (${texts}): another failure cuts the volume off`;
}

const LOOK_EVERY_MS = 200;

/** Lets the file system use all of a disk that has grown; to the size of the disk. `requiredBytes` 0: whatever it has now. */
export async function expandVolume(
  parts: NodeParts,
  { volumeId, volumePath, requiredBytes }: { volumeId: string; volumePath: string; requiredBytes: number },
): Promise<number> {
  const place = await placeOf(parts, volumeId, volumePath);
  const record = await parts.store.load(volumeId);
  const device = place.kind === 'block' ? place.device : (record?.disk?.device ?? place.mount.source);
  const sizeBytes = await waitForSize(parts, { record, device, requiredBytes });
  if (place.kind === 'block') return sizeBytes;
  const { fileSystem: type, mountPoint } = place.mount;
  const found = judgeDisk(await lookAtDisk(parts.programs, device));
  const kind = found.kind === 'file-system' ? found.type : type;
  await parts.programs.demand(fileSystem.grow(kind, device, mountPoint));
  return sizeBytes;
}

async function waitForSize(
  parts: NodeParts,
  { record, device, requiredBytes }: { record: VolumeRecord | undefined; device: string; requiredBytes: number },
): Promise<number> {
  const { clock, appearMs } = parts;
  const startedMs = clock.monotonicMs();
  for (;;) {
    if (record !== undefined) await parts.iscsi.rescan(portalsOf(record));
    if (record?.disk?.isMap) await parts.programs.run(multipath.resize(record.volumeName));
    const sizeBytes = await sizeOfDisk(parts.programs, device);
    if (sizeBytes >= requiredBytes) return sizeBytes;
    if (clock.monotonicMs() - startedMs >= appearMs) {
      const message = `${device} still has ${sizeBytes} bytes and not ${requiredBytes}: the target does not show the new size yet`;
      throw new CsiError('UNAVAILABLE', message);
    }
    await sleep(clock, LOOK_EVERY_MS);
  }
}
