import { describe, expect, test } from '@jest/globals';
import {
  apiServerArgs,
  componentEnv,
  controllerManagerArgs,
  etcdArgs,
  filesIn,
  schedulerArgs,
  serverUrl,
  servingNames,
  withOverrides,
} from './component-args.ts';
import type { ApiServerFacts } from './component-args.ts';

const files = filesIn('/t');
const facts = (overrides: Partial<ApiServerFacts> = {}): ApiServerFacts => ({
  files,
  bindAddress: '127.0.0.1',
  port: 16443,
  etcdEndpoint: 'http://127.0.0.1:23790',
  etcdPrefix: '/registry',
  hasControllers: false,
  hasKubelets: false,
  hasAudit: false,
  extraArgs: [],
  ...overrides,
});

describe('apiServerArgs', () => {
  test('the whole command line of the default control plane', () => {
    expect(apiServerArgs(facts())).toEqual([
      '--etcd-servers=http://127.0.0.1:23790',
      '--etcd-prefix=/registry',
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--secure-port=16443',
      '--tls-cert-file=/t/apiserver.crt',
      '--tls-private-key-file=/t/apiserver.key',
      '--cert-dir=/t',
      '--client-ca-file=/t/ca.crt',
      '--token-auth-file=/t/tokens.csv',
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      '--service-account-key-file=/t/service-account.pub',
      '--service-account-signing-key-file=/t/service-account.key',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--endpoint-reconciler-type=none',
      '--disable-admission-plugins=ServiceAccount',
    ]);
  });

  test.each([
    {
      when: 'the address is IPv6 loopback',
      change: { bindAddress: '::1' },
      has: '--service-cluster-ip-range=fd00:10::/112',
    },
    { when: 'the address is IPv6 loopback', change: { bindAddress: '::1' }, has: '--endpoint-reconciler-type=none' },
    { when: 'kubelets join', change: { hasKubelets: true }, has: '--authorization-mode=Node,RBAC' },
    { when: 'kubelets join', change: { hasKubelets: true }, has: '--kubelet-client-key=/t/kubelet-client.key' },
    { when: 'audit is on', change: { hasAudit: true }, has: '--audit-log-mode=blocking' },
    { when: 'audit is on', change: { hasAudit: true }, has: '--audit-policy-file=/t/audit-policy.yaml' },
    { when: 'a flag is added', change: { extraArgs: ['--v=4'] }, has: '--v=4' },
    {
      when: 'a flag is replaced',
      change: { extraArgs: ['--authorization-mode=AlwaysAllow'] },
      has: '--authorization-mode=AlwaysAllow',
    },
  ])('when $when: $has', ({ change, has }) => {
    expect(apiServerArgs(facts(change))).toContain(has);
  });

  test.each([
    { when: 'controllers run', change: { hasControllers: true }, not: '--disable-admission-plugins=ServiceAccount' },
    {
      when: 'others can reach the address',
      change: { bindAddress: '198.18.0.1' },
      not: '--endpoint-reconciler-type=none',
    },
    {
      when: 'a flag is replaced',
      change: { extraArgs: ['--authorization-mode=AlwaysAllow'] },
      not: '--authorization-mode=RBAC',
    },
    { when: 'audit is off', change: {}, not: '--audit-log-mode=blocking' },
  ])('when $when: no $not', ({ change, not }) => {
    expect(apiServerArgs(facts(change))).not.toContain(not);
  });
});

describe('the other components', () => {
  test('etcd keeps no promise about crashes of the machine and listens on loopback only', () => {
    expect(etcdArgs('/t/etcd', 'http://127.0.0.1:1', ['--log-level=debug'])).toEqual([
      '--data-dir=/t/etcd',
      '--listen-client-urls=http://127.0.0.1:1',
      '--advertise-client-urls=http://127.0.0.1:1',
      '--listen-peer-urls=http://127.0.0.1:0',
      '--unsafe-no-fsync',
      '--log-level=debug',
    ]);
  });

  test('the controller manager signs with the CA and opens no port', () => {
    const args = controllerManagerArgs(files);
    expect(args).toEqual(
      expect.arrayContaining(['--secure-port=0', '--cluster-signing-key-file=/t/ca.key', '--leader-elect=false']),
    );
  });

  test('the scheduler takes further flags', () => {
    expect(schedulerArgs(files, ['--v=2'])).toEqual(
      expect.arrayContaining(['--kubeconfig=/t/scheduler.kubeconfig', '--v=2']),
    );
  });
});

describe('withOverrides', () => {
  test.each([
    { extra: ['--a=2'], result: ['--b=1', '--a=2'] },
    { extra: ['-a=2'], result: ['--b=1', '-a=2'] },
    { extra: ['--ab=2'], result: ['--a=1', '--b=1', '--ab=2'] },
    { extra: ['--b'], result: ['--a=1', '--b'] },
    { extra: ['--c=x', '--c=y'], result: ['--a=1', '--b=1', '--c=x', '--c=y'] },
  ])('$extra', ({ extra, result }) => {
    expect(withOverrides(['--a=1', '--b=1'], extra)).toEqual(result);
  });
});

describe('addresses and environment', () => {
  test.each([
    { address: '127.0.0.1', url: 'https://127.0.0.1:1' },
    { address: '::1', url: 'https://[::1]:1' },
  ])('$address is reached at $url', ({ address, url }) => {
    expect(serverUrl(address, 1)).toBe(url);
  });

  test('the serving certificate holds the address once, and the names that pods use', () => {
    expect(servingNames('127.0.0.1').filter((name) => name === '127.0.0.1')).toHaveLength(1);
    expect(servingNames('198.18.0.1')).toEqual(
      expect.arrayContaining(['198.18.0.1', 'localhost', 'kubernetes.default.svc', '10.0.0.1']),
    );
  });

  test('variables that etcd or kube-apiserver would read as settings do not reach them', () => {
    const env = { ETCD_NAME: 'x', KUBECONFIG: 'y', KUBE_FEATURE_A: 'z', NODE_OPTIONS: '--x', PATH: '/bin', HOME: '/h' };
    expect(componentEnv(env)).toEqual({ PATH: '/bin', HOME: '/h' });
  });
});
