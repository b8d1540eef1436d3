// When a refused change of size is tried again. DigitalOcean allows one some time after the last (an hour once, a minute since 2023) and
// does not say when: the first pause is a minute, each further one twice as long.
import type { Clock } from '@longshore/reconciler-core';
import type { LoadBalancerId } from '@longshore/digitalocean-api';

const FIRST_MS = 60_000;
const LONGEST_MS = 600_000;

/** A size that has to wait. */
export interface ResizePause {
  readonly refusal: string;
  readonly leftMs: number;
}

interface Refused {
  readonly refusal: string;
  readonly count: number;
  readonly untilMs: number;
}

/** Refused sizes, by balancer. */
export class ResizePauses {
  readonly #clock: Clock;
  readonly #refused = new Map<LoadBalancerId, Refused>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** DigitalOcean has refused. */
  refuse(id: LoadBalancerId, refusal: string): void {
    const count = (this.#refused.get(id)?.count ?? 0) + 1;
    const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (count - 1));
    this.#refused.set(id, { refusal, count, untilMs: this.#clock.monotonicMs() + pauseMs });
  }

  /** The pause that lasts; undefined when the size may be tried. */
  current(id: LoadBalancerId): ResizePause | undefined {
    const refused = this.#refused.get(id);
    const leftMs = (refused?.untilMs ?? 0) - this.#clock.monotonicMs();
    return refused && leftMs > 0 ? { refusal: refused.refusal, leftMs } : undefined;
  }

  /** The size is as wanted, or the balancer gone. */
  forget(id: LoadBalancerId): void {
    this.#refused.delete(id);
  }
}
