// provider-components.yaml: everything that a cluster needs to be a management cluster. Made with placeholders by `make manifests` and with
// the real credentials by `clusterctl generate`. The Secret is the last document, so that whoever edits the file by hand finds it.
import { createHash } from 'node:crypto';
import { clusterCrds, packetCrds } from '../api/crds.ts';
import { CREDENTIALS_SECRET, PACKET_NAMESPACE } from '../api/names.ts';
import { GENERIC_PART, MACHINE_SETUP_PREFIX, PACKET_PART, PLACEHOLDERS } from './component-names.ts';
import type { PartSettings } from './part-objects.ts';
import { namespaceOf, rightsOf, serviceOf, statefulSetOf } from './part-objects.ts';
import { toYaml } from './yaml-file.ts';
import type { YamlDocument } from './yaml-file.ts';

/** What the file is made from. */
export interface ComponentSettings extends Pick<PartSettings, 'image' | 'apiUrl'> {
  /** Text of machine_configs.yaml. */
  readonly machineConfigs: string;
  /** Absent: placeholders. */
  readonly credentials?: { readonly apiKey: string; readonly projectID: string };
}

const HEAD = `Cluster API (v1alpha1) for Packet: the types, the generic controllers, the Packet manager.
kubectl apply -f provider-components.yaml`;
const SECRET = `Who may call the Packet API. clusterctl puts PACKET_API_KEY and PACKET_PROJECT_ID of its environment in place of the two
placeholders; without clusterctl, do so yourself.`;

/** The documents, in the order in which they can be applied. */
export function providerComponents(settings: ComponentSettings): readonly YamlDocument[] {
  const { image, apiUrl, machineConfigs, credentials = PLACEHOLDERS } = settings;
  const shared = { image, ...(apiUrl !== undefined && { apiUrl }) };
  const setup = machineSetupOf(machineConfigs);
  const objects = [
    namespaceOf(GENERIC_PART),
    ...clusterCrds,
    ...rightsOf(GENERIC_PART),
    serviceOf(GENERIC_PART),
    statefulSetOf(GENERIC_PART, shared),
    namespaceOf(PACKET_PART),
    ...packetCrds,
    ...rightsOf(PACKET_PART),
    setup.configMap,
    serviceOf(PACKET_PART),
    statefulSetOf(PACKET_PART, { ...shared, machineSetup: setup.name }),
  ];
  const [first, ...rest] = objects.map((value): YamlDocument => ({ value }));
  return [
    ...(first ? [{ ...first, comment: HEAD }] : []),
    ...rest,
    { value: credentialsSecret(credentials), ...(credentials === PLACEHOLDERS && { comment: SECRET }) },
  ];
}

/** The text of the file. */
export function providerComponentsYaml(settings: ComponentSettings): string {
  return toYaml(providerComponents(settings));
}

/** Only the types. */
export function crdsYaml(): string {
  return toYaml([...clusterCrds, ...packetCrds].map((value) => ({ value })));
}

// The name follows the content, so that a changed file gives a changed StatefulSet.
function machineSetupOf(text: string): { readonly name: string; readonly configMap: object } {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  const name = `${MACHINE_SETUP_PREFIX}-${hash}`;
  const metadata = { name, namespace: PACKET_NAMESPACE };
  return { name, configMap: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'machine_configs.yaml': text } } };
}

function credentialsSecret(stringData: { readonly apiKey: string; readonly projectID: string }): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: CREDENTIALS_SECRET, namespace: PACKET_NAMESPACE },
    type: 'Opaque',
    stringData: { apiKey: stringData.apiKey, projectID: stringData.projectID },
  };
}
