// Reads what one API server holds of a cluster. CRDs that are missing there mean that it holds none of their objects.
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { clusters, machineClasses, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { secrets } from '../kube-kinds.ts';
import { scopeOf } from './move-scope.ts';
import type { ClusterId, MoveScope } from './move-scope.ts';

/** Everything of the cluster on this server. */
export async function observeScope(client: KubeClient, id: ClusterId, signal: AbortSignal): Promise<MoveScope> {
  const { namespace } = id;
  const listIn = <T extends KubeObject>(type: ResourceType<T>): Promise<readonly T[]> =>
    listAll(client, type, { namespace, signal });
  return scopeOf(id, {
    clusters: await listIn(clusters),
    secrets: await listIn(secrets),
    machineClasses: await listIn(machineClasses),
    machineDeployments: await listIn(machineDeployments),
    machineSets: await listIn(machineSets),
    machines: await listIn(machines),
  });
}

/** All objects of a kind, of one namespace or of all; none when the kind is not installed. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  { namespace, signal }: { readonly namespace?: string; readonly signal: AbortSignal },
): Promise<readonly T[]> {
  try {
    const { items } = await client.list(type, namespace === undefined ? { signal } : { namespace, signal });
    return items;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return [];
    throw error;
  }
}

/** Clusters of all namespaces. */
export async function listClusters(client: KubeClient, signal: AbortSignal): Promise<readonly ClusterId[]> {
  const all = await listAll(client, clusters, { signal });
  return all.map(({ metadata = {} }) => ({ namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }));
}
