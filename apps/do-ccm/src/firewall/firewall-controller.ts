// The public access firewall: lets traffic from outside reach the ports of Services on the cluster's droplets. One queue with one key; Services
// that change, the drift check and failures only add the key. A pass observes, plans, applies, and remembers nothing that a restart
// would need.
import type { OtherPlan } from '@longshore/cloud-provider';
import type { EventRecorder, KubeService } from '@longshore/k8s-runtime';
import {
  backoff,
  Controller,
  dispositionOf,
  exponentialBackoff,
  messageOf,
  OperatorError,
  periodic,
  settled,
} from '@longshore/reconciler-core';
import type {
  Change,
  Clock,
  Disposition,
  Logger,
  Metrics,
  Outcome,
  Runnable,
  Source,
} from '@longshore/reconciler-core';
import { applyFirewallStep } from './apply.ts';
import { decideFirewall } from './decide.ts';
import type { FirewallDecision, FirewallSources } from './decide.ts';
import type { FirewallSettings } from './desired.ts';
import { measuredCalls } from './measured-calls.ts';
import type { FirewallCalls } from './measured-calls.ts';
import { FirewallFinder } from './observe.ts';
import { describeFirewallStep } from './plan.ts';
import type { FirewallStep } from './plan.ts';
import { firewallMeter } from './reconcile-metrics.ts';
import type { FirewallMeter, PassResult } from './reconcile-metrics.ts';
import { relevantText } from './service-rules.ts';
import { FirewallTold } from './told.ts';

/** What the firewall is made of. */
export interface PublicAccessFirewallOptions extends Pick<FirewallSources, 'defaultType' | 'balancers'> {
  readonly settings: FirewallSettings;
  readonly calls: FirewallCalls;
  /** `--public-access-firewall-sync-period`: how often it is compared although nothing has changed. */
  readonly syncPeriodMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** What the cluster offers; there once this process leads. */
export interface FirewallCluster {
  readonly services: { list(): readonly KubeService[] };
  readonly serviceChanges?: Source<KubeService> | undefined;
  readonly events: EventRecorder;
}

interface PassSurroundings extends Pick<FirewallCluster, 'services'> {
  readonly told: FirewallTold;
  readonly isAfterFailure: boolean;
}

/** Name of the controller in log, metrics and `plan`. */
export const FIREWALL_CONTROLLER = 'firewall-controller';

const KEY = 'service';
const COALESCE_MS = 1_000;
const PASS_TIMEOUT_MS = 30_000;
// A firewall that vanishes between look-up and PUT is looked for once more at once.
const ROUNDS = 2;

/** Keeps one firewall of DigitalOcean in line with the Services of the cluster. */
export class PublicAccessFirewall {
  readonly #options: PublicAccessFirewallOptions;
  readonly #calls: FirewallCalls;
  readonly #finder: FirewallFinder;
  readonly #meter: FirewallMeter;

  constructor(options: PublicAccessFirewallOptions) {
    const { calls, metrics, clock, settings } = options;
    this.#options = options;
    this.#calls = measuredCalls(calls, metrics, clock);
    this.#finder = new FirewallFinder(this.#calls, settings.name);
    this.#meter = firewallMeter(metrics, clock);
  }

  /** The loop, for `context.keepRunning`. */
  controller(cluster: FirewallCluster): Runnable {
    const { clock, metrics, syncPeriodMs } = this.#options;
    const log = this.#options.log.child({ name: FIREWALL_CONTROLLER });
    const told = new FirewallTold({ events: cluster.events, log, name: this.#options.settings.name });
    const controller = new Controller<typeof KEY>({
      name: FIREWALL_CONTROLLER,
      workers: 1,
      limiter: exponentialBackoff({ baseMs: 1_000, capMs: 300_000 }),
      classify: classifyFirewall,
      reconcile: (_key, run) => this.#reconcile({ ...cluster, told, isAfterFailure: run.attempt > 1 }, run.signal),
      clock,
      log,
      metrics,
    });
    if (cluster.serviceChanges) {
      controller.watch(cluster.serviceChanges, (change) => {
        // Not at once: a burst of changes is one pass.
        if (isNews(change)) controller.enqueueAfter(KEY, COALESCE_MS);
        return [];
      });
    }
    const work = (): Promise<void> => Promise.resolve(controller.enqueue(KEY));
    const rhythm = { everyMs: syncPeriodMs, countFrom: 'end', immediately: false, clock, log } as const;
    const driftCheck = periodic({ name: 'firewall drift check', ...rhythm, work });
    return {
      name: FIREWALL_CONTROLLER,
      async run(signal) {
        // One pass also without any Service, and together with those that are there at the start.
        controller.enqueueAfter(KEY, COALESCE_MS);
        await Promise.all([controller.run(signal), driftCheck.run(signal)]);
      },
    };
  }

  /** What a pass would do now, for `plan` and dry runs. */
  async plan(services: readonly KubeService[], signal: AbortSignal): Promise<OtherPlan> {
    const about = { subject: { kind: 'Firewall', name: this.#options.settings.name }, controller: FIREWALL_CONTROLLER };
    try {
      const { step, problems } = await this.#decide(services, false, signal);
      return { ...about, steps: step ? [plannedStep(step)] : [], problems };
    } catch (error) {
      signal.throwIfAborted();
      return { ...about, steps: [], unknown: [`looking at the firewall failed: ${messageOf(error)}`] };
    }
  }

  async #reconcile(around: PassSurroundings, signal: AbortSignal): Promise<Outcome> {
    const { clock, settings } = this.#options;
    const limit = new AbortController();
    const tooLong = new OperatorError(
      'CLOUD_CALL_TIMEOUT',
      `a pass over the firewall ${settings.name} took longer than ${PASS_TIMEOUT_MS / 1000} s and was given up`,
      backoff,
    );
    const cancel = clock.after(PASS_TIMEOUT_MS, () => limit.abort(tooLong));
    try {
      const either = AbortSignal.any([signal, limit.signal]);
      await this.#meter.pass(() => this.#pass(around, either));
      return settled;
    } finally {
      cancel();
    }
  }

  async #pass({ services, told, isAfterFailure }: PassSurroundings, signal: AbortSignal): Promise<PassResult> {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const { step, problems, wanted } = await this.#decide(services.list(), isAfterFailure, signal);
      told.problems(problems);
      if (!step) {
        told.inLine(wanted);
        return 'skipped';
      }
      const now = await applyFirewallStep(step, this.#calls, signal);
      this.#finder.learn(now);
      if (now) {
        told.applied(step, now.id, wanted);
        return 'reconciled';
      }
    }
    const { name } = this.#options.settings;
    throw new OperatorError('FIREWALL_VANISHED', `the firewall ${name} is gone whenever it shall be changed`, backoff);
  }

  #decide(services: readonly KubeService[], isAfterFailure: boolean, signal: AbortSignal): Promise<FirewallDecision> {
    const find: FirewallSources['find'] = (either) => this.#meter.sync(either, () => this.#finder.find(either));
    return decideFirewall(services, { ...this.#options, find, isAfterFailure }, signal);
  }
}

// A firewall that the API refuses (a tag that does not exist yet) may be accepted later without any change of a Service.
function classifyFirewall(error: unknown): Disposition {
  const disposition = dispositionOf(error);
  return disposition.retry === 'after' ? disposition : backoff;
}

function isNews(change: Change<KubeService>): boolean {
  const now = relevantText(change.object);
  return change.kind === 'updated' ? now !== relevantText(change.before) : now !== '';
}

function plannedStep(step: FirewallStep): OtherPlan['steps'][number] {
  const { kind, ...detail } = step;
  return { kind, ...describeFirewallStep(step), detail };
}
