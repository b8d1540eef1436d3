// What an answer about one device means. Pure; the calls are made by devices.ts. The API gives 404 also for what another project has,
// and 403 both for what the token may not see and for a device that failed to be provisioned.
import type { Device } from './device.ts';
import type { ProjectId } from './ids.ts';

/** What the API answered, with what else was asked to make sense of it. */
export type DeviceAnswer =
  | { readonly kind: 'device'; readonly device: Device }
  /** The API's own 404; the project was readable. */
  | { readonly kind: 'not-found' }
  /** 403; the project was readable. `listed`: the device in the project's list, if it is there. */
  | { readonly kind: 'forbidden'; readonly listed: Device | undefined };

/** What is known about a device. Only `absent` means that it is gone. */
export type DeviceLook =
  | { readonly state: 'found'; readonly device: Device }
  /** Confirmed: the API does not know it, and knows the project. */
  | { readonly state: 'absent' }
  /** It never came up (403, or state `failed`): it will not, and has to be deleted. */
  | { readonly state: 'failed'; readonly device: Device | undefined }
  /** It belongs to another project. */
  | { readonly state: 'foreign'; readonly projectId: ProjectId }
  /** The token may read the project but not this device: of another project, or failed so early that no list has it. */
  | { readonly state: 'refused' };

/** Answer to meaning. */
export function planDeviceLook(answer: DeviceAnswer, projectId: ProjectId): DeviceLook {
  switch (answer.kind) {
    case 'not-found':
      return { state: 'absent' };
    case 'forbidden':
      return answer.listed === undefined ? { state: 'refused' } : { state: 'failed', device: answer.listed };
    case 'device':
      return lookOfDevice(answer.device, projectId);
  }
}

function lookOfDevice(device: Device, projectId: ProjectId): DeviceLook {
  if (device.projectId !== undefined && device.projectId !== projectId) {
    return { state: 'foreign', projectId: device.projectId };
  }
  return device.state === 'failed' ? { state: 'failed', device } : { state: 'found', device };
}
