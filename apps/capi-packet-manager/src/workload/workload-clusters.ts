// WorkloadClusters for the controllers: kubeconfig Secrets to clients and watches of Nodes. The Secrets come from the API server on the
// first question and from a watch afterwards: a changed one replaces the client at the next question, a vanished one ends the watch.
import type { Change, Clock, Logger, Runnable, Unsubscribe } from '@longshore/reconciler-core';
import type { Informer, KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { CLUSTER_LABEL, clusterSecrets } from '../api/names.ts';
import type { ClusterKey, WorkloadClusters } from '../cluster/contract.ts';
import { secrets, textIn } from '../cluster/kube-secret.ts';
import type { KubeSecret } from '../cluster/kube-secret.ts';
import { KubeconfigClients, nameOf } from './kubeconfig-clients.ts';
import type { KubeconfigClientsOptions } from './kubeconfig-clients.ts';
import { NodeWatches } from './node-watches.ts';
import type { NodeListener } from './node-watches.ts';

/** What they need. */
export interface WorkloadClustersOptions extends Pick<KubeconfigClientsOptions, 'userAgent' | 'env' | 'connect'> {
  /** Of the cluster that keeps the Secrets. */
  readonly client: KubeClient;
  /** Secrets with the cluster label. */
  readonly clusterSecrets: Informer<KubeSecret>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** WorkloadClusters with a life: run it. */
export class WatchedWorkloadClusters implements WorkloadClusters, Runnable {
  readonly name = 'workload-clusters';
  readonly #options: WorkloadClustersOptions;
  readonly #clients: KubeconfigClients;
  readonly #watches: NodeWatches;

  constructor(options: WorkloadClustersOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#clients = new KubeconfigClients({
      ...options,
      kubeconfigOf: (cluster, signal) => this.#kubeconfigOf(cluster, signal),
    });
    this.#watches = new NodeWatches({ clock, log });
  }

  async clientOf(cluster: ClusterKey, signal: AbortSignal): Promise<KubeClient | undefined> {
    return (await this.#clients.of(cluster, signal))?.client;
  }

  async nodesOf(cluster: ClusterKey, signal: AbortSignal): Promise<Informer<KubeNode> | undefined> {
    const connection = await this.#clients.of(cluster, signal);
    if (connection !== undefined) return this.#watches.on(cluster, connection);
    this.#watches.forget(cluster);
    return undefined;
  }

  subscribe(listener: NodeListener): Unsubscribe {
    return this.#watches.subscribe(listener);
  }

  /** Clusters whose Nodes are watched. */
  get watched(): number {
    return this.#watches.size;
  }

  /** Follows the Secrets until the signal aborts, then closes all watches. */
  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#options.clusterSecrets.subscribe((change) => this.#follow(change));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    unsubscribe();
    await this.#watches.close();
  }

  #follow(change: Change<KubeSecret>): void {
    if (change.kind !== 'deleted') return;
    const cluster = clusterOfKubeconfig(change.object);
    if (cluster === undefined) return;
    this.#clients.forget(cluster);
    this.#watches.forget(cluster);
  }

  async #kubeconfigOf(cluster: ClusterKey, signal: AbortSignal): Promise<string | undefined> {
    const name = clusterSecrets.kubeconfig(cluster.name);
    const key = { namespace: cluster.namespace, name };
    const cached = this.#options.clusterSecrets.get(nameOf(key));
    // One without the label (from elsewhere), or made a moment ago, is not in the cache.
    return textIn(cached ?? (await this.#options.client.get(secrets, key, { signal })), 'value');
  }
}

/** The cluster whose kubeconfig the Secret is. */
export function clusterOfKubeconfig({ metadata }: KubeSecret): ClusterKey | undefined {
  const { name = '', namespace = '', labels = {} } = metadata ?? {};
  const cluster = labels[CLUSTER_LABEL];
  if (cluster === undefined || name !== clusterSecrets.kubeconfig(cluster)) return undefined;
  return { namespace, name: cluster };
}
