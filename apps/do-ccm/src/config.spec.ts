// What the environment means, row by row; several problems at once come out together.
import { describe, expect, test } from '@jest/globals';
import { configError, parseConfig, secretsOf } from './config.ts';
import type { Config, Environment } from './config.ts';

const token = { DO_ACCESS_TOKEN: 'abc123' };

function configOf(env: Environment): Config {
  const config = parseConfig(env);
  if (!('apiUrl' in config)) throw new Error(config.map(({ message }) => message).join('\n'));
  return config;
}

function problemsOf(env: Environment): readonly string[] {
  const problems = parseConfig(env);
  if ('apiUrl' in problems) throw new Error('expected problems');
  return problems.map(({ message }) => message);
}

describe('parseConfig', () => {
  test('a token is enough', () => {
    expect(parseConfig(token)).toEqual({
      token: { kind: 'value', token: 'abc123' },
      apiUrl: 'https://api.digitalocean.com/',
      metadataUrl: 'http://169.254.169.254/',
      region: undefined,
      clusterId: undefined,
      vpcId: undefined,
      limiterQps: undefined,
      defaultBalancerType: 'REGIONAL_NETWORK',
      addressFamilies: undefined,
      publicFirewall: undefined,
      debugAddress: undefined,
      metricsAddress: undefined,
    });
  });

  test.each<{ when: string; env: Environment; is: Partial<Config> }>([
    {
      when: 'the newline at the end of a Secret is cut off',
      env: { DO_ACCESS_TOKEN: 'abc\n' },
      is: { token: { kind: 'value', token: 'abc' } },
    },
    {
      when: 'the token is in a file',
      env: { DO_ACCESS_TOKEN_FILE: '/secrets/token' },
      is: { token: { kind: 'file', path: '/secrets/token' } },
    },
    {
      when: 'the API is elsewhere',
      env: { ...token, DO_OVERRIDE_URL: 'http://127.0.0.1:8080' },
      is: { apiUrl: 'http://127.0.0.1:8080/' },
    },
    { when: 'empty means unset', env: { ...token, REGION: '', DEFAULT_LB_TYPE: ' ' }, is: { region: undefined } },
    { when: 'the region is named', env: { ...token, REGION: 'fra1' }, is: { region: 'fra1' } },
    {
      when: 'cluster and network are named',
      env: { ...token, DO_CLUSTER_ID: 'c1', DO_CLUSTER_VPC_ID: 'v1' },
      is: { clusterId: 'c1', vpcId: 'v1' },
    },
    { when: 'DO row 3 a rate is given', env: { ...token, DO_API_RATE_LIMIT_QPS: '3.5' }, is: { limiterQps: 3.5 } },
    {
      when: 'HTTP balancers are the default',
      env: { ...token, DEFAULT_LB_TYPE: 'REGIONAL' },
      is: { defaultBalancerType: 'REGIONAL' },
    },
    {
      when: 'families are written in any case',
      env: { ...token, DO_IP_ADDR_FAMILIES: 'IPv6, ipv4' },
      is: { addressFamilies: ['ipv6', 'ipv4'] },
    },
    {
      when: 'the firewall has blanks around tags',
      env: { ...token, PUBLIC_ACCESS_FIREWALL_NAME: 'fw', PUBLIC_ACCESS_FIREWALL_TAGS: 'a, b,' },
      is: { publicFirewall: { name: 'fw', tags: ['a', 'b'] } },
    },
    {
      when: 'a port alone listens everywhere',
      env: { ...token, DEBUG_ADDR: ':80' },
      is: { debugAddress: { host: '', port: 80 } },
    },
    {
      when: 'an IPv6 address is in brackets',
      env: { ...token, METRICS_ADDR: '[::1]:8081' },
      is: { metricsAddress: { host: '::1', port: 8081 } },
    },
  ])('$when', ({ env, is }) => expect(configOf(env)).toMatchObject(is));

  test.each([
    { when: 'DO row 1 there is no token', env: {}, names: 'DO_ACCESS_TOKEN' },
    { when: 'the token is blank', env: { DO_ACCESS_TOKEN: '\n' }, names: 'DO_ACCESS_TOKEN' },
    { when: 'the token has a blank inside', env: { DO_ACCESS_TOKEN: 'a b' }, names: 'DO_ACCESS_TOKEN' },
    { when: 'token and file', env: { ...token, DO_ACCESS_TOKEN_FILE: '/t' }, names: 'DO_ACCESS_TOKEN_FILE' },
    {
      when: 'DO row 2 the firewall has no tags',
      env: { ...token, PUBLIC_ACCESS_FIREWALL_NAME: 'fw' },
      names: '"PUBLIC_ACCESS_FIREWALL_TAGS" is required',
    },
    {
      when: 'DO row 2 the firewall has no name',
      env: { ...token, PUBLIC_ACCESS_FIREWALL_TAGS: 'a' },
      names: '"PUBLIC_ACCESS_FIREWALL_NAME" is required',
    },
    {
      when: 'DO row 2 the name of the firewall is none that the API takes',
      env: { ...token, PUBLIC_ACCESS_FIREWALL_NAME: 'my firewall', PUBLIC_ACCESS_FIREWALL_TAGS: 'a' },
      names: 'PUBLIC_ACCESS_FIREWALL_NAME: "my firewall" is not allowed',
    },
    {
      when: 'DO row 3 the rate is no number',
      env: { ...token, DO_API_RATE_LIMIT_QPS: 'abc' },
      names: 'DO_API_RATE_LIMIT_QPS',
    },
    { when: 'the rate is 0', env: { ...token, DO_API_RATE_LIMIT_QPS: '0' }, names: 'DO_API_RATE_LIMIT_QPS' },
    {
      when: 'DO row 4 (start error) the default type is unknown',
      env: { ...token, DEFAULT_LB_TYPE: 'GLOBAL' },
      names: 'REGIONAL or REGIONAL_NETWORK',
    },
    { when: 'a family is unknown', env: { ...token, DO_IP_ADDR_FAMILIES: 'ipv4,ipv5' }, names: 'DO_IP_ADDR_FAMILIES' },
    {
      when: 'a family is given twice',
      env: { ...token, DO_IP_ADDR_FAMILIES: 'ipv4,ipv4' },
      names: 'DO_IP_ADDR_FAMILIES',
    },
    { when: 'the URL is none', env: { ...token, DO_OVERRIDE_URL: 'api.example.com' }, names: 'DO_OVERRIDE_URL' },
    { when: 'the URL is of another scheme', env: { ...token, DO_OVERRIDE_URL: 'ftp://x' }, names: 'DO_OVERRIDE_URL' },
    { when: 'the region is no slug', env: { ...token, REGION: 'fra 1' }, names: 'REGION' },
    { when: 'the cluster ID cannot be a tag', env: { ...token, DO_CLUSTER_ID: 'a b' }, names: 'DO_CLUSTER_ID' },
    { when: 'the address has no port', env: { ...token, METRICS_ADDR: 'localhost' }, names: 'METRICS_ADDR' },
    { when: 'the port is too large', env: { ...token, DEBUG_ADDR: ':70000' }, names: 'DEBUG_ADDR' },
  ])('$when: a problem that names it', ({ env, names }) =>
    expect(problemsOf(env)).toEqual([expect.stringContaining(names)]),
  );

  test('all problems come together, in one error that ends the process', () => {
    const problems = parseConfig({ DEFAULT_LB_TYPE: 'x', REGION: '/', DO_API_RATE_LIMIT_QPS: '-1' });
    if ('apiUrl' in problems) throw new Error('expected problems');
    const error = configError(problems);
    expect(problems).toHaveLength(4);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', disposition: { retry: 'never' } });
    for (const name of ['DO_ACCESS_TOKEN', 'DEFAULT_LB_TYPE', 'REGION', 'DO_API_RATE_LIMIT_QPS']) {
      expect(error.message).toContain(name);
    }
  });

  test('no problem shows the token', () => {
    expect(problemsOf({ DO_ACCESS_TOKEN: 's3cret x', DO_ACCESS_TOKEN_FILE: '/t' }).join()).not.toContain('s3cret');
  });
});

test('the token is a secret, also with a newline', () =>
  expect(secretsOf({ DO_ACCESS_TOKEN: 'abc\n' })).toEqual(['abc']));
