// Node IDs to devices. Every generation of the Go program had another form: the hostname or an address (v0.0.1, v1.0.0), then the device's
// UUID; nodes that registered long ago keep theirs.
import { isIP } from 'node:net';
import { parseDeviceId } from '@longshore/packet-api';
import type { Device, DeviceId, PacketApi, ProjectId } from '@longshore/packet-api';

/** What the look-up needs. */
export interface NodeIdsOptions {
  readonly api: Pick<PacketApi, 'devices'>;
  readonly projectId: ProjectId;
}

/** Devices by node ID. Remembers what it found: names of machines change rarely, and a wrong memory shows when the device is gone. */
export class NodeIds {
  readonly #options: NodeIdsOptions;
  readonly #known = new Map<string, DeviceId>();

  constructor(options: NodeIdsOptions) {
    this.#options = options;
  }

  /** The device of a node ID; `undefined` when there is none. A UUID is taken as it is, without asking. */
  async deviceOf(nodeId: string, signal: AbortSignal): Promise<DeviceId | undefined> {
    const id = parseNodeId(nodeId);
    if (id !== undefined) return id;
    if (!isHostnameOrAddress(nodeId)) return undefined;
    const known = this.#known.get(nodeId);
    if (known !== undefined) return known;
    const { api, projectId } = this.#options;
    const found = findDevice(nodeId, await api.devices.list(projectId, signal));
    if (found !== undefined) this.#known.set(nodeId, found.id);
    return found?.id;
  }

  /** What is known about a device; `undefined` when it is gone. */
  device(id: DeviceId, signal: AbortSignal): Promise<Device | undefined> {
    return this.#options.api.devices.get(id, signal);
  }

  /** The device of this node ID turned out to be gone: the next question asks anew. True when something was forgotten. */
  forget(nodeId: string): boolean {
    return this.#known.delete(nodeId);
  }

  /** Node IDs under which the device is known, its UUID first. */
  idsOf(id: DeviceId): readonly string[] {
    const others = [...this.#known].filter(([, known]) => known === id).map(([nodeId]) => nodeId);
    return [id, ...others];
  }
}

/** A device's UUID, alone or as the end of a provider ID (`packet://…`). */
export function parseNodeId(nodeId: string): DeviceId | undefined {
  return parseDeviceId(nodeId.replace(/^[a-z]+:\/\//, ''));
}

/** Hostname first, then addresses, as the Go program looked. Several machines with one hostname are no answer. */
export function findDevice(nodeId: string, devices: readonly Device[]): Device | undefined {
  const named = devices.filter(({ hostname }) => hostname === nodeId);
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  return devices.find(({ addresses }) => addresses.some(({ address }) => address === nodeId));
}

function isHostnameOrAddress(nodeId: string): boolean {
  return isIP(nodeId) !== 0 || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(nodeId);
}
