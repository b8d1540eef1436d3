// First layer: single steps on Packet's volumes, each of which ends in certainty. When the answer of a call is lost, the step looks at what
// came of it, and only where that cannot be seen does the error go on.
import { CloudApiError } from '@longshore/cloud-http';
import { refusalOf } from '@longshore/packet-api';
import type {
  AttachmentId,
  DeviceId,
  PacketApi,
  ProjectId,
  SnapshotId,
  Volume,
  VolumeAttachment,
  VolumeChange,
  VolumeId,
  VolumeSnapshot,
  VolumeSpec,
} from '@longshore/packet-api';
import { messageOf, parallelUntil, sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { WorkSignals } from './joined-work.ts';
import type { PolicyWish } from './snapshot-policies.ts';

/** What the steps need. */
export interface PacketVolumesOptions {
  readonly api: Pick<PacketApi, 'volumes'>;
  readonly projectId: ProjectId;
  readonly clock: Clock;
}

/** What came of an attach. */
export type Attached =
  | { readonly kind: 'attached'; readonly attachment: VolumeAttachment }
  | { readonly kind: 'elsewhere'; readonly deviceId: DeviceId | undefined }
  /** The volume or the device is not there. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly error: CloudApiError };

/** What came of a removal. */
export type Removed = { readonly kind: 'gone' } | { readonly kind: 'refused'; readonly reason: string };

const FIRST_POLL_MS = 200;
const LONGEST_POLL_MS = 2_000;
const PARALLEL_CALLS = 5;

/** The steps. */
export class PacketVolumes {
  readonly #api: PacketApi['volumes'];
  readonly #projectId: ProjectId;
  readonly #clock: Clock;

  constructor({ api, projectId, clock }: PacketVolumesOptions) {
    this.#api = api.volumes;
    this.#projectId = projectId;
    this.#clock = clock;
  }

  /** All volumes of the project. */
  async list(signal: AbortSignal): Promise<readonly Volume[]> {
    const volumes = await this.#api.list(this.#projectId, signal);
    const whole = new Map<VolumeId, Volume>();
    const fill = async (volume: Volume): Promise<void> =>
      void whole.set(volume.id, await this.#withDevices(volume, signal));
    await parallelUntil(volumes.filter(hasLinksOnly), PARALLEL_CALLS, fill, signal);
    return volumes.map((volume) => whole.get(volume.id) ?? volume);
  }

  /** One volume; `undefined` when the API says that there is none. */
  async get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    const volume = await this.#api.get(id, signal);
    return volume && this.#withDevices(volume, signal);
  }

  /** Makes a volume. Its description has to be like no other's: by it the volume is found when the answer is lost. */
  async create(spec: VolumeSpec & { readonly description: string }, signal: AbortSignal): Promise<Volume> {
    try {
      return await this.#api.create(this.#projectId, spec, signal);
    } catch (error) {
      if (!isLost(error)) throw error;
      const made = (await this.list(signal)).find(({ description }) => description === spec.description);
      if (made === undefined) throw error;
      return made;
    }
  }

  /** Makes a volume with the contents of another. When the answer is lost, `find` looks for it among all volumes. */
  async clone(
    source: VolumeId,
    {
      timestamp,
      find,
    }: { readonly timestamp: string | undefined; readonly find: (all: readonly Volume[]) => Volume | undefined },
    signal: AbortSignal,
  ): Promise<Volume> {
    try {
      return await this.#api.clone(source, timestamp === undefined ? {} : { timestamp }, signal);
    } catch (error) {
      const made = isLost(error) ? find(await this.list(signal)) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }

  /** Changes a volume; `undefined` when there is none. */
  update(id: VolumeId, change: VolumeChange, signal: AbortSignal): Promise<Volume | undefined> {
    return this.#api.update(id, change, signal);
  }

  /** Waits until the volume can be used, as long as somebody wants it; `undefined` when it went away. */
  async untilActive(volume: Volume, { signal, wanted }: WorkSignals): Promise<Volume | undefined> {
    let seen: Volume | undefined = volume;
    for (let pauseMs = FIRST_POLL_MS; seen !== undefined && seen.state !== 'active'; pauseMs *= 2) {
      await sleep(this.#clock, Math.min(pauseMs, LONGEST_POLL_MS), wanted);
      seen = await this.get(volume.id, signal);
    }
    return seen;
  }

  /** Removes a volume with what is on it. */
  async remove(id: VolumeId, signal: AbortSignal): Promise<Removed> {
    try {
      await this.#api.remove(id, signal);
      return { kind: 'gone' };
    } catch (error) {
      if (error instanceof CloudApiError && error.status === 422) return { kind: 'refused', reason: messageOf(error) };
      throw error;
    }
  }

  /** Lets a device use the volume. */
  async attach(id: VolumeId, deviceId: DeviceId, signal: AbortSignal): Promise<Attached> {
    try {
      return { kind: 'attached', attachment: await this.#api.attach(id, deviceId, signal) };
    } catch (error) {
      if (!(error instanceof CloudApiError)) throw error;
      if (error.status === 404 && error.hasApiBody) return { kind: 'absent' };
      const isRefused = error.status === 422;
      if (!error.isLostAnswer && !isRefused) throw error;
      const there = await this.#attachmentOf(id, deviceId, signal);
      if (there !== undefined) return there;
      if (isRefused) return { kind: 'refused', error };
      throw error;
    }
  }

  /** Takes a device's right away; `busy` while the backend still sees the host's session. */
  async detach(id: AttachmentId, signal: AbortSignal): Promise<'done' | 'busy'> {
    try {
      await this.#api.detach(id, signal);
      return 'done';
    } catch (error) {
      if (refusalOf(error) === 'volume-in-use') return 'busy';
      throw error;
    }
  }

  /** Lets the storage make snapshots of the volume by itself. */
  addSnapshotPolicy(id: VolumeId, policy: PolicyWish, signal: AbortSignal): Promise<void> {
    return this.#api.addSnapshotPolicy(id, policy, signal);
  }

  /** The snapshots of a volume; none when there is no such volume. */
  async snapshots(id: VolumeId, signal: AbortSignal): Promise<readonly VolumeSnapshot[]> {
    return (await this.#api.snapshots(id, signal)) ?? [];
  }

  /** Makes a snapshot and finds out which one it is: the API does not say. `isNew` tells those that were not there before. */
  async takeSnapshot(
    id: VolumeId,
    isNew: (snapshot: VolumeSnapshot) => boolean,
    signal: AbortSignal,
  ): Promise<VolumeSnapshot | undefined> {
    let lost: unknown;
    try {
      await this.#api.createSnapshot(id, signal);
    } catch (error) {
      if (!isLost(error)) throw error;
      lost = error;
    }
    const made = oldestOf((await this.snapshots(id, signal)).filter(isNew));
    if (made === undefined && lost !== undefined) throw lost as Error;
    return made;
  }

  /** Removes a snapshot; one that is not there is no error. */
  async removeSnapshot(id: VolumeId, snapshotId: SnapshotId, signal: AbortSignal): Promise<void> {
    await this.#api.removeSnapshot(id, snapshotId, signal);
  }

  // An endpoint may show attachments as links although it was asked for more: a link does not tell the device.
  async #withDevices(volume: Volume, signal: AbortSignal): Promise<Volume> {
    if (!hasLinksOnly(volume)) return volume;
    const attachments: VolumeAttachment[] = [];
    for (const one of volume.attachments) {
      const whole = one.deviceId === undefined ? await this.#api.attachment(one.id, signal) : one;
      if (whole !== undefined) attachments.push({ ...whole, volumeId: volume.id });
    }
    return { ...volume, attachments };
  }

  async #attachmentOf(id: VolumeId, deviceId: DeviceId, signal: AbortSignal): Promise<Attached | undefined> {
    const volume = await this.get(id, signal);
    if (volume === undefined) return { kind: 'absent' };
    const own = volume.attachments.find((one) => one.deviceId === deviceId);
    if (own !== undefined) return { kind: 'attached', attachment: own };
    const [other] = volume.attachments;
    return other && { kind: 'elsewhere', deviceId: other.deviceId };
  }
}

/** The oldest snapshot of some. */
export function oldestOf(snapshots: readonly VolumeSnapshot[]): VolumeSnapshot | undefined {
  return [...snapshots].sort((a, b) => Number(a.timestamp) - Number(b.timestamp))[0];
}

function hasLinksOnly({ attachments }: Volume): boolean {
  return attachments.some(({ deviceId }) => deviceId === undefined);
}

function isLost(error: unknown): boolean {
  return error instanceof CloudApiError && error.isLostAnswer;
}
