// Second layer, attaching: which device, whether it has the volume already, and what a refusal of the API means.
import type { DeviceId, Volume, VolumeAttachment, VolumeId } from '@longshore/packet-api';
import { sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { CsiError, failedPrecondition, notFound } from '../server/csi-error.ts';
import type { WorkSignals } from './joined-work.ts';
import type { NodeIds } from './node-ids.ts';
import type { Attached, PacketVolumes } from './packet-volumes.ts';
import type { AttachedVolume } from './volumes.ts';

/** What attaching needs. */
export interface AttachmentsOptions {
  readonly steps: PacketVolumes;
  readonly nodes: NodeIds;
  readonly clock: Clock;
  readonly log: Logger;
  /** Volumes that a device may have; 0: no limit. */
  readonly volumeLimit: number;
}

// The backend sees the end of a session some seconds late.
const BUSY_PAUSE_MS = 2_000;

/** Attaches and detaches. */
export class Attachments {
  readonly #options: AttachmentsOptions;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** The volume with its attachment to the node. */
  async attach(id: VolumeId, nodeId: string, signals: WorkSignals): Promise<AttachedVolume> {
    const { steps, nodes } = this.#options;
    const found = await steps.get(id, signals.signal);
    if (found === undefined) throw noVolume(id);
    const deviceId = await nodes.deviceOf(nodeId, signals.signal);
    if (deviceId === undefined) throw notFound(`node ${nodeId}: no device has this ID, hostname or address`);
    const there = found.attachments.find((one) => one.deviceId === deviceId);
    if (there !== undefined) return { volume: found, attachment: there };
    const [other] = found.attachments;
    if (other !== undefined) throw await this.#elsewhere(id, other.deviceId, signals.signal);
    await this.#checkLimit(deviceId, signals.signal);
    const volume = await steps.untilActive(found, signals);
    if (volume === undefined) throw noVolume(id);
    const attached = await steps.attach(id, deviceId, signals.signal);
    return { volume, attachment: await this.#settle(attached, { volume, deviceId, nodeId }, signals) };
  }

  /** The volume is not attached to the node afterwards; to no node when the ID is empty. */
  async detach(id: VolumeId, nodeId: string, signals: WorkSignals): Promise<void> {
    const { steps, nodes, log } = this.#options;
    const volume = await steps.get(id, signals.signal);
    if (volume === undefined || volume.attachments.length === 0) return;
    const deviceId = nodeId === '' ? undefined : await nodes.deviceOf(nodeId, signals.signal);
    if (nodeId !== '' && deviceId === undefined) {
      log.warn('a node that no device is known for: nothing to detach', { volume: id, node: nodeId });
      return;
    }
    const ours = volume.attachments.filter((one) => deviceId === undefined || one.deviceId === deviceId);
    for (const attachment of ours) await this.#detachOne(attachment, signals);
  }

  async #detachOne({ id }: VolumeAttachment, { signal, wanted }: WorkSignals): Promise<void> {
    const { steps, clock } = this.#options;
    while ((await steps.detach(id, signal)) === 'busy') await sleep(clock, BUSY_PAUSE_MS, wanted);
  }

  async #settle(
    attached: Attached,
    on: { readonly volume: Volume; readonly deviceId: DeviceId; readonly nodeId: string },
    { signal }: WorkSignals,
  ): Promise<VolumeAttachment> {
    const { volume } = on;
    switch (attached.kind) {
      case 'attached':
        return attached.attachment;
      case 'elsewhere':
        throw await this.#elsewhere(volume.id, attached.deviceId, signal);
      case 'absent':
        throw await this.#absent(on, signal);
      case 'refused':
        throw (await this.#wrongPlace(on, signal)) ?? attached.error;
    }
  }

  async #wrongPlace(
    { volume, deviceId, nodeId }: { readonly volume: Volume; readonly deviceId: DeviceId; readonly nodeId: string },
    signal: AbortSignal,
  ): Promise<CsiError | undefined> {
    const device = await this.#options.nodes.device(deviceId, signal);
    const place = device?.facility?.code;
    const own = volume.facility?.code;
    if (place === undefined || own === undefined || place === own) return undefined;
    const text = `volume ${volume.id} is in facility ${own}, node ${nodeId} is in facility ${place}`;
    return failedPrecondition(`${text}: a volume can be used in its own facility only`);
  }

  async #absent(
    { volume, deviceId, nodeId }: { readonly volume: Volume; readonly deviceId: DeviceId; readonly nodeId: string },
    signal: AbortSignal,
  ): Promise<CsiError> {
    const { nodes, steps } = this.#options;
    if ((await steps.get(volume.id, signal)) === undefined) return noVolume(volume.id);
    // A name that moved to another machine since it was looked up.
    if (nodes.forget(nodeId))
      return new CsiError('ABORTED', `device ${deviceId} of node ${nodeId} is gone: repeat the call`);
    return notFound(`node ${nodeId}: there is no device ${deviceId}`);
  }

  async #elsewhere(id: VolumeId, deviceId: DeviceId | undefined, signal: AbortSignal): Promise<CsiError> {
    const device = deviceId && (await this.#options.nodes.device(deviceId, signal).catch(() => undefined));
    const name = device ? `${device.hostname} (${device.id})` : (deviceId ?? 'another node');
    return failedPrecondition(`volume ${id} is attached to ${name}: it has to be detached from there first`);
  }

  async #checkLimit(deviceId: DeviceId, signal: AbortSignal): Promise<void> {
    const { volumeLimit, nodes } = this.#options;
    if (volumeLimit === 0) return;
    const device = await nodes.device(deviceId, signal);
    if (device === undefined || device.volumeIds.length < volumeLimit) return;
    const text = `device ${deviceId} has ${device.volumeIds.length} volumes`;
    throw new CsiError('RESOURCE_EXHAUSTED', `${text}, and --volume-limit is ${volumeLimit}`);
  }
}

/** 5: there is no such volume. */
export function noVolume(id: string): CsiError {
  return notFound(`there is no volume ${id}`);
}
