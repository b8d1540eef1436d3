// Calls about block-storage volumes, their attachments and snapshots.
import { optionalObject, parseNothing, requiredListOf, withoutAbsent } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import type { AttachmentId, DeviceId, ProjectId, SnapshotId, SnapshotPolicyId, VolumeId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, ordering, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';
import { parseSnapshot, parseVolume, parseVolumeAttachment, toVolumeBody, toVolumeChangeBody } from './volume.ts';
import type {
  SnapshotFrequency,
  Volume,
  VolumeAttachment,
  VolumeChange,
  VolumeSnapshot,
  VolumeSpec,
} from './volume.ts';

const ALL = '/projects/{id}/storage';
const ONE = '/storage/{id}';
const ATTACHMENTS = `${ONE}/attachments`;
const ATTACHMENT = '/storage/attachments/{id}';
const SNAPSHOTS = `${ONE}/snapshots`;
const INCLUDE = including('facility', 'plan', 'attachments.volume', 'attachments.device');

/** A policy in the query string, as the API wants it. */
function policyQuery({ frequency, count }: { readonly frequency: SnapshotFrequency; readonly count: number }) {
  return { snapshot_frequency: frequency, snapshot_count: count };
}

/** Calls about volumes. */
export class Volumes {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All volumes of the project with their attachments. */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly Volume[]> {
    const list = { at: route(ALL, projectId), key: 'volumes', query: INCLUDE, parse: parseVolume };
    return listPaged(this.#http, { ...list, idOf: ({ id }) => id }, signal);
  }

  /** One volume with its attachments; `undefined` only when the API itself says that there is none. */
  get(id: VolumeId, signal: AbortSignal): Promise<Volume | undefined> {
    return this.#http.send(getting(route(ONE, id), parseVolume, INCLUDE), signal);
  }

  /** Makes a volume; usable when its state is `active`. When the answer is lost, look for its description before making another. */
  create(projectId: ProjectId, spec: VolumeSpec, signal: AbortSignal): Promise<Volume> {
    return this.#http.send(creating(route(ALL, projectId), toVolumeBody(spec), parseVolume, INCLUDE), signal);
  }

  /** Changes what is given; `undefined` when there is no such volume. */
  update(id: VolumeId, change: VolumeChange, signal: AbortSignal): Promise<Volume | undefined> {
    const body = toVolumeChangeBody(change);
    return this.#http.send(setting('PATCH', route(ONE, id), { body, parse: parseVolume, query: INCLUDE }), signal);
  }

  /** Removes a volume with what is on it. Refused while it is attached. */
  async remove(id: VolumeId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }

  /** What the volume's users keep with it; `undefined` when there is no such volume. */
  customdata(id: VolumeId, signal: AbortSignal): Promise<JsonObject | undefined> {
    const parse = (body: unknown): JsonObject => optionalObject(body) ?? {};
    return this.#http.send(getting(route('/storage/{id}/customdata', id), parse), signal);
  }

  /** The attachments of a volume; `undefined` only when the API itself says that there is no such volume. */
  attachments(id: VolumeId, signal: AbortSignal): Promise<readonly VolumeAttachment[] | undefined> {
    const parse = (body: unknown): readonly VolumeAttachment[] =>
      requiredListOf(body, 'attachments', parseVolumeAttachment);
    return this.#http.send(getting(route(ATTACHMENTS, id), parse), signal);
  }

  /** One attachment; `undefined` only when the API itself says that there is none. */
  attachment(id: AttachmentId, signal: AbortSignal): Promise<VolumeAttachment | undefined> {
    return this.#http.send(getting(route(ATTACHMENT, id), parseVolumeAttachment), signal);
  }

  /**
   * Lets a device of the same facility use the volume. A volume that is attached already is refused (`refusalOf`: `already-attached`);
   * when the answer is lost, read the volume before attaching again.
   */
  attach(id: VolumeId, deviceId: DeviceId, signal: AbortSignal): Promise<VolumeAttachment> {
    const body = { device_id: deviceId };
    return this.#http.send(creating(route(ATTACHMENTS, id), body, parseVolumeAttachment), signal);
  }

  /** Takes the device's right away. Refused while the host is logged in (`refusalOf`: `volume-in-use`). */
  async detach(id: AttachmentId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ATTACHMENT, id)), signal)) ?? 'absent';
  }

  /** The snapshots of a volume; `undefined` only when the API itself says that there is no such volume. */
  snapshots(id: VolumeId, signal: AbortSignal): Promise<readonly VolumeSnapshot[] | undefined> {
    const parse = (body: unknown): readonly VolumeSnapshot[] => requiredListOf(body, 'snapshots', parseSnapshot);
    return this.#http.send(getting(route(SNAPSHOTS, id), parse), signal);
  }

  /** Makes a snapshot. The API does not say which one: compare the lists before and after. */
  async createSnapshot(id: VolumeId, signal: AbortSignal): Promise<void> {
    await this.#http.send(ordering(route(SNAPSHOTS, id), {}), signal);
  }

  /** Removes a snapshot. */
  async removeSnapshot(id: VolumeId, snapshotId: SnapshotId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(`${SNAPSHOTS}/{sid}`, id, snapshotId)), signal)) ?? 'absent';
  }

  /** Puts the volume back to a snapshot; what came later is lost. */
  async restore(id: VolumeId, timestamp: string, signal: AbortSignal): Promise<void> {
    await this.#http.send(ordering(route(`${ONE}/restore`, id), { restore_point: timestamp }), signal);
  }

  /** Makes a volume with the contents of this one, or of one of its snapshots. It has the same size and no description. */
  clone(id: VolumeId, { timestamp }: { readonly timestamp?: string }, signal: AbortSignal): Promise<Volume> {
    const body = withoutAbsent({ snapshot_timestamp: timestamp });
    return this.#http.send(creating(route(`${ONE}/clone`, id), body, parseVolume), signal);
  }

  /** Adds a policy by which snapshots are made. */
  async addSnapshotPolicy(
    id: VolumeId,
    policy: { readonly frequency: SnapshotFrequency; readonly count: number },
    signal: AbortSignal,
  ): Promise<void> {
    const at = route(`${ONE}/snapshot-policies`, id);
    await this.#http.send({ method: 'POST', ...at, query: policyQuery(policy), parse: parseNothing }, signal);
  }

  /** Ends a policy; the snapshots that it made stay. */
  async removeSnapshotPolicy(id: SnapshotPolicyId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route('/storage/snapshot-policies/{id}', id)), signal)) ?? 'absent';
  }
}
