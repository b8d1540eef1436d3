// IP addresses of two kinds: a reservation is a block that a project holds, an assignment is an address on a device. Both come in the
// same JSON with the same path for deletion, so each has its own type and its own ID type.
import { isTrue, listOf, optionalObject, optionalText, parseObject } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { customdataOf, optionalCount, optionalTime, parseLocation, tagsOf } from './fields.ts';
import type { Location } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { AssignmentId, DeviceId, ProjectId, ReservationId } from './ids.ts';

/** What both kinds have. */
export interface AddressFields {
  readonly family: 4 | 6;
  /** First address of the block, or the address itself; absent while a request waits for approval. */
  readonly address: string | undefined;
  readonly network: string | undefined;
  /** Length of the prefix: 32 for a single IPv4 address. */
  readonly cidr: number | undefined;
  readonly netmask: string | undefined;
  readonly gateway: string | undefined;
  readonly isPublic: boolean;
  /** The devices' own addresses, not elastic ones. */
  readonly isManagement: boolean;
  readonly isEnabled: boolean;
  /** Announced from everywhere (anycast). */
  readonly isGlobal: boolean;
  readonly tags: readonly string[];
  readonly createdAt: string | undefined;
  readonly type: AddressType | undefined;
}

/** Kinds of addresses; others are passed on as they are. */
export type AddressType = 'public_ipv4' | 'global_ipv4' | 'private_ipv4' | 'public_ipv6' | 'vrf' | (string & {});

/** The block that an address of a device comes from. Only there whole with `include=ip_addresses.parent_block`. */
export interface ParentBlock {
  /** Not always the ID of a reservation: a facility's private block has a link of another kind. */
  readonly id: ReservationId | undefined;
  readonly network: string | undefined;
  readonly cidr: number | undefined;
  readonly netmask: string | undefined;
}

/** An address on a device. */
export interface IpAssignment extends AddressFields {
  readonly id: AssignmentId;
  readonly deviceId: DeviceId | undefined;
  readonly parentBlock: ParentBlock | undefined;
  /** Only for addresses of a Metal Gateway. */
  readonly state: 'pending' | 'active' | 'deleting' | (string & {}) | undefined;
}

/** An address of a reservation that is on a device; the address only when assignments were included. */
export interface AssignmentReference {
  readonly id: AssignmentId;
  readonly address: string | undefined;
  readonly deviceId: DeviceId | undefined;
}

/** A block of addresses that a project holds. */
export interface IpReservation extends AddressFields, Location {
  readonly id: ReservationId;
  /** `pending` has no usable address yet. */
  readonly state: 'pending' | 'created' | 'denied' | (string & {}) | undefined;
  /** Free text. */
  readonly details: string | undefined;
  readonly customdata: JsonObject | undefined;
  /** Asked for by a user; the blocks that the API makes for devices are none. */
  readonly isAddon: boolean;
  readonly projectId: ProjectId | undefined;
  readonly assignments: readonly AssignmentReference[];
}

/** An assignment as the API writes it. */
export function parseAssignment(raw: unknown): IpAssignment {
  const entry = parseObject(raw, 'IP assignment');
  return {
    id: parseOwnId<AssignmentId>(entry, 'IP assignment'),
    ...parseAddressFields(entry),
    deviceId: parseReference<DeviceId>(entry['assigned_to']),
    parentBlock: parseParentBlock(entry['parent_block']),
    state: optionalText(entry, 'state'),
  };
}

/** A reservation as the API writes it. */
export function parseReservation(raw: unknown): IpReservation {
  const entry = parseObject(raw, 'IP reservation');
  return {
    id: parseOwnId<ReservationId>(entry, 'IP reservation'),
    ...parseAddressFields(entry),
    ...parseLocation(entry),
    state: optionalText(entry, 'state'),
    details: optionalText(entry, 'details'),
    customdata: customdataOf(entry),
    isAddon: isTrue(entry, 'addon'),
    projectId: parseReference<ProjectId>(entry['project'] ?? entry['project_lite']),
    assignments: listOf(entry, 'assignments', parseAssignmentReference),
  };
}

/** The addresses of a device, in the API's order; entries that have none yet are left out. */
export function parseDeviceAddresses(device: JsonObject): readonly DeviceAddress[] {
  const entries = listOf(device, 'ip_addresses', parseAssignment);
  return entries.flatMap((entry) => (entry.address === undefined ? [] : [{ ...entry, address: entry.address }]));
}

/** An address of a device that is there. */
export type DeviceAddress = IpAssignment & { readonly address: string };

/** An address as the outline of a device has it. */
export type AddressOutline = Pick<DeviceAddress, 'address' | 'family' | 'isPublic' | 'isManagement'>;

/** As `parseDeviceAddresses`, for outlines. */
export function parseAddressOutlines(device: JsonObject): readonly AddressOutline[] {
  return listOf(device, 'ip_addresses', (raw) => parseObject(raw, 'IP assignment')).flatMap((entry) => {
    const address = addressOf(entry);
    return address === undefined ? [] : [{ address, ...parseKind(entry) }];
  });
}

function addressOf(entry: JsonObject): string | undefined {
  return optionalText(entry, 'address')?.split('/')[0];
}

function parseKind(entry: JsonObject): Pick<AddressFields, 'family' | 'isPublic' | 'isManagement'> {
  return { family: familyOf(entry), isPublic: isTrue(entry, 'public'), isManagement: isTrue(entry, 'management') };
}

function parseAddressFields(entry: JsonObject): AddressFields {
  return {
    ...parseKind(entry),
    address: addressOf(entry),
    network: optionalText(entry, 'network'),
    cidr: optionalCount(entry, 'cidr'),
    netmask: optionalText(entry, 'netmask'),
    gateway: optionalText(entry, 'gateway'),
    isEnabled: entry['enabled'] !== false,
    isGlobal: isTrue(entry, 'global_ip'),
    tags: tagsOf(entry),
    createdAt: optionalTime(entry, 'created_at'),
    type: optionalText(entry, 'type'),
  };
}

function familyOf(entry: JsonObject): 4 | 6 {
  const family = optionalCount(entry, 'address_family');
  if (family === 4 || family === 6) return family;
  const text = `${optionalText(entry, 'address') ?? ''}${optionalText(entry, 'network') ?? ''}${optionalText(entry, 'type') ?? ''}`;
  return text.includes(':') || text.includes('ipv6') ? 6 : 4;
}

function parseParentBlock(raw: unknown): ParentBlock | undefined {
  const block = optionalObject(raw);
  if (block === undefined) return undefined;
  return {
    id: parseReference<ReservationId>(block),
    network: optionalText(block, 'network'),
    cidr: optionalCount(block, 'cidr'),
    netmask: optionalText(block, 'netmask'),
  };
}

function parseAssignmentReference(raw: unknown): AssignmentReference {
  const entry = parseObject(raw, 'assignment of a reservation');
  return {
    id: parseOwnId<AssignmentId>(entry, 'assignment of a reservation'),
    address: addressOf(entry),
    deviceId: parseReference<DeviceId>(entry['assigned_to'] ?? entry['device']),
  };
}
