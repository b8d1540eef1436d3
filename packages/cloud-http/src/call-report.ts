// Tells metrics, log and the counting hook about every attempt of a call. No decisions.
import type { Counter, Gauge, Histogram, Logger, Metrics } from '@longshore/reconciler-core';
import type { Call, Method } from './call.ts';
import type { Failure } from './failure.ts';
import type { Headers } from './rate-headers.ts';

/** One attempt of a call that went out, as the hook `onCall` gets it. */
export interface CallEvent {
  readonly method: Method;
  /** Route template (`/v2/droplets/{id}`). */
  readonly name: string;
  readonly path: string;
  /** Counts from 1; more than 1 is a repetition. */
  readonly attempt: number;
  /** Absent when there was no answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly failure: Failure['kind'] | undefined;
}

/** Called after each attempt that went out. Must not throw. */
export type OnCall = (event: CallEvent) => void;

const BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Where reports go. */
export interface CallReportOptions {
  /** Cloud as it stands in metric names: `digitalocean`. */
  readonly provider: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly onCall?: OnCall | undefined;
}

/** Reports of one client. */
export class CallReport {
  readonly #provider: string;
  readonly #log: Logger;
  readonly #onCall: OnCall | undefined;
  readonly #duration: Histogram;
  readonly #errors: Counter;
  readonly #remaining: Gauge;
  readonly #announced = new Set<string>();

  constructor({ provider, metrics, log, onCall }: CallReportOptions) {
    this.#provider = provider;
    this.#log = log;
    this.#onCall = onCall;
    const prefix = `cloudprovider_${provider}_api_request`;
    const labels = ['request'];
    const help = `Latency of calls to the ${provider} API in seconds, by route`;
    this.#duration = metrics.histogram({ name: `${prefix}_duration_seconds`, help, labels, buckets: BUCKETS_S });
    this.#errors = metrics.counter({
      name: `${prefix}_errors_total`,
      help: `Calls to the ${provider} API that failed or were refused, by route`,
      labels,
    });
    this.#remaining = metrics.gauge({
      name: 'cloud_api_rate_limit_remaining',
      help: 'Calls that the cloud API still allows in its current window',
      labels: ['provider'],
    });
  }

  /** One attempt is over. */
  attempt(call: Call<unknown>, event: Pick<CallEvent, 'attempt' | 'status' | 'durationMs' | 'failure'>): void {
    const labels = { request: `${call.method} ${call.name}` };
    this.#duration.observe(event.durationMs / 1000, labels);
    if (event.failure !== undefined) this.#errors.inc(labels);
    this.#onCall?.({ method: call.method, name: call.name, path: call.path, ...event });
    if (this.#log.isVerbose(4)) {
      this.#log.verbose(4, 'cloud call', { method: call.method, path: call.path, ...event });
    }
  }

  /** The same call will be tried again. */
  retry(
    call: Call<unknown>,
    fields: { readonly attempt: number; readonly afterMs: number; readonly reason: string },
  ): void {
    this.#log.verbose(2, 'cloud call is repeated', { method: call.method, path: call.path, ...fields });
  }

  /** The API announces that this call will end (RFC 9745 `Deprecation`, RFC 8594 `Sunset`): said once for each route. */
  announcement(call: Call<unknown>, { deprecation, sunset }: Headers): void {
    if (deprecation === undefined && sunset === undefined) return;
    const request = `${call.method} ${call.name}`;
    if (this.#announced.has(request)) return;
    this.#announced.add(request);
    this.#log.warn('the cloud API announces the end of a call', {
      request,
      ...(deprecation === undefined ? {} : { deprecation }),
      ...(sunset === undefined ? {} : { sunset }),
    });
  }

  /** The API said how many calls are left. */
  remaining(value: number): void {
    this.#remaining.set(value, { provider: this.#provider });
  }
}
