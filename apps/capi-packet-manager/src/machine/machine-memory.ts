// What a Machine durably knows of its device. It stands in annotations and in spec.providerID, because those survive a move to another
// cluster and the status does not.
import { parseDeviceId, parseProjectId } from '@longshore/packet-api';
import type { DeviceId, ProjectId } from '@longshore/packet-api';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import type { ServerMemory } from '../servers/contract.ts';

/** ServerMemory, and what the Machine remembers beside it. */
export interface MachineMemory extends ServerMemory {
  /** The project that was asked for the device. */
  readonly projectId?: ProjectId;
  /** The attempt whose device failed while it was brought up. */
  readonly failedAttempt?: string;
}

/** Beginning of provider IDs. */
export type ProviderIdPrefix = 'packet' | 'equinixmetal';

const PROVIDER_ID = /^(?:packet|equinixmetal):\/\/(.+)$/i;

/** The device in a provider ID; both prefixes mean the same, and upper case is lower case. */
export function deviceOfProviderId(providerId: string | undefined): DeviceId | undefined {
  const id = PROVIDER_ID.exec(providerId ?? '')?.[1];
  return id === undefined ? undefined : parseDeviceId(id);
}

/** Reads what the Machine remembers. Values that cannot be are as good as absent. */
export function memoryOf(machine: Machine): MachineMemory {
  const note = (name: string): string => machine.metadata?.annotations?.[name] ?? '';
  const attemptId = note(annotations.machineUid);
  const requestedAtMs = Date.parse(note(annotations.createRequestedAt));
  const deviceId = parseDeviceId(note(annotations.deviceId)) ?? deviceOfProviderId(machine.spec?.providerID);
  const projectId = parseProjectId(note(annotations.projectId));
  const failedAttempt = note(annotations.failedAttempt);
  return {
    ...(attemptId && { attemptId }),
    ...(Number.isNaN(requestedAtMs) ? {} : { requestedAtMs }),
    ...(deviceId && { deviceId }),
    ...(projectId && { projectId }),
    ...(failedAttempt && { failedAttempt }),
  };
}

/** The merge patch that makes the Machine remember exactly this. A provider ID of the same device stays as it was written. */
export function memoryPatch(
  machine: Machine,
  memory: MachineMemory,
  prefix: ProviderIdPrefix,
): { readonly metadata: object; readonly spec?: object } {
  const { attemptId, requestedAtMs, deviceId, projectId, failedAttempt } = memory;
  const hasProviderId = deviceId !== undefined && deviceOfProviderId(machine.spec?.providerID) === deviceId;
  return {
    metadata: {
      annotations: {
        [annotations.ofPacket]: 'true',
        [annotations.machineUid]: attemptId ?? null,
        [annotations.createRequestedAt]: requestedAtMs === undefined ? null : new Date(requestedAtMs).toISOString(),
        [annotations.deviceId]: deviceId ?? null,
        [annotations.projectId]: projectId ?? null,
        [annotations.failedAttempt]: failedAttempt ?? null,
      },
    },
    ...(hasProviderId ? {} : { spec: { providerID: deviceId === undefined ? null : `${prefix}://${deviceId}` } }),
  };
}

/** Whether the Machine remembers that device wherever it should. */
export function isRemembered(machine: Machine, deviceId: DeviceId): boolean {
  const noted = machine.metadata?.annotations?.[annotations.deviceId]?.toLowerCase();
  return noted === deviceId && deviceOfProviderId(machine.spec?.providerID) === deviceId;
}
