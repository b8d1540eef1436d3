// How the firewall's own work is counted, under the names and labels of the Go program (docs/metrics.md).
import { findInCauses, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Metrics } from '@longshore/reconciler-core';
import { linearBuckets } from './measured-calls.ts';

/** The end of one pass. */
export type PassResult = 'reconciled' | 'skipped';

/** Counts readings of the firewall and passes. */
export interface FirewallMeter {
  /** Reads the firewall: `updated`, `failed`, or `canceled` when the program stopped meanwhile. */
  sync<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T>;
  /** A whole pass: `reconciled` changed something, `skipped` found all as wanted. */
  pass(run: () => Promise<PassResult>): Promise<PassResult>;
}

/** The code of the error of a pass that took too long. */
const TIMEOUT_CODE = 'CLOUD_CALL_TIMEOUT';

/** The meter. */
export function firewallMeter(metrics: Metrics, clock: Clock): FirewallMeter {
  const syncs = measureInto(metrics, clock, {
    names: ['firewall_resource_syncs_total', 'firewall_resource_sync_duration_seconds'],
    what: 'Readings of the public access firewall, by result (updated, failed, canceled)',
    labels: ['result'],
  });
  const passes = measureInto(metrics, clock, {
    names: ['firewall_reconciles_total', 'firewall_reconcile_duration_seconds'],
    what: 'Passes over the public access firewall, by result (reconciled, skipped, failed) and kind of error',
    labels: ['result', 'error_type'],
  });
  return {
    sync: (signal, read) =>
      syncs(
        read,
        () => ({ result: 'updated' }),
        () => ({ result: signal.aborted ? 'canceled' : 'failed' }),
      ),
    pass: (run) =>
      passes(
        run,
        (result) => ({ result, error_type: '' }),
        (error) => ({ result: 'failed', error_type: isTimeout(error) ? 'timeout' : 'generic' }),
      ),
  };
}

interface Measured {
  readonly names: readonly [counter: string, histogram: string];
  readonly what: string;
  readonly labels: readonly string[];
}

type Label = Readonly<Record<string, string>>;

function measureInto(metrics: Metrics, clock: Clock, { names, what, labels }: Measured) {
  const total = metrics.counter({ name: names[0], help: `${what}.`, labels });
  const buckets = linearBuckets(15);
  const durations = metrics.histogram({ name: names[1], help: `Duration: ${what}.`, labels, buckets });
  return async <T>(
    work: () => Promise<T>,
    after: (result: T) => Label,
    failed: (error: unknown) => Label,
  ): Promise<T> => {
    const startedMs = clock.monotonicMs();
    const record = (label: Label): void => {
      total.inc(label);
      durations.observe((clock.monotonicMs() - startedMs) / 1000, label);
    };
    try {
      const result = await work();
      record(after(result));
      return result;
    } catch (error) {
      record(failed(error));
      throw error;
    }
  };
}

function isTimeout(error: unknown): boolean {
  return findInCauses(error, isOperatorError)?.code === TIMEOUT_CODE;
}

function isOperatorError(candidate: unknown): candidate is OperatorError {
  return candidate instanceof OperatorError;
}
