// csi-packet's manifests as its spec applies them: what differs is where the cloud is, the user of images that were made from binaries, and
// what the demo's container runs. Pure.
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { parseAllDocuments } from 'yaml';
import { objectsOf } from './workloads.ts';
import type { KubeObject } from './workloads.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly object[];
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
}

/** The files, and the images that they name. */
export interface CsiManifests {
  readonly setup: readonly KubeObject[];
  readonly snapshotClasses: readonly KubeObject[];
  readonly controller: readonly KubeObject[];
  readonly node: readonly KubeObject[];
  readonly sanity: readonly KubeObject[];
  /** The image of the container that runs a sidecar. */
  readonly imageOf: (program: string) => string;
}

const FOLDER = 'apps/csi-packet/deploy';
const MOUNT = '/var/lib/www/html';

// Says what it finds on the volume, writes who it is, and stays.
const VISITOR = `
const fs = require('node:fs');
const file = '${MOUNT}/visitor';
const found = fs.existsSync(file) ? JSON.stringify(fs.readFileSync(file, 'utf8')) : 'nothing';
const type = fs.readFileSync('/proc/mounts', 'utf8').split('\\n').find((line) => line.includes(' ${MOUNT} ')).split(' ')[2];
const out = fs.openSync(file, 'w');
fs.writeSync(out, 'written by ' + process.env.HOSTNAME);
fs.fsyncSync(out);
console.log('found ' + found + ' on ' + type);
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1000);`;

/** Reads them; without a cloud for what does not depend on it. */
export function csiManifests(cloud?: PacketSimulator): CsiManifests {
  const metadata = { name: 'PACKET_METADATA_URL', value: cloud?.metadata.urlOf('node-1') ?? '' };
  const adapt = (container: Container): Container => {
    if (container.name !== 'packet-driver') return { ...container, securityContext: { runAsUser: 0 } } as Container;
    return { ...container, env: [...(container.env ?? []), metadata] };
  };
  const file = (name: string): readonly KubeObject[] =>
    objectsOf(`${FOLDER}/kubernetes/${name}.yaml`).map((one) => withContainers(one, adapt));
  const controller = file('controller');
  return {
    setup: file('setup'),
    snapshotClasses: file('snapshot-classes'),
    controller,
    node: file('node'),
    sanity: file('node_controller_sanity_test'),
    imageOf: (program) => {
      const containers = controller.filter(isWorkload).flatMap(({ spec }) => spec.template.spec.containers);
      const found = containers.find(({ image }) => image.includes(`/${program}:`));
      if (!found) throw new Error(`controller.yaml has no container of ${program}`);
      return found.image;
    },
  };
}

/** The Secret of template/secret.yaml. */
export function secretOf({ token, projectId, url }: PacketSimulator): KubeObject {
  const settings = { apiKey: token, projectID: projectId, 'base-url': url };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'packet-cloud-config', namespace: 'kube-system' },
    ...{ stringData: { 'cloud-sa.json': JSON.stringify(settings) } },
  };
}

/** The demo deployment with a program that there is an image of here. */
export function demoOf(): readonly KubeObject[] {
  const image = imageWithNode();
  return objectsOf(`${FOLDER}/demo/demo-deployment.yaml`).map((one) => {
    const placed = { ...one, metadata: { ...one.metadata, namespace: 'default' } };
    return withContainers(placed, (container) => ({
      ...container,
      image,
      command: ['/app/node', '-e', VISITOR],
    }));
  });
}

/** The image of the driver: it has a Node.js for the programs of pods. */
export function imageWithNode(): string {
  return csiManifests().node.filter(isWorkload)[0]?.spec.template.spec.containers[0]?.image ?? '';
}

/** The snapshot-controller of a manifest of external-snapshotter, once, and the image that it names. */
export function snapshotController(text: string): { readonly objects: readonly KubeObject[]; readonly image: string } {
  const objects = parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((one) => one !== null)
    .map((one) => (isWorkload(one) ? { ...one, spec: { ...one.spec, replicas: 1 } } : one));
  const image = objects.filter(isWorkload)[0]?.spec.template.spec.containers[0]?.image;
  if (image === undefined) throw new Error('the manifest of the snapshot-controller has no container');
  return { objects, image };
}

function isWorkload(one: KubeObject): one is Workload {
  return ['StatefulSet', 'DaemonSet', 'Deployment'].includes(one.kind);
}

function withContainers(one: KubeObject, change: (container: Container) => Container): KubeObject {
  if (!isWorkload(one)) return one;
  const { template } = one.spec;
  const containers = template.spec.containers.map(change);
  return { ...one, spec: { ...one.spec, template: { ...template, spec: { ...template.spec, containers } } } };
}
