// The Kustomize bases of the apps, rendered by the real kubectl: the objects of the plain manifests, no more and no less; and the overlays
// of the guide change what they say.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acquireBinary, DEFAULT_MINOR } from '@longshore/embedded-control-plane';
import { kubectlName, ManifestFolder } from '@longshore/k8s-runtime/testing';
import type { Manifest } from '@longshore/k8s-runtime/testing';
import { root } from './test-results.ts';

const FIRST_BUILD_MS = 1_800_000;
const apps = new ManifestFolder(path.join(root, 'apps'));
const { version } = JSON.parse(apps.textOf('do-ccm/package.json')) as { readonly version: string };

/** What users apply without Kustomize. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  'do-ccm': [`releases/v${version}.yml`],
  'packet-ccm': [`releases/v${version}.yaml`],
  'cloudscale-ccm': ['releases/latest/download/config.yml'],
  'csi-packet': ['setup', 'node', 'controller'].map((name) => `deploy/kubernetes/${name}.yaml`),
  'capi-packet-manager': [`releases/v${version}.yaml`],
};

let kubectl: string;
let folder: string;

beforeAll(async () => {
  kubectl = await acquireBinary('kubectl', DEFAULT_MINOR, {
    onProgress: (message) => void process.stderr.write(`${message}\n`),
  });
  folder = await mkdtemp(path.join(tmpdir(), 'kustomize-'));
}, FIRST_BUILD_MS);
afterAll(() => rm(folder, { recursive: true }));

async function rendered(base: string): Promise<ReadonlyMap<string, Manifest>> {
  const env = { PATH: process.env['PATH'], HOME: folder };
  const { stdout, stderr } = await promisify(execFile)(kubectl, ['kustomize', base], { env, maxBuffer: 1 << 24 });
  expect(stderr).toBe('');
  await writeFile(path.join(folder, 'rendered.yaml'), stdout);
  return byName(new ManifestFolder(folder).objectsOf('rendered.yaml'));
}

function byName(objects: readonly Manifest[]): ReadonlyMap<string, Manifest> {
  const named = objects.map((object) => [`${object.metadata.namespace ?? ''} ${kubectlName(object)}`, object] as const);
  const found = new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  expect(found.size).toBe(objects.length);
  return found;
}

test('every app is a base', () => {
  expect(Object.keys(PLAIN)).toHaveLength(5);
});

test.each(Object.entries(PLAIN))('the base of %s has the objects of its plain manifests', async (app, files) => {
  const plain = byName(files.flatMap((file) => apps.objectsOf(`${app}/${file}`)));
  expect(await rendered(path.join(apps.path, app))).toEqual(plain);
});

test('the manifest of the cluster-api provider is what its generator writes for the released image', async () => {
  const script = path.join(apps.path, 'capi-packet-manager/src/generate/write-manifests.ts');
  const output = path.join(folder, 'provider-components.yaml');
  const args = ['--conditions=@longshore/source', script, `--image=longshore/capi-packet-manager:v${version}`];
  const env = { PATH: process.env['PATH'] };
  await promisify(execFile)(process.execPath, [...args, `--output=${output}`], { env });
  expect(apps.textOf(`capi-packet-manager/releases/v${version}.yaml`)).toBe(await readFile(output, 'utf8'));
});

describe('overlays of the guide', () => {
  async function overlay(named: string): Promise<ReadonlyMap<string, Manifest>> {
    const guide = await readFile(path.join(root, 'docs/guides/kustomize.md'), 'utf8');
    const blocks = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text);
    const text = blocks.find((block) => block.includes(`BASE/${named}`)) ?? '';
    const place = await mkdtemp(path.join(folder, 'overlay-'));
    const base = path.relative(place, apps.path);
    await writeFile(path.join(place, 'kustomization.yaml'), text.replace('BASE/', `${base}/`));
    return rendered(place);
  }

  test('image, Secret, replicas and a flag of do-ccm; everything else stays', async () => {
    const found = new Map(await overlay('do-ccm'));
    const key = 'kube-system deployment.apps/digitalocean-cloud-controller-manager';
    expect(found.get(key)).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: {
            containers: [
              {
                image: `registry.example.com/platform/do-ccm@sha256:${'0'.repeat(64)}`,
                args: ['--leader-elect=true', '--v=2'],
              },
            ],
          },
        },
      },
    });
    const secret = 'kube-system secret/digitalocean';
    const token = Buffer.from('put-yours-here').toString('base64');
    expect(found.get(secret)).toMatchObject({ data: { 'access-token': token } });
    const plain = new Map(await rendered(path.join(apps.path, 'do-ccm')));
    for (const changed of [key, secret]) {
      found.delete(changed);
      plain.delete(changed);
    }
    expect(found).toEqual(plain);
  });

  test('the credentials of the cluster-api provider', async () => {
    const found = await overlay('capi-packet-manager');
    const secrets = [...found.values()].filter(({ kind }) => kind === 'Secret');
    expect(secrets).toEqual([
      expect.objectContaining({ stringData: { apiKey: 'put-yours-here', projectID: 'put-yours-here' } }),
    ]);
  });
});
