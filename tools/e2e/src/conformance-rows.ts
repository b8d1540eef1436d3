// Which behaviours the specifications list, and which of them cannot apply to us. The tables in docs/conformance/ are
// written from this list and the results of a test run (write-conformance.ts) and compared with both (check-rows.ts).
import type { ExecutedTest } from './test-results.ts';

/** The rows of one specification. */
export interface ConformanceTable {
  /** File in docs/conformance/. */
  readonly file: string;
  readonly title: string;
  readonly rows: readonly string[];
  /** Folders whose tests count. The tables of two programs number their rows alike, so each has its own. */
  readonly folders: readonly string[];
  /** Row to reason. */
  readonly notApplicable: Readonly<Record<string, string>>;
  /** Some suites need root, namespaces or loop devices and skip themselves elsewhere: there a skipped test is enough for a row. */
  readonly mayBeSkipped?: boolean;
}

function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

/** A program's table: rows 1 to `rows`, and F1 to `findings` for what was seen when its predecessor was run. */
function programTable(about: {
  readonly app: string;
  readonly api: string;
  readonly file: string;
  readonly title: string;
  readonly rows: number;
  readonly findings?: number;
  readonly notApplicable?: Readonly<Record<string, string>>;
  /** Further folders whose tests count. */
  readonly also?: readonly string[];
}): ConformanceTable {
  const { app, api, file, title, rows, findings = 0, notApplicable = {}, also = [] } = about;
  return {
    file,
    title,
    rows: [...numbered('', rows), ...numbered('F', findings)],
    // Not the simulators: that the simulated cloud keeps a rule is no proof that the program does.
    folders: [`apps/${app}/`, `packages/${api}/`, ...also],
    notApplicable,
  };
}

/** All tables; a program adds its own with its specification. */
export const conformanceTables: readonly ConformanceTable[] = [
  {
    file: 'ccm-core.md',
    title: 'Cloud controller manager: behaviours of the four controllers and the program around them',
    rows: [
      ...numbered('N', 21),
      ...numbered('A', 12),
      ...numbered('L', 4),
      ...numbered('C', 14),
      ...numbered('S', 25),
      ...numbered('B', 13),
      ...numbered('R', 12),
      ...numbered('P', 13),
      ...numbered('I', 27),
    ],
    // Not every app: the cluster-api provider has rows of the same names.
    folders: ['packages/', 'apps/do-ccm/', 'apps/packet-ccm/', 'apps/cloudscale-ccm/', 'tools/'],
    notApplicable: {
      N20: 'the legacy Instances interface does not exist here: a provider answers `lookup`',
      N21: 'the legacy Instances interface does not exist here: a provider answers `lookup`',
      C10: 'the legacy Instances interface does not exist here: `gone` is a finding, not a sentinel error',
    },
  },
  programTable({
    app: 'do-ccm',
    api: 'digitalocean-api',
    file: 'digitalocean.md',
    title: 'do-ccm: behaviours of the Go program (1 to 118), and what it does better (F1 to F10)',
    rows: 118,
    findings: 10,
  }),
  programTable({
    app: 'packet-ccm',
    api: 'packet-api',
    file: 'packet-ccm.md',
    title: 'packet-ccm: behaviours of the Go programs from v0.0.4 to v3.8.1, and what it does better (1 to 78)',
    rows: 78,
  }),
  programTable({
    app: 'cloudscale-ccm',
    api: 'cloudscale-api',
    file: 'cloudscale.md',
    title: 'cloudscale-ccm: behaviours of the Go program (1 to 85), and what was seen when it was run (F1 to F11)',
    rows: 85,
    findings: 11,
    // Images and releases of the seed; rows 84 and 85 ask for a simulated cloud that keeps these rules.
    also: ['tools/image/', 'packages/cloud-simulators/src/cloudscale/'],
  }),
  {
    ...programTable({
      app: 'csi-packet',
      api: 'packet-api',
      file: 'csi-packet.md',
      title: 'csi-packet: behaviours of a driver that never loses data (1 to 148)',
      rows: 148,
    }),
    mayBeSkipped: true,
  },
  {
    file: 'capi-packet-manager.md',
    title: 'capi-packet-manager: clusters (C), machines (M, L), sets (S), deployments (T), clusterctl (P), process (R)',
    rows: [
      ...numbered('C', 15),
      ...numbered('M', 31),
      ...numbered('L', 21),
      ...numbered('S', 13),
      ...numbered('T', 15),
      ...numbered('P', 24),
      ...numbered('R', 16),
    ],
    folders: ['apps/capi-packet-manager/'],
    notApplicable: {},
    mayBeSkipped: true,
  },
];

/** The tests whose titles carry the row, of those that count for the table. */
export function testsOfRow(table: ConformanceTable, row: string, tests: readonly ExecutedTest[]): ExecutedTest[] {
  return tests.filter(
    ({ title, file }) => table.folders.some((folder) => file.startsWith(folder)) && carriesRow(title, row),
  );
}

// Improvements and findings are words of their own; plain numbers and letters like N5 need the word "row".
const STANDS_ALONE = /^[IF]/;

/** True when the title of a test carries the row: `row N5 …`, `row C1 (I10) …`, `I5 …`, `CSF 9 …`, `DO row 53 (ours: …)`, `rows 92, 93 …`. */
export function carriesRow(title: string, row: string): boolean {
  const id = STANDS_ALONE.test(row)
    ? `(?:rows? )?(?:[A-Z]?\\d+ \\()?(?:${row}${row.startsWith('F') ? `|[A-Z]{2}F ${row.slice(1)}` : ''})`
    : `rows? (?:[A-Z]?\\d+(?: \\([^)]*\\))?(?:,| and|, and) )*${row}`;
  return new RegExp(`(?:^|[\\s(])${id}(?![\\d])`).test(title);
}
