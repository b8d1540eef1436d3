// The table of settings in the README, made from config-table.ts; a spec compares the two.
import type { SettingRow } from '@longshore/packet-api';
import { SETTINGS } from './config-table.ts';

/** Where the table goes in the README. */
export const SETTINGS_MARK = '<!-- settings -->';

/** The table in Markdown. */
export function settingsTable(): string {
  const rows: readonly SettingRow[] = Object.values(SETTINGS);
  const lines = rows.map(
    ({ env, keys, help, byDefault = '' }) => `| ${codes(env)} | ${codes(keys.slice(0, 1))} | ${help} | ${byDefault} |`,
  );
  return ['| variables | key | meaning | default |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
