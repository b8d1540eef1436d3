import { describe, expect, test } from '@jest/globals';
import { boolFlag, defaultsOf, intFlag, parseFlags, UsageError } from '@longshore/k8s-runtime/process';
import { ccmFlags, checkProgramFlags, programFlagTable } from './flags.ts';
import type { CcmFlagValues, ProgramFlags } from './flags.ts';
import { configz } from './wiring-configz.ts';

const program: ProgramFlags<Record<never, never>> = { providerName: 'acme', defaults: { 'cloud-provider': 'acme' } };

function parse(argv: readonly string[], about: ProgramFlags<Record<never, never>> = program): CcmFlagValues {
  const parsed = parseFlags(programFlagTable(about), argv, {
    program: 'acme-ccm',
    version: 'v1.2.3',
    description: 'For tests',
    check: (values) => checkProgramFlags(values as CcmFlagValues, about),
  });
  if (parsed.kind !== 'run') throw new Error('expected values');
  return parsed.values;
}

function problemsOf(argv: readonly string[], about?: ProgramFlags<Record<never, never>>): readonly string[] {
  try {
    parse(argv, about);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

describe('the flags of a cloud controller manager', () => {
  test('defaults: those of k8s.io/cloud-provider, wider where a design decision says so', () => {
    expect(parse([])).toMatchObject({
      'concurrent-node-syncs': 20,
      'concurrent-node-status-updates': 0,
      'concurrent-service-syncs': 5,
      'node-status-update-frequency': 300_000,
      'node-monitor-period': 5_000,
      'route-reconciliation-period': 10_000,
      'kube-api-qps': 0,
      'kube-api-burst': 0,
      'cluster-name': 'kubernetes',
      'secure-port': 10258,
      'leader-elect': true,
      'leader-elect-resource-name': 'cloud-controller-manager',
      'load-balancer-sync-period': 600_000,
      'drain-nodes-before-scale-down': true,
      'dry-run': false,
    });
  });

  test('every flag of the Go programs is taken', () => {
    const flags = [
      'allocate-node-cidrs', 'allow-untagged-cloud', 'authentication-kubeconfig', 'authentication-skip-lookup',
      'authentication-token-webhook-cache-ttl', 'authentication-tolerate-lookup-failure', 'authorization-always-allow-paths',
      'authorization-kubeconfig', 'authorization-webhook-cache-authorized-ttl', 'authorization-webhook-cache-unauthorized-ttl',
      'bind-address', 'cert-dir', 'cidr-allocator-type', 'client-ca-file', 'cloud-config', 'cloud-provider', 'cluster-cidr',
      'cluster-name', 'concurrent-node-status-updates', 'concurrent-node-syncs', 'concurrent-service-syncs',
      'configure-cloud-routes', 'contention-profiling', 'controller-start-interval', 'controllers', 'disable-http2-serving',
      'enable-leader-migration', 'external-cloud-volume-plugin', 'feature-gates', 'http2-max-streams-per-connection',
      'kube-api-burst', 'kube-api-content-type', 'kube-api-qps', 'kubeconfig', 'leader-elect', 'leader-elect-lease-duration',
      'leader-elect-renew-deadline', 'leader-elect-resource-lock', 'leader-elect-resource-name',
      'leader-elect-resource-namespace', 'leader-elect-retry-period', 'leader-migration-config', 'log-flush-frequency',
      'log-json-info-buffer-size', 'log-json-split-stream', 'log-text-info-buffer-size', 'log-text-split-stream',
      'logging-format', 'master', 'min-resync-period', 'node-monitor-period', 'node-status-update-frequency',
      'node-sync-period', 'permit-address-sharing', 'permit-port-sharing', 'profiling', 'requestheader-allowed-names',
      'requestheader-client-ca-file', 'requestheader-extra-headers-prefix', 'requestheader-group-headers',
      'requestheader-uid-headers', 'requestheader-username-headers', 'route-reconciliation-period', 'secure-port',
      'tls-cert-file', 'tls-cipher-suites', 'tls-curve-preferences', 'tls-min-version', 'tls-private-key-file',
      'tls-sni-cert-key', 'use-service-account-credentials', 'v', 'vmodule', 'webhook-bind-address', 'webhook-cert-dir',
      'webhook-disable-http2-serving', 'webhook-http2-max-streams-per-connection', 'webhook-permit-address-sharing',
      'webhook-permit-port-sharing', 'webhook-secure-port', 'webhook-tls-cert-file', 'webhook-tls-cipher-suites',
      'webhook-tls-curve-preferences', 'webhook-tls-min-version', 'webhook-tls-private-key-file', 'webhook-tls-sni-cert-key',
      'webhooks',
    ]; // prettier-ignore
    expect(flags.filter((name) => !Object.hasOwn(ccmFlags, name))).toEqual([]);
  });

  test('words may be joined by _ as in old manifests', () => {
    expect(parse(['--cluster_name=prod', '--leader_elect=false'])).toMatchObject({
      'cluster-name': 'prod',
      'leader-elect': false,
    });
  });

  test('row P7 an empty --cloud-provider is refused by name', () => {
    const noDefault = { providerName: 'acme' };
    expect(problemsOf([], noDefault)).toEqual(['--cloud-provider cannot be empty; this program serves: acme']);
    expect(problemsOf(['--cloud-provider='])).toEqual(['--cloud-provider cannot be empty; this program serves: acme']);
    expect(problemsOf(['--cloud-provider=acme'], noDefault)).toEqual([]);
  });

  test('another provider is refused, an alias is not', () => {
    const about = { ...program, providerAliases: ['acme-cloud'] };
    expect(problemsOf(['--cloud-provider=aws'], about)).toEqual([
      '--cloud-provider: "aws" is not known to this program; allowed: acme, acme-cloud',
    ]);
    expect(problemsOf(['--cloud-provider=acme-cloud'], about)).toEqual([]);
  });

  test('no workers at all is refused: it would mean that no node is ever initialized', () => {
    expect(problemsOf(['--concurrent-node-syncs=0', '--concurrent-service-syncs=0'])).toEqual([
      '--concurrent-node-syncs: "0" must be 1 or more',
      '--concurrent-service-syncs: "0" must be 1 or more',
    ]);
  });

  test('all problems are told together', () => {
    const argv = ['--controllers=*,frob', '--leader-elect-renew-deadline=x', '--feature-gates=A=maybe'];
    expect(problemsOf(argv)).toEqual([
      expect.stringMatching(/^--controllers: .*"frob"/),
      expect.stringMatching(/^--leader-elect-renew-deadline: "x" is not a duration/),
      expect.stringMatching(/^--feature-gates: .*A=maybe/),
    ]);
    expect(problemsOf(['--leader-elect-renew-deadline=20s', '--tls-cert-file=a', '--cloud-provider='])).toHaveLength(3);
  });

  test('the webhook port must differ only when there are webhooks', () => {
    expect(problemsOf(['--secure-port=9', '--webhook-secure-port=9'])).toEqual([]);
    expect(problemsOf(['--secure-port=9', '--webhook-secure-port=9', '--webhooks=a'])).toHaveLength(1);
  });

  test('a program adds flags, replaces flags and changes defaults', () => {
    const flags = {
      size: intFlag({ default: 3, help: 'Size' }),
      'authentication-skip-lookup': boolFlag({ default: true, help: 'Skip' }),
    };
    const table = programFlagTable({ providerName: 'acme', flags, defaults: { 'cluster-name': 'acme' } });
    expect(defaultsOf(table)).toMatchObject({ size: 3, 'authentication-skip-lookup': true, 'cluster-name': 'acme' });
    expect(ccmFlags['cluster-name'].default).toBe('kubernetes');
  });
});

test('/configz shows the configuration under its Go names', () => {
  expect(configz(parse(['--cluster-cidr=10.0.0.0/16', '--node-monitor-period=7s']))).toMatchObject({
    'cloudcontrollermanager.config.k8s.io': {
      Generic: {
        Port: 10258,
        MinResyncPeriod: '12h0m0s',
        LeaderElection: { LeaseDuration: '15s', ResourceLock: 'leases' },
      },
      KubeCloudShared: { CloudProvider: { Name: 'acme' }, NodeMonitorPeriod: '7s', ClusterCIDR: '10.0.0.0/16' },
      ServiceController: { ConcurrentServiceSyncs: 5 },
      NodeController: { ConcurrentNodeSyncs: 20, ConcurrentNodeStatusUpdates: 20 },
      NodeStatusUpdateFrequency: '5m0s',
    },
  });
});
