// The calls about firewalls, counted and timed under the names that the Go program uses (docs/metrics.md).
import { CloudApiError } from '@longshore/cloud-http';
import { findInCauses } from '@longshore/reconciler-core';
import type { Clock, Metrics } from '@longshore/reconciler-core';
import type { Firewalls } from '@longshore/digitalocean-api';

/** What is used of the API. */
export type FirewallCalls = Pick<Firewalls, 'list' | 'get' | 'create' | 'update'>;

type Operation = 'get_by_id' | 'get_by_list' | 'create' | 'update';

/** The calls with metrics around them. */
export function measuredCalls(calls: FirewallCalls, metrics: Metrics, clock: Clock): FirewallCalls {
  const measure = measureInto(metrics, clock);
  return {
    list: (signal) => measure('get_by_list', 200, () => calls.list(signal)),
    get: (id, signal) => measure('get_by_id', 200, () => calls.get(id, signal)),
    create: (spec, signal) => measure('create', 202, () => calls.create(spec, signal)),
    update: (id, spec, signal) => measure('update', 200, () => calls.update(id, spec, signal)),
  };
}

function measureInto(metrics: Metrics, clock: Clock) {
  const labels = ['operation', 'result', 'http_response_code'];
  const total = metrics.counter({
    name: 'firewall_api_operations_total',
    help: 'Calls about the public access firewall, by operation, result and HTTP status (0: no answer).',
    labels,
  });
  const durations = metrics.histogram({
    name: 'firewall_api_operation_duration_seconds',
    help: 'Duration of the calls about the public access firewall.',
    labels,
    buckets: linearBuckets(4.5),
  });
  return async <T>(operation: Operation, status: number, call: () => Promise<T>): Promise<T> => {
    const startedMs = clock.monotonicMs();
    const record = (result: 'succeeded' | 'failed', code: number): void => {
      const of = { operation, result, http_response_code: String(code) };
      total.inc(of);
      durations.observe((clock.monotonicMs() - startedMs) / 1000, of);
    };
    try {
      const answer = await call();
      // "There is none" is an answer to us, and a failed call in the Go program's figures.
      record(answer === undefined ? 'failed' : 'succeeded', answer === undefined ? 404 : status);
      return answer;
    } catch (error) {
      record('failed', findInCauses(error, isApiError)?.status ?? 0);
      throw error;
    }
  };
}

/** 21 buckets from 1 s on, as the Go program has them. */
export function linearBuckets(width: number): readonly number[] {
  return Array.from({ length: 21 }, (_, index) => 1 + index * width);
}

function isApiError(candidate: unknown): candidate is CloudApiError {
  return candidate instanceof CloudApiError;
}
