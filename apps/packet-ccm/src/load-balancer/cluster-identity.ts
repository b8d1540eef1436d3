// Which cluster this is: the UID of the namespace kube-system, as in the Go program. It is the tag that keeps two clusters of one project
// apart, so without it nothing is reserved, released or taken for ours. Read once.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject } from '@longshore/k8s-runtime';
import { backoff, OperatorError } from '@longshore/reconciler-core';

const namespaces = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});
const NAMESPACE = 'kube-system';

/** The identity of the cluster. */
export class ClusterIdentity {
  readonly #client: Pick<KubeClient, 'get'>;
  #uid: string | undefined;

  constructor(client: Pick<KubeClient, 'get'>) {
    this.#client = client;
  }

  /** The UID. Rejects while it cannot be read. */
  async read(signal: AbortSignal): Promise<string> {
    if (this.#uid !== undefined) return this.#uid;
    const found = await this.#client.get(namespaces, { name: NAMESPACE }, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unknownCluster(error);
    });
    const uid = found?.metadata?.uid;
    if (uid === undefined || uid === '') throw unknownCluster();
    this.#uid = uid;
    return uid;
  }
}

function unknownCluster(cause?: unknown): OperatorError {
  const message = `the UID of namespace ${NAMESPACE}, which tells the elastic IPs of this cluster from those of others, cannot be read: grant the verb get on namespaces`;
  return new OperatorError('CLUSTER_IDENTITY_UNKNOWN', message, backoff, cause === undefined ? undefined : { cause });
}
