// The configuration: every name and key of every version, precedence, and what is wrong told at once.
import { describe, expect, test } from '@jest/globals';
import { configOfKeys, parseCloudConfig } from '@longshore/packet-api';
import type { CloudConfig, SettingRow } from '@longshore/packet-api';
import { SETTINGS } from './config-table.ts';
import { configError, parseConfig, secretsOf, shownSettings } from './config.ts';
import type { Config } from './config.ts';

const project = 'ca73364c-6023-4935-9137-2132e73c20b4';
const credentials = { PACKET_AUTH_TOKEN: 'the-key', PACKET_PROJECT_ID: project };

function configOf(env: Record<string, string> = {}, file?: CloudConfig): Config {
  const reading = parseConfig({ env: { ...credentials, ...env }, config: file });
  if ('problems' in reading) throw configError(reading.problems);
  return reading.config;
}

function problemsOf(env: Record<string, string>): string {
  const reading = parseConfig({ env });
  return 'problems' in reading ? configError(reading.problems).message : '';
}

function warningsOf(env: Record<string, string>): readonly string[] {
  const reading = parseConfig({ env: { ...credentials, ...env } });
  return 'warnings' in reading ? reading.warnings : [];
}

const rows: readonly (readonly [string, SettingRow])[] = Object.entries(SETTINGS);

// A value that each setting takes, other than its default.
const SAMPLES: Readonly<Record<string, string>> = {
  apiKey: 'k',
  projectId: project,
  baseUrl: 'http://127.0.0.1:1/x',
  metadataUrl: 'http://127.0.0.1:2',
  facility: 'ewr1',
  facilityId: project,
  metro: 'da',
  loadBalancer: 'kube-vip://',
  loadBalancerConfigMap: 'a:b',
  loadBalancerDisabled: 'true',
  localAsn: '65001',
  peerAsn: '65531',
  bgpPassword: 'p',
  bgpNodeSelector: 'bgp=yes',
  eipTag: 't',
  apiServerPort: '443',
  eipHealthCheckUseHostIp: 'T',
  eipHealthCheckFailures: '5',
  eipHealthCheckSkipVerify: 'true',
  emlbUrl: 'http://127.0.0.1:3/lb',
  emlbTokenUrl: 'http://127.0.0.1:3/token',
  bgpMaxPrefixes: '20',
  eipSweep: 'true',
  loadBalancerId: 'loadbal-1',
  addressFamilies: 'ipv4,ipv6',
  regionLabel: 'facility-id',
  httpDebug: '1',
};

describe('the table', () => {
  test.each(rows)('%s is read from each variable and each key of the file', (name, row) => {
    const value = SAMPLES[name] ?? 'example.com/a-{{n}}';
    const known = (given: object): Record<string, unknown> => Object.fromEntries(Object.entries(given));
    const byVariable = row.env.map((variable) => parseConfig({ env: { ...credentials, [variable]: value } }));
    const byKey = row.keys.map((key) =>
      parseConfig({ env: name === 'apiKey' || name === 'projectId' ? {} : credentials, config: keys(key, value) }),
    );
    for (const reading of [...byVariable, ...byKey]) expect(known(reading)).not.toHaveProperty('problems');
    const shown = row.env.map((variable) => shownSettings({ env: { [variable]: value } })[name]);
    expect(new Set(shown)).toEqual(new Set([row.isSecret === true ? '<masked>' : value]));
  });

  function keys(key: string, value: string): CloudConfig {
    return configOfKeys(
      [
        ['apiKey', 'k'],
        ['projectID', project],
        [key, value],
      ],
      'f',
    );
  }

  test('no variable and no key belongs to two settings', () => {
    const env = rows.flatMap(([, row]) => row.env);
    const fileKeys = rows.flatMap(([, row]) => row.keys).map((key) => key.toLowerCase());
    expect(new Set(env).size).toBe(env.length);
    expect(new Set(fileKeys).size).toBe(fileKeys.length);
  });
});

describe('parseConfig', () => {
  test('PK row 1 the two variables of the seed are enough', () => {
    expect(configOf()).toMatchObject({
      projectId: project,
      backend: { kind: 'off' },
      bgp: { localAsn: 65000, peerAsn: 65530, password: '' },
      controlPlane: {
        eipTag: undefined,
        apiServerPort: 0,
        checksHostIp: false,
        failuresToMove: 3,
        skipsVerification: false,
      },
      addressFamilies: ['ipv4'],
      regionLabel: 'metro',
      annotations: {
        localAsn: 'metal.equinix.com/bgp-peers-{{n}}-node-asn',
        peerAsn: 'metal.equinix.com/bgp-peers-{{n}}-peer-asn',
        peerIp: 'metal.equinix.com/bgp-peers-{{n}}-peer-ip',
        sourceIp: 'metal.equinix.com/bgp-peers-{{n}}-src-ip',
        bgpPassword: 'metal.equinix.com/bgp-peers-{{n}}-bgp-pass',
        privateNetwork: 'metal.equinix.com/network-4-private',
        eipMetro: 'metal.equinix.com/eip-metro',
        eipFacility: 'metal.equinix.com/eip-facility',
      },
    });
  });

  test('PK row 2 no API key: all names that would do', () => {
    expect(problemsOf({ PACKET_PROJECT_ID: project })).toBe(
      'an API key of Packet is required: set METAL_API_KEY or PACKET_API_KEY or PACKET_AUTH_TOKEN, or "apiKey" in the configuration file',
    );
  });

  test('PK row 3 no project', () => {
    expect(problemsOf({ PACKET_AUTH_TOKEN: 'the-key' })).toMatch(
      /METAL_PROJECT_ID or PACKET_PROJECT_ID, or "projectID"/,
    );
    expect(problemsOf({ PACKET_AUTH_TOKEN: 'the-key', METAL_PROJECT_ID: 'x' })).toMatch(
      /^METAL_PROJECT_ID: "x" is not a UUID$/,
    );
  });

  test('PK row 4 PK row 5 the file, and the environment over it', () => {
    const reading = parseCloudConfig(
      JSON.stringify({
        APIKEY: 'k',
        PROJECTID: project,
        'base-url': 'http://a/metal/v1',
        loadbalancer: 'empty://',
        localASN: 65001,
        metro: 'ny',
      }),
      'f',
    );
    if ('problem' in reading) throw new Error(reading.problem);
    expect(configOf({}, reading.config)).toMatchObject({
      baseUrl: 'http://a/metal/v1',
      backend: { kind: 'empty' },
      bgp: { localAsn: 65001 },
      metro: 'ny',
    });
    expect(configOf({ METAL_METRO_NAME: 'da', METAL_LOCAL_ASN: '65002' }, reading.config)).toMatchObject({
      bgp: { localAsn: 65002 },
      metro: 'da',
    });
  });

  test('PK row 6 two names of one setting: the newer counts, one warning', () => {
    const env = { METAL_API_KEY: 'a', METAL_LB: 'empty://', METAL_LOAD_BALANCER: 'kube-vip://' };
    expect(configOf(env).backend).toEqual({ kind: 'kube-vip' });
    expect(warningsOf(env)).toEqual([
      'METAL_API_KEY and PACKET_AUTH_TOKEN are both set and differ: METAL_API_KEY counts',
      'METAL_LOAD_BALANCER and METAL_LB are both set and differ: METAL_LOAD_BALANCER counts',
    ]);
  });

  test.each([
    {
      env: { PACKET_LB_CONFIGMAP: 'ns:cm' },
      backend: { kind: 'metallb-config-map', namespace: 'ns', configMap: 'cm' },
    },
    { env: { PACKET_LB_CONFIGMAP: 'disabled' }, backend: { kind: 'off' } },
    { env: { PACKET_DISABLE_LB: 'true', PACKET_LB_CONFIGMAP: 'ns:cm' }, backend: { kind: 'off' } },
    { env: { PACKET_LB_CONFIGMAP: 'disabled', METAL_LOAD_BALANCER: 'empty://' }, backend: { kind: 'empty' } },
  ])('$env of older versions', ({ env, backend }) => {
    expect(configOf(env as Record<string, string>).backend).toEqual(backend);
  });

  test('everything that is wrong at once, PK row 76 without secrets', () => {
    const message = problemsOf({
      METAL_API_KEY: 'top secret',
      METAL_PROJECT_ID: project,
      METAL_API_URL: 'x',
      METAL_LOAD_BALANCER: 'f5://',
      METAL_LOCAL_ASN: 'many',
      METAL_BGP_NODE_SELECTOR: 'a in b',
      METAL_ANNOTATION_NETWORK_IPV4_PRIVATE: 'metal.equinix.com/network/4/private',
      METAL_API_SERVER_PORT: '70000',
      METAL_EIP_HEALTH_CHECK_USE_HOST_IP: 'yes',
      METAL_ADDRESS_FAMILIES: 'ipv5',
      METAL_REGION_LABEL: 'zone',
    });
    expect(message.split('; ')).toHaveLength(10);
    expect(message).toMatch(/METAL_LOAD_BALANCER: "f5:\/\/" is not allowed, use empty:\/\//);
    expect(message).not.toContain('top secret');
  });

  test('PK row 76 secrets are known for all their names', () => {
    const env = { PACKET_AUTH_TOKEN: 'one', METAL_API_KEY: 'two', METAL_BGP_PASS: 'three', METAL_METRO_NAME: 'da' };
    expect([...secretsOf({ env, config: configOfKeys([['apiKey', 'four']], 'f') })].sort()).toEqual([
      'four',
      'one',
      'three',
      'two',
    ]);
    expect(shownSettings({ env })).toEqual({ apiKey: '<masked>', bgpPassword: '<masked>', metro: 'da' });
  });

  test('an annotation for peers without a number is told', () => {
    expect(warningsOf({ METAL_ANNOTATION_PEER_IP: 'metal.equinix.com/peer-ip' })).toEqual([
      expect.stringContaining('only the first BGP peer'),
    ]);
  });

  test('a load balancer of the control plane that nobody would set up is told, with both settings', () => {
    const id = { METAL_LOAD_BALANCER_ID: SAMPLES['loadBalancerId'] ?? '' };
    const both = [expect.stringMatching(/METAL_LOAD_BALANCER_ID .*METAL_LOAD_BALANCER is emlb:/)];
    expect(warningsOf(id)).toEqual(both);
    expect(warningsOf({ ...id, METAL_LOAD_BALANCER: 'kube-vip://' })).toEqual(both);
    expect(warningsOf({ ...id, METAL_LOAD_BALANCER: 'emlb:///da' })).toEqual([]);
    expect(warningsOf({ ...id, METAL_LOAD_BALANCER: 'emlb:///da', METAL_EIP_TAG: 'api' })).toEqual([
      expect.stringMatching(/METAL_LOAD_BALANCER_ID .*METAL_EIP_TAG/),
    ]);
  });
});
