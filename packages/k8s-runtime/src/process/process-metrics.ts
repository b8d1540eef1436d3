// The metrics that every Kubernetes component has about its own process and build, under the names that dashboards know.
import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from '@longshore/reconciler-core';

/** What `kubernetes_build_info` tells. */
export interface BuildVersion {
  /** `v0.1.0`. */
  readonly version: string;
  readonly gitCommit?: string;
  readonly buildDate?: string;
}

/** A registry that knows what is in it. */
export type NamedMetrics = Metrics & { names(): readonly string[] };

/** Adds `process_*`, `nodejs_*`, `kubernetes_build_info` and the counts of registered metrics. Values are read at each scrape. */
export function addProcessMetrics(metrics: NamedMetrics, build: BuildVersion): void {
  addBuildInfo(metrics, build);
  addProcessGauges(metrics);
  addCpuSeconds(metrics);
  addHeapGauges(metrics);
  addRegistryCounts(metrics);
}

function addBuildInfo(metrics: Metrics, build: BuildVersion): void {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(build.version) ?? [];
  const labels = {
    major,
    minor,
    git_version: build.version,
    git_commit: build.gitCommit ?? '',
    git_tree_state: '',
    build_date: build.buildDate ?? '',
    go_version: `node${process.version}`,
    compiler: 'v8',
    platform: `${process.platform}/${process.arch}`,
  };
  const help = 'A metric with a constant 1 value, labeled by version, commit, date and runtime of the build.';
  metrics.gauge({ name: 'kubernetes_build_info', help, labels: Object.keys(labels) }).set(1, labels);
}

function addProcessGauges(metrics: Metrics): void {
  const gauges = {
    start: metrics.gauge({ name: 'process_start_time_seconds', help: 'Start time of the process since unix epoch.' }),
    resident: metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' }),
    virtual: metrics.gauge({ name: 'process_virtual_memory_bytes', help: 'Virtual memory size in bytes.' }),
    open: metrics.gauge({ name: 'process_open_fds', help: 'Number of open file descriptors.' }),
    most: metrics.gauge({ name: 'process_max_fds', help: 'Maximum number of open file descriptors.' }),
  };
  gauges.start.set(Math.round((Date.now() - process.uptime() * 1000) / 1000));
  gauges.most.set(numberAfter(readText('/proc/self/limits'), /Max open files\s+(\d+)/) ?? 0);
  metrics.onScrape(() => {
    gauges.resident.set(process.memoryUsage.rss());
    gauges.virtual.set((numberAfter(readText('/proc/self/status'), /VmSize:\s+(\d+) kB/) ?? 0) * 1024);
    gauges.open.set(openFileCount());
  });
}

function addCpuSeconds(metrics: Metrics): void {
  const help = 'Total user and system CPU time spent in seconds.';
  const seconds = metrics.counter({ name: 'process_cpu_seconds_total', help });
  let countedSeconds = 0;
  metrics.onScrape(() => {
    const { user, system } = process.cpuUsage();
    seconds.inc({}, (user + system) / 1e6 - countedSeconds);
    countedSeconds = (user + system) / 1e6;
  });
}

function addHeapGauges(metrics: Metrics): void {
  const used = metrics.gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Heap in use by V8.' });
  const total = metrics.gauge({ name: 'nodejs_heap_size_total_bytes', help: 'Heap reserved by V8.' });
  const external = metrics.gauge({ name: 'nodejs_external_memory_bytes', help: 'Memory outside of V8 heap.' });
  metrics.onScrape(() => {
    const memory = process.memoryUsage();
    used.set(memory.heapUsed);
    total.set(memory.heapTotal);
    external.set(memory.external);
  });
}

function addRegistryCounts(metrics: NamedMetrics): void {
  const labels = ['stability_level', 'deprecated_version'];
  const registered = metrics.gauge({
    name: 'registered_metrics_total',
    help: 'The count of registered metrics broken by stability level and deprecation version.',
    labels,
  });
  metrics.gauge({ name: 'disabled_metrics_total', help: 'The count of disabled metrics.' }).set(0);
  metrics.gauge({ name: 'hidden_metrics_total', help: 'The count of hidden metrics.' }).set(0);
  metrics.onScrape(() => registered.set(metrics.names().length, { stability_level: 'ALPHA', deprecated_version: '' }));
}

function openFileCount(): number {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return 0;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Not Linux: the value is 0.
  }
}

function numberAfter(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
