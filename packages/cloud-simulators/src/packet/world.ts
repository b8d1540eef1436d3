// What the simulated Packet has: records, from which what is served is computed with the clock's reading (device-life.ts, volume-life.ts).
// A world never changes; each change makes a new one, so that stale reads and kept JSON are possible.
import type { AddressBlock } from './addresses.ts';
import type { WirePacketDeviceState } from './wire.ts';
import type { WirePacketMetadataVolume } from './wire-storage.ts';

/** A moment, in both readings of the clock. */
export interface Moment {
  readonly monotonicMs: number;
  /** As the API writes dates. */
  readonly date: string;
}

/** Something that is said about a device, a volume or a project. */
export interface EventText {
  readonly id: string;
  readonly type: string;
  readonly body: string;
}

/** A moment in the life of a device, known in advance. */
export interface LifeStep {
  readonly at: Moment;
  readonly state?: WirePacketDeviceState;
  readonly percentage?: number;
  /** From now on its addresses are shown. */
  readonly hasAddresses?: true;
  /** It is gone: 404. */
  readonly isGone?: true;
  readonly event?: EventText;
}

/** An address that a device has. */
export interface AddressRecord extends AddressBlock {
  readonly id: string;
  readonly isPublic: boolean;
  /** One that it was born with. */
  readonly isManagement: boolean;
  readonly isGlobal: boolean;
  readonly reservationId: string;
  /** Its place in an automatic block. */
  readonly slot?: { readonly block: string; readonly number: number };
  readonly createdAt: string;
  readonly customdata: Readonly<Record<string, unknown>>;
}

/** A network port of a device. */
export interface PortRecord {
  readonly id: string;
  readonly name: string;
  readonly mac: string | undefined;
  readonly bondId: string | undefined;
  readonly isBonded: boolean;
  readonly networkType: string;
  readonly vlanIds: readonly string[];
  readonly nativeVlanId: string | undefined;
}

/** What can be set about a device. */
export interface DeviceFields {
  readonly hostname: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly billingCycle: string;
  readonly locked: boolean;
  readonly userdata: string;
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly osSlug: string;
  readonly alwaysPxe: boolean;
  readonly networkFrozen: boolean;
  readonly spotInstance: boolean;
  readonly spotPriceMax?: number;
  readonly terminationTime?: string;
  readonly ipxeScriptUrl?: string;
  readonly storage?: Readonly<Record<string, unknown>>;
}

/** A device. */
export interface DeviceRecord {
  readonly id: string;
  readonly projectId: string;
  readonly facilityCode: string;
  readonly planSlug: string;
  readonly sshKeyIds: readonly string[];
  readonly hardwareReservationId: string | undefined;
  readonly created: Moment;
  readonly updatedAt: string;
  readonly fields: DeviceFields;
  /** By time. */
  readonly life: readonly LifeStep[];
  /** In the order in which the API lists them. */
  readonly addresses: readonly AddressRecord[];
  readonly ports: readonly PortRecord[];
  readonly volumeIds: readonly string[];
}

/** A block of addresses that a project has. */
export interface ReservationRecord {
  readonly id: string;
  readonly projectId: string;
  readonly type: string;
  readonly state: 'pending' | 'created' | 'denied';
  /** `undefined` unless it is `created`. */
  readonly block: AddressBlock | undefined;
  readonly cidr: number;
  readonly details: string | null;
  readonly tags: readonly string[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly facilityCode: string | undefined;
  readonly metroCode: string | undefined;
  /** Made by the API for the devices of a project, not asked for by anybody. */
  readonly isAutomatic: boolean;
  readonly createdAt: string;
}

/** The BGP configuration of a project. */
export interface BgpConfigRecord {
  readonly id: string;
  readonly status: 'requested' | 'enabled' | 'disabled';
  readonly deploymentType: 'local' | 'global';
  readonly asn: number;
  readonly md5: string | null;
  readonly maxPrefix: number;
  readonly createdAt: string;
}

/** A BGP session. */
export interface BgpSessionRecord {
  readonly id: string;
  readonly deviceId: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly defaultRoute: boolean;
  readonly created: Moment;
  /** Monotonic time at which the switches know it. */
  readonly upAtMs: number;
  /** Overrides what time gives. */
  readonly forcedStatus: string | undefined;
  readonly learnedRoutes: readonly string[];
  /** More prefixes than allowed came: down until somebody resets it. */
  readonly isDropped: boolean;
}

/** A VLAN. */
export interface VlanRecord {
  readonly id: string;
  readonly projectId: string;
  readonly vxlan: number;
  readonly description: string | null;
  readonly metroCode: string | undefined;
  readonly facilityCode: string | undefined;
  readonly tags: readonly string[];
  readonly createdAt: string;
}

/** An SSH key of a user or of a project. */
export interface SshKeyRecord {
  readonly id: string;
  /** `undefined`: the user's. */
  readonly projectId: string | undefined;
  readonly label: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly tags: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A project. */
export interface ProjectRecord {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly type: 'default' | 'vmce';
  readonly hasBackendTransfer: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A reserved machine. */
export interface HardwareRecord {
  readonly id: string;
  readonly projectId: string;
  readonly facilityCode: string;
  readonly planSlug: string;
  readonly isSpare: boolean;
  /** Whether it can be used when no device is on it. */
  readonly isProvisionable: boolean;
  readonly createdAt: string;
}

/** A volume. */
export interface VolumeRecord {
  readonly id: string;
  readonly projectId: string;
  readonly facilityCode: string;
  readonly planSlug: string;
  readonly description: string | null;
  readonly sizeGb: number;
  readonly isLocked: boolean;
  readonly billingCycle: string;
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly activeAtMs: number;
  readonly access: Pick<WirePacketMetadataVolume, 'ips' | 'iqn'>;
  readonly policies: readonly SnapshotPolicyRecord[];
  readonly snapshots: readonly SnapshotRecord[];
  readonly events: readonly (EventText & { readonly date: string })[];
  /** A host is logged in at the target: no detaching. */
  readonly isInUse: boolean;
}

/** A rule for snapshots. */
export interface SnapshotPolicyRecord {
  readonly id: string;
  readonly frequency: string;
  readonly count: number;
}

/** A snapshot. */
export interface SnapshotRecord {
  readonly id: string;
  readonly timestamp: string;
  readonly sizeGb: number;
  readonly createdAt: string;
  readonly availableAtMs: number;
}

/** A volume on a device. */
export interface AttachmentRecord {
  readonly id: string;
  readonly volumeId: string;
  readonly deviceId: string;
  /** Monotonic time from which the metadata service shows it. */
  readonly metadataAtMs: number;
}

/** Everything at one moment; keys are ids, of BGP configurations those of their projects. */
export interface World {
  readonly projects: ReadonlyMap<string, ProjectRecord>;
  readonly devices: ReadonlyMap<string, DeviceRecord>;
  readonly reservations: ReadonlyMap<string, ReservationRecord>;
  readonly bgpConfigs: ReadonlyMap<string, BgpConfigRecord>;
  readonly bgpSessions: ReadonlyMap<string, BgpSessionRecord>;
  readonly vlans: ReadonlyMap<string, VlanRecord>;
  readonly sshKeys: ReadonlyMap<string, SshKeyRecord>;
  readonly hardware: ReadonlyMap<string, HardwareRecord>;
  readonly volumes: ReadonlyMap<string, VolumeRecord>;
  readonly attachments: ReadonlyMap<string, AttachmentRecord>;
  /** Servers that places have, by `facility/plan`; what is not named is never short. */
  readonly capacity: ReadonlyMap<string, number>;
}

/** The world before anybody has done anything. */
export const EMPTY_WORLD: World = {
  projects: new Map(),
  devices: new Map(),
  reservations: new Map(),
  bgpConfigs: new Map(),
  bgpSessions: new Map(),
  vlans: new Map(),
  sshKeys: new Map(),
  hardware: new Map(),
  volumes: new Map(),
  attachments: new Map(),
  capacity: new Map(),
};
