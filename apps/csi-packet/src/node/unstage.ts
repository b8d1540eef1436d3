// NodeUnstageVolume: the way back, from local knowledge alone. Nothing is logged out before the map is gone, nothing is taken from under a
// pod, and everything that is gone already counts as done.
import { refuseIfUsedElsewhere } from './decisions.ts';
import { blockDeviceAt } from './host/files.ts';
import type { BlockDevice } from './host/files.ts';
import { mountsAt, nodesOf } from './mounts/mount-table.ts';
import { volumeNameOf } from '../publish-context.ts';
import { portalsOf } from './node-parts.ts';
import type { NodeParts } from './node-parts.ts';
import type { Portal } from './host/command.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Takes the volume down. */
export async function unstageVolume(parts: NodeParts, volumeId: string, stagingPath: string): Promise<void> {
  const record = await parts.store.load(volumeId);
  const name = record?.volumeName ?? volumeNameOf(volumeId);
  const device = await deviceOf(parts, name, record);
  await refuseIfUsed(parts, { volumeId, stagingPath, name, device });
  // Asked before the map goes: a volume that the Go program staged has no record.
  const portals = record === undefined ? await parts.finder.portalsOf(name) : portalsOf(record);
  await parts.mounts.unmountAll(stagingPath);
  await takeDown(parts, { name, portals, device: device?.path });
  await parts.store.remove(volumeId);
}

/** Flushes the map, ends the sessions, forgets the target and the map's name: in this order. */
export async function takeDown(
  { finder, iscsi }: NodeParts,
  {
    name,
    portals,
    device,
  }: { readonly name: string; readonly portals: readonly Portal[]; readonly device: string | undefined },
): Promise<void> {
  await finder.flush(name, device);
  await iscsi.logout(portals);
  await finder.unbind(name);
}

async function refuseIfUsed(
  parts: NodeParts,
  volume: {
    readonly volumeId: string;
    readonly stagingPath: string;
    readonly name: string;
    readonly device: BlockDevice | undefined;
  },
): Promise<void> {
  const { volumeId, stagingPath, name, device } = volume;
  const mounts = await parts.mounts.list();
  const number = device?.number ?? mountsAt(mounts, stagingPath).at(-1)?.device;
  if (number === undefined) return;
  const names = { device: number, nodes: nodesOf(device?.path, name) };
  refuseIfUsedElsewhere(mounts, { volume: volumeId, names, stagingPath });
}

// The map is looked for by its name too: the record may have been written before there was one.
async function deviceOf(
  { finder, bootId }: NodeParts,
  name: string,
  record: VolumeRecord | undefined,
): Promise<BlockDevice | undefined> {
  const map = await finder.mapDevice(name);
  if (map !== undefined || record?.disk?.bootId !== bootId) return map;
  return blockDeviceAt(record.disk.device);
}
