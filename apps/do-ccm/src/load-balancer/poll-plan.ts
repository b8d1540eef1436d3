// How often balancers that are being created are looked at. All of them share one list, so the period depends on its pages, not on
// their number: 50 pending Services cost as much as one. The API allows 250 calls a minute and 5,000 an hour.

/** The rhythm of one Service that waits. */
export interface Poll {
  /** The next look. */
  readonly checkAgainMs: number;
  /** How old the list of that look may be: others that wait have just read it. */
  readonly maxAgeMs: number;
}

const FIRST_PERIOD_MS = 700;
const SLOWER = [
  { fromMs: 60_000, periodMs: 5_000 },
  { fromMs: 300_000, periodMs: 15_000 },
];
const PAGE_SIZE = 200;
const SOONEST_MS = 50;

/** The period after `waitedMs` of waiting with `balancers` in the list. */
export function pollPeriodMs(waitedMs: number, balancers: number): number {
  const pages = Math.max(1, Math.ceil(balancers / PAGE_SIZE));
  const slower = SLOWER.findLast(({ fromMs }) => waitedMs >= fromMs);
  return Math.max(slower?.periodMs ?? 0, FIRST_PERIOD_MS * pages);
}

/** Looks are aligned to the last list, so that all who wait look together. */
export function planPoll(waitedMs: number, sinceListMs: number, balancers: number): Poll {
  const periodMs = pollPeriodMs(waitedMs, balancers);
  const untilNextMs = sinceListMs < periodMs ? periodMs - sinceListMs : periodMs;
  return { checkAgainMs: Math.max(SOONEST_MS, untilNextMs), maxAgeMs: periodMs / 2 };
}
