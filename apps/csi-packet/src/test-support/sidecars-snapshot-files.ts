// Files of external-snapshotter's own Go modules: the types of snapshots and the snapshot-controller with its rights, which no driver brings.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MODULES = join(import.meta.dirname, '../../../../tools/go/csi-sidecars');
const NAME = 'github.com/kubernetes-csi/external-snapshotter';
const KINDS = ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'];

/** Paths of the manifests, of the versions that the programs are built from. */
export interface SnapshotManifests {
  readonly types: readonly string[];
  readonly rights: string;
  /** The Deployment of the snapshot-controller. */
  readonly controller: string;
}

/** Finds them. */
export async function snapshotManifests(): Promise<SnapshotManifests> {
  const [programs, client] = await Promise.all([folderOf(`${NAME}/v8`), folderOf(`${NAME}/client/v8`)]);
  const folder = join(programs, 'deploy/kubernetes/snapshot-controller');
  return {
    types: KINDS.map((kind) => join(client, `config/crd/snapshot.storage.k8s.io_${kind}.yaml`)),
    rights: join(folder, 'rbac-snapshot-controller.yaml'),
    controller: join(folder, 'setup-snapshot-controller.yaml'),
  };
}

async function folderOf(module: string): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], { cwd: MODULES });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}
