// promtool, the checker that comes with Prometheus: where it is, and what it says. Reads programs of the machine, changes nothing.
import { spawnSync } from 'node:child_process';
import { dashboards } from './monitors.ts';

/** Why there is none here; `undefined` when there is one. */
export function promtoolProblem(): string | undefined {
  const { status } = spawnSync('promtool', ['--version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no promtool in PATH: it is in the Debian package prometheus';
}

/** Runs it; `said` is what it printed. */
export function promtool(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

/** The expressions of all dashboards as recording rules, which promtool reads; Grafana's variables have a value. */
export function dashboardRules(): string {
  const expressions = [...dashboards()].flatMap(([, { panels }]) =>
    panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  );
  const rules = expressions.map((expr, at) => ({
    record: `panel:${at}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'do-ccm|packet-ccm'),
  }));
  // JSON is YAML.
  return JSON.stringify({ groups: [{ name: 'dashboards', rules }] });
}
