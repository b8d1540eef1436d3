// CreateVolume's request to a wish. Pure; everything that is wrong with a request is found here, before any call of the API.
import { parseVolumeId } from '@longshore/packet-api';
import type { CreateVolumeRequest, VolumeContentSource } from '../gen/csi.ts';
import { invalidArgument, notFound } from '../server/csi-error.ts';
import { capabilityProblem } from '../volumes/capabilities.ts';
import type { VolumeSource } from '../volumes/description.ts';
import type { VolumeWish } from '../volumes/find-volume.ts';
import { parseParameters } from '../volumes/parameters.ts';
import { planSize } from '../volumes/size.ts';
import { readSnapshotRef } from '../volumes/snapshot-ids.ts';

// Of CSI, in bytes.
const LONGEST_NAME = 128;

/** A wish, and what should be said about it. */
export interface ParsedCreate {
  readonly wish: VolumeWish;
  readonly warnings: readonly string[];
}

/** Reads the request. */
export function parseCreate(request: CreateVolumeRequest, isLenient: boolean): ParsedCreate {
  checkName(request.name);
  const problem = capabilityProblem(request.volumeCapabilities);
  if (problem !== undefined) throw invalidArgument(problem.text);
  const { parameters, mutableParameters, capacityRange, volumeContentSource } = request;
  const { warnings, ...asked } = parseParameters(parameters, mutableParameters, isLenient);
  const size = planSize(capacityRange);
  const source = volumeContentSource && parseSource(volumeContentSource);
  return { wish: { name: request.name, size, source, ...asked }, warnings };
}

/** A name of a volume or snapshot; throws INVALID_ARGUMENT for what is none. */
export function checkName(name: string): void {
  if (name === '') throw invalidArgument('name is missing');
  if (Buffer.byteLength(name) > LONGEST_NAME) throw invalidArgument(`name is longer than ${LONGEST_NAME} bytes`);
}

function parseSource({ snapshot, volume }: VolumeContentSource): VolumeSource {
  if (snapshot !== undefined) {
    const ref = readSnapshotRef(snapshot.snapshotId);
    if (ref === undefined) throw notFound(`there is no snapshot "${snapshot.snapshotId}"`);
    return { kind: 'snapshot', ...ref };
  }
  if (volume === undefined) throw invalidArgument('volume_content_source is neither a snapshot nor a volume');
  const volumeId = parseVolumeId(volume.volumeId);
  if (volumeId === undefined) throw notFound(`there is no volume "${volume.volumeId}" to clone`);
  return { kind: 'volume', volumeId };
}
