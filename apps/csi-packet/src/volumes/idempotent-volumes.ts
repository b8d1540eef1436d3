// Second layer: every operation may be repeated and is done once. Work on one volume is done one piece after another; a repeated call joins
// the piece that runs.
import { messageOf } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { DeviceId, SnapshotId, Volume, VolumeId } from '@longshore/packet-api';
import { CsiError, failedPrecondition } from '../server/csi-error.ts';
import { Attachments, noVolume } from './attachments.ts';
import { readDescription } from './description.ts';
import type { VolumeWish } from './find-volume.ts';
import { JoinedWork } from './joined-work.ts';
import type { WorkSignals } from './joined-work.ts';
import { MadeVolumes } from './made-volumes.ts';
import type { NodeIds } from './node-ids.ts';
import { readNotes } from './notes.ts';
import type { PacketVolumes } from './packet-volumes.ts';
import type { SnapshotRef } from './snapshot-ids.ts';
import { Snapshots } from './snapshots.ts';
import { planId, planOfVolume } from './storage-plan.ts';
import type { StoragePlan } from './storage-plan.ts';
import type { AttachedVolume, StorageFacility, StoredSnapshot, Volumes } from './volumes.ts';

/** What the volumes need. */
export interface IdempotentVolumesOptions {
  readonly steps: PacketVolumes;
  readonly nodes: NodeIds;
  readonly clock: Clock;
  readonly log: Logger;
  readonly volumeLimit: number;
  /** Whether volumes that no CSI driver made may be deleted. */
  readonly deletesForeign: boolean;
  /** Whether volumes grow only while they are attached nowhere. */
  readonly growsOffline: boolean;
}

/** The volumes. */
export class IdempotentVolumes implements Volumes {
  readonly #options: IdempotentVolumesOptions;
  readonly #work = new JoinedWork();
  readonly #made: MadeVolumes;
  readonly #attachments: Attachments;
  readonly #snapshots: Snapshots;

  constructor(options: IdempotentVolumesOptions) {
    const { steps } = options;
    this.#options = options;
    const alone = <T>(id: VolumeId, fingerprint: string, work: (signals: WorkSignals) => Promise<T>): Promise<T> =>
      this.#alone(id, fingerprint, { caller: new AbortController().signal, work });
    this.#made = new MadeVolumes({ ...options, alone });
    this.#attachments = new Attachments(options);
    this.#snapshots = new Snapshots(steps);
  }

  /** Pieces of work that go on. */
  get running(): number {
    return this.#work.size;
  }

  /** Ends what goes on, where that is safe. */
  stop(): Promise<void> {
    return this.#work.stop();
  }

  list(caller: AbortSignal): Promise<readonly Volume[]> {
    return this.#options.steps.list(caller);
  }

  find(id: VolumeId, caller: AbortSignal): Promise<Volume | undefined> {
    return this.#options.steps.get(id, caller);
  }

  ensure(wish: VolumeWish, facility: StorageFacility, caller: AbortSignal): Promise<Volume> {
    const name = { key: `name ${wish.name}`, fingerprint: JSON.stringify(wish) };
    return this.#work.run(name, caller, (signals) => this.#made.ensure(wish, facility, signals));
  }

  remove(id: VolumeId, caller: AbortSignal): Promise<void> {
    return this.#alone(id, 'remove', { caller, work: ({ signal }) => this.#remove(id, signal) });
  }

  attach(id: VolumeId, nodeId: string, caller: AbortSignal): Promise<AttachedVolume> {
    const work = (signals: WorkSignals): Promise<AttachedVolume> => this.#attachments.attach(id, nodeId, signals);
    return this.#alone(id, `attach to ${nodeId}`, { caller, work });
  }

  detach(id: VolumeId, nodeId: string, caller: AbortSignal): Promise<void> {
    const work = (signals: WorkSignals): Promise<void> => this.#attachments.detach(id, nodeId, signals);
    return this.#alone(id, `detach from ${nodeId}`, { caller, work });
  }

  grow(
    id: VolumeId,
    sizes: { readonly minGiB: number; readonly maxGiB: number },
    caller: AbortSignal,
  ): Promise<Volume> {
    return this.#alone(id, `grow to ${sizes.minGiB} ${sizes.maxGiB}`, {
      caller,
      work: async ({ signal }) => {
        const volume = await this.#existing(id, signal);
        if (volume.sizeGB >= sizes.minGiB) return volume;
        if (this.#options.growsOffline && volume.attachments.length > 0) {
          throw failedPrecondition(`volume ${id} is attached, and --offline-expansion lets only detached volumes grow`);
        }
        return this.#updated(id, { sizeGB: sizes.minGiB }, signal);
      },
    });
  }

  changePlan(id: VolumeId, plan: StoragePlan, caller: AbortSignal): Promise<Volume> {
    return this.#alone(id, `plan ${plan}`, {
      caller,
      work: async ({ signal }) => {
        const volume = await this.#existing(id, signal);
        return planOfVolume(volume) === plan ? volume : this.#updated(id, { plan: planId(plan) }, signal);
      },
    });
  }

  ensureSnapshot(id: VolumeId, name: string, caller: AbortSignal): Promise<StoredSnapshot> {
    // Two sources with one name at once: the second has to see what the first did.
    return this.#work.run({ key: `snapshot ${name}`, fingerprint: id }, caller, ({ wanted }) =>
      this.#alone(id, `snapshot ${name}`, {
        caller: wanted,
        work: (signals) => this.#snapshots.ensure(id, name, signals),
      }),
    );
  }

  removeSnapshot(ref: SnapshotRef, caller: AbortSignal): Promise<void> {
    const work = (signals: WorkSignals): Promise<void> => this.#snapshots.remove(ref, signals);
    return this.#alone(ref.volumeId, `remove snapshot ${ref.snapshotId}`, { caller, work });
  }

  snapshotsOf(id: VolumeId, caller: AbortSignal): Promise<readonly StoredSnapshot[]> {
    return this.#snapshots.of(id, caller);
  }

  async namedSnapshots(
    caller: AbortSignal,
  ): Promise<readonly { readonly volumeId: VolumeId; readonly snapshotId: SnapshotId }[]> {
    const volumes = await this.list(caller);
    const named = volumes.flatMap(({ id: volumeId, customdata }) =>
      Object.values(readNotes(customdata).snapshots).map(({ id }) => ({ volumeId, snapshotId: id as SnapshotId })),
    );
    return named.sort((a, b) => a.volumeId.localeCompare(b.volumeId) || a.snapshotId.localeCompare(b.snapshotId));
  }

  nodeIdsOf(deviceId: DeviceId): readonly string[] {
    return this.#options.nodes.idsOf(deviceId);
  }

  #alone<T>(
    id: VolumeId,
    fingerprint: string,
    { caller, work }: { readonly caller: AbortSignal; readonly work: (signals: WorkSignals) => Promise<T> },
  ): Promise<T> {
    return this.#work.run({ key: `volume ${id}`, fingerprint }, caller, work);
  }

  async #remove(id: VolumeId, signal: AbortSignal): Promise<void> {
    const { steps, deletesForeign } = this.#options;
    const volume = await steps.get(id, signal);
    if (volume === undefined) return;
    checkUnused(volume);
    if (!deletesForeign && readDescription(volume.description) === undefined) {
      throw failedPrecondition(
        `volume ${id} was made by no CSI driver: delete it yourself, or use --allow-foreign-delete`,
      );
    }
    await this.#checkSnapshots(volume, signal);
    const removed = await steps.remove(id, signal);
    if (removed.kind === 'gone') return;
    const now = await steps.get(id, signal);
    if (now === undefined) return;
    checkUnused(now);
    throw failedPrecondition(`volume ${id} cannot be deleted: ${removed.reason}`);
  }

  // The API would throw the snapshots away with the volume, and CSI promises that they outlive it.
  async #checkSnapshots(volume: Volume, signal: AbortSignal): Promise<void> {
    const noted = Object.entries(readNotes(volume.customdata).snapshots);
    if (noted.length === 0) return;
    const there = new Set((await this.#options.steps.snapshots(volume.id, signal)).map((one) => one.id as string));
    const names = noted.filter(([, { id }]) => there.has(id)).map(([name]) => name);
    if (names.length === 0) return;
    throw failedPrecondition(
      `volume ${volume.id} has snapshots, which would be lost with it: delete ${names.join(', ')} first`,
    );
  }

  async #existing(id: VolumeId, signal: AbortSignal): Promise<Volume> {
    const volume = await this.#options.steps.get(id, signal);
    if (volume === undefined) throw noVolume(id);
    return volume;
  }

  async #updated(
    id: VolumeId,
    change: { readonly sizeGB?: number; readonly plan?: string },
    signal: AbortSignal,
  ): Promise<Volume> {
    try {
      const volume = await this.#options.steps.update(id, change, signal);
      if (volume !== undefined) return volume;
    } catch (error) {
      // For the resizer, some codes mean "never": a refusal of the API may be about this moment only.
      const { code } = error as { readonly code?: unknown };
      if (code === 'CLOUD_REJECTED') throw new CsiError('FAILED_PRECONDITION', messageOf(error), { cause: error });
      throw error;
    }
    throw noVolume(id);
  }
}

function checkUnused({ id, attachments }: Volume): void {
  if (attachments.length === 0) return;
  const devices = attachments.map(({ deviceId }) => deviceId ?? 'an unknown device').join(', ');
  throw failedPrecondition(`volume ${id} is attached to ${devices}: it has to be detached first`);
}
