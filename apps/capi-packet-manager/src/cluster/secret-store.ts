// Secrets of Clusters: read from the cache where it has them, written with owner and label. Decides nothing.
import { CLUSTER_LABEL } from '../api/names.ts';
import type { Cluster, OwnerReference } from '../api/objects.ts';
import { API_VERSION, CLUSTER_GROUP } from '../api/names.ts';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeClient, Lister } from '@longshore/k8s-runtime';
import { secrets } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';

/** The type that Cluster API gives its Secrets. */
const SECRET_TYPE = 'cluster.x-k8s.io/secret';

/** Reads and writes. */
export class SecretStore {
  readonly #client: KubeClient;
  readonly #cache: Lister<KubeSecret>;

  /** `cache`: Secrets with the cluster label. */
  constructor(client: KubeClient, cache: Lister<KubeSecret>) {
    this.#client = client;
    this.#cache = cache;
  }

  /** One that is not in the cache is asked for: it may be a moment old, or without our label. */
  async read(
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<KubeSecret | undefined> {
    return this.#cache.get(keyOf({ metadata: key })) ?? (await this.#client.get(secrets, key, { signal }));
  }

  /** As the API server has it now. */
  readNow(
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<KubeSecret | undefined> {
    return this.#client.get(secrets, key, { signal });
  }

  /** A new Secret of the cluster. Rejects with a conflict when there is one. */
  create(
    cluster: Cluster,
    { name, data }: { readonly name: string; readonly data: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<KubeSecret> {
    const { namespace = '', name: clusterName = '' } = cluster.metadata ?? {};
    const metadata = {
      name,
      namespace,
      labels: { [CLUSTER_LABEL]: clusterName },
      ownerReferences: [ownerReferenceTo(cluster)],
    };
    return this.#client.create(secrets, { metadata, type: SECRET_TYPE, data }, { signal });
  }

  /** Puts data in, if nobody changed the Secret since it was read. */
  async putData(secret: KubeSecret, data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    await this.#patch(secret, { data }, signal);
  }

  /** Makes a found Secret known as the cluster's: label always, owner when it is ours to delete. Nothing to do: no call. */
  async adopt(
    secret: KubeSecret,
    cluster: Cluster,
    { isOwner }: { readonly isOwner: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { name: clusterName = '', uid } = cluster.metadata ?? {};
    const { labels, ownerReferences = [] } = secret.metadata ?? {};
    const isLabelled = labels?.[CLUSTER_LABEL] === clusterName;
    const isOwned = !isOwner || ownerReferences.some((owner) => owner.uid === uid);
    if (isLabelled && isOwned) return;
    const others = ownerReferences.filter(({ kind, name }) => kind !== 'Cluster' || name !== clusterName);
    const owners = isOwner ? [...others, ownerReferenceTo(cluster)] : ownerReferences;
    await this.#patch(
      secret,
      { metadata: { labels: { [CLUSTER_LABEL]: clusterName }, ownerReferences: owners } },
      signal,
    );
  }

  /** Gone afterwards; one that was not there is fine. */
  async remove(key: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<void> {
    await this.#client.remove(secrets, key, { signal });
  }

  async #patch(
    secret: KubeSecret,
    change: { readonly metadata?: object; readonly data?: object },
    signal: AbortSignal,
  ): Promise<void> {
    const { name = '', namespace = '', resourceVersion } = secret.metadata ?? {};
    const body = { ...change, metadata: { ...change.metadata, resourceVersion } };
    await this.#client.patch(secrets, { name, namespace }, { kind: 'merge', body }, { signal });
  }
}

/** Controller reference to the Cluster. */
export function ownerReferenceTo(cluster: Cluster): OwnerReference {
  const { name = '', uid = '' } = cluster.metadata ?? {};
  return { apiVersion: `${CLUSTER_GROUP}/${API_VERSION}`, kind: 'Cluster', name, uid, controller: true };
}
