// Metrics that can be read back. Values of gauges are current: reading runs what was registered with `onScrape`.
import type { Labels, Metrics } from '../metrics.ts';

/** Metrics that remember; unknown names and labels that never occurred read as undefined or empty. */
export interface FakeMetrics extends Metrics {
  /** Present value of a counter or gauge. */
  value(name: string, labels?: Labels): number | undefined;
  /** All observations of a histogram, in order. */
  observations(name: string, labels?: Labels): readonly number[];
  /** Names of all metrics that were asked for. */
  names(): readonly string[];
}

/** A new, empty FakeMetrics. */
export function fakeMetrics(): FakeMetrics {
  const values = new Map<string, number>();
  const observed = new Map<string, number[]>();
  const names = new Set<string>();
  const scrapes: (() => void)[] = [];
  const change = (name: string) => ({
    inc: (labels?: Labels, by = 1) => void values.set(id(name, labels), (values.get(id(name, labels)) ?? 0) + by),
    set: (value: number, labels?: Labels) => void values.set(id(name, labels), value),
    remove: (labels?: Labels) => void values.delete(id(name, labels)),
    observe: (value: number, labels?: Labels) => {
      observed.set(id(name, labels), [...(observed.get(id(name, labels)) ?? []), value]);
    },
  });
  const metric = ({ name }: { readonly name: string }): ReturnType<typeof change> => {
    names.add(name);
    return change(name);
  };
  const scrape = (): void => scrapes.forEach((collect) => collect());
  return {
    counter: metric,
    gauge: metric,
    histogram: metric,
    onScrape: (collect) => void scrapes.push(collect),
    value(name, labels) {
      scrape();
      return values.get(id(name, labels));
    },
    observations: (name, labels) => observed.get(id(name, labels)) ?? [],
    names: () => [...names],
  };
}

function id(name: string, labels: Labels = {}): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}
