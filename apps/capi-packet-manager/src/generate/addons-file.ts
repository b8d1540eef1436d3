// addons.yaml: what the new cluster runs beside Kubernetes: the pod network, packet-ccm and csi-packet, the latter two from the very
// manifests of those apps. Two things differ from there: the CSI controller is a Deployment, as the documentation of this file always said,
// and it has no snapshotter, which does not start in a cluster without the snapshot types.
import { parseAllDocuments } from 'yaml';
import { csiController, csiNode, csiSetup, packetCcm } from '../gen/embedded-files.ts';
import { withApiPath } from '../process/packet-api-url.ts';
import { NETWORKS } from './cluster-files.ts';
import { podNetwork } from './pod-network.ts';
import type { GenerateSettings } from './settings.ts';
import type { YamlDocument } from './yaml-file.ts';

/** An object of a manifest. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

interface Workload {
  readonly serviceName?: string;
  readonly template: { readonly spec: { readonly containers: readonly { readonly name: string }[] } };
}

/** What addons.yaml depends on. */
export type AddonSettings = Pick<GenerateSettings, 'projectID' | 'apiKey' | 'facilities' | 'apiUrl'>;

const SNAPSHOTTER = /snapshotter/;
const POD_NETWORK = `The pod network: flannel, images of its project at fixed versions. Packet routes no pod addresses, so it is VXLAN, over the
private addresses of the machines (in several facilities: with backend transfer of the project). Any other network does as well;
its pods must tolerate nodes that are not ready.`;

/** The documents of addons.yaml. */
export function addonsFile(settings: AddonSettings): readonly YamlDocument[] {
  const [networkFirst, ...network] = asDocuments(podNetwork(NETWORKS.pods));
  const [ccmFirst, ...ccm] = asDocuments(manifestsIn(packetCcm));
  const [csiFirst, ...csi] = asDocuments(csiObjects());
  return [
    { ...cloudSecret(settings), comment: 'What packet-ccm and csi-packet have to know of Packet.' },
    ...begin(networkFirst, POD_NETWORK),
    ...network,
    ...begin(ccmFirst, 'packet-ccm, the cloud controller manager: tells Nodes their addresses and makes them usable.'),
    ...ccm,
    ...begin(csiFirst, 'csi-packet: volumes of Packet for pods.'),
    ...csi,
  ];
}

function asDocuments(objects: readonly object[]): readonly YamlDocument[] {
  return objects.map((value) => ({ value }));
}

function begin(first: YamlDocument | undefined, comment: string): readonly YamlDocument[] {
  return first ? [{ ...first, comment }] : [];
}

// One Secret for both: they read its keys alike.
function cloudSecret({ projectID, apiKey, facilities, apiUrl }: AddonSettings): YamlDocument {
  // With several facilities, volumes go where their pods are.
  const facility = facilities.length === 1 ? facilities[0] : undefined;
  return {
    value: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'packet-cloud-config', namespace: 'kube-system' },
      type: 'Opaque',
      stringData: {
        apiKey,
        projectID,
        ...(facility && { facility }),
        ...(apiUrl && { 'base-url': withApiPath(apiUrl) }),
      },
    },
  };
}

function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function csiObjects(): readonly Manifest[] {
  return [csiSetup, csiController, csiNode]
    .flatMap(manifestsIn)
    .filter(({ metadata }) => !SNAPSHOTTER.test(metadata.name))
    .map((object) => (object.kind === 'StatefulSet' ? asDeployment(object) : object));
}

function asDeployment(object: Manifest): Manifest {
  const { serviceName: _none, ...spec } = object['spec'] as Workload;
  const containers = spec.template.spec.containers.filter(({ name }) => !SNAPSHOTTER.test(name));
  const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
  return { ...object, kind: 'Deployment', spec: { ...spec, template } };
}
