// Keeps the bootstrap token of each cluster in its Secret. One writer at a time per cluster, so that machines that are made together get
// the same token.
import type { Clock } from '@longshore/reconciler-core';
import { KeyedLock } from '@longshore/reconciler-core';
import { clusterSecrets } from '../api/names.ts';
import type { Cluster } from '../api/objects.ts';
import type { ClusterKey, JoinToken } from './contract.ts';
import { keyOfCluster } from './keys-keeper.ts';
import { isAlreadyThere } from './sealing-key.ts';
import type { SealingKeySource } from './sealing-key.ts';
import type { SecretStore } from './secret-store.ts';
import { newToken, tokenData, usableToken } from './token-plan.ts';

/** What it works with. */
export interface TokenKeeperOptions {
  readonly store: SecretStore;
  readonly sealing: SealingKeySource;
  readonly clock: Clock;
}

/** Tokens by cluster. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  readonly #lock = new KeyedLock<string>();

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
  }

  /** The token is made with the Cluster; afterwards this is free of calls. */
  async ensure(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { store, sealing, clock } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const place = { namespace, name: clusterSecrets.token(name) };
    const found = await store.read(place, signal);
    if (found !== undefined) return store.adopt(found, cluster, { isOwner: true }, signal);
    const data = tokenData(newToken(clock.nowMs()), await sealing.keys(signal), place);
    try {
      await store.create(cluster, { name: place.name, data }, signal);
    } catch (error) {
      if (!isAlreadyThere(error)) throw error;
    }
  }

  /** A token with at least an hour left, renewed if need be; `undefined` while the Cluster's Secret is not made. */
  current(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined> {
    return this.#lock.run(`${cluster.namespace}/${cluster.name}`, () => this.#current(cluster, signal), signal);
  }

  async #current(cluster: ClusterKey, signal: AbortSignal): Promise<JoinToken | undefined> {
    const { store, sealing, clock } = this.#options;
    const place = { namespace: cluster.namespace, name: clusterSecrets.token(cluster.name) };
    // Not from the cache: what was renewed a moment ago must not be renewed again.
    const secret = await store.readNow(place, signal);
    if (secret === undefined) return undefined;
    const keys = await sealing.keys(signal);
    const usable = usableToken(secret, keys, { place, nowMs: clock.nowMs() });
    if (usable !== undefined) return usable;
    const token = newToken(clock.nowMs());
    await store.putData(secret, tokenData(token, keys, place), signal);
    return token;
  }
}
