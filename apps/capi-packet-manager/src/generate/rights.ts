// What each part may do, rule by rule with its reason. Clusters may live in any namespace, so most rights are for the whole cluster.
import { CLUSTER_GROUP } from '../api/names.ts';
import { leaseOf } from '../process/leases.ts';
import type { Part } from './component-names.ts';

/** A rule of a role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const READ = ['get', 'list', 'watch'] as const;
const EVENTS: Rule = { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] };

const ours = (resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [CLUSTER_GROUP],
  resources,
  verbs,
});
const core = (resources: readonly string[], verbs: readonly string[]): Rule => ({ apiGroups: [''], resources, verbs });
const status = (...kinds: readonly string[]): readonly Rule[] => [
  ours(
    kinds.map((kind) => `${kind}/status`),
    ['patch'],
  ),
  // Where owner references may only be set by who may touch the owner's finalizers (OwnerReferencesPermissionEnforcement).
  ours(
    kinds.map((kind) => `${kind}/finalizers`),
    ['update'],
  ),
];

const PACKET_RULES: readonly Rule[] = [
  ours(['clusters'], [...READ, 'patch']),
  // The attempt id is written before a device is made.
  ours(['machines'], [...READ, 'patch', 'delete']),
  // A Cluster that goes takes its sets and deployments with it.
  ours(['machinesets', 'machinedeployments'], ['list', 'patch', 'delete']),
  ...status('clusters', 'machines'),
  ours(['machineclasses'], ['list', 'watch']),
  // Keys, tokens and kubeconfigs of clusters, beside each Cluster; the credentials and the sealing key in the own namespace.
  core(['secrets'], [...READ, 'create', 'patch', 'delete']),
  // Whether a machine that goes is the one that the manager itself runs on.
  core(['nodes'], ['get']),
  core(['namespaces'], ['get']),
  EVENTS,
];

const GENERIC_RULES: readonly Rule[] = [
  ours(['clusters'], ['list', 'watch']),
  ours(['machines'], ['list', 'watch', 'create', 'patch', 'delete']),
  ours(['machinesets'], [...READ, 'create', 'patch', 'delete']),
  ours(['machinedeployments'], [...READ, 'patch']),
  ...status('machines', 'machinesets', 'machinedeployments'),
  // Sets and deployments are given their Cluster as owner. With the admission plugin named above that takes these two as well.
  ours(['clusters/finalizers'], ['update']),
  ours(['machinedeployments'], ['delete']),
  // Kubeconfigs of clusters, whose Nodes are linked to their machines.
  core(['secrets'], READ),
  core(['namespaces'], ['get']),
  EVENTS,
];

/** Rights in the whole cluster. */
export function clusterRules({ controllers }: Part): readonly Rule[] {
  return controllers === 'packet' ? PACKET_RULES : GENERIC_RULES;
}

/** Rights in the own namespace: leader election. A Lease that is to be made has no name yet, so it has a rule of its own. */
export function leaseRules({ controllers }: Part): readonly Rule[] {
  const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] } as const;
  const { name } = leaseOf(controllers);
  return [
    { ...leases, verbs: ['create'] },
    { ...leases, resourceNames: [name], verbs: ['get', 'watch', 'update'] },
  ];
}
