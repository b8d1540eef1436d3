// Reads the configuration from where a Secret is mounted: a JSON file, or a folder with `cloud-sa.json`, with plain keys, or with both.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backoff, OperatorError } from '@longshore/reconciler-core';
import { configOfKeys, mergeConfigs, parseCloudConfig } from './cloud-config.ts';
import type { CloudConfigReading } from './cloud-config.ts';
import { PACKET_SETTINGS } from './packet-settings.ts';
import { readSetting } from './setting-row.ts';
import type { SettingSources } from './setting-row.ts';

/** The JSON file of the shared Secret `packet-cloud-config`. */
export const CLOUD_CONFIG_FILE = 'cloud-sa.json';

/** The settings of a file or folder, or what is wrong with it. */
export async function readCloudConfig(path: string): Promise<CloudConfigReading> {
  try {
    return (await stat(path)).isDirectory() ? await readFolder(path) : await readJson(path);
  } catch (error) {
    return { problem: `${path} cannot be read: ${reasonOf(error)}` };
  }
}

/**
 * The `token` option of a client: the API key as environment and file have it at this moment, so that a Secret that changes needs no
 * restart. A variable wins; the file is not looked at then.
 */
export function tokenSource(env: SettingSources['env'], path: string | undefined): () => Promise<string> {
  return async () => {
    const ofEnv = readSetting(PACKET_SETTINGS.apiKey, { env });
    if (ofEnv !== undefined || path === undefined) return ofEnv?.text ?? '';
    const reading = await readCloudConfig(path);
    if ('problem' in reading) throw new OperatorError('PACKET_CONFIG_UNREADABLE', reading.problem, backoff);
    return readSetting(PACKET_SETTINGS.apiKey, { env, config: reading.config })?.text ?? '';
  };
}

async function readJson(path: string): Promise<CloudConfigReading> {
  return parseCloudConfig(await readFile(path, 'utf8'), path);
}

async function readFolder(path: string): Promise<CloudConfigReading> {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.'));
  const plain = names.filter((name) => name !== CLOUD_CONFIG_FILE);
  const keys = configOfKeys(await readKeys(path, plain), path);
  if (!names.includes(CLOUD_CONFIG_FILE)) return { config: keys };
  const reading = await readJson(join(path, CLOUD_CONFIG_FILE));
  return 'problem' in reading ? reading : { config: mergeConfigs(reading.config, keys) };
}

async function readKeys(folder: string, names: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) found.push([name, await readFile(path, 'utf8')]);
  }
  return found;
}

// The message of a file error holds the path once more, never content.
function reasonOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === 'string' ? code : 'unknown error';
}
