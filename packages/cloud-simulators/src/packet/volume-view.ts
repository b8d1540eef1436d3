// How the API shows volumes, attachments, snapshots, and what the metadata service shows of them. Pure.
import { findFacility, findPlan } from './catalog.ts';
import { viewFacility, viewPlan } from './catalog-views.ts';
import { hrefOf, refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import type { WirePacketEvent } from './wire.ts';
import type {
  WirePacketAttachment,
  WirePacketMetadataVolume,
  WirePacketSnapshot,
  WirePacketSnapshotPolicy,
  WirePacketVolume,
} from './wire-storage.ts';
import type { AttachmentRecord, SnapshotPolicyRecord, SnapshotRecord, VolumeRecord, World } from './world.ts';

/** Name of a volume: the API chooses it, after the id. */
export function volumeName({ id }: Pick<VolumeRecord, 'id'>): string {
  return `volume-${id.slice(0, 8)}`;
}

/** State of a volume. */
export function volumeState({ activeAtMs }: VolumeRecord, nowMs: number): WirePacketVolume['state'] {
  return nowMs >= activeAtMs ? 'active' : 'queued';
}

/** A volume as it is now. */
export function viewVolume(context: PacketContext, world: World, record: VolumeRecord): WirePacketVolume {
  const { id, description, sizeGb, isLocked, billingCycle, createdAt, updatedAt, access, projectId } = record;
  const facility = findFacility(record.facilityCode);
  const plan = findPlan(record.planSlug);
  if (facility === undefined || plan === undefined) throw new Error(`volume ${id} is nowhere`);
  return {
    id,
    name: volumeName(record),
    description,
    size: sizeGb,
    locked: isLocked,
    billing_cycle: billingCycle,
    state: volumeState(record, context.clock.monotonicMs()),
    created_at: createdAt,
    updated_at: updatedAt,
    ...(context.settings.volumeAccess ? { access } : {}),
    project: refTo(context, `/projects/${projectId}`),
    facility: viewFacility(context, facility),
    plan: viewPlan(context, plan),
    snapshot_policies: record.policies.map((one) => viewPolicy(context, one)),
    attachments: attachmentsOf(world, id).map((one) => refTo(context, `/storage/attachments/${one.id}`)),
    customdata: record.customdata,
    ...refTo(context, `/storage/${id}`),
  };
}

/** Where a volume is attached. */
export function attachmentsOf({ attachments }: World, volumeId: string): readonly AttachmentRecord[] {
  return [...attachments.values()].filter((one) => one.volumeId === volumeId);
}

/** An attachment. */
export function viewAttachment(context: PacketContext, record: AttachmentRecord): WirePacketAttachment {
  return {
    id: record.id,
    volume: refTo(context, `/storage/${record.volumeId}`),
    device: refTo(context, `/devices/${record.deviceId}`),
    ...refTo(context, `/storage/attachments/${record.id}`),
  };
}

/** A snapshot: it has neither name nor size. */
export function viewSnapshot(
  context: PacketContext,
  volume: VolumeRecord,
  { id, timestamp, createdAt, availableAtMs }: SnapshotRecord,
): WirePacketSnapshot {
  return {
    id,
    status: context.clock.monotonicMs() >= availableAtMs ? 'available' : 'queued',
    timestamp,
    created_at: createdAt,
    volume: refTo(context, `/storage/${volume.id}`),
  };
}

/** A rule for snapshots. */
export function viewPolicy(context: PacketContext, record: SnapshotPolicyRecord): WirePacketSnapshotPolicy {
  const { id, frequency, count } = record;
  return {
    id,
    snapshot_frequency: frequency,
    snapshot_count: count,
    ...refTo(context, `/storage/snapshot-policies/${id}`),
  };
}

/** The events of a volume, latest first. */
export function volumeEvents(context: PacketContext, volume: VolumeRecord): readonly WirePacketEvent[] {
  return volume.events
    .map(({ id, type, body, date }) => ({
      id,
      type,
      state: 'active',
      body,
      interpolated: `${volumeName(volume)}: ${body}`,
      relationships: [refTo(context, `/storage/${volume.id}`)],
      created_at: date,
      ip: null,
      href: hrefOf(context, `/events/${id}`),
    }))
    .reverse();
}

/** The volumes that a device sees in its metadata. */
export function metadataVolumes(world: World, deviceId: string, nowMs: number): readonly WirePacketMetadataVolume[] {
  return [...world.attachments.values()]
    .filter((one) => one.deviceId === deviceId && one.metadataAtMs <= nowMs)
    .flatMap(({ volumeId }) => {
      const volume = world.volumes.get(volumeId);
      if (volume === undefined) return [];
      return [{ name: volumeName(volume), ...volume.access, capacity: { size: String(volume.sizeGb), unit: 'gb' } }];
    });
}
