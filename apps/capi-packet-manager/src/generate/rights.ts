// What each part may do, rule by rule with its reason. Clusters may live in any namespace, so most rights are for the whole cluster.
import { CLUSTER_GROUP } from '../api/names.ts';
import type { Part } from './component-names.ts';

/** A rule of a role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const READ = ['get', 'list', 'watch'] as const;
const CHANGE = [...READ, 'update', 'patch'] as const;
const ALL = [...CHANGE, 'create', 'delete'] as const;
const EVENTS: Rule = { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] };

const ours = (resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [CLUSTER_GROUP],
  resources,
  verbs,
});
const core = (resources: readonly string[], verbs: readonly string[]): Rule => ({ apiGroups: [''], resources, verbs });

const PACKET_RULES: readonly Rule[] = [
  // Finalizers, endpoint and conditions.
  ours(['clusters', 'clusters/status', 'clusters/finalizers'], CHANGE),
  // The attempt id is written before a device is made; delete: a Cluster that goes takes its machines with it.
  ours(['machines', 'machines/status', 'machines/finalizers'], [...CHANGE, 'delete']),
  ours(['machinesets', 'machinedeployments'], [...CHANGE, 'delete']),
  ours(['machineclasses'], READ),
  // Keys, tokens and kubeconfigs of clusters, beside each Cluster; the credentials and the sealing key in the own namespace.
  core(['secrets'], ALL),
  // Whether a machine that goes is the one that the manager itself runs on.
  core(['nodes'], READ),
  core(['namespaces'], ['get', 'list', 'watch']),
  EVENTS,
];

const GENERIC_RULES: readonly Rule[] = [
  ours(['clusters'], READ),
  ours(['machines', 'machines/status', 'machines/finalizers'], ALL),
  ours(['machinesets', 'machinesets/status', 'machinesets/finalizers'], ALL),
  ours(['machinedeployments', 'machinedeployments/status', 'machinedeployments/finalizers'], CHANGE),
  ours(['machineclasses'], READ),
  // Kubeconfigs of clusters, whose Nodes are linked to their machines.
  core(['secrets'], READ),
  core(['nodes'], READ),
  EVENTS,
];

/** Rights in the whole cluster. */
export function clusterRules({ controllers }: Part): readonly Rule[] {
  return controllers === 'packet' ? PACKET_RULES : GENERIC_RULES;
}

/** Rights in the own namespace: leader election. A Lease that is to be made has no name yet, so that rule names none. */
export const LEASE_RULES: readonly Rule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...READ, 'create', 'update', 'patch'] },
];
