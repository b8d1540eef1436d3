// What balancers exist, seen once for all Services: one paged list, shared by everybody who asks at the same time. Answers to our own
// writes are newer than a list that started before them and are laid over it, so a change needs no list to be known.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { LoadBalancer, LoadBalancerId, LoadBalancers } from '@longshore/digitalocean-api';
import type { BalancerView } from './ownership.ts';

/** The balancers at one time; `takenAtMs` is the monotonic time at which the list began. */
export interface Balancers extends BalancerView {
  readonly takenAtMs: number;
  readonly all: readonly LoadBalancer[];
}

interface Index {
  readonly ids: ReadonlyMap<LoadBalancerId, LoadBalancer>;
  readonly names: ReadonlyMap<string, readonly LoadBalancer[]>;
}

interface Written {
  readonly atMs: number;
  /** Absent: removed. */
  readonly balancer: LoadBalancer | undefined;
}

/** The shared list. */
export class BalancerList {
  readonly #clock: Clock;
  readonly #lists: Snapshot<Index>;
  readonly #written = new Map<LoadBalancerId, Written>();

  constructor({ loadBalancers, clock }: { loadBalancers: Pick<LoadBalancers, 'list'>; clock: Clock }) {
    this.#clock = clock;
    this.#lists = new Snapshot({ clock, load: async (signal) => indexOf(await loadBalancers.list(signal)) });
  }

  /** All balancers of the account; rejects when they cannot be listed. */
  async get(maxAgeMs: number, signal: AbortSignal): Promise<Balancers> {
    const { value, takenAtMs } = await this.#lists.get({ maxAgeMs, signal });
    for (const [id, { atMs }] of this.#written) if (atMs < takenAtMs) this.#written.delete(id);
    return this.#view(value, takenAtMs);
  }

  /** The API has answered a write, or a question by ID, with this. */
  learn(balancer: LoadBalancer): void {
    this.#written.set(balancer.id, { atMs: this.#clock.monotonicMs(), balancer });
  }

  /** The API has said that it is gone. */
  learnGone(id: LoadBalancerId): void {
    this.#written.set(id, { atMs: this.#clock.monotonicMs(), balancer: undefined });
  }

  /** A write has failed and nobody knows what it did: whoever asks from now on gets a list that began later. */
  distrust(): void {
    this.#lists.invalidate();
  }

  /** Which of these a list that begins now still has. */
  async stillThere(ids: readonly LoadBalancerId[], signal: AbortSignal): Promise<readonly LoadBalancerId[]> {
    this.#lists.invalidate();
    const { value } = await this.#lists.get({ maxAgeMs: 0, signal });
    const left = ids.filter((id) => value.ids.has(id));
    for (const id of left) this.#written.delete(id);
    return left;
  }

  /** How many there were when last listed. */
  get size(): number {
    return this.#lists.peek()?.value.ids.size ?? 0;
  }

  /** Monotonic time at which the last list began; long ago when there was none. */
  get takenAtMs(): number {
    return this.#lists.peek()?.takenAtMs ?? -Infinity;
  }

  #view({ ids, names }: Index, takenAtMs: number): Balancers {
    // A copy: what is learned later belongs to later views.
    const written = new Map(this.#written);
    const newer = [...written.values()].flatMap(({ balancer }) => (balancer ? [balancer] : []));
    const isOld = ({ id }: LoadBalancer): boolean => !written.has(id);
    return {
      takenAtMs,
      byId: (id) => (written.has(id) ? written.get(id)?.balancer : ids.get(id)),
      byName: (name) => [
        ...(names.get(name) ?? []).filter(isOld),
        ...newer.filter((balancer) => balancer.name === name),
      ],
      get all() {
        return [...[...ids.values()].filter(isOld), ...newer];
      },
    };
  }
}

function indexOf(balancers: readonly LoadBalancer[]): Index {
  return {
    ids: new Map(balancers.map((balancer) => [balancer.id, balancer])),
    names: Map.groupBy(balancers, ({ name }) => name),
  };
}
