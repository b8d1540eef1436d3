// Which behaviours the specifications list, and which of them cannot apply to us. The tables in docs/conformance/ are
// written from this list and the results of a test run (write-conformance.ts) and compared with both (check-rows.ts).

/** The rows of one specification. */
export interface ConformanceTable {
  /** File in docs/conformance/. */
  readonly file: string;
  readonly title: string;
  readonly rows: readonly string[];
  /** Row to reason. */
  readonly notApplicable: Readonly<Record<string, string>>;
}

function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
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
    notApplicable: {
      N20: 'the legacy Instances interface does not exist here: a provider answers `lookup`',
      N21: 'the legacy Instances interface does not exist here: a provider answers `lookup`',
      C10: 'the legacy Instances interface does not exist here: `gone` is a finding, not a sentinel error',
    },
  },
];

/** True when the title of a test carries the row: `row N5 …`, `row C1 (I10) …`, `I5 …`. */
export function carriesRow(title: string, row: string): boolean {
  const id = row.startsWith('I')
    ? `(?:row )?(?:[A-Z]\\d+ \\()?${row}`
    : `rows? (?:[A-Z]\\d+(?: \\(I\\d+\\))?(?:,| and) )*${row}`;
  return new RegExp(`(?:^|[\\s(])${id}(?![\\d])`).test(title);
}
