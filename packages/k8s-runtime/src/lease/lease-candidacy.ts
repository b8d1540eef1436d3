// The standby's side of leader election: watches the Lease, tries to take it when it is free or expired. Where watching is not granted
// (old ClusterRoles) it polls as client-go does.
import type { Clock, Logger } from '@longshore/reconciler-core';
import { jitter, sleep } from '@longshore/reconciler-core';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeLease } from '../client/resource-type.ts';
import type { LeaseAccess } from './lease-access.ts';
import { heldLease, newLease, planCandidate } from './lease-plan.ts';
import type { Candidate } from './lease-plan.ts';

/** What a candidate needs. */
export interface LeaseCandidacyOptions {
  readonly lease: LeaseAccess;
  readonly namespace: string;
  readonly name: string;
  readonly us: Candidate;
  readonly retryPeriodMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

// client-go: every 2 s × [1, 2.2).
const RETRY_JITTER = 1.2;
// Whoever lost a race looks again soon: the winner may be gone as quickly.
const RACE_SHARE = 0.1;

type Attempt = KubeLease | 'held' | 'raced' | 'failed';

/** One replica's attempts to become the leader. */
export class LeaseCandidacy {
  readonly #options: LeaseCandidacyOptions;
  #mayWatch = true;
  #reportedHolder: string | undefined;

  constructor(options: LeaseCandidacyOptions) {
    this.#options = options;
  }

  /** The Lease that we hold from now on; undefined when `signal` aborted first. */
  async acquire(signal: AbortSignal): Promise<KubeLease | undefined> {
    while (!signal.aborted) {
      const attempt = await this.#attempt(signal);
      if (typeof attempt === 'object') return attempt;
      if (attempt === 'failed') await this.#pause(signal);
      if (attempt === 'raced') await this.#pause(signal, RACE_SHARE);
      if (attempt === 'held') await this.#untilWorthTrying(signal);
    }
    return undefined;
  }

  async #attempt(signal: AbortSignal): Promise<Attempt> {
    const { lease, clock, us, log } = this.#options;
    try {
      const found = await lease.read(signal);
      const action = planCandidate(found, lease.seen, { identity: us.identity, nowMs: clock.monotonicMs() });
      if (action.kind === 'create') return await lease.create(newLease(this.#options, us, clock.nowMs()), signal);
      if (action.kind === 'take') return await lease.replace(heldLease(action.lease, us, clock.nowMs()), signal);
      this.#reportHolder(action.holder);
      return 'held';
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 409) return 'raced';
      if (!signal.aborted) log.warn('the lease could not be read or taken', { lease: this.#leaseName(), error });
      return 'failed';
    }
  }

  /** Until the Lease is released, or its holder has not renewed it for its duration; polling: for one period. */
  async #untilWorthTrying(signal: AbortSignal): Promise<void> {
    if (!this.#mayWatch) return this.#pause(signal);
    const round = new AbortController();
    const either = AbortSignal.any([signal, round.signal]);
    const watch = this.#options.lease.watch(either, () => this.#reportHolder(this.#options.lease.seen?.holder));
    const end = await Promise.race([watch, this.#expired(either)]);
    round.abort();
    if (end === 'not-granted') {
      this.#mayWatch = false;
      this.#options.log.verbose(2, 'watching the lease is not granted, polling it', { lease: this.#leaseName() });
    }
    if (end === 'broken' || end === 'not-granted') await this.#pause(signal);
  }

  /** Every renewal that the watch shows moves the expiry. */
  async #expired(signal: AbortSignal): Promise<'expired'> {
    const { lease, clock } = this.#options;
    const leftMs = (): number => (lease.seen?.expiresAtMs ?? 0) - clock.monotonicMs();
    while (!signal.aborted && leftMs() > 0) await sleep(clock, leftMs(), signal).catch(() => {});
    return 'expired';
  }

  async #pause(signal: AbortSignal, share = 1): Promise<void> {
    const { clock, retryPeriodMs, random } = this.#options;
    await sleep(clock, jitter(retryPeriodMs * share, RETRY_JITTER, random), signal).catch(() => {});
  }

  #reportHolder(holder: string | undefined): void {
    if (holder === undefined || holder === this.#reportedHolder) return;
    this.#reportedHolder = holder;
    this.#options.log.info('another replica leads', { lease: this.#leaseName(), holder });
  }

  #leaseName(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }
}
