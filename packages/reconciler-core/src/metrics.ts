// Metrics as libraries see them: they ask for a metric by name and help text. The Prometheus implementation is in k8s-runtime/process.

/** Label values of one observation. */
export type Labels = Readonly<Record<string, string>>;

/** Name and meaning of a metric; names are contracts (docs/metrics.md). Asking twice for one name gives the same metric. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Only goes up. */
export interface Counter {
  inc(labels?: Labels, by?: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
  remove(labels?: Labels): void;
}

/** Distribution over fixed buckets. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Registry of metrics. */
export interface Metrics {
  counter(spec: MetricSpec): Counter;
  gauge(spec: MetricSpec): Gauge;
  histogram(spec: MetricSpec & { readonly buckets: readonly number[] }): Histogram;
  /** `collect` runs at each scrape, before the values are read: for gauges that are cheaper to compute than to keep. */
  onScrape(collect: () => void): void;
}

const nothing = { inc() {}, set() {}, remove() {}, observe() {} };

/** Counts nothing. The default where metrics are optional. */
export const noMetrics: Metrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
  onScrape() {},
};
