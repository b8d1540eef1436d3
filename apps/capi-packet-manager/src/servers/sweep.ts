// One paged list of a project's devices, shared by all who ask, instead of a question per machine. A list that fails is remembered for a
// while, so that a hundred machines do not repeat it; what it found goes into the index, and what differs is told to listeners.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Device, Devices, ProjectId } from '@longshore/packet-api';
import type { CredentialGate } from './credential-gate.ts';
import { ServerIndex } from './server-index.ts';
import { attemptTag } from './tags.ts';

/** What a sweep needs. */
export interface SweepOptions {
  readonly projectId: ProjectId;
  readonly calls: Pick<Devices, 'list'>;
  readonly gate: CredentialGate;
  readonly clock: Clock;
  /** How long a device that the API has shown is kept although lists do not have it. */
  readonly holdMs: number;
  /** How long a list that failed is not tried again by those who only want to know. */
  readonly failedForMs: number;
  /** Attempts whose devices changed. */
  readonly onChange: (attempts: ReadonlySet<string>) => void;
  /** After each list. */
  readonly onSwept: () => void;
}

/** The devices of one project. */
export class ProjectSweep {
  readonly projectId: ProjectId;
  readonly #options: SweepOptions;
  readonly #index: ServerIndex;
  readonly #snapshot: Snapshot<number>;
  #failure: { readonly error: unknown; readonly atMs: number } | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.projectId = options.projectId;
    this.#index = new ServerIndex({ holdMs: options.holdMs });
    this.#snapshot = new Snapshot({ clock: options.clock, load: (signal) => this.#load(signal) });
  }

  /** What is known now, without asking. */
  get index(): Pick<ServerIndex, 'all' | 'of' | 'ofCluster' | 'isKnownGone'> {
    return this.#index;
  }

  /** Lists now, whatever failed before. */
  async sweep(signal: AbortSignal): Promise<void> {
    await this.#snapshot.get({ maxAgeMs: 0, signal });
  }

  /** Wall clock at the start of a list that is at most so old. Rejects when there is none to be had. */
  async listedAt(maxAgeMs: number, signal: AbortSignal): Promise<number> {
    const { clock, failedForMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#snapshot.peek();
    if (known !== undefined && known.takenAtMs >= nowMs - maxAgeMs) return known.value;
    if (this.#failure !== undefined && nowMs < this.#failure.atMs + failedForMs) throw this.#failure.error;
    return (await this.#snapshot.get({ maxAgeMs, signal })).value;
  }

  /** Asks the API for the devices of one attempt. Wall clock at the start of the list. */
  async lookUp(attemptId: string, signal: AbortSignal): Promise<number> {
    const { calls, gate, clock } = this.#options;
    const listedAtMs = clock.nowMs();
    const devices = await gate.run(() => calls.list(this.projectId, signal, { tag: attemptTag(attemptId) }));
    // A list may still have what the API has said to be gone.
    for (const device of devices) if (!this.#index.isKnownGone(device.id)) this.put(device);
    return listedAtMs;
  }

  /** The API has just shown the device. */
  put(device: Device): void {
    this.#options.onChange(this.#index.put(device, this.#options.clock.monotonicMs()));
  }

  /** The API has just said that it is gone. */
  drop(id: Device['id']): void {
    this.#options.onChange(this.#index.drop(id, this.#options.clock.monotonicMs()));
  }

  async #load(signal: AbortSignal): Promise<number> {
    const { calls, gate, clock, onChange, onSwept } = this.#options;
    const begunAtMs = clock.monotonicMs();
    const listedAtMs = clock.nowMs();
    try {
      const devices = await gate.run(() => calls.list(this.projectId, signal));
      this.#failure = undefined;
      onChange(this.#index.replace(devices, begunAtMs));
      onSwept();
      return listedAtMs;
    } catch (error) {
      if (!signal.aborted) this.#failure = { error, atMs: clock.monotonicMs() };
      throw error;
    }
  }
}
