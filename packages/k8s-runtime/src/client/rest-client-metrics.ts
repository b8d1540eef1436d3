// The rest_client_* metrics, with client-go's names, labels and buckets.
import type { Metrics } from '@longshore/reconciler-core';

/** One finished request. */
export interface RequestFigures {
  readonly method: string;
  /** HTTP status, or `<error>` as in client-go. */
  readonly code: string;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const LATENCY_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const SIZE_BUCKETS = [64, 256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

/** Counts requests to one API server. */
export class RestClientMetrics {
  readonly #host: string;
  readonly #requests;
  readonly #duration;
  readonly #limiter;
  readonly #requestSize;
  readonly #responseSize;
  readonly #retries;

  constructor(metrics: Metrics, host: string) {
    const perVerb = ['verb', 'host'];
    this.#host = host;
    this.#requests = metrics.counter({
      name: 'rest_client_requests_total',
      help: 'Number of HTTP requests, partitioned by status code, method, and host.',
      labels: ['code', 'method', 'host'],
    });
    this.#duration = metrics.histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'Request latency in seconds. Broken down by verb, and host.',
      labels: perVerb,
      buckets: LATENCY_BUCKETS,
    });
    this.#limiter = metrics.histogram({
      name: 'rest_client_rate_limiter_duration_seconds',
      help: 'Client side rate limiter latency in seconds. Broken down by verb, and host.',
      labels: perVerb,
      buckets: LATENCY_BUCKETS,
    });
    this.#requestSize = metrics.histogram({
      name: 'rest_client_request_size_bytes',
      help: 'Request size in bytes. Broken down by verb and host.',
      labels: perVerb,
      buckets: SIZE_BUCKETS,
    });
    this.#responseSize = metrics.histogram({
      name: 'rest_client_response_size_bytes',
      help: 'Response size in bytes. Broken down by verb and host.',
      labels: perVerb,
      buckets: SIZE_BUCKETS,
    });
    this.#retries = metrics.counter({
      name: 'rest_client_request_retries_total',
      help: 'Number of request retries, partitioned by status code, verb, and host.',
      labels: ['code', 'verb', 'host'],
    });
  }

  /** One attempt ended, with or without an answer. */
  finished(figures: RequestFigures): void {
    const perVerb = { verb: figures.method, host: this.#host };
    this.#requests.inc({ code: figures.code, method: figures.method, host: this.#host });
    this.#duration.observe(figures.durationMs / 1000, perVerb);
    this.#requestSize.observe(figures.requestBytes, perVerb);
    this.#responseSize.observe(figures.responseBytes, perVerb);
  }

  /** A request waited for the client-side limit. */
  limited(method: string, waitedMs: number): void {
    this.#limiter.observe(waitedMs / 1000, { verb: method, host: this.#host });
  }

  /** A request goes again. */
  retried(method: string, code: string): void {
    this.#retries.inc({ code, verb: method, host: this.#host });
  }
}
