// Writes of the Machine controller to the management cluster. All are resourceVersion-checked: what was decided from an old state is refused.
import type { CallOptions, KubeClient, KubeObject, ObjectKey } from '@longshore/k8s-runtime';
import { annotations, CLUSTER_LABEL, FOREGROUND_FINALIZER, MACHINE_FINALIZER } from '../api/names.ts';
import type { Cluster, Machine } from '../api/objects.ts';
import { clusters, machines } from '../api/resources.ts';

/** The key of an object for calls. */
export function objectKey({ metadata }: KubeObject): ObjectKey {
  const { name = '', namespace } = metadata ?? {};
  return namespace === undefined ? { name } : { name, namespace };
}

/** A merge patch that only the state it was made for takes; `undefined` when the Machine is gone. */
export function patchMachine(
  client: KubeClient,
  machine: Machine,
  body: { readonly metadata?: object; readonly spec?: object; readonly status?: object },
  options: CallOptions & { readonly subresource?: 'status' },
): Promise<Machine | undefined> {
  const { resourceVersion, uid } = machine.metadata ?? {};
  const checked = { ...body, metadata: { ...body.metadata, resourceVersion, uid } };
  return client.patch(machines, objectKey(machine), { kind: 'merge', body: checked }, options);
}

/** Names the attempt that initialises the cluster. */
export function patchInitAttempt(
  client: KubeClient,
  cluster: Cluster,
  attemptId: string,
  options: CallOptions,
): Promise<Cluster | undefined> {
  const { resourceVersion, uid } = cluster.metadata ?? {};
  const metadata = { resourceVersion, uid, annotations: { [annotations.initAttempt]: attemptId } };
  return client.patch(clusters, objectKey(cluster), { kind: 'merge', body: { metadata } }, options);
}

/**
 * The Machine without our finalizer. `foregroundDeletion` goes with it: nothing depends on a Machine, and where no garbage collector runs
 * (a bare API server as bootstrap cluster) nobody else would take it away.
 */
export function releasePatch(machine: Machine): { readonly metadata: object } {
  const ours = [MACHINE_FINALIZER, FOREGROUND_FINALIZER];
  const finalizers = machine.metadata?.finalizers?.filter((finalizer) => !ours.includes(finalizer)) ?? [];
  return { metadata: { finalizers } };
}

/** All Machines of a Cluster, as the API server has them now. */
export async function listMachines(
  client: KubeClient,
  cluster: Cluster,
  options: CallOptions,
): Promise<readonly Machine[]> {
  const { namespace = '', name = '' } = cluster.metadata ?? {};
  const labelSelector = `${CLUSTER_LABEL}=${name}`;
  const items: Machine[] = [];
  for (let next: string | undefined = ''; next !== undefined;) {
    const page = { namespace, labelSelector, limit: 500, ...(next !== '' && { continue: next }) };
    const list: { items: readonly Machine[]; continue?: string } = await client.list(machines, { ...page, ...options });
    items.push(...list.items);
    next = list.continue;
  }
  return items;
}
