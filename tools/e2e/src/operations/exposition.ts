// What a page of metrics says: names, kinds, labels and their values. Pure; dashboards and alert rules are compared with it.

/** One metric as a program serves it. */
export interface ServedMetric {
  readonly kind: string;
  /** Values by label, of all samples. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  readonly hasSamples: boolean;
}

/** Metrics by name; those of histograms by their series (`_bucket`, `_sum`, `_count`), too. */
export type Exposition = ReadonlyMap<string, ServedMetric>;

interface Collected {
  kind: string;
  readonly labels: Map<string, Set<string>>;
  hasSamples: boolean;
}

const SERIES = { histogram: ['_bucket', '_sum', '_count'], summary: ['_sum', '_count'] } as const;

/** Reads the text format of Prometheus. */
export function parseExposition(text: string): Exposition {
  const found = new Map<string, Collected>();
  for (const line of text.split('\n')) {
    const declared = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (declared) declare(found, declared[1] ?? '', declared[2] ?? '');
    else if (line !== '' && !line.startsWith('#')) addSample(found, line);
  }
  return found;
}

/** All of several pages, as if one program served them. */
export function mergeExpositions(pages: readonly Exposition[]): Exposition {
  const merged = new Map<string, Collected>();
  for (const [name, { kind, labels, hasSamples }] of pages.flatMap((page) => [...page])) {
    const into = entryOf(merged, name, kind);
    into.hasSamples ||= hasSamples;
    for (const [label, values] of labels) for (const value of values) valuesOf(into, label).add(value);
  }
  return merged;
}

function declare(found: Map<string, Collected>, name: string, kind: string): void {
  entryOf(found, name, kind);
  for (const ending of kind === 'histogram' || kind === 'summary' ? SERIES[kind] : []) {
    entryOf(found, `${name}${ending}`, kind);
  }
}

function addSample(found: Map<string, Collected>, line: string): void {
  const [, name = '', labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  const entry = entryOf(found, name, 'untyped');
  entry.hasSamples = true;
  for (const [, label = '', value = ''] of labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    valuesOf(entry, label).add(value);
  }
}

function entryOf(found: Map<string, Collected>, name: string, kind: string): Collected {
  const entry = found.get(name) ?? { kind, labels: new Map(), hasSamples: false };
  found.set(name, entry);
  return entry;
}

function valuesOf(entry: Collected, label: string): Set<string> {
  const values = entry.labels.get(label) ?? new Set();
  entry.labels.set(label, values);
  return values;
}
