// Speakers and announcer as the load balancers see them, with a memory: which Services are announced, and by which Nodes. A slow loop asks
// the speakers again, so that an ASN, a password or an address that was changed in the cloud reaches the Nodes and those who announce,
// although nothing changed in the cluster. The load balancers ask for changes of Services and Nodes themselves.
import { KeyedLock, messageOf, periodic } from '@longshore/reconciler-core';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import type { Announcement, Announcer, ServiceName, Speakers, SpeakersResult } from '../load-balancer/announcer.ts';
import { RESYNC_MS } from './speakers.ts';

/** Options of KeptAnnouncing. */
export interface KeptAnnouncingOptions {
  readonly speakers: Speakers;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Remembers what it passes on. */
export class KeptAnnouncing {
  readonly speakers: Speakers;
  readonly announcer: Announcer;
  /** Asks and announces again. */
  readonly loop: Runnable;
  readonly #options: KeptAnnouncingOptions;
  readonly #kept = new Map<string, Announcement>();
  // What the loop announces must not come after a withdrawal.
  readonly #lock = new KeyedLock<string>();
  #nodeNames: readonly string[] = [];

  constructor(options: KeptAnnouncingOptions) {
    this.#options = options;
    const { speakers, announcer, clock, log } = options;
    this.speakers = {
      ready: (nodeNames, signal) => {
        this.#nodeNames = nodeNames;
        return speakers.ready(nodeNames, signal);
      },
      ...(speakers.preview ? { preview: speakers.preview.bind(speakers) } : {}),
      maxPrefixes: (signal) => speakers.maxPrefixes(signal),
    };
    this.announcer = {
      announce: (announcement, signal) => this.#announce(announcement, signal),
      withdraw: (service, signal) => this.#withdraw(service, signal),
      preview: (announcement, signal) => announcer.preview(announcement, signal),
      ...(announcer.withdrawAddresses ? { withdrawAddresses: announcer.withdrawAddresses.bind(announcer) } : {}),
    };
    const work = (signal: AbortSignal): Promise<void> => this.resync(signal);
    const times = { everyMs: RESYNC_MS, countFrom: 'end', immediately: false } as const;
    this.loop = periodic({ name: 'BGP resync', ...times, clock, log, work });
  }

  /** One round. A Service that fails does not stop the others; the next round has it again. */
  async resync(signal: AbortSignal): Promise<void> {
    if (this.#kept.size === 0) return;
    const { speakers, log } = this.#options;
    const found = await speakers.ready(this.#nodeNames, signal);
    for (const change of found.changes) log.info('BGP of nodes changed', { change });
    for (const key of [...this.#kept.keys()]) await this.#repeat(key, found, signal);
  }

  #announce(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const key = keyOf(announcement.service);
    const work = (): Promise<readonly string[]> => {
      // Before the attempt: what failed half way is worth another one.
      this.#kept.set(key, announcement);
      return this.#options.announcer.announce(this.#withCompanions(announcement), signal);
    };
    return this.#lock.run(key, work, signal);
  }

  #withdraw(service: ServiceName, signal: AbortSignal): Promise<readonly string[]> {
    const key = keyOf(service);
    const work = (): Promise<readonly string[]> => {
      this.#kept.delete(key);
      return this.#options.announcer.withdraw(service, signal);
    };
    return this.#lock.run(key, work, signal);
  }

  // All Services are announced by the same Nodes.
  #withCompanions(announcement: Announcement): Announcement {
    const own = keyOf(announcement.service);
    const companions = [...this.#kept].flatMap(([key, { service }]) => (key === own ? [] : [service]));
    return companions.length === 0 ? announcement : { ...announcement, companions };
  }

  async #repeat(key: string, found: SpeakersResult, signal: AbortSignal): Promise<void> {
    const { announcer, log } = this.#options;
    const work = async (): Promise<void> => {
      const kept = this.#kept.get(key);
      if (kept === undefined) return;
      const announcement = withSpeakers(kept, found);
      this.#kept.set(key, announcement);
      const changes = await announcer.announce(this.#withCompanions(announcement), signal);
      if (changes.length > 0) log.info('service announced anew', { service: key, changes });
    };
    try {
      await this.#lock.run(key, work, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.warn('service could not be announced anew', { service: key, reason: messageOf(error) });
    }
  }
}

function withSpeakers({ service, addresses }: Announcement, { speakers, notReady }: SpeakersResult): Announcement {
  return { service, addresses, speakers, unknownNodes: notReady.map(({ nodeName }) => nodeName) };
}

function keyOf({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`;
}
