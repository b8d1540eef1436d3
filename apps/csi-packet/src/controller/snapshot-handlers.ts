// Third layer: the calls of CSI's Controller service about snapshots.
import { parseVolumeId } from '@longshore/packet-api';
import type { VolumeId } from '@longshore/packet-api';
import { parallelUntil } from '@longshore/reconciler-core';
import type { ControllerServer, ListSnapshotsRequest, ListSnapshotsResponse } from '../gen/csi.ts';
import { invalidArgument } from '../server/csi-error.ts';
import type { Handlers } from '../server/unary.ts';
import { noVolume } from '../volumes/attachments.ts';
import { readSnapshotRef, writeSnapshotRef } from '../volumes/snapshot-ids.ts';
import type { StoredSnapshot, Volumes } from '../volumes/volumes.ts';
import { toCsiSnapshot } from './answers.ts';
import { checkName } from './create-request.ts';
import { pageOf } from './paging.ts';

/** The calls. */
export function snapshotHandlers(
  volumes: Volumes,
): Pick<Handlers<ControllerServer>, 'createSnapshot' | 'deleteSnapshot' | 'listSnapshots'> {
  return {
    createSnapshot: async ({ sourceVolumeId, name, parameters }, { signal }) => {
      checkName(name);
      if (sourceVolumeId === '') throw invalidArgument('source_volume_id is missing');
      const unknown = Object.keys(parameters).find((key) => !key.startsWith('csi.storage.k8s.io/'));
      if (unknown !== undefined) throw invalidArgument(`unknown parameter "${unknown}": snapshots have none`);
      const id = parseVolumeId(sourceVolumeId);
      if (id === undefined) throw noVolume(sourceVolumeId);
      return { snapshot: toCsiSnapshot(await volumes.ensureSnapshot(id, name, signal)) };
    },
    deleteSnapshot: async ({ snapshotId }, { signal }) => {
      if (snapshotId === '') throw invalidArgument('snapshot_id is missing');
      const ref = readSnapshotRef(snapshotId);
      if (ref !== undefined) await volumes.removeSnapshot(ref, signal);
      return {};
    },
    listSnapshots: (request, { signal }) => listSnapshots(volumes, request, signal),
  };
}

const PARALLEL_CALLS = 5;
const KEYS = { isToken: (text: string): boolean => readSnapshotRef(text) !== undefined };
const keyOf = ({ volumeId, snapshot }: StoredSnapshot): string =>
  writeSnapshotRef({ volumeId, snapshotId: snapshot.id });

async function listSnapshots(
  volumes: Volumes,
  request: ListSnapshotsRequest,
  signal: AbortSignal,
): Promise<ListSnapshotsResponse> {
  pageOf([], request, { ...KEYS, keyOf });
  const { snapshotId, sourceVolumeId } = request;
  if (snapshotId === '' && sourceVolumeId === '') return listAll(volumes, request, signal);
  const found = await ofOneVolume(volumes, request, signal);
  const { items, nextToken } = pageOf(found, request, { ...KEYS, keyOf });
  return { entries: items.map((one) => ({ snapshot: toCsiSnapshot(one) })), nextToken };
}

async function ofOneVolume(
  volumes: Volumes,
  { snapshotId, sourceVolumeId }: ListSnapshotsRequest,
  signal: AbortSignal,
): Promise<readonly StoredSnapshot[]> {
  const ref = snapshotId === '' ? undefined : readSnapshotRef(snapshotId);
  const volumeId = snapshotId === '' ? parseVolumeId(sourceVolumeId) : ref?.volumeId;
  if (volumeId === undefined || (sourceVolumeId !== '' && sourceVolumeId !== volumeId)) return [];
  const all = await volumes.snapshotsOf(volumeId, signal);
  return ref === undefined ? all : all.filter(({ snapshot }) => snapshot.id === ref.snapshotId);
}

// The API lists the snapshots of one volume at a time: only the volumes of this page are asked.
async function listAll(
  volumes: Volumes,
  request: ListSnapshotsRequest,
  signal: AbortSignal,
): Promise<ListSnapshotsResponse> {
  const named = await volumes.namedSnapshots(signal);
  const { items, nextToken } = pageOf(named, request, { ...KEYS, keyOf: writeSnapshotRef });
  const asked = [...new Set(items.map(({ volumeId }) => volumeId))];
  const stored: StoredSnapshot[] = [];
  const ask = async (id: VolumeId): Promise<void> => void stored.push(...(await volumes.snapshotsOf(id, signal)));
  await parallelUntil(asked, PARALLEL_CALLS, ask, signal);
  const wanted = new Set(items.map(writeSnapshotRef));
  const shown = stored.filter((one) => wanted.has(keyOf(one))).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return { entries: shown.map((one) => ({ snapshot: toCsiSnapshot(one) })), nextToken };
}
