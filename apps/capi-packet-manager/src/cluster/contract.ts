// What the cluster side gives to machines: keys and tokens, opened, and the way into the cluster that the machines make up.
import type { Informer, KubeClient, KubeNode } from '@longshore/k8s-runtime';
import type { Unsubscribe } from '@longshore/reconciler-core';
import type { ClusterKeys } from '../bootstrap/contract.ts';

/** Which Cluster object. */
export interface ClusterKey {
  readonly namespace: string;
  readonly name: string;
}

/** A bootstrap token and until when it lets machines in. */
export interface JoinToken {
  /** `abcdef.0123456789abcdef` */
  readonly token: string;
  /** RFC 3339 */
  readonly expiresAt: string;
}

/** Secrets of a Cluster, opened. `undefined`: not made yet or not usable; the Cluster's conditions say why, wait for it. */
export interface ClusterMaterials {
  keysOf(cluster: ClusterKey, signal: AbortSignal): Promise<ClusterKeys | undefined>;
  /** Why no further control plane machine can join with these keys; `undefined` when it can. */
  mastersObstacle(cluster: ClusterKey, signal: AbortSignal): Promise<string | undefined>;
  /** For `kubeadm init`. */
  initToken(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined>;
  /** For joins: the same token, present in the cluster itself with at least 30 minutes left, `cluster-info` signed for it. */
  joinToken(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined>;
}

/** The clusters that machines make up, reached by their kubeconfig Secrets. */
export interface WorkloadClusters {
  /** `undefined`: there is no kubeconfig yet. Does not say that the API server answers. */
  clientOf(cluster: ClusterKey, signal: AbortSignal): Promise<KubeClient | undefined>;
  /** Nodes of the cluster, watched from the first call on; `undefined` as above. Not synced while the API server does not answer. */
  nodesOf(cluster: ClusterKey, signal: AbortSignal): Promise<Informer<KubeNode> | undefined>;
  /** Told which cluster's Nodes changed, and the name of the Node. */
  subscribe(listener: (cluster: ClusterKey, node: string) => void): Unsubscribe;
}
