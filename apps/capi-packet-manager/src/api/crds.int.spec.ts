// The CRDs on real API servers, oldest and newest: they are served, take our objects and those of the Go templates with strict validation
// of fields, keep raw fields, scale, and print their columns.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { clusterCrds, packetCrds } from './crds.ts';

const FIRST_BUILD_MS = 1_800_000;
const v1alpha1 = { apiVersion: 'cluster.k8s.io/v1alpha1' };
const value = {
  apiVersion: 'packetprovider/v1alpha1',
  kind: 'PacketMachineProviderSpec',
  OS: 'ubuntu_24_04',
  facility: ['ewr1'],
  machineType: 'c3.small.x86',
  billingCycle: 'hourly',
  projectID: 'p',
  sshKeys: ['c3No'],
  anything: { nested: [1, 'two', { three: true }] },
};
const template = {
  metadata: { creationTimestamp: null, labels: { set: 'node' } },
  spec: { providerSpec: { value }, versions: { kubelet: '1.36.1' } },
};
const selector = { matchLabels: { set: 'node' } };

// As the templates of the Go provider wrote them.
const goCluster = {
  ...v1alpha1,
  kind: 'Cluster',
  metadata: { name: 'test1' },
  spec: {
    clusterNetwork: {
      services: { cidrBlocks: ['10.96.0.0/12'] },
      pods: { cidrBlocks: ['192.168.0.0/16'] },
      serviceDomain: 'cluster.local',
    },
    providerSpec: {
      value: { apiVersion: 'packetprovider/v1alpha1', kind: 'PacketClusterProviderSpec', projectID: 'p' },
    },
  },
};
const goMachines = {
  ...v1alpha1,
  kind: 'MachineList',
  items: [
    {
      ...v1alpha1,
      kind: 'Machine',
      metadata: { name: 'packet-master-0', labels: { 'cluster.k8s.io/cluster-name': 'test1', set: 'master' } },
      spec: {
        providerSpec: { value: { ...value, roles: ['Master'] } },
        versions: { kubelet: '1.14.3', controlPlane: '1.14.3' },
      },
    },
  ],
};

const objects = [
  {
    ...v1alpha1,
    kind: 'MachineSet',
    metadata: { name: 'ms' },
    spec: { replicas: 3, deletePolicy: 'Newest', selector, template },
  },
  {
    ...v1alpha1,
    kind: 'MachineDeployment',
    metadata: { name: 'md' },
    spec: {
      selector,
      template,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
    },
  },
  { ...v1alpha1, kind: 'MachineClass', metadata: { name: 'mc' }, providerSpec: value },
  {
    ...v1alpha1,
    kind: 'Machine',
    metadata: { name: 'by-class' },
    spec: {
      metadata: { creationTimestamp: null, labels: { a: 'b' } },
      taints: [{ key: 'gpu', effect: 'NoSchedule', timeAdded: null }],
      providerSpec: { valueFrom: { machineClass: { name: 'mc', provider: 'packet' } } },
    },
  },
];

describe.each(['1.34', '1.36'] as const)('the CRDs on Kubernetes %s', (minor) => {
  let plane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;

  const apply = async (name: string, documents: readonly object[]): Promise<string> => {
    const file = path.join(folder, `${name}.yaml`);
    await writeFile(file, documents.map((document) => stringify(document)).join('---\n'));
    return kubectl('apply', '--validate=strict', '-f', file);
  };
  const get = async (kind: string, name: string): Promise<Record<string, unknown>> =>
    JSON.parse(await kubectl('get', kind, name, '-o', 'json')) as Record<string, unknown>;

  beforeAll(async () => {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    folder = await mkdtemp(path.join(tmpdir(), 'capi-crds-'));
    plane = await startControlPlane({ minor, onProgress });
    kubectl = await kubectlFor(plane, { onProgress });
    await apply('crds', [...clusterCrds, ...packetCrds]);
    await kubectl('wait', '--for=condition=Established', '--all', 'crd', '--timeout=60s');
    await apply('objects', [goCluster, goMachines, ...objects]);
  }, FIRST_BUILD_MS);

  afterAll(async () => {
    await plane.stop();
    await rm(folder, { recursive: true });
  });

  test('no schema violates structure, no name is taken, and the approval says what it is', async () => {
    const { items } = JSON.parse(await kubectl('get', 'crd', '-o', 'json')) as {
      items: {
        metadata: { name: string };
        status: { conditions: { type: string; status: string; reason: string }[] };
      }[];
    };
    expect(items).toHaveLength(9);
    for (const { status } of items) {
      const found = Object.fromEntries(status.conditions.map(({ type, status: value }) => [type, value]));
      expect(found).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(found['NonStructuralSchema']).not.toBe('True');
    }
  });

  test('raw values survive, in machines, templates and classes', async () => {
    expect(await get('machine', 'packet-master-0')).toMatchObject({
      spec: { providerSpec: { value: { ...value, roles: ['Master'] } } },
    });
    expect(await get('ms', 'ms')).toMatchObject({ spec: { template: { spec: { providerSpec: { value } } } } });
    expect(await get('mc', 'mc')).toMatchObject({ providerSpec: value });
    expect(await get('ma', 'by-class')).toMatchObject({ spec: { metadata: { labels: { a: 'b' } } } });
  });

  test('scale works, also where replicas were left out, and names the selector', async () => {
    await kubectl('scale', 'machinedeployment/md', '--replicas=5');
    await kubectl('scale', 'machineset/ms', '--replicas=0');
    expect(await get('md', 'md')).toMatchObject({
      spec: { replicas: 5, strategy: { rollingUpdate: { maxSurge: '25%' } } },
    });
    expect(await get('ms', 'ms')).toMatchObject({ spec: { replicas: 0 } });
    const status = JSON.stringify({ status: { replicas: 4, labelSelector: 'set=node' } });
    await kubectl('patch', 'md/md', '--subresource=status', '--type=merge', '-p', status);
    const scale = await plane.request({
      path: '/apis/cluster.k8s.io/v1alpha1/namespaces/default/machinedeployments/md/scale',
    });
    expect(scale.body).toMatchObject({ spec: { replicas: 5 }, status: { replicas: 4, selector: 'set=node' } });
  });

  test('replicas default to 1', async () => {
    await apply('default', [
      { ...v1alpha1, kind: 'MachineSet', metadata: { name: 'one' }, spec: { selector, template } },
    ]);
    expect(await get('ms', 'one')).toMatchObject({ spec: { replicas: 1 } });
  });

  test('the status of each kind is a subresource: changes of it through the object are dropped', async () => {
    await kubectl('patch', 'ma/by-class', '--type=merge', '-p', '{"status":{"phase":"Running"}}');
    expect((await get('ma', 'by-class'))['status']).toBeUndefined();
    await kubectl(
      'patch',
      'ma/by-class',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Running"}}',
    );
    expect(await get('ma', 'by-class')).toMatchObject({ status: { phase: 'Running' } });
  });

  test.each([
    { kind: 'clusters', columns: 'NAME READY ENDPOINT REASON AGE' },
    { kind: 'machines', columns: 'NAME PHASE NODENAME PROVIDERID VERSION AGE' },
    { kind: 'machinesets', columns: 'NAME DESIRED CURRENT READY AVAILABLE VERSION AGE' },
    { kind: 'machinedeployments', columns: 'NAME DESIRED CURRENT UPDATED READY AVAILABLE VERSION AGE' },
    { kind: 'machineclasses', columns: 'NAME PLAN OS AGE' },
  ])('kubectl get $kind prints $columns', async ({ kind, columns }) => {
    expect((await kubectl('get', kind)).split('\n')[0]?.trim().split(/\s+/).join(' ')).toBe(columns);
  });

  test('the column Cluster is the label', async () => {
    expect(await kubectl('get', 'machines', '-o', 'wide')).toMatch(/^packet-master-0 .* test1 /m);
  });

  test.each([
    { when: 'an unknown field', object: { ...goCluster, spec: { ...goCluster.spec, pausd: true } } },
    {
      when: 'a machine without provider spec',
      object: { ...v1alpha1, kind: 'Machine', metadata: { name: 'x' }, spec: {} },
    },
    {
      when: 'a taint with an unknown effect',
      object: {
        ...v1alpha1,
        kind: 'Machine',
        metadata: { name: 'x' },
        spec: { providerSpec: { value }, taints: [{ key: 'a', effect: 'No' }] },
      },
    },
  ])('$when is refused', async ({ object }) => {
    await expect(apply('refused', [object])).rejects.toThrow();
  });

  test('a Cluster without networks is taken: the controller says all that is missing', async () => {
    expect(await apply('bare', [{ ...v1alpha1, kind: 'Cluster', metadata: { name: 'bare' }, spec: {} }])).toContain(
      'bare created',
    );
  });

  test('kubectl explain knows the fields of a Packet machine', async () => {
    expect(await kubectl('explain', 'packetmachineproviderspec.machineType')).toContain('Slug of the plan');
  });
});
