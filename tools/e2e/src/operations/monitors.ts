// The expressions of docs/operations (dashboards and alert rules), and what is wrong with them when they are held against the metrics
// that programs serve. Reading files apart, pure.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ManifestFolder } from '@longshore/k8s-runtime/testing';
import { root } from '../test-results.ts';
import type { Exposition, ServedMetric } from './exposition.ts';
import { readPromql } from './promql.ts';
import type { Matcher, SeriesUse } from './promql.ts';

/** Where they are. */
export const operationsFolder = path.join(root, 'docs/operations');

/** An expression and where it stands. */
export interface Monitor {
  /** File and panel or alert. */
  readonly place: string;
  readonly expr: string;
}

/** An alert rule as Prometheus reads it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
}

interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly expr: string;
  readonly legendFormat: string;
}

/** The alert rules of all files. */
export function alertRules(): readonly AlertRule[] {
  const folder = new ManifestFolder(operationsFolder);
  return folder.filesIn('alerts').flatMap((file) => {
    const documents = folder.objectsOf(file) as unknown as readonly RuleFile[];
    return documents.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
  });
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

/** A dashboard as Grafana imports it. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly time: { readonly from: string; readonly to: string };
  readonly refresh: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[];
  };
  readonly panels: readonly Panel[];
}

/** All dashboards by file. */
export function dashboards(): ReadonlyMap<string, Dashboard> {
  const folder = path.join(operationsFolder, 'dashboards');
  const files = readdirSync(folder).toSorted();
  return new Map(files.map((file) => [file, JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Dashboard]));
}

/** Every expression that there is. Labels of legends and summaries count as labels that the expression must leave. */
export function allMonitors(): readonly Monitor[] {
  const alerts = alertRules().map(({ alert, expr }) => ({ place: `alert ${alert}`, expr }));
  const panels = [...dashboards()].flatMap(([file, { panels: list }]) =>
    list.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ place: `${file}: ${title}`, expr: expr.replaceAll('$__rate_interval', '5m') })),
    ),
  );
  return [...alerts, ...panels];
}

// What Prometheus itself adds to every sample, and the series that it makes for each target.
const TARGET_LABELS = new Set(['job', 'instance']);
const TARGET_SERIES: ServedMetric = { kind: 'gauge', labels: new Map(), hasSamples: true };
// Labels whose values are few and known, so that a misspelt one is a mistake. Others may have values that no test shows.
const CLOSED_LABELS = new Set(['state', 'result', 'phase', 'status', 'grpc_status_code']);

/** What is wrong with an expression, in words; nothing when it asks only for what is served. `words` are further values of labels. */
export function problemsOf(
  { place, expr }: Monitor,
  served: Exposition,
  words: ReadonlySet<string>,
): readonly string[] {
  const { series, groupedBy } = readPromql(expr);
  const found = series.map((use) => ({ use, metric: use.metric === 'up' ? TARGET_SERIES : served.get(use.metric) }));
  const labels = new Set([...TARGET_LABELS, ...found.flatMap(({ metric }) => [...(metric?.labels.keys() ?? [])])]);
  const problems = [
    ...found.flatMap(({ use, metric }) =>
      metric ? seriesProblems(use, metric, words) : [`nobody serves ${use.metric}`],
    ),
    ...groupedBy.filter((label) => !labels.has(label)).map((label) => `no metric of it has the label ${label}`),
  ];
  return problems.map((problem) => `${place}: ${problem}`);
}

function seriesProblems(use: SeriesUse, metric: ServedMetric, words: ReadonlySet<string>): readonly string[] {
  const isCounted = metric.kind === 'counter' || metric.kind === 'histogram';
  const kind = (use.within === 'rate' || use.within === 'increase') && !isCounted;
  return [
    ...(kind ? [`${use.within} of ${use.metric}, which is a ${metric.kind}`] : []),
    ...(metric.kind === 'histogram' && !/_(bucket|sum|count)$/.test(use.metric)
      ? [`${use.metric} is a histogram`]
      : []),
    ...use.matchers.flatMap((matcher) => matcherProblems(use.metric, matcher, { metric, words })),
  ];
}

function matcherProblems(
  name: string,
  { label, operator, value }: Matcher,
  { metric, words }: { readonly metric: ServedMetric; readonly words: ReadonlySet<string> },
): readonly string[] {
  if (TARGET_LABELS.has(label)) return [];
  const values = metric.labels.get(label);
  if (!values) return [`${name} has no label ${label}`];
  if (!CLOSED_LABELS.has(label)) return [];
  const wanted = operator.includes('~') ? value.split('|') : [value];
  return wanted
    .filter((one) => !values.has(one) && !words.has(one))
    .map((one) => `${name}: nobody knows ${label}="${one}"`);
}
