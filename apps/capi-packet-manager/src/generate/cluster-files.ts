// cluster.yaml and machines.yaml: what users read and change, so each choice has its reason beside it.
import { API_VERSION, CLUSTER_GROUP, CLUSTER_LABEL, PACKET_GROUP } from '../api/names.ts';
import { encodeSshKeyFile } from '../api/ssh-keys.ts';
import type { GenerateSettings } from './settings.ts';
import type { YamlDocument } from './yaml-file.ts';

/** Networks inside the cluster. Not from 10.0.0.0/8: Packet gives its private addresses from there. */
export const NETWORKS = { pods: '172.26.0.0/16', services: '172.25.0.0/16', domain: 'cluster.local' } as const;
/** A plan and a system that are current at Packet and compatible endpoints, and have entries in machine_configs.yaml. */
export const MACHINE_DEFAULTS = {
  plan: 'c3.small.x86',
  operatingSystem: 'ubuntu_24_04',
  billingCycle: 'hourly',
} as const;

const generic = { apiVersion: `${CLUSTER_GROUP}/${API_VERSION}` } as const;
const packet = { apiVersion: `${PACKET_GROUP}/${API_VERSION}` } as const;

/** What machines need beside the settings. */
export interface MachineFileSettings extends GenerateSettings {
  /** `x.y.z` */
  readonly kubernetesVersion: string;
}

/** The one document of cluster.yaml. */
export function clusterFile({
  clusterName,
  projectID,
}: Pick<GenerateSettings, 'clusterName' | 'projectID'>): YamlDocument {
  return {
    comment: 'The cluster. Networks cannot be changed once it exists.',
    value: {
      ...generic,
      kind: 'Cluster',
      metadata: { name: clusterName },
      spec: {
        clusterNetwork: {
          services: { cidrBlocks: [NETWORKS.services] },
          pods: { cidrBlocks: [NETWORKS.pods] },
          serviceDomain: NETWORKS.domain,
        },
        providerSpec: { value: { ...packet, kind: 'PacketClusterProviderSpec', projectID } },
      },
    },
    fieldComments: {
      'spec.clusterNetwork.services':
        'Not from 10.0.0.0/8, where the private addresses of Packet are, and without overlap.',
      'spec.clusterNetwork.pods': 'The network in addons.yaml (ConfigMap kube-flannel-cfg) has to be the same.',
      'spec.providerSpec.value.projectID':
        'For several control plane machines, or to replace the only one, an elastic IP has to be the endpoint:\n' +
        'controlPlaneEndpoint: { type: elasticIP }',
    },
  };
}

/** The documents of machines.yaml: one control plane machine, and workers that replace each other. */
export function machineFiles(settings: MachineFileSettings): readonly YamlDocument[] {
  const { clusterName, kubernetesVersion: version } = settings;
  const labels = (set: 'master' | 'node'): object => ({ [CLUSTER_LABEL]: clusterName, set });
  const master = {
    ...generic,
    kind: 'Machine',
    metadata: { name: `${clusterName}-master-0`, labels: labels('master') },
    spec: {
      versions: { kubelet: version, controlPlane: version },
      providerSpec: { value: machineValue(settings, 'Master') },
    },
  };
  const workers = {
    ...generic,
    kind: 'MachineDeployment',
    metadata: { name: `${clusterName}-node`, labels: labels('node') },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels('node') },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labels('node') },
        spec: { versions: { kubelet: version }, providerSpec: { value: machineValue(settings, 'Node') } },
      },
    },
  };
  return [
    {
      comment: 'The control plane machine.',
      value: master,
      fieldComments: {
        'spec.versions':
          'Versions need an entry in machine_configs.yaml; controlPlane makes it a control plane machine.',
        'spec.providerSpec.value.roles': 'With Node beside Master, pods of users run here too.',
      },
    },
    {
      comment:
        'The workers. When one is lost, another takes its place; when the template changes, they are replaced one by one.',
      value: workers,
      fieldComments: { 'spec.replicas': 'How many: kubectl scale works as well.' },
    },
  ];
}

function machineValue({ projectID, facilities, sshKeyFile }: MachineFileSettings, role: 'Master' | 'Node'): object {
  return {
    ...packet,
    kind: 'PacketMachineProviderSpec',
    projectID,
    facility: facilities,
    machineType: MACHINE_DEFAULTS.plan,
    OS: MACHINE_DEFAULTS.operatingSystem,
    billingCycle: MACHINE_DEFAULTS.billingCycle,
    roles: [role],
    // Without the field, the keys of the project are put on the machines.
    ...(sshKeyFile && { sshKeys: [encodeSshKeyFile(sshKeyFile)] }),
  };
}
