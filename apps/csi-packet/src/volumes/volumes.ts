// What the controller can do with volumes, in words of the domain: every operation may be repeated, at any time, after any crash, and ends
// with the same result. IdempotentVolumes is the implementation.
import type { DeviceId, SnapshotId, Volume, VolumeAttachment, VolumeId, VolumeSnapshot } from '@longshore/packet-api';
import type { VolumeWish } from './find-volume.ts';
import type { SnapshotRef } from './snapshot-ids.ts';
import type { StoragePlan } from './storage-plan.ts';

/** A volume that a node may use. */
export interface AttachedVolume {
  readonly volume: Volume;
  readonly attachment: VolumeAttachment;
}

/** A snapshot with the volume that it is of. */
export interface StoredSnapshot {
  readonly volumeId: VolumeId;
  readonly snapshot: VolumeSnapshot;
  /** Of the volume when it was made, where that is known. */
  readonly sizeGiB: number;
}

/** A facility that volumes are made in. */
export interface StorageFacility {
  readonly id: string;
  readonly code: string;
}

/** The operations. All reject with a CsiError, or with the error of the cloud; `caller` ends the waiting, not what was begun. */
export interface Volumes {
  list(caller: AbortSignal): Promise<readonly Volume[]>;
  find(id: VolumeId, caller: AbortSignal): Promise<Volume | undefined>;
  ensure(wish: VolumeWish, facility: StorageFacility, caller: AbortSignal): Promise<Volume>;
  remove(id: VolumeId, caller: AbortSignal): Promise<void>;
  attach(id: VolumeId, nodeId: string, caller: AbortSignal): Promise<AttachedVolume>;
  /** An empty node ID means all nodes. */
  detach(id: VolumeId, nodeId: string, caller: AbortSignal): Promise<void>;
  grow(id: VolumeId, sizes: { readonly minGiB: number; readonly maxGiB: number }, caller: AbortSignal): Promise<Volume>;
  changePlan(id: VolumeId, plan: StoragePlan, caller: AbortSignal): Promise<Volume>;
  ensureSnapshot(id: VolumeId, name: string, caller: AbortSignal): Promise<StoredSnapshot>;
  removeSnapshot(ref: SnapshotRef, caller: AbortSignal): Promise<void>;
  /** All snapshots of a volume, those that others made included. */
  snapshotsOf(id: VolumeId, caller: AbortSignal): Promise<readonly StoredSnapshot[]>;
  /** Snapshots that were made under a name, of all volumes, in a stable order. */
  namedSnapshots(
    caller: AbortSignal,
  ): Promise<readonly { readonly volumeId: VolumeId; readonly snapshotId: SnapshotId }[]>;
  /** Forms of node IDs under which a device was spoken of. */
  nodeIdsOf(deviceId: DeviceId): readonly string[];
}
