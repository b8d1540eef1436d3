// The nine CustomResourceDefinitions, from the schemas in schema/. `provider-components.yaml` has them; tests apply them to real API servers.
import { API_VERSION, CLUSTER_GROUP, PACKET_GROUP } from './names.ts';
import { clusterSpec, clusterStatus } from './schema/cluster-schema.ts';
import { machineClassSpec, machineSpec, machineStatus } from './schema/machine-schema.ts';
import {
  packetClusterSpec,
  packetClusterStatus,
  packetMachineSpec,
  packetMachineStatus,
} from './schema/packet-schemas.ts';
import { text } from './schema/schema.ts';
import type { Fields, Schema } from './schema/schema.ts';
import {
  machineDeploymentSpec,
  machineDeploymentStatus,
  machineSetSpec,
  machineSetStatus,
} from './schema/set-schemas.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 0 | 1;
}

/** A CustomResourceDefinition as JSON. */
export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly scope: 'Namespaced';
    readonly versions: readonly object[];
  };
}

/** What makes one CRD differ from another. */
interface Definition {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName?: string;
  readonly description: string;
  readonly fields: Fields;
  readonly required?: readonly string[];
  readonly subresources?: object;
  readonly columns: readonly PrinterColumn[];
}

// Groups that end in .k8s.io are protected: without this annotation an API server refuses them. The value says the truth.
const APPROVAL = {
  'api-approved.kubernetes.io': 'unapproved, the API of Cluster API v0.1 from before such groups were reviewed',
};
const SCALE = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.labelSelector',
};

const string = (name: string, jsonPath: string, priority?: 0 | 1): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  ...(priority === 1 && { priority }),
});
const integer = (name: string, jsonPath: string): PrinterColumn => ({ name, type: 'integer', jsonPath });
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const ofCluster = string('Cluster', String.raw`.metadata.labels.cluster\.k8s\.io/cluster-name`, 1);
const version = string('Version', '.spec.template.spec.versions.kubelet');
const ready = (field: 'status' | 'reason' | 'message'): string => `.status.conditions[?(@.type=="Ready")].${field}`;

const generic = { group: CLUSTER_GROUP } as const;
const packet = { group: PACKET_GROUP, columns: [age] } as const;

const definitions: readonly Definition[] = [
  {
    ...generic,
    kind: 'Cluster',
    plural: 'clusters',
    shortName: 'cl',
    description: 'A Kubernetes cluster.',
    fields: { spec: clusterSpec, status: clusterStatus },
    subresources: { status: {} },
    columns: [
      string('Ready', ready('status')),
      string('Endpoint', '.status.apiEndpoints[0].host'),
      string('Reason', ready('reason')),
      string('Message', ready('message'), 1),
      age,
    ],
  },
  {
    ...generic,
    kind: 'Machine',
    plural: 'machines',
    shortName: 'ma',
    description: 'A server that is a Node of a cluster.',
    fields: { spec: machineSpec('What the machine is to be.'), status: machineStatus },
    subresources: { status: {} },
    columns: [
      string('Phase', '.status.phase'),
      string('NodeName', '.status.nodeRef.name'),
      string('ProviderID', '.spec.providerID'),
      string('Version', '.spec.versions.kubelet'),
      age,
      ofCluster,
      string('Facility', '.status.providerStatus.facility', 1),
      string('Message', ready('message'), 1),
    ],
  },
  {
    ...generic,
    kind: 'MachineSet',
    plural: 'machinesets',
    shortName: 'ms',
    description: 'A number of machines of one template.',
    fields: { spec: machineSetSpec, status: machineSetStatus },
    subresources: { status: {}, scale: SCALE },
    columns: [
      integer('Desired', '.spec.replicas'),
      integer('Current', '.status.replicas'),
      integer('Ready', '.status.readyReplicas'),
      integer('Available', '.status.availableReplicas'),
      version,
      age,
      ofCluster,
    ],
  },
  {
    ...generic,
    kind: 'MachineDeployment',
    plural: 'machinedeployments',
    shortName: 'md',
    description: 'Machines whose template may change: they are replaced step by step.',
    fields: { spec: machineDeploymentSpec, status: machineDeploymentStatus },
    subresources: { status: {}, scale: SCALE },
    columns: [
      integer('Desired', '.spec.replicas'),
      integer('Current', '.status.replicas'),
      integer('Updated', '.status.updatedReplicas'),
      integer('Ready', '.status.readyReplicas'),
      integer('Available', '.status.availableReplicas'),
      version,
      age,
      ofCluster,
    ],
  },
  {
    ...generic,
    kind: 'MachineClass',
    plural: 'machineclasses',
    shortName: 'mc',
    description: 'A provider spec that machines refer to.',
    fields: { providerSpec: machineClassSpec },
    required: ['providerSpec'],
    columns: [string('Plan', '.providerSpec.machineType'), string('OS', '.providerSpec.OS'), age],
  },
  {
    ...packet,
    kind: 'PacketClusterProviderSpec',
    plural: 'packetclusterproviderspecs',
    description: 'What stands in spec.providerSpec.value of a Cluster.',
    fields: packetClusterSpec,
    required: ['projectID'],
  },
  {
    ...packet,
    kind: 'PacketClusterProviderStatus',
    plural: 'packetclusterproviderstatuses',
    description: 'What stands in status.providerStatus of a Cluster.',
    fields: packetClusterStatus,
  },
  {
    ...packet,
    kind: 'PacketMachineProviderSpec',
    plural: 'packetmachineproviderspecs',
    description: 'What stands in spec.providerSpec.value of a Machine or in providerSpec of a MachineClass.',
    fields: packetMachineSpec,
    required: ['projectID', 'facility', 'machineType', 'OS'],
  },
  {
    ...packet,
    kind: 'PacketMachineProviderStatus',
    plural: 'packetmachineproviderstatuses',
    description: 'What stands in status.providerStatus of a Machine.',
    fields: packetMachineStatus,
  },
];

/** The five of cluster.k8s.io. */
export const clusterCrds: readonly Crd[] = definitions.filter(({ group }) => group === CLUSTER_GROUP).map(toCrd);
/** The four of packetprovider.k8s.io. */
export const packetCrds: readonly Crd[] = definitions.filter(({ group }) => group === PACKET_GROUP).map(toCrd);

function toCrd(definition: Definition): Crd {
  const { group, kind, plural, shortName } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: { 'controller-tools.k8s.io': '1.0' },
      annotations: APPROVAL,
    },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortName !== undefined && { shortNames: [shortName] }),
        ...(group === CLUSTER_GROUP && { categories: ['cluster-api'] }),
      },
      scope: 'Namespaced',
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: definition.columns,
          ...(definition.subresources && { subresources: definition.subresources }),
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function rootSchema({ description, fields, required }: Definition): Schema {
  return {
    description,
    type: 'object',
    ...(required && { required }),
    properties: {
      apiVersion: text('Version of the schema of this object.'),
      kind: text('What this object is.'),
      metadata: { type: 'object' },
      ...fields,
    },
  };
}
