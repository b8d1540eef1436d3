// Leader election over one Lease, compatible with client-go's. A standby watches the Lease and takes a released one at once; the leader
// keeps renewing while its work drains, and releases the Lease when the work has ended. Losing it aborts the work and reports 'lost'.
import type { Clock, Counter, Gauge, Logger, Metrics } from '@longshore/reconciler-core';
import { noMetrics } from '@longshore/reconciler-core';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeLease } from '../client/resource-type.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import { LeaseAccess } from './lease-access.ts';
import { LeaseCandidacy } from './lease-candidacy.ts';
import type { Candidate } from './lease-plan.ts';
import { LeaseRenewal } from './lease-renewal.ts';

/** Which Lease, who we are, and the three times of the flags. */
export interface LeaseElectorOptions {
  /** A client of its own name: `client.named('leader-election')`. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events?: EventRecorder | undefined;
  readonly metrics?: Metrics | undefined;
  readonly random?: (() => number) | undefined;
}

/** The leader's work: runs until its signal aborts, then winds down and resolves. */
export type Lead = (signal: AbortSignal) => Promise<void>;

// A leader's health check fails this long after its lease ran out.
const HEALTH_TOLERANCE_MS = 20_000;

/** Competes for the Lease and runs the leader's work while it holds it. */
export class LeaseElector {
  /** The name of the health check. */
  readonly name = 'leaderElection';
  readonly #options: LeaseElectorOptions;
  readonly #us: Candidate;
  readonly #lease: LeaseAccess;
  readonly #masterStatus: Gauge;
  readonly #slowpath: Counter;
  #renewal: LeaseRenewal | undefined;

  constructor(options: LeaseElectorOptions) {
    const { metrics = noMetrics, name, renewDeadlineMs, leaseDurationMs } = options;
    const callTimeoutMs = Math.max(1_000, renewDeadlineMs / 2);
    this.#options = options;
    this.#us = { identity: options.identity, leaseDurationMs };
    this.#lease = new LeaseAccess({ ...options, callTimeoutMs, watchSilenceMs: leaseDurationMs });
    this.#masterStatus = metrics.gauge({
      name: 'leader_election_master_status',
      help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
      labels: ['name'],
    });
    this.#slowpath = metrics.counter({
      name: 'leader_election_slowpath_total',
      help: 'Total number of slow path exercised in renewing leader leases.',
      labels: ['name'],
    });
    this.#masterStatus.set(0, { name });
  }

  /** True while this replica may act. */
  get isLeader(): boolean {
    return this.#renewal !== undefined;
  }

  /** The sentence for the health check: a leader that has not renewed for long after its lease ran out. Standbys are healthy. */
  check(): string | undefined {
    if (!this.#renewal) return undefined;
    const silentMs = this.#options.clock.monotonicMs() - this.#renewal.renewedAtMs;
    if (silentMs <= this.#options.leaseDurationMs + HEALTH_TOLERANCE_MS) return undefined;
    return `failed election to renew leadership on lease ${this.#options.name}`;
  }

  /**
   * Waits for the Lease, then runs `lead` until `signal` aborts ('stopped') or the Lease is lost ('lost', without waiting for `lead`).
   * When `lead` resolves the Lease is released; when it rejects, it is left to run out and the rejection is passed on.
   */
  async run(lead: Lead, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const held = await this.#candidacy().acquire(signal);
    if (!held) return 'stopped';
    this.#renewal = new LeaseRenewal(
      { ...this.#options, lease: this.#lease, us: this.#us, slowpath: this.#slowpath },
      held,
    );
    this.#announce(held, 'became leader');
    this.#masterStatus.set(1, { name: this.#options.name });
    try {
      return await this.#leadAndRenew(lead, this.#renewal, signal);
    } finally {
      this.#renewal = undefined;
      this.#masterStatus.set(0, { name: this.#options.name });
      this.#announce(held, 'stopped leading');
    }
  }

  async #leadAndRenew(lead: Lead, renewal: LeaseRenewal, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const leading = new AbortController();
    const renewing = new AbortController();
    const stop = (): void => leading.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const work = lead(leading.signal);
    const kept = renewal.keep(renewing.signal);
    try {
      const first = await Promise.race([kept, work.then(() => 'work-ended' as const)]);
      if (first === 'lost') return first;
      renewing.abort();
      await kept;
      await renewal.release();
      return 'stopped';
    } finally {
      signal.removeEventListener('abort', stop);
      renewing.abort();
      leading.abort(new Error('leaderelection lost'));
      // After a loss nobody waits for the work, and how it ends is of no interest.
      work.catch(() => {});
    }
  }

  #candidacy(): LeaseCandidacy {
    const { random = Math.random } = this.#options;
    return new LeaseCandidacy({ ...this.#options, lease: this.#lease, us: this.#us, random });
  }

  #announce(lease: KubeLease, what: string): void {
    const { events, identity, log, namespace, name } = this.#options;
    log.info(what, { lease: `${namespace}/${name}`, identity });
    events?.normal(lease, 'LeaderElection', `${identity} ${what}`);
  }
}
