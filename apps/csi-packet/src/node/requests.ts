// Reads the requests of the Node service. Pure. What is missing or impossible is refused here, before any command runs.
import { VolumeCapability_AccessMode_Mode as Mode } from '../gen/csi.ts';
import type {
  NodeExpandVolumeRequest,
  NodePublishVolumeRequest,
  NodeStageVolumeRequest,
  VolumeCapability,
} from '../gen/csi.ts';
import { parsePublishContext } from '../publish-context.ts';
import { failedPrecondition, invalidArgument } from '../server/csi-error.ts';
import { capabilityProblem, FILE_SYSTEMS } from '../volumes/capabilities.ts';
import type { PublishWish } from './publish.ts';
import type { StageWish } from './stage.ts';

/** Refuses a request in which a field is empty. */
export function requireFields(request: Readonly<Record<string, string>>): void {
  for (const [field, value] of Object.entries(request)) if (value === '') throw invalidArgument(`${field} is missing`);
}

function requireCapability(capability: VolumeCapability | undefined): VolumeCapability {
  const problem = capabilityProblem(capability === undefined ? [] : [capability]);
  if (capability === undefined || problem !== undefined) {
    throw invalidArgument(problem?.text ?? 'volume_capability is missing');
  }
  return capability;
}

/** NodeStageVolume. */
export function readStageRequest(request: NodeStageVolumeRequest): StageWish {
  const { volumeId, stagingTargetPath: stagingPath, volumeContext } = request;
  requireFields({ volume_id: volumeId, staging_target_path: stagingPath });
  const { block, mount } = requireCapability(request.volumeCapability);
  const attachment = parsePublishContext(request.publishContext, volumeId);
  if (attachment === undefined) {
    throw invalidArgument('publish_context names no volume: VolumeName is missing, and so are Portals and IQN');
  }
  const { attachmentId, volumeName, target } = attachment;
  const fileSystem = FILE_SYSTEMS.find((name) => name === mount?.fsType) ?? FILE_SYSTEMS[0];
  return {
    ...{ volumeId, volumeName, attachmentId, stagingPath, target },
    use: block === undefined ? fileSystem : 'block',
    mountFlags: mount?.mountFlags ?? [],
    sizeBytes: undefined,
    mayFormat: volumeContext['noformat'] !== 'true',
  };
}

/** NodePublishVolume. */
export function readPublishRequest(request: NodePublishVolumeRequest): PublishWish {
  const { volumeId, targetPath, stagingTargetPath: stagingPath, readonly: isReadonly } = request;
  requireFields({ volume_id: volumeId, target_path: targetPath });
  const { block, mount, accessMode } = requireCapability(request.volumeCapability);
  if (stagingPath === '') throw failedPrecondition('staging_target_path is missing: the volume has to be staged first');
  const isBlock = block !== undefined;
  const isAlone = accessMode?.mode === Mode.SINGLE_NODE_SINGLE_WRITER;
  const mountFlags = mount?.mountFlags ?? [];
  return { volumeId, stagingPath, targetPath, isBlock, isReadonly, isAlone, mountFlags };
}

/** NodeExpandVolume. */
export function readExpandRequest({ volumeId, volumePath, capacityRange }: NodeExpandVolumeRequest): {
  readonly volumeId: string;
  readonly volumePath: string;
  readonly requiredBytes: number;
} {
  requireFields({ volume_id: volumeId, volume_path: volumePath });
  return { volumeId, volumePath, requiredBytes: Number(capacityRange?.requiredBytes ?? 0n) };
}
