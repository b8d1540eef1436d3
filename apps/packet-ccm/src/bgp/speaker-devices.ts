// The devices of speakers, from one paged list for all of them; what the list does not have, or not whole, is asked for by ID once.
// Used by PacketSpeakers.
import { parallelUntil, Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { DeviceId, Devices, ProjectId } from '@longshore/packet-api';
import { toSpeakerDevice } from './device-facts.ts';
import type { SpeakerDevice } from './device-facts.ts';

/** Options of SpeakerDevices. */
export interface SpeakerDevicesOptions {
  readonly devices: Pick<Devices, 'list' | 'get'>;
  readonly projectId: ProjectId;
  readonly clock: Clock;
}

/** `absent` only when the API itself says that there is no such device; an error is no absence. */
export type DeviceFinding = SpeakerDevice | 'absent' | { readonly error: unknown };

interface Asked {
  readonly finding: SpeakerDevice | 'absent';
  readonly atMs: number;
}

type List = ReadonlyMap<DeviceId, SpeakerDevice>;

const INCLUDE = ['ip_addresses.parent_block'] as const;
// More questions than this, and a new list is cheaper.
const WORTH_A_LIST = 3;
const LIST_IS_NEW_MS = 30_000;
const ASKED_AT_ONCE = 10;
// A device may come into being; one that is there changes as slowly as the list.
const ABSENCE_MAX_AGE_MS = 60_000;

/** Finds devices. */
export class SpeakerDevices {
  readonly #options: SpeakerDevicesOptions;
  readonly #list: Snapshot<List>;
  readonly #asked = new Map<DeviceId, Asked>();

  constructor(options: SpeakerDevicesOptions) {
    this.#options = options;
    const { devices, projectId, clock } = options;
    const load = async (signal: AbortSignal): Promise<List> => {
      const all = await devices.list(projectId, signal, { include: INCLUDE });
      return new Map(all.map((device) => [device.id, toSpeakerDevice(device)]));
    };
    this.#list = new Snapshot({ clock, load });
  }

  /** One finding for each ID. Rejects when there is no list at all, not even an old one. */
  async find(
    ids: readonly DeviceId[],
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<DeviceId, DeviceFinding>> {
    let list = await this.#read(maxAgeMs, signal);
    if (ids.filter((id) => this.#known(id, list, maxAgeMs) === undefined).length > WORTH_A_LIST) {
      list = await this.#read(LIST_IS_NEW_MS, signal);
    }
    const findings = new Map<DeviceId, DeviceFinding>();
    const ask = async (id: DeviceId): Promise<void> => {
      findings.set(id, this.#known(id, list, maxAgeMs) ?? (await this.#ask(id, list, signal)));
    };
    await parallelUntil(new Set(ids), ASKED_AT_ONCE, ask, signal);
    return findings;
  }

  async #read(maxAgeMs: number, signal: AbortSignal): Promise<List> {
    try {
      return (await this.#list.get({ maxAgeMs, signal })).value;
    } catch (error) {
      signal.throwIfAborted();
      const last = this.#list.peek();
      if (last) return last.value;
      throw error;
    }
  }

  #known(id: DeviceId, list: List, maxAgeMs: number): SpeakerDevice | 'absent' | undefined {
    const listed = list.get(id);
    if (listed?.privateNetwork !== undefined) return listed;
    // Layer 2 only: nothing would come of asking.
    if (listed && listed.privateAddress === undefined) return listed;
    const asked = this.#asked.get(id);
    if (asked === undefined) return undefined;
    const isFresh =
      this.#options.clock.monotonicMs() - asked.atMs < (asked.finding === 'absent' ? ABSENCE_MAX_AGE_MS : maxAgeMs);
    if (isFresh) return asked.finding;
    this.#asked.delete(id);
    return undefined;
  }

  async #ask(id: DeviceId, list: List, signal: AbortSignal): Promise<DeviceFinding> {
    const { devices, clock } = this.#options;
    try {
      const atMs = clock.monotonicMs();
      const device = await devices.get(id, signal, INCLUDE);
      const finding = device === undefined ? 'absent' : toSpeakerDevice(device);
      this.#asked.set(id, { finding, atMs });
      return finding;
    } catch (error) {
      signal.throwIfAborted();
      return list.get(id) ?? { error };
    }
  }
}
