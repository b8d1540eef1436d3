// What users apply: v0.0.4/ and releases/. That real API servers take it, and that the rights suffice, shows releases.int.spec.ts; that no
// two of them work at once, upgrade.int.spec.ts.
import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { rulesInWords } from '@longshore/k8s-runtime/testing';
import type { Manifest, ManifestRule } from '@longshore/k8s-runtime/testing';
import { configOfKeys, parseCloudConfig } from '@longshore/packet-api';
import type { CloudConfig } from '@longshore/packet-api';
import { parseConfig } from './config.ts';
import { DEPLOYMENT, manifests, podTemplateOf, RELEASE, SECRET } from './test-support/manifests.ts';
import { IMAGE, VERSION } from './version.ts';

const KEY = 'abc123abc123abc123';
const PROJECT = '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8';
const PROGRAMS = [DEPLOYMENT, RELEASE];
const SEED_TOLERATIONS = [
  'node.cloudprovider.kubernetes.io/uninitialized',
  'CriticalAddonsOnly',
  'node-role.kubernetes.io/master',
];

describe('image and version', () => {
  test('all manifests, the recipe and the package agree', () => {
    const { version } = JSON.parse(manifests.textOf('package.json')) as { version: string };
    expect(VERSION).toBe(version);
    expect(PROGRAMS.map((file) => podTemplateOf(file).spec.containers[0].image)).toEqual([IMAGE, IMAGE]);
    expect(manifests.textOf('Containerfile')).toContain(`-t ${IMAGE} .`);
    expect(manifests.filesIn('releases')).toEqual(['releases/dev.yaml', RELEASE]);
    expect(manifests.filesIn('v0.0.4')).toEqual([DEPLOYMENT, SECRET]);
  });

  test('a release is dev.yaml with another image tag', () => {
    const released = manifests
      .textOf('releases/dev.yaml')
      .replace('longshore/packet-ccm:dev', IMAGE)
      .replace('releases/dev.yaml', RELEASE);
    expect(manifests.textOf(RELEASE)).toBe(released);
  });

  test('the commands of the Go programs’ manifests are in the working folder of the image', () => {
    const recipe = manifests.textOf('Containerfile');
    for (const command of ['packet-cloud-controller-manager', 'cloud-provider-equinix-metal']) {
      expect(recipe).toMatch(
        new RegExp(`^COPY --chmod=755 .*deploy/packet-cloud-controller-manager /app/${command}$`, 'm'),
      );
    }
    expect(recipe).toMatch(/^WORKDIR \/app\nUSER/m);
    expect(manifests.textOf('deploy/packet-cloud-controller-manager')).toMatch(
      /^#!\/app\/node\n[^]*import '.\/main.js';\n$/,
    );
  });
});

describe(SECRET, () => {
  test('is what the seed shows', () => {
    expect(manifests.onlyOne(SECRET, 'Secret')).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'packet-cloud-config', namespace: 'kube-system' },
      stringData: { apiKey: 'packet auth token', projectID: 'packet project id' },
    });
  });

  test('with the placeholders left in it, the program says what is wrong with each', () => {
    const { stringData } = manifests.onlyOne(SECRET, 'Secret') as unknown as { stringData: Record<string, string> };
    const config = configOfKeys(Object.entries(stringData), '/etc/cloud-sa');
    const reading = parseConfig({ env: {}, config });
    expect('problems' in reading ? reading.problems.map(({ message }) => message) : []).toEqual([
      expect.stringContaining('is not an API key'),
      expect.stringContaining('is not a UUID'),
    ]);
    expect(JSON.stringify(reading)).not.toContain('packet auth token');
  });
});

describe('the shared Secret in both its forms', () => {
  const plain = configOfKeys(
    [
      ['apiKey', KEY],
      ['projectID', PROJECT],
    ],
    '/etc/cloud-sa',
  );
  const json = parseCloudConfig(JSON.stringify({ apiKey: KEY, projectID: PROJECT }), '/etc/cloud-sa/cloud-sa.json');
  const forms: readonly (readonly [string, CloudConfig | undefined])[] = [
    ['plain keys', plain],
    ['cloud-sa.json', 'config' in json ? json.config : undefined],
  ];

  test.each(forms)('%s: is all that the pods need', (_, config) => {
    expect(config && parseConfig({ env: {}, config })).toMatchObject({ config: { projectId: PROJECT } });
  });

  test.each(PROGRAMS)('%s mounts it, and the one of Equinix Metal, and starts without either', (file) => {
    const { volumes, containers } = podTemplateOf(file).spec;
    expect(volumes).toEqual([
      {
        name: 'cloud-sa-volume',
        projected: {
          sources: ['packet-cloud-config', 'metal-cloud-config'].map((name) => ({ secret: { name, optional: true } })),
        },
      },
    ]);
    expect(containers[0].volumeMounts).toEqual([
      { name: 'cloud-sa-volume', mountPath: '/etc/cloud-sa', readOnly: true },
    ]);
    expect(argumentsOf(file)).toContain('--cloud-config=/etc/cloud-sa');
  });
});

function argumentsOf(file: string): readonly string[] {
  const { command = [], args = [] } = podTemplateOf(file).spec.containers[0];
  return [...command, ...args];
}

describe(DEPLOYMENT, () => {
  const deployment = manifests.onlyOne(DEPLOYMENT, 'Deployment');

  test('PK row 71 starts what the seed starts, with one more flag and with a leader', () => {
    expect(argumentsOf(DEPLOYMENT)).toEqual([
      './packet-cloud-controller-manager',
      '--cloud-provider=packet',
      '--leader-elect=true',
      '--allow-untagged-cloud=true',
      '--cloud-config=/etc/cloud-sa',
    ]);
  });

  test('PK row 1 takes key and project from the keys of the Secret that the seed names, where they are', () => {
    const from = (key: string): object => ({ secretKeyRef: { name: 'packet-cloud-config', key, optional: true } });
    expect(podTemplateOf(DEPLOYMENT).spec.containers[0].env).toEqual([
      { name: 'PACKET_AUTH_TOKEN', valueFrom: from('apiKey') },
      { name: 'PACKET_PROJECT_ID', valueFrom: from('projectID') },
    ]);
  });

  test('has the seed’s names, so it replaces what is there', () => {
    const app = { app: 'packet-cloud-controller-manager' };
    expect(deployment.metadata).toEqual({ name: app.app, namespace: 'kube-system', labels: app });
    expect(deployment['spec']).toMatchObject({ replicas: 1, selector: { matchLabels: app } });
    expect(podTemplateOf(DEPLOYMENT).metadata.labels).toEqual(app);
    expect(manifests.objectsOf(DEPLOYMENT).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ServiceAccount cloud-controller-manager',
      'ClusterRole system:cloud-controller-manager',
      'ClusterRoleBinding system:cloud-controller-manager',
      'Role system:cloud-controller-manager',
      'RoleBinding system:cloud-controller-manager',
      'Deployment packet-cloud-controller-manager',
    ]);
  });

  test('the old pod, which knows no leader, is gone before the new one starts', () => {
    expect(deployment['spec']).toMatchObject({ strategy: { type: 'Recreate' } });
  });
});

describe(RELEASE, () => {
  test('has the names of the last Go program, so it replaces what is there', () => {
    const app = { app: 'cloud-provider-equinix-metal' };
    expect(manifests.onlyOne(RELEASE, 'DaemonSet')).toMatchObject({
      metadata: { name: app.app, namespace: 'kube-system' },
      spec: { selector: { matchLabels: app } },
    });
    expect(podTemplateOf(RELEASE).metadata.labels).toEqual(app);
    expect(argumentsOf(RELEASE)).toEqual([
      '--cloud-provider=packet',
      '--leader-elect=true',
      '--cloud-config=/etc/cloud-sa',
    ]);
  });

  test('matters more than other pods and drives none out', () => {
    const { metadata, value, preemptionPolicy } = manifests.onlyOne(RELEASE, 'PriorityClass');
    expect({ value, preemptionPolicy }).toEqual({ value: 1_000_000_000, preemptionPolicy: 'Never' });
    expect(podTemplateOf(RELEASE).spec['priorityClassName']).toBe(metadata.name);
    expect(podTemplateOf(DEPLOYMENT).spec['priorityClassName']).toBe('system-cluster-critical');
  });

  test('runs on control plane nodes of all times', () => {
    const { affinity } = podTemplateOf(RELEASE).spec as unknown as {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: readonly unknown[] } };
      };
    };
    const terms = affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
    expect(terms.map((term) => JSON.stringify(term))).toEqual([
      expect.stringContaining('node-role.kubernetes.io/control-plane'),
      expect.stringContaining('node-role.kubernetes.io/master'),
      expect.stringContaining('kubernetes.io/role'),
    ]);
  });
});

describe.each(PROGRAMS)('the pod of %s', (file) => {
  const pod = podTemplateOf(file).spec;
  const [container] = pod.containers;
  const account = manifests.onlyOne(file, 'ServiceAccount').metadata;

  test('PK row 71 runs where nothing else runs yet: on nodes with all taints, without pod network and cluster DNS', () => {
    const keys = pod.tolerations.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(SEED_TOLERATIONS));
    expect(keys).toEqual(
      expect.arrayContaining([
        'node-role.kubernetes.io/control-plane',
        'node.kubernetes.io/not-ready',
        'node.kubernetes.io/network-unavailable',
      ]),
    );
    expect(pod).toMatchObject({ hostNetwork: true, dnsPolicy: 'Default' });
  });

  test('has few rights on its node', () => {
    expect(pod['securityContext']).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container['resources']).toHaveProperty('limits.memory');
  });

  test('is probed on the secure port', () => {
    expect(container['ports']).toEqual([{ name: 'https', containerPort: 10258 }]);
    const at = (page: string): object => ({ httpGet: { scheme: 'HTTPS', path: page, port: 'https' } });
    expect(container['livenessProbe']).toMatchObject(at('/livez'));
    expect(container['readinessProbe']).toMatchObject(at('/readyz'));
  });

  test('is bound to its rights', () => {
    expect(pod['serviceAccountName']).toBe(account.name);
    const bindings = manifests.objectsOf(file).filter(({ kind }) => /^(Cluster)?RoleBinding$/.test(kind));
    for (const binding of bindings) expect(binding['subjects']).toEqual([{ kind: 'ServiceAccount', ...account }]);
    const bound = bindings.map(({ roleRef }) => roleRef as { kind: string; name: string });
    const roles = manifests.objectsOf(file).filter(({ kind }) => /^(Cluster)?Role$/.test(kind));
    expect(bound.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual(
      roles.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted(),
    );
  });
});

// A new verb needs a reason: what the program does with it stands in the manifest.
describe('rights', () => {
  const rulesOf = (roles: readonly Manifest[]): readonly string[] =>
    rulesInWords(roles.flatMap((role) => role['rules'] as readonly ManifestRule[]));
  const ofKind = (file: string, kind: string, namespace?: string): readonly Manifest[] =>
    manifests.objectsOf(file).filter((one) => one.kind === kind && one.metadata.namespace === namespace);

  test('are the same in both manifests', () => {
    const all = (file: string): readonly unknown[] =>
      manifests.objectsOf(file).flatMap(({ kind, rules }) => (rules === undefined ? [] : [{ kind, rules }]));
    expect(all(DEPLOYMENT)).toEqual(all(RELEASE));
  });

  test('in the whole cluster', () => {
    expect(rulesOf(ofKind(RELEASE, 'ClusterRole'))).toEqual([
      'authentication.k8s.io/tokenreviews: create',
      'authorization.k8s.io/subjectaccessreviews: create',
      'configmaps[config]: get patch',
      'discovery.k8s.io/endpointslices: list',
      'events: create patch',
      'metallb.io/bgpadvertisements: list create update delete',
      'metallb.io/bgppeers: list create update delete',
      'metallb.io/ipaddresspools: list create update delete',
      'namespaces[kube-system]: get',
      'nodes/status: patch',
      'nodes: get list watch patch delete',
      'services/status: patch',
      'services: get list watch patch',
    ]);
  });

  test('in kube-system', () => {
    expect(rulesOf(ofKind(RELEASE, 'Role', 'kube-system'))).toEqual([
      'configmaps[kube-root-ca.crt]: get',
      'coordination.k8s.io/leases: create',
      'coordination.k8s.io/leases[cloud-controller-manager]: get watch update',
      'discovery.k8s.io/endpointslices: create patch delete',
      'endpoints[cloud-provider-equinix-metal-kubernetes-external]: get delete',
      'services: create',
    ]);
  });
});

test('the launcher can be executed', () => {
  const { mode } = statSync(path.join(manifests.path, 'deploy/packet-cloud-controller-manager'));
  expect(mode & 0o111).toBe(0o111);
});
