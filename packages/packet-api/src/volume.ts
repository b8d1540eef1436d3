// A block-storage volume, as Packet had them until 2021 and compatible endpoints may have them.
import {
  isTrue,
  listOf,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  requiredText,
  withoutAbsent,
} from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { customdataOf, optionalCount, optionalPlace, optionalTime } from './fields.ts';
import type { Place } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type {
  AttachmentId,
  DeviceId,
  FacilityId,
  PlanId,
  ProjectId,
  SnapshotId,
  SnapshotPolicyId,
  VolumeId,
} from './ids.ts';

/** A volume. */
export interface Volume {
  readonly id: VolumeId;
  /** `volume-` and eight digits of the ID; chosen by the API. */
  readonly name: string;
  /** The only text that users can set. */
  readonly description: string | undefined;
  readonly sizeGB: number;
  /** `active` when it can be used; the names of other states are not known. */
  readonly state: 'queued' | 'active' | (string & {});
  readonly isLocked: boolean;
  readonly billingCycle: string | undefined;
  readonly plan: { readonly id: PlanId | undefined; readonly slug: string | undefined };
  readonly facility: Place<FacilityId> | undefined;
  readonly projectId: ProjectId | undefined;
  /** The iSCSI target. Newer clients did not know this field, so an endpoint may leave it out: then ask the metadata service. */
  readonly access: { readonly iqn: string; readonly ips: readonly string[] } | undefined;
  readonly attachments: readonly VolumeAttachment[];
  readonly snapshotPolicies: readonly SnapshotPolicy[];
  readonly customdata: JsonObject | undefined;
  readonly createdAt: string | undefined;
}

/** That a device may use a volume. The other half is the host's iSCSI login. */
export interface VolumeAttachment {
  readonly id: AttachmentId;
  readonly deviceId: DeviceId | undefined;
  readonly volumeId: VolumeId | undefined;
}

/** Snapshots that are made and kept by themselves. */
export interface SnapshotPolicy {
  readonly id: SnapshotPolicyId | undefined;
  readonly frequency: SnapshotFrequency | undefined;
  readonly count: number | undefined;
}

/** Known frequencies; others are passed on as they are. */
export type SnapshotFrequency = '1hour' | '1day' | '1week' | '1month' | '1year' | (string & {});

/** The state of a volume at one moment. Has no name and no size. */
export interface VolumeSnapshot {
  readonly id: SnapshotId;
  readonly status: 'available' | (string & {}) | undefined;
  /** Names the snapshot in `restore` and `clone`: seconds with nine decimals, a text. */
  readonly timestamp: string;
  readonly createdAt: string | undefined;
  readonly volumeId: VolumeId | undefined;
}

/** A volume to make. */
export interface VolumeSpec {
  readonly sizeGB: number;
  /** Slug (`storage_1`) or ID. */
  readonly plan: string;
  /** Code or ID. */
  readonly facility: string;
  readonly description?: string | undefined;
  /** Default `hourly`. */
  readonly billingCycle?: string | undefined;
  readonly isLocked?: boolean | undefined;
  readonly snapshotPolicies?: readonly { readonly frequency: SnapshotFrequency; readonly count: number }[] | undefined;
  readonly customdata?: JsonObject | undefined;
}

/** What of a volume can be changed; what is absent stays. It can only grow. */
export interface VolumeChange {
  readonly sizeGB?: number | undefined;
  readonly plan?: string | undefined;
  readonly description?: string | undefined;
  readonly billingCycle?: string | undefined;
  readonly isLocked?: boolean | undefined;
  readonly customdata?: JsonObject | undefined;
}

/** A volume as the API writes it. */
export function parseVolume(raw: unknown): Volume {
  const volume = parseObject(raw, 'volume');
  const sizeGB = optionalCount(volume, 'size');
  if (sizeGB === undefined) throw new Error('field "size" of a volume is not a number');
  const id = parseOwnId<VolumeId>(volume, 'volume');
  const plan = optionalObject(volume['plan']);
  return {
    id,
    name: optionalText(volume, 'name') ?? `volume-${id.slice(0, 8)}`,
    description: optionalText(volume, 'description'),
    sizeGB,
    state: requiredText(volume, 'state'),
    isLocked: isTrue(volume, 'locked'),
    billingCycle: optionalText(volume, 'billing_cycle'),
    plan: { id: parseReference<PlanId>(plan), slug: plan && optionalText(plan, 'slug') },
    facility: optionalPlace<FacilityId>(volume['facility']),
    projectId: parseReference<ProjectId>(volume['project']),
    access: parseAccess(volume['access']),
    attachments: listOf(volume, 'attachments', parseVolumeAttachment).map((each) => ({ ...each, volumeId: id })),
    snapshotPolicies: listOf(volume, 'snapshot_policies', parseSnapshotPolicy),
    customdata: customdataOf(volume),
    createdAt: optionalTime(volume, 'created_at'),
  };
}

/** An attachment as the API writes it. */
export function parseVolumeAttachment(raw: unknown): VolumeAttachment {
  const attachment = parseObject(raw, 'attachment');
  return {
    id: parseOwnId<AttachmentId>(attachment, 'attachment'),
    deviceId: parseReference<DeviceId>(attachment['device']),
    volumeId: parseReference<VolumeId>(attachment['volume']),
  };
}

/** A snapshot as the API writes it. */
export function parseSnapshot(raw: unknown): VolumeSnapshot {
  const snapshot = parseObject(raw, 'snapshot');
  return {
    id: parseOwnId<SnapshotId>(snapshot, 'snapshot'),
    status: optionalText(snapshot, 'status'),
    timestamp: requiredText(snapshot, 'timestamp'),
    createdAt: optionalTime(snapshot, 'created_at'),
    volumeId: parseReference<VolumeId>(snapshot['volume']),
  };
}

/** A policy as the API writes it; only the ID when it came as a link. */
export function parseSnapshotPolicy(raw: unknown): SnapshotPolicy {
  const policy = parseObject(raw, 'snapshot policy');
  return {
    id: parseReference<SnapshotPolicyId>(policy),
    frequency: optionalText(policy, 'snapshot_frequency'),
    count: optionalCount(policy, 'snapshot_count'),
  };
}

/** The body of a POST. `plan_id` and `facility_id` are the names that the Go clients sent; slugs and codes are accepted in them. */
export function toVolumeBody(spec: VolumeSpec): JsonObject {
  return withoutAbsent({
    size: spec.sizeGB,
    plan_id: spec.plan,
    facility_id: spec.facility,
    billing_cycle: spec.billingCycle ?? 'hourly',
    description: spec.description,
    locked: spec.isLocked,
    snapshot_policies: spec.snapshotPolicies?.map(({ frequency, count }) => ({
      snapshot_frequency: frequency,
      snapshot_count: count,
    })),
    customdata: spec.customdata,
  });
}

/** The body of a PATCH. */
export function toVolumeChangeBody(change: VolumeChange): JsonObject {
  return withoutAbsent({
    size: change.sizeGB,
    plan_id: change.plan,
    description: change.description,
    billing_cycle: change.billingCycle,
    locked: change.isLocked,
    customdata: change.customdata,
  });
}

function parseAccess(raw: unknown): Volume['access'] {
  const access = optionalObject(raw);
  const iqn = access && optionalText(access, 'iqn');
  return access && iqn ? { iqn, ips: listOf(access, 'ips', parseText) } : undefined;
}
