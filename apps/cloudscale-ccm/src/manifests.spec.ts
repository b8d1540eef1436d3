// What users apply: deploy/ and examples/. That real API servers take it, and that the rights suffice, shows manifests.int.spec.ts.
import { describe, expect, test } from '@jest/globals';
import { rulesInWords } from '@longshore/k8s-runtime/testing';
import type { ManifestRule } from '@longshore/k8s-runtime/testing';
import path from 'node:path';
import { problemsOfService } from './load-balancer/decide.ts';
import { aWorld } from './test-support/world.ts';
import { exampleServices, MANIFEST, manifests } from './test-support/manifests.ts';

const examples = manifests.filesIn('examples');

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly tolerations: readonly object[];
    readonly securityContext: object;
    readonly containers: readonly Readonly<Record<string, unknown>>[];
    readonly [field: string]: unknown;
  };
}
interface Workload {
  readonly metadata: object;
  readonly spec: { readonly selector: { readonly matchLabels: object }; readonly template: PodTemplate };
}

describe(MANIFEST, () => {
  const daemonSet = manifests.onlyOne(MANIFEST, 'DaemonSet') as unknown as Workload;
  const { spec: pod, metadata } = daemonSet.spec.template;
  const [container = {}] = pod.containers;
  const rulesOf = (kind: 'ClusterRole' | 'Role'): readonly ManifestRule[] =>
    manifests.onlyOne(MANIFEST, kind)['rules'] as ManifestRule[];

  // A new verb needs a reason: what the program does with it stands in the manifest.
  test('grants these rights in the whole cluster and no other', () => {
    expect(rulesInWords(rulesOf('ClusterRole'))).toEqual([
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
    expect(manifests.onlyOne(MANIFEST, 'Role').metadata.namespace).toBe('kube-system');
    expect(rulesInWords(rulesOf('Role'))).toEqual([
      'coordination.k8s.io/leases: create',
      'coordination.k8s.io/leases[cloud-controller-manager]: get watch update',
    ]);
  });

  test('binds both to the account of the pods', () => {
    const account = { name: 'cloud-controller-manager', namespace: 'kube-system' };
    expect(manifests.onlyOne(MANIFEST, 'ServiceAccount').metadata).toEqual(account);
    expect(pod['serviceAccountName']).toBe(account.name);
    for (const kind of ['ClusterRole', 'Role']) {
      const binding = manifests.onlyOne(MANIFEST, `${kind}Binding`);
      expect(binding['subjects']).toEqual([{ kind: 'ServiceAccount', ...account }]);
      expect(binding['roleRef']).toMatchObject({ kind, name: manifests.onlyOne(MANIFEST, kind).metadata.name });
    }
    expect(manifests.onlyOne(MANIFEST, 'ClusterRole').metadata.name).toBe('system:cloud-controller-manager');
  });

  test('runs under its old name on control-plane nodes, where nothing else runs yet: tainted, without pod network and cluster DNS', () => {
    const name = 'cloudscale-cloud-controller-manager';
    expect(daemonSet.metadata).toEqual({ name, namespace: 'kube-system', labels: { 'k8s-app': name } });
    expect([metadata.labels, daemonSet.spec.selector.matchLabels]).toEqual([{ 'k8s-app': name }, { 'k8s-app': name }]);
    expect(pod).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'Default',
      priorityClassName: 'system-node-critical',
      nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
      tolerations: expect.arrayContaining([
        { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
        { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'CriticalAddonsOnly', operator: 'Exists' },
      ]) as unknown,
    });
  });

  test('takes the token from the Secret of the seed, as a user without privileges', () => {
    const secretKeyRef = { name: 'cloudscale', key: 'access-token' };
    expect(container['env']).toEqual([
      { name: 'CLOUDSCALE_API_URL', value: 'https://api.cloudscale.ch/' },
      { name: 'CLOUDSCALE_ACCESS_TOKEN', valueFrom: { secretKeyRef } },
    ]);
    expect(container['args']).toEqual(['--allow-untagged-cloud']);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('is probed on the secure port', () => {
    expect(container['ports']).toEqual([{ name: 'https', containerPort: 10258 }]);
    const at = (page: string): object => ({ httpGet: { scheme: 'HTTPS', path: page, port: 'https' } });
    expect(container['livenessProbe']).toMatchObject(at('/livez'));
    expect(container['readinessProbe']).toMatchObject(at('/readyz'));
  });

  test('names one image by `:latest`, once: the release puts the version there', () => {
    expect(manifests.textOf(MANIFEST).match(/\S+:latest/g)).toEqual([container['image']]);
  });
});

describe('examples', () => {
  const withBalancer = examples.filter((file) => exampleServices(file).length > 0);

  test('every case of the Go program’s examples, and a private address', () => {
    expect(examples.map((file) => path.basename(file, '.yml')).toSorted()).toEqual([
      'dns-dual-protocol',
      'external-traffic-policy-local',
      'gateway-api',
      'ingress',
      'nginx-hello',
      'nginx-hello-nodeselector',
      'private-vip',
      'proxy-v2-protocol',
      'udp',
    ]);
  });

  test.each(withBalancer)('%s: nothing in it is wrong or without effect', (file) => {
    for (const service of exampleServices(file)) expect(problemsOfService(service)).toEqual([]);
  });

  test.each(withBalancer.filter((file) => !file.includes('private-vip')))(
    '%s becomes a balancer that cloudscale.ch takes, and a second pass changes nothing',
    async (file) => {
      const world = await aWorld();
      try {
        for (const service of exampleServices(file)) {
          const { name } = service.metadata ?? {};
          world.put({ ...service, metadata: { ...service.metadata, namespace: 'default', uid: `uid-${name}` } });
          const labels = { 'kubernetes.io/os': 'linux' };
          const nodes = world.nodes().map((node) => ({ ...node, metadata: { ...node.metadata, labels } }));
          expect((await world.settle(name, nodes)).kind).toBe('ready');
          world.writes();
          await world.ensure(name, nodes);
          expect(world.writes()).toEqual([]);
        }
        expect(world.cloud.state.members.size).toBeGreaterThan(0);
        expect([...world.warnings, ...world.cloud.schemaProblems]).toEqual([]);
      } finally {
        await world.close();
      }
    },
  );

  test('private-vip with a subnet of the project gets an address of it', async () => {
    const world = await aWorld();
    const { uuid } = world.cloud.addSubnet({ cidr: '10.9.0.0/24' });
    const [service] = exampleServices('examples/private-vip.yml');
    const annotations = Object.entries(service?.metadata?.annotations ?? {}).map(([key, value]) => {
      return [key, value.replace('00000000-0000-4000-8000-000000000000', uuid)] as const;
    });
    world.put({
      ...service,
      metadata: { ...service?.metadata, uid: 'u', annotations: Object.fromEntries(annotations) },
    });
    expect(await world.settle('private-vip')).toMatchObject({
      status: { ingress: [{ ip: expect.stringMatching(/^10\.9\.0\./) as unknown }] },
    });
    await world.close();
  });

  test.each(examples)('%s has pods behind every port of its Services', (file) => {
    const objects = manifests.objectsOf(file);
    const workloads = objects.filter(({ kind }) => kind === 'Deployment') as unknown as Workload[];
    for (const service of objects.filter(({ kind }) => kind === 'Service')) {
      const { selector, ports } = service['spec'] as {
        selector: object;
        ports: { targetPort: number; protocol: string }[];
      };
      const behind = workloads.filter(
        ({ spec }) => JSON.stringify(spec.template.metadata.labels) === JSON.stringify(selector),
      );
      const open = behind.flatMap(({ spec }) => spec.template.spec.containers).flatMap((each) => each['ports']);
      for (const { targetPort, protocol } of ports)
        expect(open).toContainEqual({ containerPort: targetPort, protocol });
    }
  });

  test('nothing of one example replaces something of another', () => {
    const owners = Map.groupBy(
      examples.flatMap((file) =>
        manifests.objectsOf(file).map(({ kind, metadata }) => ({ file, kind, name: metadata.name })),
      ),
      ({ kind, name }) => `${kind} ${name}`,
    );
    expect([...owners].filter(([, entries]) => entries.length > 1)).toEqual([]);
  });
});
