// The texts of health pages, as Kubernetes' components write them (tools parse them). Pure; called by health-checks.ts.
import type { PageAnswer } from './page.ts';

/** Outcome of one check. */
export interface CheckResult {
  readonly name: string;
  readonly problem: string | undefined;
}

/** What a page was asked and found. */
export interface HealthFindings {
  readonly endpoint: string;
  /** All checks of the endpoint, in order. */
  readonly names: readonly string[];
  /** Outcomes of those that were not excluded. */
  readonly results: readonly CheckResult[];
  readonly excluded: ReadonlySet<string>;
  readonly isVerbose: boolean;
}

/** `ok`, or the list of checks: always after a failure, on demand otherwise. Reasons are withheld: the page is open to all. */
export function toHealthAnswer(found: HealthFindings): PageAnswer {
  const { endpoint, names, results, excluded, isVerbose } = found;
  const byName = new Map(results.map((result) => [result.name, result]));
  const lines = names.map((name) => (excluded.has(name) ? `[+]${name} excluded: ok` : lineOf(byName.get(name), name)));
  const unknown = [...excluded].filter((name) => !names.includes(name));
  if (unknown.length > 0) lines.push(warningAbout(unknown));
  const list = lines.map((line) => `${line}\n`).join('');
  if (results.some(({ problem }) => problem !== undefined)) {
    return { status: 500, body: `${list}${endpoint} check failed\n` };
  }
  return { status: 200, body: isVerbose ? `${list}${endpoint} check passed\n` : 'ok' };
}

function lineOf(result: CheckResult | undefined, name: string): string {
  return result?.problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`;
}

function warningAbout(names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name)).join(',');
  return `warn: some health checks cannot be excluded: no matches for ${quoted}`;
}

/** The page of one check, which needs permission and therefore may tell the reason. */
export function toSingleAnswer(result: CheckResult | undefined): PageAnswer {
  if (!result) return { status: 404, body: '404 page not found\n' };
  if (result.problem === undefined) return { status: 200, body: 'ok' };
  return { status: 500, body: `internal server error: ${result.problem}\n` };
}
