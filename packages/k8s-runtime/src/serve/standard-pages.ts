// The pages that every program serves besides its health: metrics, flags, configuration, status, verbosity. Called when a program is put together.
import { flagzText } from '../process/flag-help.ts';
import type { FlagTable } from '../process/flags.ts';
import type { PrometheusMetrics } from '../process/metrics.ts';
import type { Verbosity } from '../process/verbosity.ts';
import type { HealthChecks } from './health-checks.ts';
import type { Page, PageAnswer, Pages } from './page.ts';

/** What the pages show. */
export interface StandardPagesOptions {
  readonly program: string;
  readonly version: string;
  readonly metrics: PrometheusMetrics;
  readonly sliMetrics: PrometheusMetrics;
  readonly health: HealthChecks;
  readonly flags: { readonly table: FlagTable; readonly values: Readonly<Record<string, unknown>> };
  /** By component group, as `{ 'cloudcontrollermanager.config.k8s.io': … }`. */
  readonly configz: () => object;
  /** Settable by PUT /debug/flags/v; absent without `--profiling`. */
  readonly verbosity?: Verbosity | undefined;
  /** Wall clock of the start, and of now. */
  readonly startedMs: number;
  readonly nowMs: () => number;
}

/** All pages by path. */
export function standardPages(options: StandardPagesOptions): Pages {
  const { program, flags, verbosity } = options;
  const pages: Record<string, Page> = {
    ...options.health.pages(),
    '/metrics': metricsPage(options.metrics),
    '/metrics/slis': metricsPage(options.sliMetrics),
    '/configz': () => ({ status: 200, contentType: 'application/json', body: JSON.stringify(options.configz()) }),
    '/flagz': () => ({ status: 200, body: flagzText(program, flags.table, flags.values) }),
    ...(verbosity ? { '/debug/flags/v': verbosityPage(verbosity) } : {}),
  };
  return { ...pages, '/statusz': () => statuszAnswer(options, Object.keys(pages)) };
}

/** GET shows the metrics, DELETE sets them back. */
function metricsPage(metrics: PrometheusMetrics): Page {
  return async ({ method }) => {
    if (method !== 'DELETE') return { status: 200, contentType: metrics.contentType, body: await metrics.page() };
    metrics.reset();
    return { status: 200, body: 'metrics reset\n' };
  };
}

function verbosityPage(verbosity: Verbosity): Page {
  return ({ method, body }) => {
    if (method !== 'PUT') return { status: 405, body: `unacceptable method ${method}: PUT the new level\n` };
    if (!/^\d+$/.test(body.trim())) return { status: 400, body: `"${body.slice(0, 20)}" is not a log level\n` };
    verbosity.level = Number(body.trim());
    return { status: 200, body: `successfully set klog.logging.verbosity to ${verbosity.level}\n` };
  };
}

function statuszAnswer(
  { program, version, startedMs, nowMs }: StandardPagesOptions,
  paths: readonly string[],
): PageAnswer {
  const upSeconds = Math.floor((nowMs() - startedMs) / 1_000);
  const up = `${Math.floor(upSeconds / 3_600)} hr ${twoDigits((upSeconds / 60) % 60)} min ${twoDigits(upSeconds % 60)} sec`;
  const shown = paths.filter((path) => !path.endsWith('/')).sort();
  const lines = [
    '',
    `${program} statusz`,
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.',
    '',
    `Started: ${new Date(startedMs).toUTCString()}`,
    `Up: ${up}`,
    `Node version: ${process.version}`,
    `Binary version: ${version}`,
    `Paths: ${shown.join(' ')}`,
    '',
  ];
  return { status: 200, body: lines.join('\n') };
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
