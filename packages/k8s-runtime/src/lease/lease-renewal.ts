// The leader's side of leader election: renews the Lease, notices its loss, releases it. A renewal is one PUT of the remembered object;
// only when that fails the Lease is read again (the "slow path" of client-go's metric).
import type { Clock, Counter, Logger } from '@longshore/reconciler-core';
import { abortable, sleep } from '@longshore/reconciler-core';
import { isConflict } from '../client/kube-api-error.ts';
import type { KubeLease } from '../client/resource-type.ts';
import type { LeaseAccess } from './lease-access.ts';
import { heldLease, newLease, planLeader, planRelease, releasedLease } from './lease-plan.ts';
import type { Candidate } from './lease-plan.ts';

/** What a leader needs. */
export interface LeaseRenewalOptions {
  readonly lease: LeaseAccess;
  readonly namespace: string;
  readonly name: string;
  readonly us: Candidate;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly slowpath: Counter;
}

const RELEASE_LIMIT_MS = 2_000;
const RELEASE_TRIES = 5;

/** Keeps one held Lease. */
export class LeaseRenewal {
  readonly #options: LeaseRenewalOptions;
  #held: KubeLease;
  #renewedAtMs: number;

  constructor(options: LeaseRenewalOptions, held: KubeLease) {
    this.#options = options;
    this.#held = held;
    this.#renewedAtMs = options.clock.monotonicMs();
  }

  /** When the last successful renewal was started, on the monotonic clock. */
  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  /** Renews until `signal` aborts ('stopped') or the Lease is lost. */
  async keep(signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const { clock, retryPeriodMs } = this.#options;
    for (;;) {
      await sleep(clock, retryPeriodMs, signal).catch(() => {});
      if (signal.aborted) return 'stopped';
      // A blocked event loop eats into the time that the lease still holds: a renewal must not hang beyond it, or two would lead.
      const leftMs = this.#untilDeadlineMs();
      if (leftMs <= 0) return this.#lost('the event loop was blocked past the renew deadline');
      const problem = await this.#renewWithin(leftMs, signal);
      if (signal.aborted) return 'stopped';
      if (problem !== undefined) return this.#lost(problem);
    }
  }

  /** Empties the holder so that a standby takes over at once. Failing is no harm: the Lease then runs out by itself. */
  async release(): Promise<void> {
    const { clock, log } = this.#options;
    const limit = new AbortController();
    const cancel = clock.after(RELEASE_LIMIT_MS, () => limit.abort(new Error('releasing took too long')));
    try {
      await abortable(this.#release(limit.signal), limit.signal);
      log.info('lease released', { lease: this.#leaseName() });
    } catch (error) {
      log.warn('the lease could not be released and runs out by itself', { lease: this.#leaseName(), error });
    } finally {
      cancel();
    }
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { lease, us, clock } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const action = planRelease(await lease.read(signal), us.identity);
        if (action.kind === 'release') await lease.replace(releasedLease(action.lease, clock.nowMs()), signal);
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= RELEASE_TRIES) throw error;
      }
    }
  }

  /** The reason why the Lease is lost, or undefined after a success. */
  async #renewWithin(limitMs: number, signal: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(limitMs, () => deadline.abort(new Error('renew deadline')));
    const either = AbortSignal.any([signal, deadline.signal]);
    try {
      return await abortable(this.#renewUntilDone(either), either);
    } catch (error) {
      if (error !== either.reason) throw error;
      return `no renewal succeeded within ${limitMs / 1_000} s`;
    } finally {
      cancel();
    }
  }

  async #renewUntilDone(signal: AbortSignal): Promise<string | undefined> {
    const { clock, retryPeriodMs, log } = this.#options;
    for (let isQuick = true; ; isQuick = false) {
      signal.throwIfAborted();
      const startedMs = clock.monotonicMs();
      try {
        const holder = await this.#renewOnce(isQuick, signal);
        if (holder !== undefined) return `${holder} has taken it`;
        this.#renewedAtMs = startedMs;
        return undefined;
      } catch (error) {
        signal.throwIfAborted();
        log.verbose(2, 'renewing the lease failed', { lease: this.#leaseName(), isQuick, error });
      }
      // The quick try costs nothing to repeat the careful way at once.
      if (!isQuick) await sleep(clock, retryPeriodMs, signal);
    }
  }

  /** Renews; the name of the new holder when that is somebody else. */
  async #renewOnce(isQuick: boolean, signal: AbortSignal): Promise<string | undefined> {
    const { lease, us, clock, slowpath, name } = this.#options;
    if (isQuick) {
      this.#held = await lease.replace(heldLease(this.#held, us, clock.nowMs()), signal);
      return undefined;
    }
    const action = planLeader(await lease.read(signal), us.identity);
    if (action.kind === 'step-down') return action.holder;
    slowpath.inc({ name });
    const wallMs = clock.nowMs();
    this.#held =
      action.kind === 'create'
        ? await lease.create(newLease(this.#options, us, wallMs), signal)
        : await lease.replace(heldLease(action.lease, us, wallMs), signal);
    return undefined;
  }

  #untilDeadlineMs(): number {
    const { clock, renewDeadlineMs, retryPeriodMs, us } = this.#options;
    const silentMs = clock.monotonicMs() - this.#renewedAtMs;
    return Math.min(renewDeadlineMs, Math.min(us.leaseDurationMs, renewDeadlineMs + retryPeriodMs) - silentMs);
  }

  #lost(reason: string): 'lost' {
    this.#options.log.error('the lease is lost', { lease: this.#leaseName(), reason });
    return 'lost';
  }

  #leaseName(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }
}
