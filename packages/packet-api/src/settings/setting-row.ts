// Reads one setting out of environment and configuration file by its row in a table. Pure. The programs have tables of their own
// (packet-settings.ts has the rows that all of them share); documentation is made from the same rows.
import type { CloudConfig } from './cloud-config.ts';
import { simplifyKey } from './cloud-config.ts';

/** One setting. */
export interface SettingRow {
  /** Environment variables, the one that wins first; the newest name is the first. */
  readonly env: readonly string[];
  /** Keys of the configuration file, the documented one first. */
  readonly keys: readonly string[];
  readonly help: string;
  /** Its value is never printed. */
  readonly isSecret?: boolean;
  /** What an absent setting means; shown in the documentation. */
  readonly byDefault?: string;
}

/** Where settings come from. */
export interface SettingSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config?: CloudConfig | undefined;
}

/** A value and who gave it. */
export interface SettingValue {
  readonly text: string;
  /** `PACKET_API_KEY`, or `"apiKey" of /etc/cloud-sa/cloud-sa.json`. */
  readonly origin: string;
}

/** The value of a setting: a non-empty variable wins over the file, the first name over the others. */
export function readSetting(row: SettingRow, sources: SettingSources): SettingValue | undefined {
  return candidatesOf(row, sources)[0];
}

/** Says that two names of one setting disagree, and which counts; never their values. Environment over file is usual and no reason. */
export function warnAboutSetting(row: SettingRow, { env }: SettingSources): string | undefined {
  const [first, ...others] = candidatesOf(row, { env });
  const other = others.find(({ text }) => text !== first?.text);
  if (first === undefined || other === undefined) return undefined;
  return `${first.origin} and ${other.origin} are both set and differ: ${first.origin} counts`;
}

/** For errors about a missing setting: all names that would do. */
export function namesOf(row: SettingRow): string {
  const keys = row.keys[0] === undefined ? '' : `, or "${row.keys[0]}" in the configuration file`;
  return `${row.env.join(' or ')}${keys}`;
}

/** How a value may be shown in a log. */
export function shownSetting(row: SettingRow, value: SettingValue): string {
  return row.isSecret === true ? '<masked>' : value.text;
}

function candidatesOf(row: SettingRow, { env, config }: SettingSources): readonly SettingValue[] {
  const ofEnv = row.env.map((name) => ({ text: env[name]?.trim() ?? '', origin: name }));
  const ofFile = row.keys.map((key) => ({
    text: config?.values.get(simplifyKey(key)) ?? '',
    origin: `"${key}" of ${config?.path ?? ''}`,
  }));
  return [...ofEnv, ...ofFile].filter(({ text }) => text !== '');
}
