// The tables of rights and host paths of the operations guide are what the manifests say.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { ManifestFolder, rulesInWords } from '@longshore/k8s-runtime/testing';
import type { Manifest, ManifestRule } from '@longshore/k8s-runtime/testing';
import { root } from '../test-results.ts';

const guide = readFileSync(path.join(root, 'docs/guides/operations.md'), 'utf8');
const apps = new ManifestFolder(path.join(root, 'apps'));
const folder = mkdtempSync(path.join(tmpdir(), 'operations-'));

afterAll(() => rmSync(folder, { recursive: true }));

function sectionOf(name: string): readonly (readonly string[])[] {
  const [, text] = guide.match(new RegExp(`<!-- begin ${name} -->\n([^]*?)<!-- end ${name} -->`)) ?? [];
  if (text === undefined) throw new Error(`the guide has no section ${name}`);
  const rows = [...text.matchAll(/^\| `(.*)$/gm)].map(([, row = '']) => row);
  return rows.map((row) => row.split('|').map((cell) => cell.replaceAll('`', '').trim()));
}

/** Rules of all roles of a file, each once. */
function rightsIn(objects: readonly Manifest[]): readonly string[] {
  const roles = objects.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
  return [...new Set(roles.flatMap((role) => rulesInWords(role['rules'] as readonly ManifestRule[])))].toSorted();
}

function providerComponents(): readonly Manifest[] {
  const script = path.join(root, 'apps/capi-packet-manager/src/generate/write-manifests.ts');
  const output = `--output=${path.join(folder, 'provider-components.yaml')}`;
  execFileSync(process.execPath, ['--conditions=@longshore/source', script, output]);
  return new ManifestFolder(folder).objectsOf('provider-components.yaml');
}

const objectsOf = (file: string) => (): readonly Manifest[] => apps.objectsOf(file);

test.each([
  {
    section: 'do-ccm cloudscale-ccm',
    manifest: 'do-ccm',
    objects: objectsOf('do-ccm/releases/digitalocean-cloud-controller-manager/dev.yml'),
  },
  {
    section: 'do-ccm cloudscale-ccm',
    manifest: 'cloudscale-ccm',
    objects: objectsOf('cloudscale-ccm/deploy/latest.yml'),
  },
  { section: 'packet-ccm', manifest: 'packet-ccm', objects: objectsOf('packet-ccm/releases/dev.yaml') },
  { section: 'csi-packet', manifest: 'csi-packet', objects: objectsOf('csi-packet/deploy/kubernetes/setup.yaml') },
  { section: 'capi-packet-manager', manifest: 'provider-components.yaml', objects: providerComponents },
])('the table of rights of $section is that of the manifest of $manifest', ({ section, objects }) => {
  const rows = sectionOf(`rights ${section}`);
  expect(rows.map(([on, verbs]) => `${on}: ${verbs}`).toSorted()).toEqual(rightsIn(objects()));
  for (const [on, , reason] of rows) expect({ on, reason }).toEqual({ on, reason: expect.stringMatching(/\w/) });
});

test('the table of host paths is that of the node container of csi-packet', () => {
  const { spec } = apps.onlyOne('csi-packet/deploy/kubernetes/node.yaml', 'DaemonSet') as unknown as {
    readonly spec: {
      readonly template: {
        readonly spec: {
          readonly containers: readonly [
            { readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[] },
          ];
          readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
        };
      };
    };
  };
  const { volumes, containers } = spec.template.spec;
  const mounts = new Map(containers[0].volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  expect(sectionOf('host paths csi-packet').map(([at, where]) => `${at} ${where}`)).toEqual(
    volumes.map(({ name, hostPath }) => `${hostPath.path} ${mounts.get(name)}`),
  );
});
