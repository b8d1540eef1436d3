import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { configError, maskToken, parseConfig, secretsOf, timeoutMsOf, VARIABLES } from './config.ts';
import type { Config, Environment } from './config.ts';
import { VERSION } from './version.ts';

const TOKEN = { CLOUDSCALE_ACCESS_TOKEN: 'secret-token' };

function configOf(env: Environment): Config {
  const config = parseConfig(env);
  if (!('apiUrl' in config)) throw configError(config);
  return config;
}

function problemsOf(env: Environment): readonly string[] {
  const config = parseConfig(env);
  return 'apiUrl' in config ? [] : config.map(({ message }) => message);
}

describe('parseConfig', () => {
  test('CS row 1 without a token: the message names the variable', () => {
    expect(problemsOf({})).toEqual([expect.stringContaining('no CLOUDSCALE_ACCESS_TOKEN configured')]);
    expect(problemsOf({ CLOUDSCALE_ACCESS_TOKEN: ' \n' })).toHaveLength(1);
  });

  test.each([
    ['abc', 20_000],
    ['0', 20_000],
    ['-1', 20_000],
    ['7', 7_000],
    ['', 20_000],
    ['2.5', 20_000],
  ])('CS row 2 a time-out of "%s" is %d ms', (text, ms) => {
    expect(timeoutMsOf(text)).toBe(ms);
    expect(configOf({ ...TOKEN, CLOUDSCALE_API_TIMEOUT: text }).timeoutMs).toBe(ms);
  });

  test.each([
    ['secret-token', 'secr********'],
    ['abc', ''],
    ['abcd', 'abcd'],
  ])('CS row 3 the token %s is shown as "%s"', (token, shown) => expect(maskToken(token)).toBe(shown));

  test('everything at its default', () => {
    expect(configOf({ CLOUDSCALE_ACCESS_TOKEN: 'abc\n' })).toEqual({
      token: { kind: 'value', token: 'abc' },
      apiUrl: 'https://api.cloudscale.ch/',
      timeoutMs: 20_000,
      clusterId: undefined,
    });
  });

  test('all problems at once, and no password among them', () => {
    const env = {
      CLOUDSCALE_ACCESS_TOKEN: 'a b',
      CLOUDSCALE_ACCESS_TOKEN_FILE: '/token',
      CLOUDSCALE_API_URL: 'https://me:hush@h',
      CLOUDSCALE_CLUSTER_ID: 'a b',
    };
    const problems = problemsOf(env);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hush');
    expect(problemsOf({ ...TOKEN, CLOUDSCALE_API_URL: 'ftp://h' })).toEqual([expect.stringContaining('https URL')]);
    expect(problemsOf({ CLOUDSCALE_ACCESS_TOKEN: 'a b' })).toEqual([expect.stringContaining('no token has')]);
  });

  test('a token file, a cluster ID', () => {
    const config = configOf({ CLOUDSCALE_ACCESS_TOKEN_FILE: '/token', CLOUDSCALE_CLUSTER_ID: 'prod-1' });
    expect(config).toMatchObject({ token: { kind: 'file', path: '/token' }, clusterId: 'prod-1' });
    expect([secretsOf(TOKEN), secretsOf({})]).toEqual([['secret-token'], []]);
  });

  test('the README has every variable, package.json the version', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../README.md'), 'utf8');
    for (const { name, meaning, usual } of VARIABLES)
      expect(readme).toContain(`| \`${name}\` | ${meaning} | ${usual} |`);
    const manifest = readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ version: VERSION });
  });
});
