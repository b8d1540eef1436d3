// The devices of one project as they are known at this moment: the last list, and answers about single devices that are younger than it.
// A device that was just made is in no list for a while, one that was just removed may still be in one: the answer about the device itself
// wins until a list that was begun later shows it, and a new device is kept for the settling time although lists do not have it.
import type { Device, DeviceId } from '@longshore/packet-api';
import type { ServerOwner } from './contract.ts';
import { isLeaving } from './plan-server.ts';
import { isOfCluster, parseServerTags } from './tags.ts';

interface Answer {
  /** Absent: it is gone. */
  readonly device: Device | undefined;
  readonly atMs: number;
}

// Ids are never used twice; what is gone is remembered only so that nobody asks for it again and again.
const GONE_FOR_MS = 3_600_000;

/** Devices by id, attempt and cluster. All times are monotonic. */
export class ServerIndex {
  readonly #holdMs: number;
  readonly #answers = new Map<DeviceId, Answer>();
  readonly #devices = new Map<DeviceId, Device>();
  readonly #byAttempt = new Map<string, Set<DeviceId>>();

  constructor({ holdMs }: { readonly holdMs: number }) {
    this.#holdMs = holdMs;
  }

  /** A whole list that was begun at `begunAtMs`. Returns the attempts whose devices are not what they were. */
  replace(list: readonly Device[], begunAtMs: number): ReadonlySet<string> {
    const listed = new Map(list.map((device) => [device.id, device]));
    const changed = new Set<string>();
    for (const id of new Set([...this.#devices.keys(), ...listed.keys(), ...this.#answers.keys()])) {
      this.#set(id, this.#choose(id, listed.get(id), begunAtMs), changed);
    }
    return changed;
  }

  /** The API has just shown this device. Returns the attempts that are concerned. */
  put(device: Device, nowMs: number): ReadonlySet<string> {
    return this.#answer(device.id, { device, atMs: nowMs });
  }

  /** The API has just said that there is no such device. */
  drop(id: DeviceId, nowMs: number): ReadonlySet<string> {
    return this.#answer(id, { device: undefined, atMs: nowMs });
  }

  /** Whether the API itself said that the device is gone. */
  isKnownGone(id: DeviceId): boolean {
    const answer = this.#answers.get(id);
    return answer !== undefined && answer.device === undefined;
  }

  /** All devices. */
  all(): readonly Device[] {
    return [...this.#devices.values()];
  }

  /** The devices that a memory points to, by id and by attempt. */
  of({ attemptId, deviceId }: { readonly attemptId?: string; readonly deviceId?: DeviceId }): readonly Device[] {
    const ids = new Set(attemptId === undefined ? [] : this.#byAttempt.get(attemptId));
    if (deviceId !== undefined) ids.add(deviceId);
    return [...ids].flatMap((id) => this.#devices.get(id) ?? []);
  }

  /** The devices of a cluster, the oldest first. */
  ofCluster(owner: ServerOwner['cluster']): readonly Device[] {
    const age = ({ createdAt = '', id }: Device): string => `${createdAt} ${id}`;
    return this.all()
      .filter((device) => isOfCluster(device, owner))
      .toSorted((a, b) => (age(a) < age(b) ? -1 : 1));
  }

  #answer(id: DeviceId, answer: Answer): ReadonlySet<string> {
    const changed = new Set<string>();
    this.#answers.set(id, answer);
    this.#set(id, answer.device, changed);
    return changed;
  }

  #choose(id: DeviceId, listed: Device | undefined, begunAtMs: number): Device | undefined {
    const answer = this.#answers.get(id);
    if (answer === undefined || begunAtMs <= answer.atMs) return answer === undefined ? listed : answer.device;
    if (answer.device === undefined) {
      // Lists lag behind removals too.
      if (begunAtMs >= answer.atMs + GONE_FOR_MS) this.#answers.delete(id);
      return undefined;
    }
    const isHeld = listed === undefined && !isLeaving(answer.device) && begunAtMs < answer.atMs + this.#holdMs;
    if (isHeld) return answer.device;
    this.#answers.delete(id);
    return listed;
  }

  #set(id: DeviceId, device: Device | undefined, changed: Set<string>): void {
    const before = this.#devices.get(id);
    if (device === undefined) this.#devices.delete(id);
    else this.#devices.set(id, device);
    const [attemptBefore, attempt] = [before, device].map((one) => one && parseServerTags(one.tags).attemptId);
    if (attemptBefore !== undefined && attemptBefore !== attempt) this.#unlink(attemptBefore, id);
    if (attempt !== undefined) this.#byAttempt.set(attempt, (this.#byAttempt.get(attempt) ?? new Set()).add(id));
    if (looks(before) === looks(device)) return;
    for (const one of [attemptBefore, attempt]) if (one !== undefined) changed.add(one);
  }

  #unlink(attemptId: string, id: DeviceId): void {
    const ids = this.#byAttempt.get(attemptId);
    ids?.delete(id);
    if (ids?.size === 0) this.#byAttempt.delete(attemptId);
  }
}

// What a controller would act on or show.
function looks(device: Device | undefined): string {
  if (device === undefined) return '';
  const { state, hostname, tags, isLocked, provisioningPercentage = null, addresses } = device;
  return JSON.stringify([
    state,
    hostname,
    tags,
    isLocked,
    provisioningPercentage,
    addresses.map(({ address }) => address),
  ]);
}
