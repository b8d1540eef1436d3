// Files of external-snapshotter's own Go modules: the types of snapshots and the rights of the snapshot-controller, which no driver brings.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MODULES = join(import.meta.dirname, '../../../../tools/go/csi-sidecars');
const NAME = 'github.com/kubernetes-csi/external-snapshotter';
const KINDS = ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'];

/** Paths of the manifests, of the versions that the programs are built from. */
export async function snapshotManifests(): Promise<{ readonly types: readonly string[]; readonly rights: string }> {
  const [controller, client] = await Promise.all([folderOf(`${NAME}/v8`), folderOf(`${NAME}/client/v8`)]);
  return {
    types: KINDS.map((kind) => join(client, `config/crd/snapshot.storage.k8s.io_${kind}.yaml`)),
    rights: join(controller, 'deploy/kubernetes/snapshot-controller/rbac-snapshot-controller.yaml'),
  };
}

async function folderOf(module: string): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], { cwd: MODULES });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}
