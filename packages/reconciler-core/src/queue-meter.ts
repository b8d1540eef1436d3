// The work queue metrics of Kubernetes, with the same names, buckets and meaning (spec of the Go client: `workqueue_*`, label `name`).
import type { Metrics } from './metrics.ts';

const BUCKETS_SECONDS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];
const labels = ['name'];

/** What the gauges show; read at each scrape. */
export interface QueueReadings {
  readonly depth: number;
  /** Ages of the items that are being worked on, in milliseconds. */
  readonly runningMs: readonly number[];
}

/** Records the events of one queue. */
export interface QueueMeter {
  added(): void;
  /** A key was told to come back later. */
  delayed(): void;
  /** A key was handed out after it had waited for `ms`. */
  handedOut(ms: number): void;
  /** The work on a key took `ms`. */
  finished(ms: number): void;
}

/** The meter of the queue `name`; `read` is called at each scrape. */
export function queueMeter(name: string, metrics: Metrics, read: () => QueueReadings): QueueMeter {
  const own = { name };
  const counter = (metric: string, help: string) => metrics.counter({ name: `workqueue_${metric}`, help, labels });
  const gauge = (metric: string, help: string) => metrics.gauge({ name: `workqueue_${metric}`, help, labels });
  const histogram = (metric: string, help: string) =>
    metrics.histogram({ name: `workqueue_${metric}`, help, labels, buckets: BUCKETS_SECONDS });

  const adds = counter('adds_total', 'Total number of adds handled by workqueue');
  const retries = counter('retries_total', 'Total number of retries handled by workqueue');
  const waits = histogram(
    'queue_duration_seconds',
    'How long in seconds an item stays in workqueue before being requested',
  );
  const works = histogram('work_duration_seconds', 'How long in seconds processing an item from workqueue takes.');
  const depth = gauge('depth', 'Current depth of workqueue');
  const unfinished = gauge(
    'unfinished_work_seconds',
    'Seconds of work in progress that work_duration_seconds has not seen yet. Growth means stuck workers.',
  );
  const longest = gauge(
    'longest_running_processor_seconds',
    'How many seconds the longest running processor for workqueue has been running.',
  );

  metrics.onScrape(() => {
    const { depth: current, runningMs } = read();
    depth.set(current, own);
    unfinished.set(runningMs.reduce((sum, ms) => sum + ms, 0) / 1000, own);
    longest.set(Math.max(0, ...runningMs) / 1000, own);
  });
  return {
    added: () => adds.inc(own),
    delayed: () => retries.inc(own),
    handedOut: (ms) => waits.observe(ms / 1000, own),
    finished: (ms) => works.observe(ms / 1000, own),
  };
}
