// The manifests: what they start takes the flags that they give, and names that clusters have from the Go program's manifests stay.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseFlags } from '@longshore/k8s-runtime/process';
import { parseAllDocuments } from 'yaml';
import { parseParameters } from './volumes/parameters.ts';
import { driverFlags, PROGRAM } from './settings/flags.ts';
import { VERSION } from './version.ts';

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly mountPropagation?: string;
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly volumeMounts?: readonly Mount[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly provisioner?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

const deploy = join(import.meta.dirname, '../deploy');
async function read(path: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(join(deploy, path), 'utf8')).map((document) => document.toJS() as Manifest);
}
const driverOf = (manifests: readonly Manifest[]): Container => {
  const containers = manifests.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
  const found = containers.find(({ name }) => name === 'packet-driver');
  if (found === undefined) throw new Error('no packet-driver');
  return found;
};
const WORKLOADS = ['kubernetes/node.yaml', 'kubernetes/controller.yaml', 'kubernetes/node_controller_sanity_test.yaml'];

describe('manifests', () => {
  test.each(WORKLOADS)(
    '%s: the driver takes its flags, its image is of this version, volumes are there',
    async (path) => {
      const manifests = await read(path);
      const { args = [], image } = driverOf(manifests);
      const argv = args.map((arg) => arg.replace('$(CSI_ENDPOINT)', 'unix:///csi/csi.sock'));
      const program = { program: PROGRAM, version: VERSION, description: '' };
      expect(parseFlags(driverFlags, argv, program)).toMatchObject({ kind: 'run' });
      expect(image).toMatch(new RegExp(`:v${VERSION}$`));
      for (const { spec } of manifests) {
        const pod = spec?.template?.spec;
        const mounted = pod?.containers.flatMap(({ volumeMounts }) => volumeMounts ?? []).map(({ name }) => name) ?? [];
        expect(new Set(pod?.volumes.map(({ name }) => name) ?? [])).toEqual(new Set(mounted));
      }
    },
  );

  test('the node plugin’s mounts reach the host: the whole of kubelet’s folder, in both directions', async () => {
    const { volumeMounts = [] } = driverOf(await read('kubernetes/node.yaml'));
    expect(volumeMounts).toContainEqual({
      name: 'kubelet-dir',
      mountPath: '/var/lib/kubelet',
      mountPropagation: 'Bidirectional',
    });
  });

  test('the controller’s sidecars all find the driver’s socket, elect a leader, and are those that the tests run', async () => {
    const containers = (await read('kubernetes/controller.yaml')).flatMap(
      ({ spec }) => spec?.template?.spec.containers,
    );
    const sidecars = containers.filter((container) => container !== undefined && container.name !== 'packet-driver');
    const modules = await readFile(join(import.meta.dirname, '../../../tools/go/csi-sidecars/go.mod'), 'utf8');
    const tested = [...modules.matchAll(/^\tgithub\.com\/kubernetes-csi\/external-(\w+)\/v\d+ (v\S+)$/gm)];
    expect(tested).toHaveLength(4);
    expect(sidecars.map((sidecar) => sidecar?.image.split('/').at(-1)).sort()).toEqual(
      tested.map(([, name, version]) => `csi-${name}:${version}`).sort(),
    );
    for (const sidecar of sidecars) {
      expect(sidecar?.args).toEqual(expect.arrayContaining(['--csi-address=$(ADDRESS)', '--leader-election']));
      expect(sidecar?.volumeMounts).toContainEqual({ name: 'socket-dir', mountPath: '/csi' });
    }
  });

  test('objects of the Go program’s manifests keep their names', async () => {
    const all = (await Promise.all([...WORKLOADS, 'kubernetes/setup.yaml', 'template/secret.yaml'].map(read))).flat();
    const names = new Set(all.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    for (const name of [
      'StorageClass/csi-packet-standard',
      'StorageClass/csi-packet-performance',
      'ServiceAccount/csi-node-sa',
      'ServiceAccount/csi-controller-sa',
      'ClusterRole/csi-external-attacher',
      'ClusterRole/csi-external-provisioner',
      'ClusterRoleBinding/csi-controller-attacher-binding',
      'ClusterRoleBinding/csi-controller-provisioner-binding',
      'DaemonSet/csi-node',
      'StatefulSet/csi-packet-controller',
      'Service/csi-packet-pd',
      'Secret/packet-cloud-config',
    ]) {
      expect(names).toContain(name);
    }
  });

  test('the classes ask for plans that there are', async () => {
    const classes = (await read('kubernetes/setup.yaml')).filter(({ kind }) => kind === 'StorageClass');
    expect(classes.length).toBeGreaterThan(1);
    for (const { parameters = {}, provisioner } of classes) {
      expect(provisioner).toBe('net.packet.csi');
      expect(parseParameters(parameters, {}, false).plan).toBe(parameters['plan']);
    }
  });

  test('the Secret is that of the Go program: JSON under cloud-sa.json', async () => {
    const [secret] = await read('template/secret.yaml');
    expect(JSON.parse(secret?.stringData?.['cloud-sa.json'] ?? '')).toEqual({
      apiKey: 'YOUR_API_KEY',
      projectID: 'YOUR_PROJECT_ID',
    });
  });

  test('every manifest is read', async () => {
    for (const folder of ['kubernetes', 'template', 'demo']) {
      for (const name of await readdir(join(deploy, folder))) {
        for (const { kind, metadata } of await read(join(folder, name)))
          expect([kind, metadata.name]).not.toContain(undefined);
      }
    }
  });
});
