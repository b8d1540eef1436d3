// Metrics of informers: upstream's names (informer_*), and what upstream lacks to see that an informer is cut off.
import type { Counter, Histogram, Metrics } from '@longshore/reconciler-core';
import type { KubeObject, ResourceType } from '../client/resource-type.ts';

/** Read at each scrape. */
export interface InformerFigures {
  readonly queued: number;
  readonly version: string;
  readonly lastSignAgeMs: number;
}

const LABELS = ['name', 'group', 'version', 'resource'];
const BUCKETS = [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1, 10];

/** Counts for one informer. */
export class InformerMetrics {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #latency: Histogram;
  readonly #listenerErrors: Counter;
  readonly #interruptions: Counter;

  constructor(metrics: Metrics, about: { readonly name: string; readonly type: ResourceType<KubeObject> }) {
    const { group, version, plural } = about.type;
    this.#labels = { name: about.name, group, version, resource: plural };
    this.#latency = metrics.histogram({
      name: 'informer_processing_latency_seconds',
      help: 'Time taken to hand one change to all listeners, in seconds.',
      labels: LABELS,
      buckets: BUCKETS,
    });
    this.#listenerErrors = metrics.counter({
      name: 'informer_listener_errors_total',
      help: 'Changes for which a listener threw.',
      labels: LABELS,
    });
    this.#interruptions = metrics.counter({
      name: 'informer_interruptions_total',
      help: 'Lists and watches that ended in another way than the regular one, by outcome.',
      labels: [...LABELS, 'outcome'],
    });
  }

  /** Lets scrapes read the present state. */
  expose(metrics: Metrics, read: () => InformerFigures): void {
    const queued = metrics.gauge({
      name: 'informer_queued_items',
      help: 'Changes that wait to be handed to listeners.',
      labels: LABELS,
    });
    const storeVersion = metrics.gauge({
      name: 'informer_store_resource_version',
      help: 'The resource version of the store, where it is a number.',
      labels: LABELS,
    });
    const age = metrics.gauge({
      name: 'informer_last_sign_age_seconds',
      help: 'Seconds since the API server last sent an event, a bookmark or a page.',
      labels: LABELS,
    });
    metrics.onScrape(() => {
      const figures = read();
      queued.set(figures.queued, this.#labels);
      age.set(figures.lastSignAgeMs / 1000, this.#labels);
      if (/^\d+$/.test(figures.version)) storeVersion.set(Number(figures.version), this.#labels);
    });
  }

  handed(durationMs: number): void {
    this.#latency.observe(durationMs / 1000, this.#labels);
  }

  listenerFailed(): void {
    this.#listenerErrors.inc(this.#labels);
  }

  interrupted(outcome: string): void {
    this.#interruptions.inc({ ...this.#labels, outcome });
  }
}
