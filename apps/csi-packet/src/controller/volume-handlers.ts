// Third layer: the calls of CSI's Controller service about volumes, in terms of Volumes. Checks requests and words answers; decides nothing
// about the cloud.
import { parseVolumeId } from '@longshore/packet-api';
import type { Volume, VolumeId } from '@longshore/packet-api';
import type { Logger } from '@longshore/reconciler-core';
import type { ControllerServer, ListVolumesResponse_Entry } from '../gen/csi.ts';
import { toPublishContext } from '../publish-context.ts';
import { CsiError, invalidArgument } from '../server/csi-error.ts';
import type { Handlers } from '../server/unary.ts';
import { noVolume } from '../volumes/attachments.ts';
import { capabilityProblem } from '../volumes/capabilities.ts';
import type { FacilityChoice } from '../volumes/facility.ts';
import { parseMutableParameters, parseParameters } from '../volumes/parameters.ts';
import { bytesOf, LARGEST_GIB, planSize, SMALLEST_GIB } from '../volumes/size.ts';
import { isAccessible, isIn } from '../volumes/topology.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { conditionOf, controllerCapabilities, toCsiVolume } from './answers.ts';
import { parseCreate } from './create-request.ts';
import { pageOf } from './paging.ts';

/** What the calls need. */
export interface HandlerOptions {
  readonly volumes: Volumes;
  readonly facility: Pick<FacilityChoice, 'resolve'>;
  readonly driverName: string;
  readonly isLenient: boolean;
  readonly log: Logger;
}

type All = Handlers<ControllerServer>;
type LifeHandlers = Pick<
  All,
  'createVolume' | 'deleteVolume' | 'controllerPublishVolume' | 'controllerUnpublishVolume'
>;
type ChangeHandlers = Pick<All, 'controllerExpandVolume' | 'controllerModifyVolume'>;
type LookHandlers = Pick<
  All,
  'controllerGetCapabilities' | 'validateVolumeCapabilities' | 'listVolumes' | 'controllerGetVolume' | 'getCapacity'
>;

/** From making to deleting. */
export function lifeHandlers(options: HandlerOptions): LifeHandlers {
  const { volumes, facility, driverName, isLenient, log } = options;
  return {
    createVolume: async (request, { signal }) => {
      const { wish, warnings } = parseCreate(request, isLenient);
      for (const warning of warnings) log.warn('parameter passed over', { name: wish.name, warning });
      const place = await facility.resolve(signal);
      if (!isAccessible(request.accessibilityRequirements, { driverName, facility: place.code })) {
        throw new CsiError(
          'RESOURCE_EXHAUSTED',
          `volumes are made in facility ${place.code}, another one is asked for`,
        );
      }
      return { volume: toCsiVolume(await volumes.ensure(wish, place, signal), driverName) };
    },
    deleteVolume: async ({ volumeId }, { signal }) => {
      const id = idOf(volumeId);
      if (id !== undefined) await volumes.remove(id, signal);
      return {};
    },
    controllerPublishVolume: async ({ volumeId, nodeId, volumeCapability }, { signal }) => {
      const id = idOf(volumeId);
      if (nodeId === '') throw invalidArgument('node_id is missing');
      if (volumeCapability === undefined) throw invalidArgument('volume_capability is missing');
      const problem = capabilityProblem([volumeCapability]);
      if (problem !== undefined) throw invalidArgument(problem.text);
      if (id === undefined) throw noVolume(volumeId);
      const { volume, attachment } = await volumes.attach(id, nodeId, signal);
      const { access, name } = volume;
      const target = access && { iqn: access.iqn, portals: access.ips };
      const context = { attachmentId: attachment.id, volumeId: volume.id, volumeName: name, target };
      return { publishContext: toPublishContext(context) };
    },
    controllerUnpublishVolume: async ({ volumeId, nodeId }, { signal }) => {
      const id = idOf(volumeId);
      if (id !== undefined) await volumes.detach(id, nodeId, signal);
      return {};
    },
  };
}

/** Size and plan. */
export function changeHandlers({ volumes }: HandlerOptions): ChangeHandlers {
  return {
    controllerExpandVolume: async ({ volumeId, capacityRange, volumeCapability }, { signal }) => {
      const id = idOf(volumeId);
      if (capacityRange === undefined) throw invalidArgument('capacity_range is missing');
      const sizes = planSize(capacityRange);
      if (id === undefined) throw noVolume(volumeId);
      const { sizeGB } = await volumes.grow(id, sizes, signal);
      return { capacityBytes: bytesOf(sizeGB), nodeExpansionRequired: volumeCapability?.block === undefined };
    },
    controllerModifyVolume: async ({ volumeId, mutableParameters }, { signal }) => {
      const id = idOf(volumeId);
      const plan = parseMutableParameters(mutableParameters);
      if (id === undefined) throw noVolume(volumeId);
      if (plan !== undefined) await volumes.changePlan(id, plan, signal);
      else if ((await volumes.find(id, signal)) === undefined) throw noVolume(volumeId);
      return {};
    },
  };
}

/** What changes nothing. */
export function lookHandlers(options: HandlerOptions): LookHandlers {
  const { volumes, driverName } = options;
  return {
    controllerGetCapabilities: async () => ({ capabilities: controllerCapabilities() }),
    validateVolumeCapabilities: async (request, { signal }) => {
      const { volumeId, volumeContext, volumeCapabilities, parameters, mutableParameters } = request;
      const id = idOf(volumeId);
      const problem = capabilityProblem(volumeCapabilities);
      if (problem?.kind === 'malformed') throw invalidArgument(problem.text);
      if (id === undefined || (await volumes.find(id, signal)) === undefined) throw noVolume(volumeId);
      if (problem !== undefined) return { confirmed: undefined, message: problem.text };
      return { confirmed: { volumeContext, volumeCapabilities, parameters, mutableParameters }, message: '' };
    },
    listVolumes: async (request, { signal }) => {
      // What can be told without the API is told first.
      pageOf([], request, VOLUME_KEYS);
      const { items, nextToken } = pageOf(await volumes.list(signal), request, VOLUME_KEYS);
      return { entries: items.map((volume) => toEntry(volume, options)), nextToken };
    },
    controllerGetVolume: async ({ volumeId }, { signal }) => {
      const id = idOf(volumeId);
      const volume = id && (await volumes.find(id, signal));
      if (volume === undefined) throw noVolume(volumeId);
      return toEntry(volume, options);
    },
    getCapacity: async ({ parameters, volumeCapabilities, accessibleTopology }, { signal }) => {
      const { code } = await options.facility.resolve(signal);
      const isPossible =
        (volumeCapabilities.length === 0 || capabilityProblem(volumeCapabilities) === undefined) &&
        (accessibleTopology === undefined || isIn(accessibleTopology, { driverName, facility: code }));
      parseParameters(parameters, {}, options.isLenient);
      // The API tells no quota: as much as one volume can have is what can honestly be said.
      const available = isPossible ? bytesOf(LARGEST_GIB) : 0n;
      return {
        availableCapacity: available,
        maximumVolumeSize: bytesOf(LARGEST_GIB),
        minimumVolumeSize: bytesOf(SMALLEST_GIB),
      };
    },
  };
}

const VOLUME_KEYS = {
  keyOf: ({ id }: Volume): string => id,
  isToken: (text: string): boolean => parseVolumeId(text) !== undefined,
};

function toEntry(volume: Volume, { volumes, driverName }: HandlerOptions): ListVolumesResponse_Entry {
  const devices = volume.attachments.flatMap(({ deviceId }) => (deviceId === undefined ? [] : [deviceId]));
  return {
    volume: toCsiVolume(volume, driverName),
    status: {
      publishedNodeIds: devices.flatMap((id) => [...volumes.nodeIdsOf(id)]),
      volumeCondition: conditionOf(volume),
    },
  };
}

// A text that can be no volume's ID is an ID of a volume that does not exist.
function idOf(volumeId: string): VolumeId | undefined {
  if (volumeId === '') throw invalidArgument('volume_id is missing');
  return parseVolumeId(volumeId);
}
