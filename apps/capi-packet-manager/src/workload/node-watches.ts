// Watches the Nodes of clusters: one informer for each, started at the first question, replaced with its connection, stopped with its
// cluster. Who subscribes hears which Node of which cluster changed.
import type { Change, Clock, Logger, Unsubscribe } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import { Informer, nodes, trimNode } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { ClusterKey } from '../cluster/contract.ts';
import { nameOf } from './kubeconfig-clients.ts';
import type { ClusterConnection } from './kubeconfig-clients.ts';

/** Told which Node changed. */
export type NodeListener = (cluster: ClusterKey, node: string) => void;

interface Watch {
  readonly kubeconfig: string;
  readonly informer: Informer<KubeNode>;
  readonly stop: AbortController;
}

/** The informers of all clusters. */
export class NodeWatches {
  readonly #tools: { readonly clock: Clock; readonly log: Logger };
  readonly #watches = new Map<string, Watch>();
  readonly #listeners = new Set<NodeListener>();
  readonly #ending = new Set<Promise<void>>();

  constructor(tools: { readonly clock: Clock; readonly log: Logger }) {
    this.#tools = tools;
  }

  /** The informer on this connection; running. */
  on(cluster: ClusterKey, { kubeconfig, client }: ClusterConnection): Informer<KubeNode> {
    const name = nameOf(cluster);
    const known = this.#watches.get(name);
    if (known?.kubeconfig === kubeconfig) return known.informer;
    known?.stop.abort(new Error('the kubeconfig has changed'));
    const log = this.#tools.log.child({ cluster: name });
    const informer = new Informer<KubeNode>({ ...this.#tools, log, client, type: nodes, select: trimNode });
    const stop = new AbortController();
    informer.subscribe((change) => this.#tell(cluster, change));
    this.#watches.set(name, { kubeconfig, informer, stop });
    this.#keep(informer.run(stop.signal), name);
    return informer;
  }

  /** The cluster is gone, or has no kubeconfig any more. */
  forget(cluster: ClusterKey): void {
    const name = nameOf(cluster);
    this.#watches.get(name)?.stop.abort(new Error('the cluster is gone'));
    this.#watches.delete(name);
  }

  /** Clusters that are watched. */
  get size(): number {
    return this.#watches.size;
  }

  subscribe(listener: NodeListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Stops all and waits for them. */
  async close(): Promise<void> {
    for (const { stop } of this.#watches.values()) stop.abort(new Error('stopped'));
    this.#watches.clear();
    await Promise.all(this.#ending);
  }

  #tell(cluster: ClusterKey, { object }: Change<KubeNode>): void {
    for (const listener of this.#listeners) listener(cluster, object.metadata?.name ?? '');
  }

  #keep(run: Promise<void>, cluster: string): void {
    const end = run
      .catch((error: unknown) =>
        this.#tools.log.verbose(2, 'a watch of Nodes ended', { cluster, reason: messageOf(error) }),
      )
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }
}
