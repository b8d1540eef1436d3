// Devices with the tag of a cluster that nobody owns, and since when. Only reported: a stray may be another manager's, so nobody removes it.
import type { Device, DeviceId } from '@longshore/packet-api';
import type { StrayServer } from './contract.ts';
import { isLeaving } from './plan-server.ts';
import { parseServerTags } from './tags.ts';

/** Remembers since when devices have been without owner. */
export class StrayServers {
  readonly #isOwned: (device: Device) => boolean;
  #since = new Map<DeviceId, number>();
  #strays: readonly StrayServer[] = [];

  constructor(isOwned: (device: Device) => boolean) {
    this.#isOwned = isOwned;
  }

  /** Looks at the devices of a list. */
  note(devices: readonly Device[], nowMs: number): void {
    const found = devices.filter((device) => isOfSomeCluster(device) && !isLeaving(device) && !this.#isOwned(device));
    this.#strays = found.map((device) => ({ device, sinceMs: this.#since.get(device.id) ?? nowMs }));
    this.#since = new Map(this.#strays.map(({ device, sinceMs }) => [device.id, sinceMs]));
  }

  /** As of the last list, without those that have an owner by now. */
  all(): readonly StrayServer[] {
    return this.#strays.filter(({ device }) => !this.#isOwned(device));
  }
}

/** Whether a device has the tag of any cluster. */
export function isOfSomeCluster({ tags }: Pick<Device, 'tags'>): boolean {
  return parseServerTags(tags).cluster !== undefined;
}
