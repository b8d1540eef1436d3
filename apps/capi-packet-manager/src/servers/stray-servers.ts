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
  #notedAtMs = 0;

  constructor(isOwned: (device: Device) => boolean) {
    this.#isOwned = isOwned;
  }

  /** Looks at the devices of a list. */
  note(devices: readonly Device[], nowMs: number): void {
    const found = devices.filter((device) => isOfSomeCluster(device) && !isLeaving(device) && !this.#isOwned(device));
    this.#strays = found.map((device) => ({ device, sinceMs: this.#since.get(device.id) ?? nowMs }));
    this.#notedAtMs = nowMs;
    this.#since = new Map(this.#strays.map(({ device, sinceMs }) => [device.id, sinceMs]));
  }

  /** As of the last list, without those that have an owner by now. */
  all(): readonly StrayServer[] {
    return this.#strays.filter(({ device }) => !this.#isOwned(device));
  }

  /** Those that lists have shown for so long: one that was only just ordered has an owner that is not known here yet. */
  lasting(forMs: number): readonly StrayServer[] {
    return this.all().filter(({ sinceMs }) => this.#notedAtMs - sinceMs >= forMs);
  }
}

/** Whether a device has the tag of any cluster. */
export function isOfSomeCluster({ tags }: Pick<Device, 'tags'>): boolean {
  return parseServerTags(tags).cluster !== undefined;
}
