// Every manifest on the API server of each Kubernetes version that is supported, by the commands of the READMEs.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, MINORS, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { waitFor } from '@longshore/reconciler-core/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ANNOTATIONS } from './annotations.ts';
import { appFolder, filesIn, onlyOne, readManifests, textOf } from './test-support/manifest-files.ts';
import type { Manifest } from './test-support/manifest-files.ts';
import { VERSION } from './version.ts';

const FIRST_BUILD_MS = 1_800_000;
const CONTROLLERS = 'releases/digitalocean-cloud-controller-manager';
const ADMISSION = 'releases/digitalocean-cloud-controller-manager-admission-server';
const POLICY = 'releases/validating-admission-policy.yml';
const examples = filesIn('examples/loadbalancers');

describe.each(MINORS)('Kubernetes %s', (minor) => {
  let plane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
    folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-releases-'));
    plane = await startControlPlane({ minor, onProgress });
    kubectl = await kubectlFor(plane, { cwd: appFolder, onProgress });
    await kubectl('apply', '-f', await jsonFile('crds', { apiVersion: 'v1', kind: 'List', items: certManagerTypes() }));
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  }, FIRST_BUILD_MS);

  afterAll(async () => {
    await plane.stop();
    await rm(folder, { recursive: true });
  });

  async function jsonFile(name: string, content: object): Promise<string> {
    const file = path.join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  const linesOf = (file: string, verb: string): readonly string[] =>
    readManifests(file).map((manifest) => `${nameFor(manifest)} ${verb}`);

  test('kubectl apply of token and release creates everything, and the second time nothing', async () => {
    expect(await kubectl('apply', '-f', 'releases/token.yml')).toBe('secret/digitalocean created\n');
    const said = await kubectl('apply', '-f', `releases/v${VERSION}.yml`);
    expect(said.split('\n')).toContain('deployment.apps/digitalocean-cloud-controller-manager created');
    expect(said.trim().split('\n')).toEqual(linesOf(`releases/v${VERSION}.yml`, 'created'));
    const again = await kubectl('apply', '-f', `${CONTROLLERS}/v${VERSION}.yml`);
    expect(again.trim().split('\n')).toEqual(linesOf(`${CONTROLLERS}/v${VERSION}.yml`, 'unchanged'));
  });

  test('dev.yml changes the Deployment only', async () => {
    const said = await kubectl('apply', '--dry-run=server', '-f', `${CONTROLLERS}/dev.yml`);
    expect(said.split('\n').filter((line) => line.includes('configured'))).toEqual([
      'deployment.apps/digitalocean-cloud-controller-manager configured (server dry run)',
    ]);
  });

  test('the policy is taken without a warning, and is in force', async () => {
    const said = await kubectl('apply', '-f', POLICY);
    expect(said.trim().split('\n')).toEqual(linesOf(POLICY, 'created'));
    const bad = await jsonFile('bad', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'bad', annotations: { [ANNOTATIONS.sizeUnit.key]: 'x' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const refusal = async (): Promise<string> =>
      kubectl('create', '--dry-run=server', '-f', bad).catch((error: { stderr?: string }) => error.stderr ?? '');
    await waitFor(async () => (await refusal()).includes('"x" is not allowed, use a whole number'), {
      what: 'the policy',
      timeoutMs: 30_000,
    });
  });

  test('every example is taken, with the policy in force', async () => {
    const said = (await kubectl('apply', '-f', 'examples/loadbalancers')).trim().split('\n');
    expect(said.toSorted()).toEqual(examples.flatMap((file) => linesOf(file, 'created')).toSorted());
  });

  test('the manifest in examples/nodes is taken', async () => {
    const blocks = [...textOf('examples/nodes/README.md').matchAll(/```yaml\n([^`]*?)```/g)].map(
      ([, text = '']) => text,
    );
    const complete = blocks.filter((text) => text.includes('kind: Deployment'));
    expect(complete).toHaveLength(1);
    const file = path.join(folder, 'nodes.yml');
    await writeFile(file, complete.join(''));
    expect(await kubectl('apply', '-f', file)).toBe('deployment.apps/on-big-droplets created\n');
  });

  test.each(['', '-without-cert-manager'])('the admission server%s is taken', async (variant) => {
    const file = `${ADMISSION}/v${VERSION}${variant}.yml`;
    // Not yet there, or left from the other variant.
    expect(await kubectl('apply', '-f', file)).toMatch(/deployment\.apps\/.*-admission-server (created|unchanged)\n/);
    expect((await kubectl('apply', '-f', file)).trim().split('\n')).toEqual(linesOf(file, 'unchanged'));
    await kubectl('apply', '--dry-run=server', '-f', `${ADMISSION}/dev${variant}.yml`);
  });

  test('the commands for a certificate of one’s own give the webhook a CA', async () => {
    const name = 'digitalocean-cloud-controller-manager-admission-webhook';
    const caBundle = Buffer.from(plane.caCertPem).toString('base64');
    const change = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }];
    await kubectl('patch', 'validatingwebhookconfiguration', name, '--type=json', '-p', JSON.stringify(change));
    const where = 'jsonpath={.webhooks[0].clientConfig.caBundle}';
    expect(await kubectl('get', 'validatingwebhookconfiguration', name, '-o', where)).toBe(caBundle);
  });

  test('nobody answers the webhook here, and Services are taken all the same', async () => {
    const said = await kubectl('apply', '-f', 'examples/loadbalancers/tcp-nginx.yml');
    expect(said).toContain('service/tcp-nginx unchanged');
    expect(await kubectl('annotate', 'service', 'tcp-nginx', 'a=b')).toBe('service/tcp-nginx annotated\n');
  });

  test.each([`${CONTROLLERS}/v${VERSION}.yml`, `${ADMISSION}/v${VERSION}.yml`])(
    'the API server admits the pod of %s',
    async (manifest) => {
      const { spec } = onlyOne(manifest, 'Deployment') as unknown as { spec: { template: object } };
      const pod = {
        ...spec.template,
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p', namespace: 'kube-system' },
      };
      await plane.request({
        method: 'POST',
        path: '/api/v1/namespaces/kube-system/serviceaccounts',
        body: { metadata: { name: 'default' } },
      });
      const priority = ['-o', 'jsonpath={.spec.priority}'];
      const file = await jsonFile('pod', pod);
      expect(await kubectl('create', '--dry-run=server', '-f', file, ...priority)).toBe('2000000000');
    },
  );
});

function nameFor({ apiVersion, kind, metadata }: Manifest): string {
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
  return `${kind.toLowerCase()}${group ? `.${group}` : ''}/${metadata.name}`;
}

/** As much of cert-manager as its objects need to be stored. */
function certManagerTypes(): readonly object[] {
  return ['Issuer', 'Certificate'].map((kind) => {
    const plural = `${kind.toLowerCase()}s`;
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open } } };
    const version = { name: 'v1', served: true, storage: true, schema };
    const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.cert-manager.io` },
      spec: { group: 'cert-manager.io', scope: 'Namespaced', names, versions: [version] },
    };
  });
}
