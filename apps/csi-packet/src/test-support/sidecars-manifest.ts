// The programs of the controller's pod as our manifest starts them: which, and with which arguments. So a test of the sidecars is one of the
// manifest. What a pod gives by mounts and addresses is replaced by what the test has.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const CONTROLLER = join(import.meta.dirname, '../../deploy/kubernetes/controller.yaml');

/** One container. */
export interface ManifestProgram {
  /** The last part of its image's name: `csi-attacher`. */
  readonly program: string;
  /** With the variables of the container filled in. */
  readonly args: readonly string[];
}

/** The containers and the account that they run under. */
export interface ControllerPod {
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly driver: ManifestProgram;
  readonly sidecars: readonly ManifestProgram[];
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}
interface StatefulSet {
  readonly kind: string;
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly serviceAccountName: string; readonly containers: Container[] } };
  };
}

/** Reads controller.yaml; `places` are paths and addresses in the pod and what stands for them here. */
export async function readControllerPod(places: Readonly<Record<string, string>>): Promise<ControllerPod> {
  const documents = parseAllDocuments(await readFile(CONTROLLER, 'utf8')).map((document) => document.toJS() as unknown);
  const set = (documents as StatefulSet[]).find(({ kind }) => kind === 'StatefulSet');
  if (set === undefined) throw new Error('controller.yaml has no StatefulSet');
  const { serviceAccountName, containers } = set.spec.template.spec;
  const [driver, ...sidecars] = containers.map((container) => programOf(container, places));
  if (driver?.program !== 'csi-packet') throw new Error('the first container of controller.yaml is not the driver');
  return { serviceAccount: serviceAccountName, namespace: set.metadata.namespace, driver, sidecars };
}

function programOf({ image, args, env = [] }: Container, places: Readonly<Record<string, string>>): ManifestProgram {
  const fill = (arg: string): string =>
    env.reduce((text, { name, value }) => text.replaceAll(`$(${name})`, value), arg);
  const move = (arg: string): string =>
    Object.entries(places).reduce((text, [there, here]) => text.replaceAll(there, here), arg);
  return { program: image.replace(/^.*\//, '').replace(/:.*$/, ''), args: args.map((arg) => move(fill(arg))) };
}
