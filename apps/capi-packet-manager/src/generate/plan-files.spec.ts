// What the four files say. That API servers take them shows generate.int.spec.ts.
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { Cluster, Machine, MachineDeployment } from '../api/objects.ts';
import { readMachineProviderSpec } from '../api/packet-specs.ts';
import { clusterProblems, clusterWarnings } from '../api/validate-cluster.ts';
import { parseMachineConfigs, selectSetup } from '../bootstrap/machine-configs.ts';
import { embeddedText } from './embedded-sources.ts';
import { newestVersion, planFiles, SHIPPED_MACHINE_CONFIGS } from './plan-files.ts';
import type { GenerateSettings } from './settings.ts';

// With `/` and `&` in the file and in its base64.
const KEY_FILE = Buffer.from('ssh-rsa AAAAB3NzaC1yc2E/+/= a&b/c???>>>~~~\n');
const settings: GenerateSettings = {
  projectID: 'p-1',
  apiKey: 'secret-key',
  clusterName: 'web',
  facilities: ['ewr1', 'sjc1'],
  image: 'me/img:1',
  machineConfigs: SHIPPED_MACHINE_CONFIGS,
};

interface Loose {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const planned = new Map<string, ReturnType<typeof planFiles>>();

// Planned once per change: the CRDs alone are 100 KB.
function filesOf(change: Partial<GenerateSettings> = {}): ReturnType<typeof planFiles> {
  const key = JSON.stringify(change);
  const files = planned.get(key) ?? planFiles({ ...settings, ...change });
  planned.set(key, files);
  return files;
}

const textOf = (name: string, change: Partial<GenerateSettings> = {}): string =>
  filesOf(change).find((candidate) => candidate.name === name)?.text ?? '';

function documentsOf(name: string, change: Partial<GenerateSettings> = {}): readonly Loose[] {
  return parseAllDocuments(textOf(name, change), { version: '1.1' }).map((document) => document.toJS() as Loose);
}

const kindsOf = (documents: readonly Loose[]): readonly string[] => documents.map(({ kind }) => kind);
const one = (documents: readonly Loose[], kind: string, name?: string): Loose => {
  const found = documents.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  expect(found).toHaveLength(1);
  return found[0] as Loose;
};

test('embedded files are those of the apps: `npm run docs` writes them anew', async () => {
  const { readFile } = await import('node:fs/promises');
  const { embeddedFile } = await import('./embedded-sources.ts');
  expect(await readFile(embeddedFile, 'utf8')).toBe(await embeddedText());
});

test('files with the API key are for their owner only', () => {
  const files = filesOf();
  expect(files.filter(({ text }) => text.includes(settings.apiKey)).map(({ name, mode }) => [name, mode])).toEqual([
    ['provider-components.yaml', 0o600],
    ['addons.yaml', 0o600],
  ]);
});

test('the same settings give the same files', () => {
  expect(planFiles({ ...settings })).toEqual(filesOf());
});

describe('cluster.yaml', () => {
  test('is one Cluster with nothing to complain of', () => {
    const [cluster, ...rest] = documentsOf('cluster.yaml');
    expect(rest).toEqual([]);
    expect(cluster).toMatchObject({
      kind: 'Cluster',
      metadata: { name: 'web' },
      spec: { providerSpec: { value: { projectID: 'p-1' } } },
    });
    expect(clusterProblems(cluster as unknown as Cluster)).toEqual([]);
    expect(clusterWarnings(cluster as unknown as Cluster)).toEqual([]);
  });
});

describe('machines.yaml', () => {
  const specs = (change: Partial<GenerateSettings> = {}): readonly Machine[] =>
    documentsOf('machines.yaml', change).map((document) =>
      document.kind === 'Machine'
        ? (document as unknown as Machine)
        : { ...(document as unknown as MachineDeployment).spec?.template, kind: 'Machine' },
    );

  test('is one control plane Machine and one MachineDeployment of the cluster, with versions that have user data', () => {
    const documents = documentsOf('machines.yaml');
    expect(kindsOf(documents)).toEqual(['Machine', 'MachineDeployment']);
    const { setups } = parseMachineConfigs(SHIPPED_MACHINE_CONFIGS, 'shipped');
    for (const machine of specs()) {
      const { spec } = readMachineProviderSpec(machine, () => undefined);
      expect(spec).toMatchObject({
        projectID: 'p-1',
        facility: ['ewr1', 'sjc1'],
        machineType: 'c3.small.x86',
        sshKeys: [],
      });
      expect(machine.metadata?.labels).toMatchObject({ 'cluster.k8s.io/cluster-name': 'web' });
      const versions = machine.spec?.versions as { kubelet: string };
      expect(selectSetup(setups, { image: spec?.OS ?? '', versions })).toHaveProperty('found');
    }
    expect(specs().map((machine) => readMachineProviderSpec(machine, () => undefined).spec?.roles)).toEqual([
      ['Master'],
      ['Node'],
    ]);
  });

  test('the selector of the deployment matches its template', () => {
    const deployment = one(documentsOf('machines.yaml'), 'MachineDeployment') as unknown as MachineDeployment;
    expect(deployment.spec?.selector?.matchLabels).toEqual(deployment.spec?.template?.metadata?.labels);
    expect(deployment.spec?.replicas).toBe(1);
  });

  test('CA row P21: a public key with / and & stands there exactly, on every machine', () => {
    expect(KEY_FILE.toString('base64')).toMatch(/[/+]/);
    for (const machine of specs({ sshKeyFile: KEY_FILE })) {
      const { sshKeys } = machine.spec?.providerSpec?.value as { sshKeys: string[] };
      expect(sshKeys.map((text) => Buffer.from(text, 'base64'))).toEqual([KEY_FILE]);
      expect(readMachineProviderSpec(machine, () => undefined).spec?.sshKeys).toEqual([KEY_FILE.toString().trim()]);
    }
  });

  test('without a key there is no key field', () => {
    expect(textOf('machines.yaml')).not.toContain('sshKeys');
  });
});

describe('addons.yaml', () => {
  test('has accounts, rights, the packet-ccm Deployment, csi-packet and a pod network', () => {
    const documents = documentsOf('addons.yaml');
    const names = (kind: string): readonly string[] =>
      documents.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
    expect(names('Deployment')).toEqual(['packet-cloud-controller-manager', 'csi-packet-controller']);
    expect(names('DaemonSet')).toEqual(['kube-flannel-ds', 'csi-node']);
    expect(names('ServiceAccount')).toEqual([
      'flannel',
      'cloud-controller-manager',
      'csi-node-sa',
      'csi-controller-sa',
    ]);
    expect(names('ClusterRole')).toEqual([
      'flannel',
      'system:cloud-controller-manager',
      'csi-external-attacher',
      'csi-external-provisioner',
      'csi-packet-resizer',
    ]);
    expect(names('ClusterRoleBinding')).toHaveLength(names('ClusterRole').length);
    expect(names('StatefulSet')).toEqual([]);
    expect(names('Secret')).toEqual(['packet-cloud-config']);
  });

  test('bindings name roles and accounts that are there', () => {
    const documents = documentsOf('addons.yaml');
    for (const binding of documents.filter(({ kind }) => kind.endsWith('RoleBinding') || kind === 'RoleBinding')) {
      const { kind, name } = binding['roleRef'] as { kind: string; name: string };
      one(documents, kind, name);
      for (const subject of binding['subjects'] as { name: string }[]) one(documents, 'ServiceAccount', subject.name);
    }
  });

  test('its Secret has what both programs read', () => {
    const several = { apiKey: 'secret-key', projectID: 'p-1' };
    expect(one(documentsOf('addons.yaml'), 'Secret')['stringData']).toEqual(several);
    const single = one(documentsOf('addons.yaml', { facilities: ['ewr1'] }), 'Secret')['stringData'];
    expect(single).toEqual({ ...several, facility: 'ewr1' });
    const elsewhere = one(documentsOf('addons.yaml', { apiUrl: 'https://metal.example.com/' }), 'Secret')['stringData'];
    expect(elsewhere).toMatchObject({ 'base-url': 'https://metal.example.com/metal/v1' });
  });

  test('the CSI controller is what csi-packet ships, without the snapshotter', () => {
    const { spec } = one(documentsOf('addons.yaml'), 'Deployment', 'csi-packet-controller') as unknown as {
      spec: { serviceName?: string; template: { spec: { containers: { name: string }[] } } };
    };
    expect(spec.serviceName).toBeUndefined();
    expect(spec.template.spec.containers.map(({ name }) => name)).toEqual([
      'packet-driver',
      'csi-external-provisioner',
      'csi-attacher',
      'csi-resizer',
    ]);
  });

  test('the pod network is that of the Cluster, and images have a fixed version', () => {
    const [cluster] = documentsOf('cluster.yaml') as unknown as Cluster[];
    const { data } = one(documentsOf('addons.yaml'), 'ConfigMap', 'kube-flannel-cfg') as unknown as {
      data: Record<string, string>;
    };
    const network = JSON.parse(data['net-conf.json'] ?? '') as { Network: string };
    expect([network.Network]).toEqual(cluster?.spec?.clusterNetwork?.pods?.cidrBlocks);
    const text = textOf('addons.yaml');
    const images = [...text.matchAll(/image: (\S+)/g)].map(([, image]) => image);
    expect(images.length).toBeGreaterThan(6);
    for (const image of images) expect(image).toMatch(/:v\d+\.\d+\.\d+(-flannel\d+)?$/);
  });
});

describe('newestVersion', () => {
  const entry = (image: string, kubelet: string, controlPlane?: string): string =>
    `  - image: ${image}\n    versions: { kubelet: '${kubelet}'${controlPlane ? `, controlPlane: '${controlPlane}'` : ''} }\n    containerRuntime: c\n`;
  const file = (...entries: string[]): string => `items:\n- userdata: echo\n  machineParams:\n${entries.join('')}`;

  test('is the newest that serves both roles', () => {
    const both = ['1.9.1', '1.36.3', '1.34.10'].flatMap((v) => [entry('ubuntu_24_04', v), entry('ubuntu_24_04', v, v)]);
    const text = file(
      ...both,
      entry('ubuntu_24_04', '1.37.0'),
      entry('ubuntu_22_04', '1.38.0', '1.38.0'),
      entry('ubuntu_22_04', '1.38.0'),
    );
    expect(newestVersion(text)).toBe('1.36.3');
  });

  test('is an error when there is none', () => {
    expect(() => newestVersion(file(entry('ubuntu_24_04', '1.36.3')))).toThrow(
      'machine_configs.yaml has no entries for',
    );
  });
});
