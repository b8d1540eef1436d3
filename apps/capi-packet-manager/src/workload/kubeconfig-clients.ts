// Clients of the clusters that machines make up, one for each kubeconfig Secret, made anew when its text changes. Making one sends nothing,
// so an API server that does not answer costs only those who call it.
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import type { ClusterKey } from '../cluster/contract.ts';

/** The text of a cluster's kubeconfig; `undefined` while there is none. */
export type KubeconfigOf = (cluster: ClusterKey, signal: AbortSignal) => Promise<string | undefined>;

/** What the clients need. */
export interface KubeconfigClientsOptions {
  readonly kubeconfigOf: KubeconfigOf;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** For proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For tests; `connect` by default. */
  readonly connect?: ((kubeconfig: string) => Promise<KubeClient>) | undefined;
}

/** A client and the text it was made of. */
export interface ClusterConnection {
  readonly kubeconfig: string;
  readonly client: KubeClient;
}

/** Servers of other people, possibly far away or gone: a call must not hold up a worker for a minute. */
const CALL_TIMEOUT_MS = 10_000;

/** `namespace/name`. */
export const nameOf = ({ namespace, name }: ClusterKey): string => `${namespace}/${name}`;

/** One connection per cluster. */
export class KubeconfigClients {
  readonly #options: KubeconfigClientsOptions;
  readonly #connections = new Map<string, ClusterConnection>();

  constructor(options: KubeconfigClientsOptions) {
    this.#options = options;
  }

  /** The connection of the kubeconfig as it is now; `undefined` when there is none or it cannot be used. */
  async of(cluster: ClusterKey, signal: AbortSignal): Promise<ClusterConnection | undefined> {
    const kubeconfig = await this.#options.kubeconfigOf(cluster, signal);
    const name = nameOf(cluster);
    if (kubeconfig === undefined) return void this.#connections.delete(name);
    const known = this.#connections.get(name);
    if (known?.kubeconfig === kubeconfig) return known;
    const client = await this.#connect(name, kubeconfig);
    if (client === undefined) return undefined;
    const connection = { kubeconfig, client };
    this.#connections.set(name, connection);
    return connection;
  }

  /** The cluster is gone. */
  forget(cluster: ClusterKey): void {
    this.#connections.delete(nameOf(cluster));
  }

  async #connect(name: string, kubeconfig: string): Promise<KubeClient | undefined> {
    const { log } = this.#options;
    try {
      return await (this.#options.connect ?? ((text) => this.#connectTo(text)))(kubeconfig);
    } catch (error) {
      log.warn('the kubeconfig of a cluster cannot be used', { cluster: name, reason: messageOf(error) });
      return undefined;
    }
  }

  #connectTo(kubeconfigText: string): Promise<KubeClient> {
    const { userAgent, clock, log, env } = this.#options;
    // No metrics: the names of clusters that come and go are no labels.
    return connect({ kubeconfigText, userAgent, clock, log, env, timeoutMs: CALL_TIMEOUT_MS });
  }
}
