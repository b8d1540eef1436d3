// The routers of devices: asked for once per device and remembered. Routers change only when a device moves, so what is old is read again
// a few devices at a time, never all at once. Used by PacketSpeakers.
import type { Clock } from '@longshore/reconciler-core';
import type { Bgp, DeviceId } from '@longshore/packet-api';
import type { BgpPeer } from '../load-balancer/announcer.ts';
import { peersOf } from './device-facts.ts';

/** Options of SpeakerPeers. */
export interface SpeakerPeersOptions {
  readonly bgp: Pick<Bgp, 'neighbors'>;
  readonly clock: Clock;
  /** ASN of the routers where the API does not say. */
  readonly usualAsn: number;
}

/** What routers depend on: when it changes, they are asked for again. */
export interface PeerSituation {
  readonly id: DeviceId;
  /** Any text that is the same as long as they need not be read. */
  readonly situation: string;
}

interface Remembered {
  readonly peers: readonly BgpPeer[];
  readonly situation: string;
  /** `undefined`: from the Node's annotations, not read yet by this process. */
  readonly readAtMs: number | undefined;
}

const MAX_AGE_MS = 24 * 3_600_000;
const REREADS_PER_PERIOD = 4;
const PERIOD_MS = 900_000;

/** Routers of devices. */
export class SpeakerPeers {
  readonly #options: SpeakerPeersOptions;
  readonly #known = new Map<DeviceId, Remembered>();
  #rereads = { left: 0, periodStartMs: Number.NEGATIVE_INFINITY };

  constructor(options: SpeakerPeersOptions) {
    this.#options = options;
  }

  /** Takes the word of a Node's annotations, unless more is known. */
  believe({ id, situation }: PeerSituation, peers: readonly BgpPeer[]): void {
    if (!this.#known.has(id)) this.#known.set(id, { peers, situation, readAtMs: undefined });
  }

  /** What is remembered, without a question. */
  known({ id, situation }: PeerSituation): readonly BgpPeer[] | undefined {
    const known = this.#known.get(id);
    return known?.situation === situation ? known.peers : undefined;
  }

  /** The routers; empty while the device has none, `undefined` when the API says that there is no such device. */
  async read(at: PeerSituation, signal: AbortSignal): Promise<readonly BgpPeer[] | undefined> {
    const known = this.#known.get(at.id);
    if (known?.situation === at.situation && !this.#mayReread(known)) return known.peers;
    const neighbors = await this.#options.bgp.neighbors(at.id, signal);
    if (neighbors === undefined) {
      this.#known.delete(at.id);
      return undefined;
    }
    const peers = peersOf(neighbors, this.#options.usualAsn);
    if (peers.length > 0) {
      this.#known.set(at.id, { peers, situation: at.situation, readAtMs: this.#options.clock.monotonicMs() });
    }
    return peers;
  }

  #mayReread({ readAtMs }: Remembered): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (readAtMs !== undefined && nowMs - readAtMs < MAX_AGE_MS) return false;
    if (nowMs - this.#rereads.periodStartMs >= PERIOD_MS)
      this.#rereads = { left: REREADS_PER_PERIOD, periodStartMs: nowMs };
    this.#rereads.left -= 1;
    return this.#rereads.left >= 0;
  }
}
