// Which Services wait for a balancer that is being created, and since when: they look at the shared list more often.
import type { Clock } from '@longshore/reconciler-core';
import { STEADY_MAX_AGE_MS } from './balancer-finder.ts';
import type { BalancerList } from './observe.ts';
import { planPoll } from './poll-plan.ts';
import type { Poll } from './poll-plan.ts';

/** Waiting Services, by UID. */
export class Pending {
  readonly #clock: Clock;
  readonly #list: Pick<BalancerList, 'size' | 'takenAtMs'>;
  readonly #since = new Map<string, number>();

  constructor({ clock, list }: { clock: Clock; list: Pick<BalancerList, 'size' | 'takenAtMs'> }) {
    this.#clock = clock;
    this.#list = list;
  }

  /** How old a list may be for this Service. */
  maxAgeMs(uid: string): number {
    return this.#since.has(uid) ? this.#poll(uid).maxAgeMs : STEADY_MAX_AGE_MS;
  }

  /** The Service waits (still): when to look again. */
  wait(uid: string): number {
    if (!this.#since.has(uid)) this.#since.set(uid, this.#clock.monotonicMs());
    return this.#poll(uid).checkAgainMs;
  }

  /** The Service waits no more. */
  end(uid: string): void {
    this.#since.delete(uid);
  }

  #poll(uid: string): Poll {
    const nowMs = this.#clock.monotonicMs();
    const waitedMs = nowMs - (this.#since.get(uid) ?? nowMs);
    return planPoll(waitedMs, nowMs - this.#list.takenAtMs, this.#list.size);
  }
}
