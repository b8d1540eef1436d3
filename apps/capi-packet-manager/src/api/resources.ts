// The resource types of the API for the Kubernetes client and the informers.
import type { ResourceType } from '@longshore/k8s-runtime';
import { API_VERSION, CLUSTER_GROUP } from './names.ts';
import type { Cluster, Machine, MachineClass, MachineDeployment, MachineSet } from './objects.ts';

const ofGroup = { group: CLUSTER_GROUP, version: API_VERSION, isNamespaced: true } as const;

/** Clusters. */
export const clusters: ResourceType<Cluster> = { ...ofGroup, kind: 'Cluster', plural: 'clusters' };
/** Machines. */
export const machines: ResourceType<Machine> = { ...ofGroup, kind: 'Machine', plural: 'machines' };
/** Machine sets. */
export const machineSets: ResourceType<MachineSet> = { ...ofGroup, kind: 'MachineSet', plural: 'machinesets' };
/** Machine deployments. */
export const machineDeployments: ResourceType<MachineDeployment> = {
  ...ofGroup,
  kind: 'MachineDeployment',
  plural: 'machinedeployments',
};
/** Machine classes. */
export const machineClasses: ResourceType<MachineClass> = {
  ...ofGroup,
  kind: 'MachineClass',
  plural: 'machineclasses',
};
