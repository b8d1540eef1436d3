// The metrics of a program in Prometheus' text format, on prom-client, each program with a registry of its own.
import type { Counter, Gauge, Histogram, Labels, MetricSpec, Metrics } from '@longshore/reconciler-core';
import type { Registry } from 'prom-client';
import { PromCounter, PromGauge, PromHistogram, PromRegistry } from './prom-client-parts.ts';

type HistogramSpec = MetricSpec & { readonly buckets: readonly number[] };

/** The registry behind the page `/metrics`. */
export class PrometheusMetrics implements Metrics {
  readonly contentType: string = PromRegistry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new PromRegistry();
  readonly #made = new Map<string, { readonly type: string; readonly metric: Counter | Gauge | Histogram }>();
  readonly #collectors: (() => void)[] = [];

  counter(spec: MetricSpec): Counter {
    return this.#once(spec.name, 'counter', (): Counter => {
      const metric = new PromCounter(this.#configuration(spec));
      return { inc: (labels = {}, by = 1) => metric.inc(labels, by) };
    });
  }

  gauge(spec: MetricSpec): Gauge {
    return this.#once(spec.name, 'gauge', (): Gauge => {
      const metric = new PromGauge(this.#configuration(spec));
      return {
        set: (value, labels = {}) => metric.set(labels, value),
        remove: (labels = {}) => metric.remove(labels),
      };
    });
  }

  histogram(spec: HistogramSpec): Histogram {
    return this.#once(spec.name, 'histogram', (): Histogram => {
      const metric = new PromHistogram({ ...this.#configuration(spec), buckets: [...spec.buckets] });
      return { observe: (value: number, labels: Labels = {}) => metric.observe(labels, value) };
    });
  }

  onScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Names of all metrics so far, in the order of their making. */
  names(): readonly string[] {
    return [...this.#made.keys()];
  }

  /** The page. A collector that throws costs its own metrics, not the page. */
  async page(): Promise<string> {
    for (const collect of this.#collectors) {
      try {
        collect();
      } catch {
        this.#scrapeErrors().inc();
      }
    }
    return this.#registry.metrics();
  }

  /** Sets all values back to their start (DELETE /metrics/slis). */
  reset(): void {
    this.#registry.resetMetrics();
  }

  #scrapeErrors(): Counter {
    return this.counter({ name: 'longshore_scrape_errors_total', help: 'Collectors that failed during a scrape.' });
  }

  #configuration(spec: MetricSpec): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
    return { name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [this.#registry] };
  }

  #once<M extends Counter | Gauge | Histogram>(name: string, type: string, make: () => M): M {
    const known = this.#made.get(name);
    if (known && known.type !== type)
      throw new Error(`metric ${name} exists already as a ${known.type}, not a ${type}`);
    const metric = (known?.metric as M | undefined) ?? make();
    this.#made.set(name, { type, metric });
    return metric;
  }
}
