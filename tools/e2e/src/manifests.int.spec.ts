// Every manifest of deploy/, releases/ and the examples of all apps, found by looking, validated by the API server of each Kubernetes version
// that is supported. Kinds of other projects are stored by types that take anything: their own validation is theirs.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, MINORS, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { kubectlName, ManifestFolder } from '@longshore/k8s-runtime/testing';
import { root } from './test-results.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 300_000;
const apps = new ManifestFolder(path.join(root, 'apps'));
// Not for kubectl: the templates of machines, bases (kustomize.int.spec.ts), and what belongs to tests.
const NO_MANIFESTS = /\/config\/|kustomization\.yaml$|\/src\//;
const CLUSTER_SCOPED = new Set(['GatewayClass', 'VolumeSnapshotClass']);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.yml', '*.yaml'], {
  cwd: apps.path,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => !NO_MANIFESTS.test(`/${file}`));
const byApp = [...Map.groupBy(files, (file) => file.slice(0, file.indexOf('/')))];

test('there are manifests of five apps, of deploy/, releases/ and examples', () => {
  expect(byApp.map(([app]) => app).toSorted()).toEqual([
    'capi-packet-manager',
    'cloudscale-ccm',
    'csi-packet',
    'do-ccm',
    'packet-ccm',
  ]);
  for (const folder of ['/deploy/', '/releases/', '/examples/']) {
    expect(files.some((file) => file.includes(folder))).toBe(true);
  }
});

describe.each(MINORS)('Kubernetes %s', (minor) => {
  let plane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    folder = await mkdtemp(path.join(tmpdir(), 'manifests-'));
    plane = await startControlPlane({ minor, onProgress });
    // packet-ccm names the label of control plane nodes of before 1.24 beside today's.
    const expectedWarning = /node-role\.kubernetes\.io\/master is use/;
    kubectl = await kubectlFor(plane, { cwd: apps.path, expectedWarning, onProgress });
    const objects = files.flatMap((file) => apps.objectsOf(file));
    // A dry run makes none, and what is in them is validated as part of them.
    const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
    await kubectl('apply', '-f', await listFile('namespaces', namespaces));
    await kubectl('apply', '-f', await listFile('types', foreignTypes()));
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s');
  }, FIRST_BUILD_MS);

  afterAll(async () => {
    await plane.stop();
    await rm(folder, { recursive: true });
  });

  async function listFile(name: string, items: readonly object[]): Promise<string> {
    const file = path.join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    return file;
  }

  const validate = async (...named: readonly string[]): Promise<readonly string[]> => {
    const args = ['apply', '--dry-run=server', '--validate=strict', ...named.flatMap((file) => ['-f', file])];
    return (await kubectl(...args)).trim().split('\n');
  };

  test.each(byApp)(
    'the API server takes every manifest of %s',
    async (_app, named) => {
      const said = await validate(...named);
      const objects = named.flatMap((file) => apps.objectsOf(file));
      const expected = objects.map((object) =>
        expect.stringMatching(`^${escaped(kubectlName(object))} (created|configured|unchanged) `),
      );
      expect(said).toEqual(expected);
    },
    LONG_MS,
  );

  test(
    'and the network policy of the operations guide',
    async () => {
      const guide = await readFile(path.join(root, 'docs/guides/operations.md'), 'utf8');
      const [, policy = ''] = /```yaml\n(apiVersion: networking[^]*?)```/.exec(guide) ?? [];
      const file = path.join(folder, 'policy.yaml');
      await writeFile(file, policy);
      expect(await validate(file)).toEqual(['networkpolicy.networking.k8s.io/managers created (server dry run)']);
    },
    LONG_MS,
  );

  test(
    'a field that Kubernetes does not know is refused: the validation looks',
    async () => {
      // Alone in its file: in a List kubectl itself would say so, by another text.
      const file = path.join(folder, 'wrong.json');
      const driver = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'wrong.csi' } };
      await writeFile(file, JSON.stringify({ ...driver, spec: { attachRequierd: true } }));
      await expect(validate(file)).rejects.toThrow(/unknown field "spec.attachRequierd"/);
    },
    LONG_MS,
  );
});

function escaped(text: string): string {
  return text.replace(/[.[\]]/g, '\\$&');
}

/** Types of the kinds that neither Kubernetes nor one of the files brings. */
function foreignTypes(): readonly object[] {
  const found = new Map<string, object>();
  for (const { apiVersion, kind } of files.flatMap((file) => apps.objectsOf(file))) {
    const [group = '', version = ''] = apiVersion.split('/');
    if (/^(cert-manager\.io|gateway\.networking\.k8s\.io|snapshot\.storage\.k8s\.io)$/.test(group)) {
      found.set(`${group} ${kind}`, openType(group, version, kind));
    }
  }
  return [...found.values()];
}

function openType(group: string, version: string, kind: string): object {
  const singular = kind.toLowerCase();
  const plural = singular.endsWith('s') ? `${singular}es` : `${singular}s`;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' } },
    spec: {
      group,
      scope: CLUSTER_SCOPED.has(kind) ? 'Cluster' : 'Namespaced',
      names: { kind, plural, singular, listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}
