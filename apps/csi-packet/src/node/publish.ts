// NodePublishVolume and its reverse: the staged volume shown to one pod.
import { mkdir, open, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { CsiError, failedPrecondition } from '../server/csi-error.ts';
import { decideTarget, refuseSecondWriter } from './decisions.ts';
import { mounting } from './host/command.ts';
import { blockDeviceAt, isMissing, statOf } from './host/files.ts';
import type { BlockDevice } from './host/files.ts';
import { mountsAt, nodesOf } from './mounts/mount-table.ts';
import type { DeviceNames, Mount } from './mounts/mount-table.ts';
import { volumeNameOf } from '../publish-context.ts';
import type { NodeParts } from './node-parts.ts';

/** What the request asks for. */
export interface PublishWish {
  readonly volumeId: string;
  readonly stagingPath: string;
  readonly targetPath: string;
  readonly isBlock: boolean;
  readonly isReadonly: boolean;
  /** No other pod may use it at the same time. */
  readonly isAlone: boolean;
  readonly mountFlags: readonly string[];
}

/** Publishes; the target is there when it resolves. */
export async function publishVolume(parts: NodeParts, wish: PublishWish): Promise<void> {
  if (wish.isBlock) await publishBlock(parts, wish);
  else await publishMount(parts, wish);
}

async function publishMount(parts: NodeParts, wish: PublishWish): Promise<void> {
  const { stagingPath, targetPath: target, isReadonly } = wish;
  const mounts = await parts.mounts.list();
  const number = await stagedNumber(parts, wish, mounts);
  const decision = decideTarget(mounts, { path: target, number, isReadonly });
  if (decision.kind === 'refuse') throw decision.error;
  if (decision.kind === 'done') return;
  checkAlone(wish, mounts, { device: number, nodes: [] });
  await mkdir(target, { recursive: true, mode: 0o750 });
  await parts.mounts.mount(mounting.bind(stagingPath, target), target);
  await restrict(parts, target, [
    ...(isReadonly ? ['ro'] : []),
    ...wish.mountFlags.filter((flag) => PER_MOUNT.has(flag)),
  ]);
}

/** The number of the device that is mounted at the staging path; refuses when that is not the volume's. */
async function stagedNumber(parts: NodeParts, wish: PublishWish, mounts: readonly Mount[]): Promise<string> {
  const staged = mountsAt(mounts, wish.stagingPath).at(-1);
  const recorded = (await parts.store.load(wish.volumeId))?.disk;
  const isRight = recorded?.bootId !== parts.bootId || recorded.number === staged?.device;
  if (staged === undefined || !isRight) throw notStaged(wish);
  return staged.device;
}

// Writable for a moment would be writable: without the flags there is no mount at all.
async function restrict({ mounts }: NodeParts, target: string, flags: readonly string[]): Promise<void> {
  if (flags.length === 0) return;
  try {
    await mounts.mount(mounting.remount(target, flags), target);
  } catch (error) {
    await mounts.unmountAll(target);
    throw error;
  }
}

// Flags that a bind mount can have for itself; the others belong to the file system and were given when it was staged.
const PER_MOUNT: ReadonlySet<string> = new Set(['noatime', 'nodiratime', 'relatime', 'nodev', 'noexec', 'nosuid']);

async function publishBlock(parts: NodeParts, wish: PublishWish): Promise<void> {
  const device = await stagedDevice(parts, wish);
  const { targetPath: target } = wish;
  if ((await blockDeviceAt(target))?.number === device.number) return;
  const mounts = await parts.mounts.list();
  if (mountsAt(mounts, target).length > 0) {
    throw failedPrecondition(`${target} is taken by another mount: unmount it first`);
  }
  checkAlone(wish, mounts, { device: device.number, nodes: nodesOf(device.path, volumeNameOf(wish.volumeId)) });
  await mkdir(path.dirname(target), { recursive: true, mode: 0o750 });
  await (await open(target, 'a', 0o640)).close();
  await parts.mounts.mount(mounting.bind(device.path, target), target);
  await restrict(parts, target, wish.isReadonly ? ['ro'] : []);
}

async function stagedDevice(parts: NodeParts, wish: PublishWish): Promise<BlockDevice> {
  const disk = (await parts.store.load(wish.volumeId))?.disk;
  const device = disk?.bootId === parts.bootId ? await blockDeviceAt(disk.device) : undefined;
  if (device === undefined || device.number !== disk?.number) throw notStaged(wish);
  return device;
}

function checkAlone(wish: PublishWish, mounts: readonly Mount[], names: DeviceNames): void {
  const { volumeId: volume, stagingPath, targetPath, isAlone } = wish;
  if (isAlone) refuseSecondWriter(mounts, { volume, names, places: [stagingPath, targetPath] });
}

function notStaged({ volumeId, stagingPath }: PublishWish): CsiError {
  return failedPrecondition(`volume ${volumeId} is not staged at ${stagingPath}: stage it first`);
}

/** Unpublishes: no mount and no path is left. Never removes what is not empty: it is not ours. */
export async function unpublishVolume(parts: NodeParts, targetPath: string): Promise<void> {
  await parts.mounts.unmountAll(targetPath);
  const found = await statOf(targetPath);
  if (found === undefined) return;
  try {
    if (found.isDirectory()) await rmdir(targetPath);
    else if (found.size === 0) await rm(targetPath);
    else throw new Error('it is a file with content');
  } catch (error) {
    if (isMissing(error)) return;
    const message = `${targetPath} is unmounted and cannot be removed: ${(error as Error).message}`;
    throw new CsiError('INTERNAL', message, { cause: error });
  }
}
