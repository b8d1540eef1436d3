// A device: a bare-metal server. What the cluster programs have to know of one, and the body of a new one.
import {
  isTrue,
  listOf,
  mapped,
  optionalObject,
  optionalText,
  parseObject,
  requiredText,
  withoutAbsent,
} from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import {
  customdataOf,
  optionalCount,
  optionalSlug,
  optionalTime,
  parseLocation,
  referencesOf,
  tagsOf,
} from './fields.ts';
import type { Location } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { DeviceId, HardwareReservationId, ProjectId, ReservationId, SshKeyId, VolumeId } from './ids.ts';
import { parseDeviceAddresses } from './ip-address.ts';
import type { DeviceAddress } from './ip-address.ts';
import { parsePort } from './ports.ts';
import type { Port } from './ports.ts';

/** States that are known; others are passed on as they are. */
export type DeviceState =
  | 'queued'
  | 'provisioning'
  | 'active'
  | 'powering_off'
  | 'inactive'
  | 'powering_on'
  | 'reinstalling'
  | 'deprovisioning'
  | 'deleted'
  | 'failed'
  | (string & {});

/** A server. */
export interface Device extends Location {
  readonly id: DeviceId;
  /** Not unique in a project. */
  readonly hostname: string;
  readonly state: DeviceState;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  /** Slug: `c3.small.x86`. */
  readonly plan: string | undefined;
  /** Slug: `ubuntu_22_04`. */
  readonly operatingSystem: string | undefined;
  readonly projectId: ProjectId | undefined;
  /** In the API's order; empty for a new device, and for ever for one with layer 2 only. */
  readonly addresses: readonly DeviceAddress[];
  readonly ports: readonly Port[];
  /** iSCSI name of the host. */
  readonly iqn: string | undefined;
  readonly isLocked: boolean;
  readonly isSpot: boolean;
  readonly billingCycle: string | undefined;
  /** Only while it is being provisioned. */
  readonly provisioningPercentage: number | undefined;
  readonly userdata: string | undefined;
  readonly customdata: JsonObject | undefined;
  readonly hardwareReservationId: HardwareReservationId | undefined;
  readonly volumeIds: readonly VolumeId[];
  readonly createdAt: string | undefined;
  readonly updatedAt: string | undefined;
  readonly terminationTime: string | undefined;
}

/** A wish for an address of a new device; the private IPv4 entry is mandatory when there are any. */
export interface AddressWish {
  readonly family: 4 | 6;
  readonly isPublic: boolean;
  readonly cidr?: number;
  readonly reservations?: readonly ReservationId[];
}

/** A device to make. One of `metro` and `facility` is needed; facilities were refused by the public service since 2024. */
export interface DeviceSpec {
  readonly hostname: string;
  readonly plan: string;
  readonly operatingSystem: string;
  readonly metro?: string | undefined;
  /** Codes in order of preference. */
  readonly facility?: readonly string[] | undefined;
  readonly billingCycle?: string | undefined;
  /** cloud-init or Ignition text, as it is. */
  readonly userdata?: string | undefined;
  readonly customdata?: JsonObject | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly description?: string | undefined;
  /** An ID, or `next-available`. */
  readonly hardwareReservation?: HardwareReservationId | 'next-available' | undefined;
  readonly addresses?: readonly AddressWish[] | undefined;
  readonly projectSshKeys?: readonly SshKeyId[] | undefined;
  readonly userSshKeys?: readonly string[] | undefined;
  readonly noSshKeys?: boolean | undefined;
  readonly storage?: JsonObject | undefined;
  readonly ipxeScriptUrl?: string | undefined;
  readonly alwaysPxe?: boolean | undefined;
  readonly isSpot?: boolean | undefined;
  readonly spotPriceMax?: number | undefined;
  readonly terminationTime?: string | undefined;
  readonly locked?: boolean | undefined;
}

/** What of a device can be changed; what is absent stays. */
export interface DeviceChange {
  readonly hostname?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly userdata?: string | undefined;
  readonly customdata?: JsonObject | undefined;
  readonly locked?: boolean | undefined;
  readonly alwaysPxe?: boolean | undefined;
  readonly ipxeScriptUrl?: string | undefined;
  readonly billingCycle?: string | undefined;
}

/** Something to do to a device. */
export type DeviceAction =
  | { readonly type: 'power_on' | 'power_off' | 'reboot' | 'rescue' }
  | {
      readonly type: 'reinstall';
      readonly operatingSystem?: string;
      readonly preserveData?: boolean;
      readonly deprovisionFast?: boolean;
    };

/** A device as the API writes it. */
export function parseDevice(raw: unknown): Device {
  const device = parseObject(raw, 'device');
  return {
    id: parseOwnId<DeviceId>(device, 'device'),
    // A device may have no name while it is being made.
    hostname: optionalText(device, 'hostname') ?? '',
    state: requiredText(device, 'state'),
    description: optionalText(device, 'description'),
    tags: tagsOf(device),
    plan: optionalSlug(device['plan']),
    operatingSystem: optionalSlug(device['operating_system']),
    projectId: parseReference<ProjectId>(device['project'] ?? device['project_lite']),
    ...parseLocation(device),
    addresses: parseDeviceAddresses(device),
    ports: listOf(device, 'network_ports', parsePort),
    ...parseTraits(device),
  };
}

function parseTraits(device: JsonObject) {
  return {
    iqn: optionalText(device, 'iqn'),
    isLocked: isTrue(device, 'locked'),
    isSpot: isTrue(device, 'spot_instance'),
    billingCycle: optionalText(device, 'billing_cycle'),
    provisioningPercentage: optionalCount(device, 'provisioning_percentage'),
    userdata: optionalText(device, 'userdata'),
    customdata: customdataOf(device),
    hardwareReservationId: parseReference<HardwareReservationId>(optionalObject(device['hardware_reservation'])),
    volumeIds: referencesOf<VolumeId>(device, 'volumes'),
    createdAt: optionalTime(device, 'created_at'),
    updatedAt: optionalTime(device, 'updated_at'),
    terminationTime: optionalTime(device, 'termination_time'),
  } as const;
}

/** The body of a POST. */
export function toDeviceBody(spec: DeviceSpec): JsonObject {
  return withoutAbsent({
    hostname: spec.hostname,
    plan: spec.plan,
    operating_system: spec.operatingSystem,
    metro: spec.metro,
    facility: spec.facility,
    billing_cycle: spec.billingCycle,
    userdata: spec.userdata,
    customdata: spec.customdata,
    tags: spec.tags,
    description: spec.description,
    hardware_reservation_id: spec.hardwareReservation,
    ip_addresses: spec.addresses?.map(toAddressBody),
    project_ssh_keys: spec.projectSshKeys,
    user_ssh_keys: spec.userSshKeys,
    no_ssh_keys: spec.noSshKeys,
    storage: spec.storage,
    ipxe_script_url: spec.ipxeScriptUrl,
    always_pxe: spec.alwaysPxe,
    spot_instance: spec.isSpot,
    spot_price_max: spec.spotPriceMax,
    termination_time: spec.terminationTime,
    locked: spec.locked,
  });
}

/** The body of a PUT. */
export function toDeviceChangeBody(change: DeviceChange): JsonObject {
  return withoutAbsent({
    hostname: change.hostname,
    description: change.description,
    tags: change.tags,
    userdata: change.userdata,
    customdata: change.customdata,
    locked: change.locked,
    always_pxe: change.alwaysPxe,
    ipxe_script_url: change.ipxeScriptUrl,
    billing_cycle: change.billingCycle,
  });
}

/** The body of an action. */
export function toActionBody(action: DeviceAction): JsonObject {
  if (action.type !== 'reinstall') return { type: action.type };
  return withoutAbsent({
    type: action.type,
    operating_system: action.operatingSystem,
    preserve_data: action.preserveData,
    deprovision_fast: action.deprovisionFast,
  });
}

function toAddressBody(wish: AddressWish): JsonObject {
  return withoutAbsent({
    address_family: wish.family,
    public: wish.isPublic,
    cidr: wish.cidr,
    ip_reservations: mapped(wish.reservations, (ids) => [...ids]),
  });
}
