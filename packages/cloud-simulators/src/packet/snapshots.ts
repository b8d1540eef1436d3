// Routes of snapshots, of rules for them (which are kept, not followed), and of what is made from them: restored volumes and clones.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, forbidden, notFound, unprocessable } from './answers.ts';
import { dateNow, newId, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { attachmentsOf, viewPolicy, viewSnapshot } from './volume-view.ts';
import { FREQUENCIES, makeVolume, putVolume, show, withVolume } from './volumes.ts';
import type { SnapshotPolicyRecord, SnapshotRecord, VolumeRecord } from './world.ts';

const ALL = '/storage/{id}/snapshots';
const POLICY = '/storage/snapshot-policies/{id}';
const POLICY_QUERY = ['snapshot_frequency', 'snapshot_count'];

/** The routes. */
export function snapshotRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: ALL,
      answer: (request) =>
        withVolume(context, request, (volume) => {
          const snapshots = volume.snapshots.map((one) => viewSnapshot(context, volume, one));
          return { status: 200, body: { snapshots } };
        }),
    },
    {
      method: 'POST',
      template: ALL,
      answer: (request) => withVolume(context, request, (volume) => take(context, volume)),
    },
    {
      method: 'DELETE',
      template: `${ALL}/{snapshot}`,
      answer: (request) =>
        withVolume(context, request, (volume) => {
          const left = volume.snapshots.filter(({ id }) => id !== request.params['snapshot']);
          if (left.length === volume.snapshots.length) return notFound;
          putVolume(context, { ...volume, snapshots: left });
          return done;
        }),
    },
    {
      method: 'POST',
      template: '/storage/{id}/restore',
      queryNames: ['restore_point'],
      answer: (request) => withVolume(context, request, (volume) => restore(context, request, volume)),
    },
    {
      method: 'POST',
      template: '/storage/{id}/clone',
      queryNames: ['snapshot_timestamp'],
      answer: (request) => withVolume(context, request, (volume) => clone(context, request, volume)),
    },
    ...policyRoutes(context),
  ];
}

// What a call says is in its body for some clients and in its query for others.
function saidIn(request: SimRequest, name: string): string | undefined {
  const body = request.body as Readonly<Record<string, string | number | null>> | null | undefined;
  const inBody = body?.[name] ?? request.query.get(name);
  return inBody === null ? undefined : String(inBody);
}

// The answer says nothing: the new snapshot is found by listing before and after.
function take(context: PacketContext, volume: VolumeRecord): SimAnswer {
  const { clock, settings, store } = context;
  const fraction = String(store.newNumber()).padStart(9, '0');
  const made: SnapshotRecord = {
    id: newId(context),
    timestamp: `${Math.floor(clock.nowMs() / 1000)}.${fraction}`,
    sizeGb: volume.sizeGb,
    createdAt: dateNow(context),
    availableAtMs: clock.monotonicMs() + settings.snapshotMs,
  };
  const snapshots = [...volume.snapshots, made];
  putVolume(context, { ...volume, snapshots }, ['volume.snapshot', 'Snapshot created']);
  return { status: 201, json: 'null' };
}

function snapshotAt(volume: VolumeRecord, timestamp: string | undefined): SnapshotRecord | undefined {
  return volume.snapshots.find((one) => one.timestamp === timestamp);
}

function restore(context: PacketContext, request: SimRequest, volume: VolumeRecord): SimAnswer {
  const snapshot = snapshotAt(volume, saidIn(request, 'restore_point'));
  if (snapshot === undefined) return unprocessable('Restore point was not found');
  if (attachmentsOf(context.store.current, volume.id).length > 0) {
    return unprocessable('Cannot restore a volume that is attached');
  }
  putVolume(context, { ...volume, sizeGb: snapshot.sizeGb }, ['volume.restored', `Restored to ${snapshot.timestamp}`]);
  return done;
}

function clone(context: PacketContext, request: SimRequest, volume: VolumeRecord): SimAnswer {
  const timestamp = saidIn(request, 'snapshot_timestamp');
  const snapshot = snapshotAt(volume, timestamp);
  if (timestamp !== undefined && snapshot === undefined) return unprocessable('Snapshot was not found');
  const { projectId, facilityCode, planSlug, billingCycle, description } = volume;
  const sizeGb = snapshot?.sizeGb ?? volume.sizeGb;
  const made = makeVolume(context, { projectId, facilityCode, planSlug, billingCycle, description, sizeGb });
  putVolume(context, made, ['volume.cloned', `Cloned from ${volume.id}`]);
  return show(context, request, made, 201);
}

function policyRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'POST',
      template: '/storage/{id}/snapshot-policies',
      queryNames: POLICY_QUERY,
      answer: (request) =>
        withVolume(context, request, (volume) => {
          const policy = policyOf(request, { id: newId(context), frequency: '', count: 1 });
          if (policy === undefined) return unprocessable('Snapshot policy is not valid');
          putVolume(context, { ...volume, policies: [...volume.policies, policy] });
          return { status: 201, body: viewPolicy(context, policy) };
        }),
    },
    {
      method: 'PUT',
      template: POLICY,
      queryNames: POLICY_QUERY,
      answer: (request) =>
        withPolicy(context, request, (volume, before) => {
          const policy = policyOf(request, before);
          if (policy === undefined) return unprocessable('Snapshot policy is not valid');
          const policies = volume.policies.map((one) => (one.id === policy.id ? policy : one));
          putVolume(context, { ...volume, policies });
          return { status: 200, body: viewPolicy(context, policy) };
        }),
    },
    {
      method: 'DELETE',
      template: POLICY,
      answer: (request) =>
        withPolicy(context, request, (volume, { id }) => {
          putVolume(context, { ...volume, policies: volume.policies.filter((one) => one.id !== id) });
          return done;
        }),
    },
  ];
}

function policyOf(request: SimRequest, before: SnapshotPolicyRecord): SnapshotPolicyRecord | undefined {
  const frequency = saidIn(request, 'snapshot_frequency') ?? before.frequency;
  const count = Number(saidIn(request, 'snapshot_count') ?? before.count);
  return FREQUENCIES.includes(frequency) && count > 0 ? { id: before.id, frequency, count } : undefined;
}

function withPolicy(
  context: PacketContext,
  request: SimRequest,
  work: (volume: VolumeRecord, policy: SnapshotPolicyRecord) => SimAnswer,
): SimAnswer {
  for (const volume of worldOf(context, request).volumes.values()) {
    const policy = volume.policies.find(({ id }) => id === request.params['id']);
    if (policy !== undefined) {
      return context.tokens.maySee(request, volume.projectId) ? work(volume, policy) : forbidden;
    }
  }
  return notFound;
}
