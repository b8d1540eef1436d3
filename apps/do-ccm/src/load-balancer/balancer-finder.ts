// Finds the balancer of a Service: from the shared list, and by a question of its own where the list does not have an annotated ID. An
// error of either never reads as "there is none".
import type { KubeService } from '@longshore/k8s-runtime';
import type { Logger } from '@longshore/reconciler-core';
import type { LoadBalancer, LoadBalancerId, LoadBalancers } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';
import { idKey, nameKey, nameOf } from './evidence.ts';
import type { Holdings } from './holdings.ts';
import type { BalancerList } from './observe.ts';
import { identify, ownedBy } from './ownership.ts';
import type { Identity, IdentityFacts } from './ownership.ts';
import { nameOfService, uidOf } from './service-facts.ts';

/** Whose balancer is looked for. */
export interface Wanted {
  readonly service: KubeService;
  readonly settings: Settings;
}

/** An identity that is settled. */
export type FoundIdentity = Exclude<Identity, { kind: 'ask' }>;

/** Options of BalancerFinder. */
export interface BalancerFinderOptions {
  readonly calls: Pick<LoadBalancers, 'get'>;
  readonly list: BalancerList;
  /** All Services of the cluster. */
  readonly services: () => readonly KubeService[];
  readonly clusterTag: string | undefined;
  readonly holdings: Holdings;
  readonly log: Logger;
}

/** A list this old still says what exists; our own writes are laid over it. */
export const STEADY_MAX_AGE_MS = 10_000;

/** Looks for balancers. */
export class BalancerFinder {
  readonly #options: BalancerFinderOptions;

  constructor(options: BalancerFinderOptions) {
    this.#options = options;
  }

  /** The balancer of a Service, as `find`; from now on it, and its name, are this Service's also for other workers. */
  async findAndHold(wanted: Wanted, maxAgeMs: number, signal: AbortSignal): Promise<FoundIdentity> {
    return (await this.#survey(wanted, maxAgeMs, signal, (identity) => this.#hold(wanted, identity))).identity;
  }

  /** The balancer of a Service, from a list of at most this age. */
  async find(wanted: Wanted, maxAgeMs: number, signal: AbortSignal): Promise<FoundIdentity> {
    return (await this.#survey(wanted, maxAgeMs, signal)).identity;
  }

  /** What a removal has to remove. Nothing only when a list that began now shows nothing. */
  async findOwned(wanted: Wanted, signal: AbortSignal): Promise<readonly LoadBalancer[]> {
    for (const maxAgeMs of [STEADY_MAX_AGE_MS, 0]) {
      const { identity, facts } = await this.#survey(wanted, maxAgeMs, signal);
      const owned = ownedBy(facts);
      if (owned.length > 0) return owned;
      if (identity.kind === 'foreign' && maxAgeMs === 0) this.#tellLeftAlone(wanted.service, identity);
    }
    return [];
  }

  async #survey(
    wanted: Wanted,
    maxAgeMs: number,
    signal: AbortSignal,
    settle: (identity: FoundIdentity) => void = () => {},
  ): Promise<{ readonly identity: FoundIdentity; readonly facts: IdentityFacts }> {
    let facts = await this.#facts(wanted, { maxAgeMs, isIdGone: false }, signal);
    let identity = identify(facts);
    if (identity.kind === 'ask') {
      const isIdGone = !(await this.#exists(identity.id, signal));
      facts = await this.#facts(wanted, { maxAgeMs: STEADY_MAX_AGE_MS, isIdGone }, signal);
      identity = identify(facts);
    }
    // Once answered, a second "ask" cannot come; if it did, nothing may be concluded from it.
    if (identity.kind === 'ask') throw new Error(`load balancer ${identity.id} was answered and is not known`);
    // At once: no other worker may come between the decision and the note of it.
    settle(identity);
    return { identity, facts };
  }

  #hold({ service, settings }: Wanted, identity: FoundIdentity): void {
    const { holdings } = this.#options;
    const isRefused = identity.kind === 'foreign' || (identity.kind === 'absent' && identity.nameTakenBy);
    if (isRefused) return holdings.release(uidOf(service));
    const name = identity.nameTakenBy ? [] : [nameKey(nameOf(service, settings))];
    holdings.hold(uidOf(service), identity.kind === 'own' ? [idKey(identity.balancer.id), ...name] : name);
  }

  async #facts(
    { service, settings }: Wanted,
    { maxAgeMs, isIdGone }: { readonly maxAgeMs: number; readonly isIdGone: boolean },
    signal: AbortSignal,
  ): Promise<IdentityFacts> {
    const { list, services, clusterTag, holdings: holders } = this.#options;
    const view = await list.get(maxAgeMs, signal);
    return { service, settings, view, services: services(), clusterTag, isIdGone, holders };
  }

  async #exists(id: LoadBalancerId, signal: AbortSignal): Promise<boolean> {
    const { calls, list } = this.#options;
    const balancer = await calls.get(id, signal);
    if (balancer) list.learn(balancer);
    else list.learnGone(id);
    return balancer !== undefined;
  }

  #tellLeftAlone(service: KubeService, { balancer, reason }: Extract<Identity, { kind: 'foreign' }>): void {
    this.#options.log.warn('load balancer left alone', {
      service: nameOfService(service),
      id: balancer.id,
      name: balancer.name,
      reason,
    });
  }
}
