// Volumes and snapshots as CSI writes them. Pure.
import type { Volume as PacketVolume } from '@longshore/packet-api';
import { ControllerServiceCapability_RPC_Type as Rpc } from '../gen/csi.ts';
import type { ControllerServiceCapability, Snapshot, Volume, VolumeContentSource } from '../gen/csi.ts';
import { readDescription } from '../volumes/description.ts';
import type { VolumeSource } from '../volumes/description.ts';
import { bytesOf } from '../volumes/size.ts';
import { snapshotTime, writeSnapshotRef } from '../volumes/snapshot-ids.ts';
import { topologyOf } from '../volumes/topology.ts';
import type { StoredSnapshot } from '../volumes/volumes.ts';

const CAPABILITIES: readonly Rpc[] = [
  Rpc.CREATE_DELETE_VOLUME,
  Rpc.PUBLISH_UNPUBLISH_VOLUME,
  Rpc.LIST_VOLUMES,
  Rpc.GET_CAPACITY,
  Rpc.CREATE_DELETE_SNAPSHOT,
  Rpc.LIST_SNAPSHOTS,
  Rpc.CLONE_VOLUME,
  Rpc.EXPAND_VOLUME,
  Rpc.LIST_VOLUMES_PUBLISHED_NODES,
  Rpc.VOLUME_CONDITION,
  Rpc.GET_VOLUME,
  Rpc.SINGLE_NODE_MULTI_WRITER,
  Rpc.MODIFY_VOLUME,
];

/** What the controller can do. GET_SNAPSHOT is left out: programs of before CSI 1.12 trip over values that they do not know. */
export function controllerCapabilities(): ControllerServiceCapability[] {
  return CAPABILITIES.map((type) => ({ rpc: { type } }));
}

/** A volume. */
export function toCsiVolume(volume: PacketVolume, driverName: string): Volume {
  return {
    volumeId: volume.id,
    capacityBytes: bytesOf(volume.sizeGB),
    volumeContext: {},
    contentSource: toContentSource(readDescription(volume.description)?.source),
    accessibleTopology: topologyOf(driverName, volume.facility?.code),
  };
}

/** A volume's state for `volume_condition`. */
export function conditionOf({ state }: PacketVolume): { abnormal: boolean; message: string } {
  const isFine = state === 'active';
  return { abnormal: !isFine, message: isFine ? 'the volume is active' : `the volume is ${state}` };
}

/** A snapshot. */
export function toCsiSnapshot({ volumeId, snapshot, sizeGiB }: StoredSnapshot): Snapshot {
  return {
    snapshotId: writeSnapshotRef({ volumeId, snapshotId: snapshot.id }),
    sourceVolumeId: volumeId,
    sizeBytes: bytesOf(sizeGiB),
    creationTime: snapshotTime(snapshot),
    readyToUse: snapshot.status === undefined || snapshot.status === 'available',
    groupSnapshotId: '',
  };
}

function toContentSource(source: VolumeSource | undefined): VolumeContentSource | undefined {
  if (source === undefined) return undefined;
  if (source.kind === 'volume') return { volume: { volumeId: source.volumeId } };
  return { snapshot: { snapshotId: `${source.volumeId}/${source.snapshotId}` } };
}
