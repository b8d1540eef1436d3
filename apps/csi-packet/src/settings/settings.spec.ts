// Flags, environment and file to settings: tables.
import { describe, expect, test } from '@jest/globals';
import { createLogger, defaultsOf } from '@longshore/k8s-runtime/process';
import { parseCloudConfig } from '@longshore/packet-api';
import type { CloudConfig } from '@longshore/packet-api';
import { driverNameProblem } from './driver-name.ts';
import { driverFlags, parseHttpEndpoint } from './flags.ts';
import type { DriverFlags } from './flags.ts';
import { limitLog, parseLogLevel, verbosityOf } from './log-level.ts';
import { parseSettings } from './settings.ts';
import type { Settings } from './settings.ts';

const PROJECT = '11111111-2222-3333-4444-555555555555';
const FACILITY = '22222222-2222-3333-4444-555555555555';
const flags = (change: Partial<DriverFlags> = {}): DriverFlags => ({
  ...defaultsOf(driverFlags),
  endpoint: 'unix:///csi/csi.sock',
  ...change,
});
function file(values: object): CloudConfig {
  const reading = parseCloudConfig(JSON.stringify(values), '/etc/cloud-sa/cloud-sa.json');
  if ('problem' in reading) throw new Error(reading.problem);
  return reading.config;
}
function settingsOf(change: Partial<DriverFlags>, env: Record<string, string>, config?: CloudConfig): Settings {
  const reading = parseSettings(flags(change), { env, config }, '/');
  if ('problems' in reading) throw new Error(reading.problems.join('; '));
  return reading.settings;
}
function problemsOf(change: Partial<DriverFlags>, env: Record<string, string>): readonly string[] {
  const reading = parseSettings(flags(change), { env }, '/');
  return 'problems' in reading ? reading.problems : [];
}

describe('--v', () => {
  test.each([
    { text: '0', level: 'panic', verbosity: 0, shows: [] },
    { text: 'panic', level: 'panic', verbosity: 0, shows: [] },
    { text: '1', level: 'fatal', verbosity: 0, shows: [] },
    { text: 'fatal', level: 'fatal', verbosity: 0, shows: [] },
    { text: '2', level: 'error', verbosity: 0, shows: ['error'] },
    { text: 'ERROR', level: 'error', verbosity: 0, shows: ['error'] },
    { text: '3', level: 'warning', verbosity: 0, shows: ['error', 'warn'] },
    { text: 'warn', level: 'warning', verbosity: 0, shows: ['error', 'warn'] },
    { text: 'warning', level: 'warning', verbosity: 0, shows: ['error', 'warn'] },
    { text: '4', level: 'info', verbosity: 0, shows: ['error', 'warn', 'info'] },
    { text: 'info', level: 'info', verbosity: 0, shows: ['error', 'warn', 'info'] },
    { text: '5', level: 'debug', verbosity: 4, shows: ['error', 'warn', 'info', 'debug'] },
    { text: 'debug', level: 'debug', verbosity: 4, shows: ['error', 'warn', 'info', 'debug'] },
    { text: '6', level: 'trace', verbosity: 10, shows: ['error', 'warn', 'info', 'debug', 'trace'] },
    { text: 'trace', level: 'trace', verbosity: 10, shows: ['error', 'warn', 'info', 'debug', 'trace'] },
  ] as const)('$text is $level and shows $shows', ({ text, level, verbosity, shows }) => {
    expect(parseLogLevel(text)).toBe(level);
    expect(verbosityOf(level)).toBe(verbosity);
    const lines: string[] = [];
    const stream = { write: (line: string): unknown => lines.push(line) };
    const log = limitLog(createLogger({ format: 'text', verbosity, stream }), level).child({ a: 1 });
    log.error('error');
    log.warn('warn');
    log.info('info');
    log.verbose(4, 'debug');
    log.verbose(8, 'trace');
    expect(lines.map((line) => /"(\w+)"/.exec(line)?.[1])).toEqual(shows);
  });

  test.each(['7', '-1', '', 'loud', '4.5'])('"%s" is none', (text) => {
    expect(parseLogLevel(text)).toBeUndefined();
  });

  test('the default is info, and it is documented', () => {
    expect(driverFlags.v.default).toBe('info');
    expect(driverFlags.v.help).toContain('4 info');
  });
});

describe('roles', () => {
  const account = { PACKET_API_KEY: 'key-of-test', PACKET_PROJECT_ID: PROJECT };

  test.each([
    { mode: 'auto', env: {}, controller: false, node: true, minds: true },
    { mode: 'auto', env: account, controller: true, node: true, minds: false },
    { mode: 'all', env: account, controller: true, node: true, minds: true },
    { mode: 'node', env: account, controller: false, node: true, minds: true },
    { mode: 'controller', env: account, controller: true, node: false, minds: false },
  ] as const)('--mode=$mode with $env', ({ mode, env, controller, node, minds }) => {
    const settings = settingsOf({ mode }, env);
    expect(settings.account !== undefined).toBe(controller);
    expect([settings.hasNode, settings.needsHostPrograms]).toEqual([node, minds]);
  });

  test.each([
    { change: { mode: 'controller' }, env: {}, problem: /--mode=controller needs an API key: set .*PACKET_API_KEY/ },
    { change: {}, env: { PACKET_API_KEY: 'key' }, problem: /without a project: set .*PACKET_PROJECT_ID.*"projectID"/ },
    {
      change: {},
      env: { PACKET_API_KEY: 'key', PACKET_PROJECT_ID: 'x' },
      problem: /PACKET_PROJECT_ID: "x" is not a UUID/,
    },
    { change: { endpoint: '' }, env: {}, problem: /--endpoint is required/ },
    { change: { endpoint: '' }, env: { CSI_ENDPOINT: 'csi' }, problem: /^CSI_ENDPOINT: "csi" is no endpoint/ },
  ] as const)('$problem', ({ change, env, problem }) => {
    expect(problemsOf(change, env)).toEqual([expect.stringMatching(problem)]);
  });

  test('a project that is missing does not matter to the node side', () => {
    expect(problemsOf({ mode: 'node' }, { PACKET_API_KEY: 'key' })).toEqual([]);
  });
});

describe('where values come from', () => {
  const config = file({ apiKey: 'of-file', projectID: PROJECT, facilityID: FACILITY, 'base-url': 'http://file/' });

  test('the file alone', () => {
    const { account } = settingsOf({}, {}, config);
    expect(account).toMatchObject({ projectId: PROJECT, facilityId: FACILITY, baseUrl: 'http://file/' });
  });

  test.each(['facilityID', 'facility-id', 'facilityId', 'FacilityId'])('facility by the key %s', (key) => {
    const { account } = settingsOf({}, {}, file({ apiKey: 'k-of-file', projectId: PROJECT, [key]: FACILITY }));
    expect(account?.facilityId).toBe(FACILITY);
  });

  test('the environment wins key by key, empty variables do not', () => {
    const other = '33333333-2222-3333-4444-555555555555';
    const env = { PACKET_FACILITY_ID: other, PACKET_PROJECT_ID: '', PACKET_API_URL: 'http://env/' };
    const { account } = settingsOf({}, env, config);
    expect(account).toMatchObject({ projectId: PROJECT, facilityId: other, baseUrl: 'http://env/' });
  });

  test('keys of the CCM in the same Secret do not disturb', () => {
    const shared = file({ apiKey: 'k-of-file', projectID: PROJECT, loadbalancer: 'kube-vip://', facility: 'EWR1' });
    expect(settingsOf({}, {}, shared).account).toMatchObject({ facility: 'ewr1', facilityId: undefined });
  });
});

describe('names', () => {
  test.each([
    { name: 'net.packet.csi', fine: true },
    { name: 'csi.packet.net', fine: true },
    { name: 'a', fine: true },
    { name: '', fine: false },
    { name: '-a', fine: false },
    { name: 'a.', fine: false },
    { name: 'a b', fine: false },
    { name: `a${'b'.repeat(63)}`, fine: false },
  ])('driver name "$name": $fine', ({ name, fine }) => {
    expect(driverNameProblem(name) === undefined).toBe(fine);
  });

  test('the socket of kubelet follows the driver’s name', () => {
    const path = '/var/lib/kubelet/plugins/csi.packet.net/csi.sock';
    expect(settingsOf({ 'driver-name': 'csi.packet.net' }, {}).kubeletEndpoint).toBe(path);
    const flag = { 'kubelet-registration-path': '/k3s/csi.sock' };
    expect(settingsOf(flag, {}).kubeletEndpoint).toBe('/k3s/csi.sock');
  });

  test.each([
    { text: ':9808', host: '', port: 9808 },
    { text: '127.0.0.1:9808', host: '127.0.0.1', port: 9808 },
    { text: '[::1]:9808', host: '::1', port: 9808 },
  ])('$text', ({ text, host, port }) => {
    expect(parseHttpEndpoint(text)).toEqual({ host, port });
  });

  test.each(['', '9808', 'http://a:1', ':99999', 'a:b'])('"%s" is no address', (text) => {
    expect(parseHttpEndpoint(text)).toBeUndefined();
  });
});
