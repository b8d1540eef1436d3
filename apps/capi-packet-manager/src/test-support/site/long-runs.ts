// Which specs take so long, or show so little that others do not, that only `npm run test:long` runs them.

/** Why it is skipped now; `undefined` in a long run. */
export function longRunsOnly(): string | undefined {
  return process.env['LONGSHORE_LONG'] === '1' ? undefined : 'takes minutes: npm run test:long runs it';
}
