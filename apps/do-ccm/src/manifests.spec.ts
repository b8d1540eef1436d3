// What users apply: releases/ and examples/. That a real API server takes it, and that the rights suffice, shows manifests.int.spec.ts.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ANNOTATIONS } from './annotations.ts';
import { parseConfig } from './config.ts';
import { problemsOfService } from './load-balancer/desired.ts';
import { appFolder, exampleService, filesIn, onlyOne, readManifests, textOf } from './test-support/manifest-files.ts';
import type { Rule } from './test-support/manifest-files.ts';
import { VERSION } from './version.ts';

const TOKEN = 'releases/token.yml';
const RELEASE = `releases/v${VERSION}.yml`;
const examples = filesIn('examples/loadbalancers');

describe('releases/token.yml', () => {
  const tokenOf = (): string => {
    const data = onlyOne(TOKEN, 'Secret')['data'] as Record<string, string>;
    return Buffer.from(data['access-token'] ?? '', 'base64').toString('utf8');
  };

  test('has the placeholder in line 10, where links of old point to', () => {
    const lines = textOf(TOKEN).split('\n');
    expect(lines[9]).toMatch(/^ {2}access-token: '[A-Za-z0-9+/=]+' # placeholder$/);
    expect(lines.slice(10)).toEqual(['']);
  });

  test('becomes a Secret that works by replacing that one value', () => {
    const lines = textOf(TOKEN).split('\n');
    const encoded = Buffer.from('abc123abc123abc123').toString('base64');
    expect(encoded).toBe('YWJjMTIzYWJjMTIzYWJjMTIz');
    const edited = lines.with(9, (lines[9] ?? '').replace(/'.*'/, `"${encoded}"`)).join('\n');
    // What the README of 2017 shows as the result.
    for (const line of [
      'apiVersion: v1',
      'kind: Secret',
      '  name: digitalocean',
      '  namespace: kube-system',
      'data:',
    ]) {
      expect(edited.split('\n')).toContain(line);
    }
    expect(edited).toContain('\n  access-token: "YWJjMTIzYWJjMTIzYWJjMTIz"');
    expect(onlyOne(TOKEN, 'Secret').metadata).toEqual({ name: 'digitalocean', namespace: 'kube-system' });
  });

  test('with the placeholder left in it, the program says that this is no token', () => {
    expect(parseConfig({ DO_ACCESS_TOKEN: tokenOf() })).toEqual([
      expect.objectContaining({ field: 'DO_ACCESS_TOKEN', severity: 'error' }),
    ]);
    expect(parseConfig({ DO_ACCESS_TOKEN: 'abc123abc123abc123' })).toMatchObject({
      token: { kind: 'value', token: 'abc123abc123abc123' },
    });
  });
});

describe(RELEASE, () => {
  const rulesOf = (kind: 'ClusterRole' | 'Role'): readonly Rule[] => onlyOne(RELEASE, kind)['rules'] as Rule[];
  const deployment = onlyOne(RELEASE, 'Deployment') as unknown as {
    readonly metadata: object;
    readonly spec: {
      readonly replicas: number;
      readonly selector: { readonly matchLabels: object };
      readonly strategy: object;
      readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
    };
  };
  interface PodSpec {
    readonly tolerations: readonly object[];
    readonly securityContext: object;
    readonly containers: readonly Record<string, unknown>[];
    readonly [field: string]: unknown;
  }
  const pod = deployment.spec.template.spec;
  const [container = {}] = pod.containers;

  test('is the release of this version', () => {
    const { version } = JSON.parse(readFileSync(path.join(appFolder, 'package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
    expect(container['image']).toBe(`longshore/do-ccm:v${version}`);
    expect(filesIn('releases')).toEqual([TOKEN, RELEASE, 'releases/validating-admission-policy.yml']);
  });

  // A new verb needs a reason: what the program does with it stands in the manifest.
  test('grants these rights in the whole cluster and no other', () => {
    expect(rulesOf('ClusterRole').flatMap(flatten).toSorted()).toEqual([
      'authentication.k8s.io/tokenreviews: create',
      'authorization.k8s.io/subjectaccessreviews: create',
      'events: create patch',
      'nodes/status: patch',
      'nodes: get list watch patch delete',
      'services/status: patch',
      'services: get list watch patch',
    ]);
  });

  test('grants these rights in kube-system and no other', () => {
    expect(onlyOne(RELEASE, 'Role').metadata.namespace).toBe('kube-system');
    expect(rulesOf('Role').flatMap(flatten).toSorted()).toEqual([
      'coordination.k8s.io/leases: create',
      'coordination.k8s.io/leases[cloud-controller-manager]: get watch update',
    ]);
  });

  test('binds both to the account of the pod', () => {
    const subjects = [{ kind: 'ServiceAccount', name: 'cloud-controller-manager', namespace: 'kube-system' }];
    expect(onlyOne(RELEASE, 'ServiceAccount').metadata).toEqual({
      name: 'cloud-controller-manager',
      namespace: 'kube-system',
    });
    expect(pod['serviceAccountName']).toBe('cloud-controller-manager');
    for (const kind of ['ClusterRole', 'Role']) {
      const binding = onlyOne(RELEASE, `${kind}Binding`);
      expect(binding['subjects']).toEqual(subjects);
      expect(binding['roleRef']).toMatchObject({ kind, name: onlyOne(RELEASE, kind).metadata.name });
    }
    expect(onlyOne(RELEASE, 'ClusterRole').metadata.name).toBe('system:cloud-controller-manager');
  });

  test('runs under its old name where nothing else runs yet: on tainted nodes, without pod network and cluster DNS', () => {
    expect(deployment.metadata).toEqual({ name: 'digitalocean-cloud-controller-manager', namespace: 'kube-system' });
    expect(deployment.spec.template.metadata.labels).toEqual(deployment.spec.selector.matchLabels);
    expect(pod).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'Default',
      priorityClassName: 'system-cluster-critical',
      tolerations: expect.arrayContaining([
        { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
        { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'node-role.kubernetes.io/master', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'CriticalAddonsOnly', operator: 'Exists' },
      ]),
    });
  });

  test('takes the token from the Secret, as a user without privileges', () => {
    const secretKeyRef = { name: onlyOne(TOKEN, 'Secret').metadata.name, key: 'access-token' };
    expect(container['env']).toEqual([{ name: 'DO_ACCESS_TOKEN', valueFrom: { secretKeyRef } }]);
    expect(container['args']).toEqual(['--leader-elect=true']);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('is probed on the secure port, of which a node has one: the old pod goes first', () => {
    expect(container['ports']).toEqual([{ name: 'https', containerPort: 10258 }]);
    const at = (page: string): object => ({ httpGet: { scheme: 'HTTPS', path: page, port: 'https' } });
    expect(container['livenessProbe']).toMatchObject(at('/livez'));
    expect(container['readinessProbe']).toMatchObject(at('/readyz'));
    expect(deployment.spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
    });
  });

  function flatten({ apiGroups, resources, resourceNames = [], verbs }: Rule): readonly string[] {
    const names = resourceNames.length > 0 ? `[${resourceNames.join(' ')}]` : '';
    return apiGroups.flatMap((group) =>
      resources.map((resource) => `${group === '' ? '' : `${group}/`}${resource}${names}: ${verbs.join(' ')}`),
    );
  }
});

describe('examples/loadbalancers', () => {
  const known = new Set<string>(Object.values(ANNOTATIONS).map(({ key }) => key));

  test('shows every case of the predecessor', () => {
    expect(examples.map((file) => path.basename(file, '.yml')).toSorted()).toEqual([
      'all-protos-nginx',
      'http-nginx',
      'http-nginx-with-backend-keepalive',
      'http-nginx-with-healthcheck-numeric-values',
      'http-nginx-with-healthcheck-path',
      'http-nginx-with-healthcheck-port',
      'http-nginx-with-healthcheck-protocol',
      'http-nginx-with-http-idle-timeout-config',
      'http-nginx-with-load-balancer-firewall',
      'http-nginx-with-proxy-protocol',
      'http-nginx-with-redirect',
      'http-with-byoip-and-subnet',
      'http-with-large-nginx',
      'http-with-sticky-sessions',
      'http2-with-cert-nginx',
      'http2-with-hostname-and-cert',
      'http2-with-pass-through-nginx',
      'http2-with-sticky-sessions',
      'http3-with-http2',
      'https-with-cert-nginx',
      'https-with-cert-nginx-minimal',
      'https-with-certificate-name-nginx',
      'https-with-hostname-and-cert',
      'https-with-pass-through-nginx',
      'https-with-sticky-sessions',
      'tcp-nginx',
      'udp-with-healthcheck',
    ]);
  });

  test.each(examples)('%s uses annotations that exist, and nothing in it is wrong or without effect', (file) => {
    const service = exampleService(file);
    const unknown = Object.keys(service.metadata?.annotations ?? {}).filter((key) => !known.has(key));
    expect(unknown).toEqual([]);
    expect(problemsOfService(service, { defaultType: 'REGIONAL_NETWORK' })).toEqual([]);
  });

  test.each(examples)('%s has pods behind every port of its Service', (file) => {
    const service = exampleService(file);
    const { spec } = onlyOne(file, 'Deployment') as unknown as {
      spec: { template: { metadata: { labels: object }; spec: { containers: { ports: object[] }[] } } };
    };
    expect(spec.template.metadata.labels).toEqual(service.spec?.selector);
    const open = spec.template.spec.containers.flatMap(({ ports }) => ports);
    for (const { targetPort, protocol } of service.spec?.ports ?? []) {
      expect(open).toContainEqual({ containerPort: targetPort, protocol });
    }
  });

  test('nothing of one example replaces something of another', () => {
    const ids = examples.flatMap((file) =>
      readManifests(file).map(({ kind, metadata }) => `${kind} ${metadata.name} of ${path.basename(file)}`),
    );
    expect(ids.filter((id) => !/^\w+ (.+) of \1\.yml$/.test(id))).toEqual([]);
  });

  test('whoever asks for HTTP or TLS gets a balancer that speaks it', () => {
    const byType = Object.groupBy(examples, (file) => {
      const annotations = onlyOne(file, 'Service').metadata.annotations;
      return annotations?.[ANNOTATIONS.type.key] ?? 'default';
    });
    expect(byType['default']).toEqual([
      'examples/loadbalancers/tcp-nginx.yml',
      'examples/loadbalancers/udp-with-healthcheck.yml',
    ]);
    expect(Object.keys(byType).toSorted()).toEqual(['REGIONAL', 'default']);
  });
});
