// provider-components.yaml in all words: __golden__/provider-components.yaml (UPDATE_GOLDEN=1 rewrites it), and what must not change by it.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { CREDENTIALS_SECRET } from '../api/names.ts';
import { PLACEHOLDERS } from './component-names.ts';
import { crdsYaml, providerComponentsYaml } from './provider-components.ts';

interface Loose {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}
interface Pod {
  readonly serviceAccountName: string;
  readonly tolerations: readonly { key: string; effect?: string }[];
  readonly containers: readonly [{ image: string; args: string[]; env: { name: string; value?: string }[] }];
  readonly volumes?: readonly { configMap: { name: string } }[];
}

const shared = { image: 'me/img:1', machineConfigs: 'items: []\n' };
const documentsIn = (text: string): readonly Loose[] =>
  parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS() as Loose);
const podsIn = (documents: readonly Loose[]): readonly Pod[] =>
  documents
    .filter(({ kind }) => kind === 'StatefulSet')
    .map((object) => (object['spec'] as { template: { spec: Pod } }).template.spec);

describe('provider-components.yaml', () => {
  const text = providerComponentsYaml(shared);
  const documents = documentsIn(text);

  test('is the golden file', () => {
    const golden = path.join(import.meta.dirname, '__golden__/provider-components.yaml');
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  test('has its documents in the order of the seed, the Secret last', () => {
    const rights = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
    const types = (count: number): string[] => Array.from({ length: count }, () => 'CustomResourceDefinition');
    expect(documents.map(({ kind }) => kind)).toEqual([
      ...['Namespace', ...types(5), ...rights, 'Service', 'StatefulSet'],
      ...['Namespace', ...types(4), ...rights, 'ConfigMap', 'Service', 'StatefulSet', 'Secret'],
    ]);
    expect(documents.at(-1)).toMatchObject({ metadata: { name: CREDENTIALS_SECRET }, stringData: PLACEHOLDERS });
  });

  test('two StatefulSets of one image run one set of controllers each, in namespaces of their own', () => {
    const sets = documents.filter(({ kind }) => kind === 'StatefulSet');
    expect(sets.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'cluster-api-system/cluster-api-controller-manager',
      'cluster-api-provider-packet-system/cluster-api-provider-packet-controller-manager',
    ]);
    const containers = podsIn(documents).map(({ containers: [container] }) => container);
    expect(containers.map(({ image }) => image)).toEqual(['me/img:1', 'me/img:1']);
    expect(containers.map(({ args }) => args[0])).toEqual(['--controllers=generic', '--controllers=packet']);
  });

  test('pods run where control planes are, before nodes are initialized, with an account that is there', () => {
    for (const { tolerations, serviceAccountName } of podsIn(documents)) {
      expect(tolerations.map(({ key, effect = 'any' }) => `${key}:${effect}`)).toEqual([
        'node-role.kubernetes.io/control-plane:NoSchedule',
        'node-role.kubernetes.io/master:NoSchedule',
        'CriticalAddonsOnly:any',
        'node.cloudprovider.kubernetes.io/uninitialized:NoSchedule',
        'node.kubernetes.io/not-ready:NoExecute',
        'node.kubernetes.io/unreachable:NoExecute',
      ]);
      expect(
        documents.filter(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === serviceAccountName),
      ).toHaveLength(1);
    }
  });

  test('the machine configuration is mounted under a name that follows its content', () => {
    const nameIn = (all: readonly Loose[]): string | undefined =>
      all.find(({ kind }) => kind === 'ConfigMap')?.metadata.name;
    expect(podsIn(documents)[1]?.volumes?.[0]?.configMap.name).toBe(nameIn(documents));
    expect(nameIn(documents)).toMatch(/^cluster-api-provider-packet-machine-setup-[0-9a-f]{10}$/);
    expect(nameIn(documentsIn(providerComponentsYaml({ ...shared, machineConfigs: 'items:\n' })))).not.toBe(
      nameIn(documents),
    );
  });

  test('both managers may do with Secrets what they need, and no rule allows everything', () => {
    const rules = documents
      .filter(({ kind }) => kind === 'ClusterRole')
      .map((role) => role['rules'] as { resources: string[]; verbs: string[] }[]);
    const verbsOnSecrets = rules.map((list) => list.find(({ resources }) => resources.includes('secrets'))?.verbs);
    expect(verbsOnSecrets).toEqual([
      ['get', 'list', 'watch'],
      ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    ]);
    expect(JSON.stringify(rules)).not.toContain('"*"');
  });

  test('credentials and the address of the API are put in when they are given', () => {
    const credentials = { apiKey: 'a&b/c\\1', projectID: '0123' };
    const filled = documentsIn(providerComponentsYaml({ ...shared, credentials, apiUrl: 'http://127.0.0.1:1' }));
    expect(filled.at(-1)?.['stringData']).toEqual(credentials);
    const urls = (all: readonly Loose[]): readonly (string | undefined)[] =>
      podsIn(all).map(({ containers: [{ env }] }) => env.find(({ name }) => name === 'PACKET_API_URL')?.value);
    expect(urls(filled)).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:1']);
    expect(urls(documents)).toEqual([undefined, undefined]);
  });
});

test('the CRDs alone', () => {
  expect(new Set(documentsIn(crdsYaml()).map(({ kind }) => kind))).toEqual(new Set(['CustomResourceDefinition']));
});
