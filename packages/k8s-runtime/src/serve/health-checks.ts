// The health checks of a program and their pages: /healthz, /livez, /readyz, each also for a single check. Answers look as Kubernetes'.
import type { Clock, Counter, Gauge, Logger, Metrics } from '@longshore/reconciler-core';
import { messageOf, sleep } from '@longshore/reconciler-core';
import { toHealthAnswer, toSingleAnswer } from './health-answer.ts';
import type { CheckResult } from './health-answer.ts';
import type { Page, PageAnswer, PageRequest, Pages } from './page.ts';

/** The three endpoints: is it well (restart or page somebody), is it alive (restart), can it do its work (wait). */
export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

/** One check: a sentence about the problem, or undefined. Slow checks count as failed. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined | Promise<string | undefined>;
}

/** What the checks need. */
export interface HealthChecksOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Results go to these metrics: those of the page /metrics/slis. */
  readonly sliMetrics: Metrics;
}

const CHECK_LIMIT_MS = 5_000;

/** Checks by endpoint, in the order in which they were added. */
export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #checks: Record<HealthEndpoint, HealthCheck[]> = { healthz: [], livez: [], readyz: [] };
  readonly #state: Gauge;
  readonly #total: Counter;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
    this.#state = options.sliMetrics.gauge({
      name: 'kubernetes_healthcheck',
      help: 'This metric records the result of a single healthcheck.',
      labels: ['name', 'type'],
    });
    this.#total = options.sliMetrics.counter({
      name: 'kubernetes_healthchecks_total',
      help: 'This metric records the results of all healthcheck.',
      labels: ['name', 'type', 'status'],
    });
  }

  /** Adds a check, also while the program runs (a controller adds its own when it starts). */
  add(check: HealthCheck, on: readonly HealthEndpoint[] = ['healthz']): this {
    for (const endpoint of on) this.#checks[endpoint].push(check);
    return this;
  }

  /** The pages of all three endpoints. */
  pages(): Pages {
    const pages: Record<string, Page> = {};
    for (const endpoint of ['healthz', 'livez', 'readyz'] as const) {
      pages[`/${endpoint}`] = (request) => this.#answer(endpoint, request);
      pages[`/${endpoint}/`] = (request) => this.#answerOne(endpoint, request);
    }
    return pages;
  }

  async #answer(endpoint: HealthEndpoint, { query }: PageRequest): Promise<PageAnswer> {
    const excluded = new Set(query.getAll('exclude'));
    const checks = this.#checks[endpoint].filter(({ name }) => !excluded.has(name));
    const results = await Promise.all(checks.map((check) => this.#run(endpoint, check)));
    const failed = results.filter(({ problem }) => problem !== undefined);
    if (failed.length > 0) this.#options.log.verbose(2, 'health check failed', { endpoint, failed });
    const names = this.#checks[endpoint].map(({ name }) => name);
    return toHealthAnswer({ endpoint, names, results, excluded, isVerbose: query.has('verbose') });
  }

  async #answerOne(endpoint: HealthEndpoint, { path }: PageRequest): Promise<PageAnswer> {
    const check = this.#checks[endpoint].find(({ name }) => path === `/${endpoint}/${name}`);
    return toSingleAnswer(check && (await this.#run(endpoint, check)));
  }

  async #run(endpoint: HealthEndpoint, check: HealthCheck): Promise<CheckResult> {
    const problem = await this.#limited(check);
    const type = endpoint;
    this.#state.set(problem === undefined ? 1 : 0, { name: check.name, type });
    this.#total.inc({ name: check.name, type, status: problem === undefined ? 'success' : 'error' });
    return { name: check.name, problem };
  }

  async #limited(check: HealthCheck): Promise<string | undefined> {
    const limit = new AbortController();
    const late = sleep(this.#options.clock, CHECK_LIMIT_MS, limit.signal).then(
      () => `no answer within ${CHECK_LIMIT_MS / 1_000} s`,
      () => undefined,
    );
    try {
      return await Promise.race([check.check(), late]);
    } catch (error) {
      return messageOf(error);
    } finally {
      limit.abort();
    }
  }
}

/** A check that fails when the oldest waiting or running item of a controller is older than `limitMs`: alive, but stuck. */
export function progressCheck(name: string, oldestItemAgeMs: () => number | undefined, limitMs: number): HealthCheck {
  return {
    name,
    check() {
      const ageMs = oldestItemAgeMs() ?? 0;
      if (ageMs <= limitMs) return undefined;
      return `no progress: the oldest item is ${Math.round(ageMs / 1_000)} s old (limit ${limitMs / 1_000} s)`;
    },
  };
}
