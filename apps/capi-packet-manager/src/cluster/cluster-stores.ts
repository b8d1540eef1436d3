// Everything that keeps what a cluster's Secrets hold, made once per process: the Cluster controller and the materials of machines share it.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Informer, KubeClient } from '@longshore/k8s-runtime';
import type { Cluster } from '../api/objects.ts';
import type { ClusterKeys } from '../bootstrap/contract.ts';
import { CaMemory } from './ca-memory.ts';
import type { CaFile } from './ca-memory.ts';
import { keyOfCluster, KeysKeeper, refuseOtherCas } from './keys-keeper.ts';
import type { KubeSecret } from './kube-secret.ts';
import { SealingKeySource } from './sealing-key.ts';
import { SecretStore } from './secret-store.ts';
import { TokenKeeper } from './token-keeper.ts';

/** What the stores are made of. */
export interface ClusterStoresOptions {
  readonly client: KubeClient;
  readonly clusters: Informer<Cluster>;
  /** Secrets with the cluster label. */
  readonly clusterSecrets: Informer<KubeSecret>;
  /** `--sealing-key-file` */
  readonly sealingKeyFile?: string | undefined;
  /** `-ca-cache` */
  readonly caFile?: CaFile | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests. */
  readonly generate?: ((cluster: string, nowMs: number) => Promise<ClusterKeys>) | undefined;
}

/** The stores. */
export interface ClusterStores {
  readonly store: SecretStore;
  readonly sealing: SealingKeySource;
  readonly memory: CaMemory;
  readonly keys: KeysKeeper;
  readonly tokens: TokenKeeper;
  /** Ends the process when the file of `-ca-cache` has another CA than a cluster's Secret. */
  refuseOtherCas(clusters: readonly Cluster[], signal: AbortSignal): Promise<void>;
}

/** Makes them. */
export function createClusterStores(options: ClusterStoresOptions): ClusterStores {
  const { client, clusters, clusterSecrets, clock, log, generate } = options;
  const namespacesOf = (name: string): readonly string[] =>
    clusters.list(({ metadata }) => metadata?.name === name).map(({ metadata }) => metadata?.namespace ?? '');
  const store = new SecretStore(client, clusterSecrets);
  const sealing = new SealingKeySource({ client, file: options.sealingKeyFile, clock, log });
  const memory = new CaMemory({ client, file: options.caFile, namespacesOf });
  return {
    store,
    sealing,
    memory,
    keys: new KeysKeeper({ store, sealing, memory, clock, log, generate }),
    tokens: new TokenKeeper({ store, sealing, clock }),
    refuseOtherCas: (list, signal) => refuseOtherCas(list.map(keyOfCluster), { store, sealing, memory }, signal),
  };
}
