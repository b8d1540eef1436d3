// Every manifest on the API server of each Kubernetes version that is supported, by the commands of the README, validated by the server.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, MINORS, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { parseAllDocuments } from 'yaml';
import { snapshotTypes } from './test-support/snapshot-types.ts';

const FIRST_BUILD_MS = 1_800_000;
const TEST_MS = 120_000;
const app = path.join(import.meta.dirname, '..');
const MANIFESTS = [
  'deploy/kubernetes/setup.yaml',
  'deploy/template/secret.yaml',
  'deploy/kubernetes/node.yaml',
  'deploy/kubernetes/controller.yaml',
  'deploy/kubernetes/snapshot-classes.yaml',
  'deploy/kubernetes/attributes-classes.yaml',
  'deploy/demo/demo-deployment.yaml',
];

async function objectsIn(file: string): Promise<readonly string[]> {
  const documents = parseAllDocuments(await readFile(path.join(app, file), 'utf8'));
  return documents.map((document) => {
    const { apiVersion, kind, metadata } = document.toJS() as {
      readonly apiVersion: string;
      readonly kind: string;
      readonly metadata: { readonly name: string };
    };
    const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
    return `${kind.toLowerCase()}${group}/${metadata.name}`;
  });
}

describe.each(MINORS)('Kubernetes %s', (minor) => {
  let plane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    folder = await mkdtemp(path.join(tmpdir(), 'csi-packet-manifests-'));
    plane = await startControlPlane({ minor, onProgress });
    kubectl = await kubectlFor(plane, { cwd: app, onProgress });
    const file = path.join(folder, 'crds.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: snapshotTypes() }));
    await kubectl('apply', '-f', file);
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
  }, FIRST_BUILD_MS);

  afterAll(async () => {
    await plane.stop();
    await rm(folder, { recursive: true });
  });

  const apply = async (file: string, ...more: string[]): Promise<readonly string[]> =>
    (await kubectl('apply', '--validate=strict', '-f', file, ...more)).trim().split('\n');

  test.each(MANIFESTS)(
    'kubectl apply of %s creates everything, and the second time nothing',
    async (file) => {
      const objects = await objectsIn(file);
      expect(await apply(file)).toEqual(objects.map((object) => `${object} created`));
      // A Secret written as stringData never equals what is stored.
      const again = objects.map((object) => `${object} ${object.startsWith('secret/') ? 'configured' : 'unchanged'}`);
      expect(await apply(file)).toEqual(again);
    },
    TEST_MS,
  );

  test(
    'node_controller_sanity_test.yaml takes the place of node.yaml',
    async () => {
      await kubectl('delete', '-f', 'deploy/kubernetes/node.yaml');
      const file = 'deploy/kubernetes/node_controller_sanity_test.yaml';
      expect(await apply(file)).toEqual((await objectsIn(file)).map((object) => `${object} created`));
    },
    TEST_MS,
  );

  test(
    'a field that Kubernetes does not know is refused: the validation looks',
    async () => {
      const file = path.join(folder, 'wrong.json');
      const driver = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'wrong.csi' } };
      await writeFile(file, JSON.stringify({ ...driver, spec: { attachRequierd: true } }));
      await expect(apply(file)).rejects.toThrow(/unknown field "spec.attachRequierd"/);
    },
    TEST_MS,
  );
});
