// Branded IDs: those of a device and of a project cannot be swapped, nor those of an IP reservation and of an assignment. The last two
// matter most: the API deletes both by DELETE /ips/{id}, so the wrong one gives a user's address away. They cost nothing at run time.
import type { JsonObject } from '@longshore/cloud-http/parts';

/** UUID of a device. */
export type DeviceId = string & { readonly __id: 'device' };
/** UUID of a project. */
export type ProjectId = string & { readonly __id: 'project' };
/** UUID of an IP reservation: a block of addresses that a project holds. */
export type ReservationId = string & { readonly __id: 'ip-reservation' };
/** UUID of an IP assignment: an address on a device. */
export type AssignmentId = string & { readonly __id: 'ip-assignment' };
/** UUID of a BGP session. */
export type BgpSessionId = string & { readonly __id: 'bgp-session' };
/** UUID of a block-storage volume. */
export type VolumeId = string & { readonly __id: 'volume' };
/** UUID of the attachment of a volume to a device. */
export type AttachmentId = string & { readonly __id: 'attachment' };
/** UUID of a snapshot of a volume. */
export type SnapshotId = string & { readonly __id: 'snapshot' };
/** UUID of a snapshot policy. */
export type SnapshotPolicyId = string & { readonly __id: 'snapshot-policy' };
/** UUID of an SSH key. */
export type SshKeyId = string & { readonly __id: 'ssh-key' };
/** UUID of a facility. */
export type FacilityId = string & { readonly __id: 'facility' };
/** UUID of a metro. */
export type MetroId = string & { readonly __id: 'metro' };
/** UUID of a plan. */
export type PlanId = string & { readonly __id: 'plan' };
/** UUID of a virtual network (VLAN). */
export type VirtualNetworkId = string & { readonly __id: 'virtual-network' };
/** UUID of a port of a device. */
export type PortId = string & { readonly __id: 'port' };
/** UUID of an event. */
export type EventId = string & { readonly __id: 'event' };
/** UUID of a hardware reservation. */
export type HardwareReservationId = string & { readonly __id: 'hardware-reservation' };

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A text as device ID; `undefined` for what can be none, so that nobody is asked about it. */
export function parseDeviceId(text: string): DeviceId | undefined {
  return parseUuid<DeviceId>(text);
}

/** A text as project ID. */
export function parseProjectId(text: string): ProjectId | undefined {
  return parseUuid<ProjectId>(text);
}

/** A text as ID of an IP reservation. The caller vouches that it is not that of an assignment. */
export function parseReservationId(text: string): ReservationId | undefined {
  return parseUuid<ReservationId>(text);
}

/** A text as ID of an IP assignment. The caller vouches that it is not that of a reservation. */
export function parseAssignmentId(text: string): AssignmentId | undefined {
  return parseUuid<AssignmentId>(text);
}

/** A text as volume ID. */
export function parseVolumeId(text: string): VolumeId | undefined {
  return parseUuid<VolumeId>(text);
}

/** A text as ID of an attachment. */
export function parseAttachmentId(text: string): AttachmentId | undefined {
  return parseUuid<AttachmentId>(text);
}

/** A text as snapshot ID. */
export function parseSnapshotId(text: string): SnapshotId | undefined {
  return parseUuid<SnapshotId>(text);
}

/** A text as facility ID. */
export function parseFacilityId(text: string): FacilityId | undefined {
  return parseUuid<FacilityId>(text);
}

/** A text as ID of an SSH key. */
export function parseSshKeyId(text: string): SshKeyId | undefined {
  return parseUuid<SshKeyId>(text);
}

/** A text as ID of a virtual network. */
export function parseVirtualNetworkId(text: string): VirtualNetworkId | undefined {
  return parseUuid<VirtualNetworkId>(text);
}

/** A text as ID of a hardware reservation. */
export function parseHardwareReservationId(text: string): HardwareReservationId | undefined {
  return parseUuid<HardwareReservationId>(text);
}

/** The field `id` of an answer, which has to be there. */
export function parseOwnId<T extends string>(object: JsonObject, what: string): T {
  const id = parseReference<T>(object);
  if (id === undefined) throw new Error(`${what} has neither "id" nor "href"`);
  return id;
}

/** The ID of something that another object points to: its `id`, or the last segment of its `href`, with or without the API's prefix. */
export function parseReference<T extends string>(raw: unknown): T | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { id, href } = raw as JsonObject;
  if (typeof id === 'string' && id !== '') return id.toLowerCase() as T;
  if (typeof href !== 'string') return undefined;
  const end = href.search(/\/*(?:[?#]|$)/);
  const segment = href.slice(href.lastIndexOf('/', end - 1) + 1, end);
  return segment === '' ? undefined : (segment.toLowerCase() as T);
}

function parseUuid<T extends string>(text: string): T | undefined {
  return UUID.test(text) ? (text.toLowerCase() as T) : undefined;
}
