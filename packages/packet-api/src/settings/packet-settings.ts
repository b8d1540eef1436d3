// The settings that all Packet programs share, from one table: who may call, on which project, where the API and the metadata service
// are, and where things are made. Pure.
import { redact } from '@longshore/cloud-http/parts';
import { parseFacilityId, parseProjectId } from '../ids.ts';
import type { FacilityId, ProjectId } from '../ids.ts';
import { METADATA_URL, PACKET_URL } from '../service-end.ts';
import { readSetting, warnAboutSetting } from './setting-row.ts';
import type { SettingRow, SettingSources, SettingValue } from './setting-row.ts';

/** The table. The names with METAL are the later ones of the same programs; the API key's third name is that of the oldest. */
export const PACKET_SETTINGS = {
  apiKey: {
    env: ['METAL_API_KEY', 'PACKET_API_KEY', 'PACKET_AUTH_TOKEN'],
    keys: ['apiKey'],
    help: 'API key, of a user or of the project',
    isSecret: true,
  },
  projectId: {
    env: ['METAL_PROJECT_ID', 'PACKET_PROJECT_ID'],
    keys: ['projectID'],
    help: 'UUID of the project that the cluster runs in',
  },
  baseUrl: {
    env: ['METAL_API_URL', 'PACKET_API_URL'],
    keys: ['base-url'],
    help: 'address of the API, with its path prefix if it has one',
    byDefault: PACKET_URL,
  },
  metadataUrl: {
    env: ['METAL_METADATA_URL', 'PACKET_METADATA_URL'],
    keys: ['metadata-url'],
    help: 'address of the metadata service',
    byDefault: METADATA_URL,
  },
  facility: {
    env: ['METAL_FACILITY_NAME', 'PACKET_FACILITY_NAME'],
    keys: ['facility'],
    help: 'code of the facility where addresses and volumes are made',
  },
  facilityId: {
    env: ['METAL_FACILITY_ID', 'PACKET_FACILITY_ID'],
    keys: ['facilityID'],
    help: 'UUID of the facility where volumes are made',
  },
  metro: {
    env: ['METAL_METRO_NAME', 'PACKET_METRO_NAME'],
    keys: ['metro'],
    help: 'code of the metro where addresses are made',
  },
} as const satisfies Readonly<Record<string, SettingRow>>;

/** The settings, read. The API key is not among them: `tokenSource` reads it for every call, so that it can be replaced. */
export interface PacketSettings {
  readonly hasApiKey: boolean;
  readonly projectId: ProjectId | undefined;
  readonly baseUrl: string;
  readonly metadataUrl: string;
  /** Lower case. */
  readonly facility: string | undefined;
  readonly facilityId: FacilityId | undefined;
  /** Lower case. */
  readonly metro: string | undefined;
}

/** Settings with everything that is wrong with them, so that a user can correct it in one go. What is missing is no problem here. */
export interface PacketSettingsReading {
  readonly settings: PacketSettings;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Environment and file to settings. */
export function readPacketSettings(sources: SettingSources): PacketSettingsReading {
  const problems: string[] = [];
  const parsed = <T>(row: SettingRow, parse: (text: string) => T | undefined, what: string): T | undefined => {
    const found = readSetting(row, sources);
    const value = found && parse(found.text);
    if (found !== undefined && value === undefined) problems.push(problemOf(row, found, what));
    return value;
  };
  const settings: PacketSettings = {
    hasApiKey:
      parsed(PACKET_SETTINGS.apiKey, parseApiKey, 'an API key (it has white space or control characters in it)') !==
      undefined,
    projectId: parsed(PACKET_SETTINGS.projectId, parseProjectId, 'a UUID'),
    baseUrl: parsed(PACKET_SETTINGS.baseUrl, parseUrl, 'an address like https://host/path') ?? PACKET_URL,
    metadataUrl: parsed(PACKET_SETTINGS.metadataUrl, parseUrl, 'an address like https://host/path') ?? METADATA_URL,
    facility: parsed(PACKET_SETTINGS.facility, parseCode, 'a code like ewr1'),
    facilityId: parsed(PACKET_SETTINGS.facilityId, parseFacilityId, 'a UUID'),
    metro: parsed(PACKET_SETTINGS.metro, parseCode, 'a code like da'),
  };
  const rows: readonly SettingRow[] = Object.values(PACKET_SETTINGS);
  const warnings = rows.map((row) => warnAboutSetting(row, sources)).filter((text) => text !== undefined);
  return { settings, problems, warnings };
}

function problemOf(row: SettingRow, { text, origin }: SettingValue, what: string): string {
  return row.isSecret === true ? `${origin} is not ${what}` : `${origin}: "${redact(text)}" is not ${what}`;
}

function parseApiKey(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) ? text : undefined;
}

function parseUrl(text: string): string | undefined {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'https:' || protocol === 'http:' ? text : undefined;
}

function parseCode(text: string): string | undefined {
  return /^[a-z0-9-]{1,32}$/i.test(text) ? text.toLowerCase() : undefined;
}
