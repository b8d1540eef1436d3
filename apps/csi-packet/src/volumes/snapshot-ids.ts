// IDs of snapshots towards Kubernetes: that of the volume and that of the snapshot, as the API finds a snapshot by both only. Pure.
import { parseSnapshotId, parseVolumeId } from '@longshore/packet-api';
import type { SnapshotId, VolumeId, VolumeSnapshot } from '@longshore/packet-api';

/** Both halves. */
export interface SnapshotRef {
  readonly volumeId: VolumeId;
  readonly snapshotId: SnapshotId;
}

/** Halves to ID. */
export function writeSnapshotRef({ volumeId, snapshotId }: SnapshotRef): string {
  return `${volumeId}/${snapshotId}`;
}

/** ID to halves; `undefined` for what none of ours can be. */
export function readSnapshotRef(text: string): SnapshotRef | undefined {
  const [volume = '', snapshot = '', ...rest] = text.split('/');
  const volumeId = parseVolumeId(volume);
  const snapshotId = parseSnapshotId(snapshot);
  return volumeId && snapshotId && rest.length === 0 ? { volumeId, snapshotId } : undefined;
}

/** When a snapshot was made. Its timestamp (seconds with nine decimals) is what the API goes by. */
export function snapshotTime({ timestamp, createdAt }: VolumeSnapshot): Date | undefined {
  const ms = Number(timestamp) * 1_000 || Date.parse(createdAt ?? '');
  return Number.isFinite(ms) ? new Date(ms) : undefined;
}
