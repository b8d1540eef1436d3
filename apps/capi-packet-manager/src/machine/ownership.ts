// Whose a Machine is, and whose its server: finalizers, owner references, tags. Pure.
import { parseProjectId } from '@longshore/packet-api';
import type { ProjectId } from '@longshore/packet-api';
import { isControlPlane } from '../api/conditions.ts';
import { API_VERSION, CLUSTER_GROUP, FOREGROUND_FINALIZER, MACHINE_FINALIZER } from '../api/names.ts';
import type { Cluster, Machine, OwnerReference } from '../api/objects.ts';
import { readClusterProviderSpec } from '../api/packet-specs.ts';
import type { ServerOwner } from '../servers/contract.ts';
import type { MachineFacts } from './machine-facts.ts';

/** Whose server it is. */
export function ownerOf(machine: Machine, cluster: Cluster): ServerOwner {
  const { namespace = '', name = '' } = cluster.metadata ?? {};
  return { cluster: { namespace, name }, role: isControlPlane(machine) ? 'master' : 'node' };
}

/**
 * Finalizers and owner as they should be, or `undefined` when they are. A Machine without owner gets its Cluster; one that was moved
 * from another API server may name the Cluster by the uid that it had there, and the garbage collector would remove it.
 */
export function ownershipOf(
  machine: Machine,
  cluster: Cluster,
): { readonly finalizers: readonly string[]; readonly ownerReferences: readonly OwnerReference[] } | undefined {
  const { finalizers = [], ownerReferences = [] } = machine.metadata ?? {};
  const missing = [MACHINE_FINALIZER, FOREGROUND_FINALIZER].filter((finalizer) => !finalizers.includes(finalizer));
  const owners = ownerReferences.map((owner) => (isOutdated(owner, cluster) ? clusterReference(cluster) : owner));
  const wanted = owners.length === 0 ? [clusterReference(cluster)] : owners;
  const isSame = missing.length === 0 && ownerReferences.length > 0 && owners.every((o, i) => o === ownerReferences[i]);
  return isSame ? undefined : { finalizers: [...finalizers, ...missing], ownerReferences: wanted };
}

function isOutdated(owner: OwnerReference, { metadata }: Cluster): boolean {
  const isOfGroup = owner.apiVersion.startsWith(`${CLUSTER_GROUP}/`) && owner.kind === 'Cluster';
  return isOfGroup && owner.name === metadata?.name && owner.uid !== metadata.uid;
}

function clusterReference({ apiVersion, metadata }: Cluster): OwnerReference {
  const { name = '', uid = '' } = metadata ?? {};
  return {
    apiVersion: apiVersion ?? `${CLUSTER_GROUP}/${API_VERSION}`,
    kind: 'Cluster',
    name,
    uid,
    blockOwnerDeletion: true,
  };
}

/** The project of the device. The one that was asked for it counts, whatever the spec says by now. */
export function knownProject({
  memory,
  reading,
  cluster,
}: Pick<MachineFacts, 'memory' | 'reading' | 'cluster'>): ProjectId | undefined {
  const ofCluster = cluster && readClusterProviderSpec(cluster).spec?.projectID;
  return memory.projectId ?? parseProjectId(reading.spec?.projectID ?? ofCluster ?? '');
}
