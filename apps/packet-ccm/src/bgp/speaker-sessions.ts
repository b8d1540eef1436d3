// Which devices have a BGP session, from one paged list of the project's; a session that is missing is made. Used by PacketSpeakers.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Bgp, DeviceId, ProjectId } from '@longshore/packet-api';

/** Options of SpeakerSessions. */
export interface SpeakerSessionsOptions {
  readonly bgp: Pick<Bgp, 'sessionsOfProject' | 'createSession'>;
  readonly projectId: ProjectId;
  readonly clock: Clock;
}

/** IPv4 sessions of the project's devices. */
export class SpeakerSessions {
  readonly #options: SpeakerSessionsOptions;
  readonly #list: Snapshot<ReadonlySet<DeviceId>>;
  // Made, or found to be there, after the list was read; by the time of that.
  readonly #made = new Map<DeviceId, number>();

  constructor(options: SpeakerSessionsOptions) {
    this.#options = options;
    const { bgp, projectId, clock } = options;
    const load = async (signal: AbortSignal): Promise<ReadonlySet<DeviceId>> => {
      const sessions = await bgp.sessionsOfProject(projectId, signal);
      const ofIpv4 = sessions.filter(({ family }) => family === 'ipv4').map(({ deviceId }) => deviceId);
      return new Set(ofIpv4.filter((id) => id !== undefined));
    };
    this.#list = new Snapshot({ clock, load });
  }

  /** Devices with a session, as a question of its own to each. Rejects when there is no list at all, not even an old one. */
  async read(maxAgeMs: number, signal: AbortSignal): Promise<(id: DeviceId) => boolean> {
    const { value, takenAtMs } = await this.#get(maxAgeMs, signal);
    for (const [id, atMs] of this.#made) if (atMs < takenAtMs) this.#made.delete(id);
    return (id) => value.has(id) || this.#made.has(id);
  }

  /** Makes a session. One that is there already (422) is as good. */
  async make(id: DeviceId, signal: AbortSignal): Promise<void> {
    await this.#options.bgp.createSession(id, { family: 'ipv4' }, signal);
    this.#made.set(id, this.#options.clock.monotonicMs());
  }

  async #get(maxAgeMs: number, signal: AbortSignal): Promise<{ value: ReadonlySet<DeviceId>; takenAtMs: number }> {
    try {
      return await this.#list.get({ maxAgeMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      const last = this.#list.peek();
      if (last) return last;
      throw error;
    }
  }
}
