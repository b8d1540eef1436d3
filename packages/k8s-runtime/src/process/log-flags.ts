// Writes the flags of a start into the log: notices first, then every value (all of them, as Kubernetes' components do at -v=1).
import type { Logger } from '@longshore/reconciler-core';
import { flagNotices, shownFlags } from './flag-help.ts';
import type { FlagTable } from './flags.ts';

/** One line per notice, one line with the flags that were given, and at -v=1 one line per flag. */
export function logFlags(
  log: Logger,
  table: FlagTable,
  parsed: { readonly values: Readonly<Record<string, unknown>>; readonly given: ReadonlySet<string> },
): void {
  for (const { message, flag, reason } of flagNotices(table, parsed.given)) log.warn(message, { flag, reason });
  const shown = shownFlags(table, parsed.values);
  const given = shown.filter(({ name }) => parsed.given.has(name));
  log.info('flags given', Object.fromEntries(given.map(({ name, value }) => [name, value])));
  for (const { name, value } of shown) log.verbose(1, 'flag', { flag: `--${name}`, value });
}
