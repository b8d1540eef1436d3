// The shared settings: all names, all spellings, both forms of the Secret, and no secret in any message.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { METADATA_URL, PACKET_URL } from '../service-end.ts';
import { idOf } from '../test-support/samples.ts';
import { readCloudConfig, tokenSource } from './cloud-config-file.ts';
import { configOfKeys, parseCloudConfig } from './cloud-config.ts';
import type { CloudConfig } from './cloud-config.ts';
import { findJsonError } from './json-position.ts';
import { PACKET_SETTINGS, readPacketSettings } from './packet-settings.ts';
import { namesOf, readSetting, shownSetting } from './setting-row.ts';
import type { SettingRow } from './setting-row.ts';

const project = idOf(40);

function configOf(text: string): CloudConfig {
  const reading = parseCloudConfig(text, '/etc/cloud-sa/cloud-sa.json');
  if ('problem' in reading) throw new Error(reading.problem);
  return reading.config;
}

describe('names of settings', () => {
  const rows: readonly (readonly [string, SettingRow])[] = Object.entries(PACKET_SETTINGS);

  test.each(rows)('%s: each environment variable, and the key of the file', (_, row) => {
    for (const name of row.env)
      expect(readSetting(row, { env: { [name]: ' x ' } })).toEqual({ text: 'x', origin: name });
    for (const key of row.keys)
      expect(readSetting(row, { env: {}, config: configOfKeys([[key, 'x']], 'f') })?.text).toBe('x');
    expect(
      row.env.some((name) => name.startsWith('METAL_')) && row.env.some((name) => name.startsWith('PACKET_')),
    ).toBe(true);
  });

  test.each(['projectID', 'projectId', 'PROJECTID', 'project-id', 'project_id'])('PK row 4 "%s" in the file', (key) => {
    const config = configOf(JSON.stringify({ apiKey: 'k', [key]: project }));
    expect(readPacketSettings({ env: {}, config })).toMatchObject({
      settings: { hasApiKey: true, projectId: project },
      problems: [],
    });
  });

  test.each(['facilityID', 'facility-id', 'facilityId'])(
    '"%s" is the facility, as documented and as it was read',
    (key) => {
      const config = configOf(
        JSON.stringify({ [key]: idOf(1), facility: 'EWR1', 'base-url': 'http://a/b', metadataUrl: 'http://c' }),
      );
      expect(readPacketSettings({ env: {}, config }).settings).toMatchObject({
        facilityId: idOf(1),
        facility: 'ewr1',
        baseUrl: 'http://a/b',
        metadataUrl: 'http://c',
      });
    },
  );

  test('PK row 5 the environment wins over the file, key by key; an empty variable is none', () => {
    const config = configOf(JSON.stringify({ projectID: idOf(1), metro: 'da' }));
    const env = { PACKET_PROJECT_ID: project, METAL_METRO_NAME: '' };
    expect(readPacketSettings({ env, config })).toMatchObject({
      settings: { projectId: project, metro: 'da' },
      warnings: [],
    });
  });

  test('PK row 6 two names that disagree: the newer counts, and one warning without values', () => {
    const env = { METAL_API_KEY: 'new-key', PACKET_API_KEY: 'old-key' };
    expect(readSetting(PACKET_SETTINGS.apiKey, { env })?.text).toBe('new-key');
    expect(readPacketSettings({ env }).warnings).toEqual([
      'METAL_API_KEY and PACKET_API_KEY are both set and differ: METAL_API_KEY counts',
    ]);
    expect(readPacketSettings({ env: { METAL_API_KEY: 'k', PACKET_API_KEY: 'k' } }).warnings).toEqual([]);
  });

  test('defaults', () => {
    expect(readPacketSettings({ env: {} })).toEqual({
      settings: {
        hasApiKey: false,
        projectId: undefined,
        baseUrl: PACKET_URL,
        metadataUrl: METADATA_URL,
        facility: undefined,
        facilityId: undefined,
        metro: undefined,
      },
      problems: [],
      warnings: [],
    });
  });

  test('all problems at once, with their origins; the API key is not shown', () => {
    const env = {
      PACKET_API_KEY: 'two words',
      PACKET_PROJECT_ID: 'mine',
      METAL_API_URL: 'ftp://user:pass@x',
      PACKET_METRO_NAME: 'a b',
    };
    const { problems } = readPacketSettings({ env });
    expect(problems).toHaveLength(4);
    expect(problems.join()).toMatch(/PACKET_PROJECT_ID: "mine" is not a UUID/);
    expect(problems.join()).not.toMatch(/two words|pass@/);
  });

  test('PK row 76 a secret is shown masked', () => {
    expect(shownSetting(PACKET_SETTINGS.apiKey, { text: 'k', origin: 'x' })).toBe('<masked>');
    expect(shownSetting(PACKET_SETTINGS.metro, { text: 'da', origin: 'x' })).toBe('da');
  });

  test('PK row 2 the names that would do', () => {
    expect(namesOf(PACKET_SETTINGS.apiKey)).toBe(
      'METAL_API_KEY or PACKET_API_KEY or PACKET_AUTH_TOKEN, or "apiKey" in the configuration file',
    );
  });
});

describe('the configuration file', () => {
  test.each([
    { text: '', at: 'line 1, column 1' },
    { text: '{"apiKey": "SECRET",}', at: 'line 1, column 21' },
    { text: '{\n  "apiKey": SECRET\n}', at: 'line 2, column 13' },
    { text: '{\n  "apiKey": "SECRET"\n  "projectID": "x"\n}', at: 'line 3, column 3' },
    { text: '{"apiKey": "SECRET"', at: 'line 1, column 20' },
    { text: '{"apiKey": "SECRET"} x', at: 'line 1, column 22' },
    { text: "{'apiKey': 'SECRET'}", at: 'line 1, column 2' },
    { text: '{"a": [1, 2, }', at: 'line 1, column 14' },
    { text: '{"a": "SEC\nRET"}', at: 'line 1, column 7' },
  ])('PK row 8 $text: the error names the file and $at, not what stands there', ({ text, at }) => {
    expect(parseCloudConfig(text, '/etc/cloud-sa/cloud-sa.json')).toEqual({
      problem: `/etc/cloud-sa/cloud-sa.json is not JSON at ${at}`,
    });
  });

  test('the position is found exactly when JSON.parse fails', () => {
    const cut = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '[', 'x', '\\', '\n'));
    fc.assert(
      fc.property(cut, ([json, at, put]) => {
        const text = json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + put.length);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(findJsonError(text) === undefined).toBe(isJson);
      }),
      { numRuns: 2000 },
    );
  });

  test('a deep file does not overflow', () => {
    expect(findJsonError('['.repeat(200_000))).toEqual({ line: 1, column: 200_001 });
  });

  test.each(['[]', '"text"', '7', 'null'])('%s is no object', (text) => {
    expect(parseCloudConfig(text, 'f')).toEqual({ problem: expect.stringContaining('not an object') });
  });

  test('numbers and truth values are texts, null and empty are absent, objects are a problem', () => {
    const { values } = configOf(
      '\uFEFF{"localASN": 65000, "eipHealthCheckUseHostIP": true, "metro": null, "facility": ""}',
    );
    expect(Object.fromEntries(values)).toEqual({ localasn: '65000', eiphealthcheckusehostip: 'true' });
    expect(parseCloudConfig('{"apiKey": {"a": "SECRET"}}', 'f')).toEqual({
      problem: 'f: key "apiKey" is neither a text, a number nor true or false',
    });
  });
});

describe('the mounted Secret', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-config-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function valuesOf(path: string): Promise<Record<string, string>> {
    const reading = await readCloudConfig(path);
    if ('problem' in reading) throw new Error(reading.problem);
    return Object.fromEntries(reading.config.values);
  }

  test('plain keys, as the kubelet mounts them', async () => {
    await mkdir(join(folder, '..data_1'));
    await writeFile(join(folder, '..data_1', 'apiKey'), 'k\n');
    await writeFile(join(folder, '..data_1', 'projectID'), project);
    await symlink('..data_1', join(folder, '..data'));
    for (const key of ['apiKey', 'projectID']) await symlink(`..data/${key}`, join(folder, key));
    expect(await valuesOf(folder)).toEqual({ apikey: 'k', projectid: project });
  });

  test('the JSON file, by its path and by its folder', async () => {
    await writeFile(join(folder, 'cloud-sa.json'), JSON.stringify({ apiKey: 'k', projectId: project }));
    const values = { apikey: 'k', projectid: project };
    expect(await valuesOf(folder)).toEqual(values);
    expect(await valuesOf(join(folder, 'cloud-sa.json'))).toEqual(values);
  });

  test('both: the JSON file counts, plain keys fill what it lacks', async () => {
    await writeFile(join(folder, 'cloud-sa.json'), JSON.stringify({ apiKey: 'json' }));
    await writeFile(join(folder, 'apiKey'), 'plain');
    await writeFile(join(folder, 'projectID'), project);
    expect(await valuesOf(folder)).toEqual({ apikey: 'json', projectid: project });
  });

  test('what cannot be read is a problem with a name', async () => {
    expect(await readCloudConfig(join(folder, 'missing'))).toEqual({
      problem: `${folder}/missing cannot be read: ENOENT`,
    });
    await writeFile(join(folder, 'cloud-sa.json'), '{"apiKey": "SECRET"');
    expect(await readCloudConfig(folder)).toEqual({
      problem: `${folder}/cloud-sa.json is not JSON at line 1, column 20`,
    });
  });

  test('PK row 72 a rotated key counts from the next call on', async () => {
    const file = join(folder, 'cloud-sa.json');
    await writeFile(file, '{"apiKey": "one"}');
    const token = tokenSource({}, file);
    expect(await token()).toBe('one');
    await writeFile(file, '{"apiKey": "two"}');
    expect(await token()).toBe('two');
    await writeFile(file, '{"apiKey": ');
    await expect(token()).rejects.toMatchObject({ code: 'PACKET_CONFIG_UNREADABLE' });
    expect(await tokenSource({ PACKET_AUTH_TOKEN: 'env' }, file)()).toBe('env');
    expect(await tokenSource({}, undefined)()).toBe('');
  });
});
