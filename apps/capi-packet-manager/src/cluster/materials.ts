// ClusterMaterials: what the Machine controller is given of a cluster's Secrets, opened. Makes nothing but a younger token; what is missing
// or unusable is `undefined`, and the conditions of the Cluster say why.
import type { Clock, Logger } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import type { ClusterKeys } from '../bootstrap/contract.ts';
import type { ClusterKey, ClusterMaterials, JoinToken, WorkloadClusters } from './contract.ts';
import type { KeysKeeper } from './keys-keeper.ts';
import type { TokenKeeper } from './token-keeper.ts';
import { isSigned, presentToken } from './workload-token.ts';

/** What it works with. */
export interface SecretMaterialsOptions {
  readonly keys: KeysKeeper;
  readonly tokens: TokenKeeper;
  readonly workloads: WorkloadClusters;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Presented {
  readonly token: string;
  readonly atMs: number;
}

/** Machines that are made together share one look at the cluster. */
const PRESENTED_LASTS_MS = 30_000;

/** Keys and tokens out of Secrets. */
export class SecretMaterials implements ClusterMaterials {
  readonly #options: SecretMaterialsOptions;
  readonly #presented = new Map<string, Presented>();

  constructor(options: SecretMaterialsOptions) {
    this.#options = options;
  }

  keysOf(cluster: ClusterKey, signal: AbortSignal): Promise<ClusterKeys | undefined> {
    return this.#options.keys.find(cluster, signal).then((found) => found?.keys);
  }

  async mastersObstacle(cluster: ClusterKey, signal: AbortSignal): Promise<string | undefined> {
    return (await this.#options.keys.find(cluster, signal))?.mastersObstacle;
  }

  initToken(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined> {
    return this.#options.tokens.current(cluster, signal);
  }

  async joinToken(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined> {
    const { tokens, workloads, log } = this.#options;
    const [client, token] = await Promise.all([workloads.clientOf(cluster, signal), tokens.current(cluster, signal)]);
    if (client === undefined || token === undefined) return undefined;
    if (this.#isPresented(cluster, token)) return token;
    try {
      await presentToken(token, { client, cluster: cluster.name }, signal);
      if (!(await isSigned(token, client, signal))) return undefined;
    } catch (error) {
      signal.throwIfAborted();
      log.verbose(2, 'a token cannot be presented yet', { cluster: nameOf(cluster), reason: messageOf(error) });
      return undefined;
    }
    this.#presented.set(nameOf(cluster), { token: token.token, atMs: this.#options.clock.monotonicMs() });
    return token;
  }

  #isPresented(cluster: ClusterKey, { token }: JoinToken): boolean {
    const known = this.#presented.get(nameOf(cluster));
    return known?.token === token && this.#options.clock.monotonicMs() - known.atMs < PRESENTED_LASTS_MS;
  }
}

function nameOf({ namespace, name }: ClusterKey): string {
  return `${namespace}/${name}`;
}
