// The cluster that callers hold. Made by start-cluster.ts.
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import type { RunningCluster } from './cluster.ts';
import type { NodeFacts } from './node/node-files.ts';
import type { NodeNamespaces } from './node/node-namespaces.ts';
import type { NodeParts } from './node/node-parts.ts';

// What manifests of control plane programs select and tolerate.
const ROLE = 'node-role.kubernetes.io/control-plane';

/** What a cluster is made from. */
export interface ClusterParts {
  readonly facts: NodeFacts;
  readonly namespaces: NodeNamespaces;
  readonly parts: NodeParts;
  readonly controlPlane: ControlPlane;
  readonly kubectl: Kubectl;
  readonly stop: () => Promise<void>;
}

/** See RunningCluster. */
export class NodeInCluster implements RunningCluster {
  readonly kubeconfigPath: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly hostAddress: string;
  readonly folder: string;
  readonly nodePid: number;
  readonly controlPlane: ControlPlane;
  readonly kubectl: Kubectl;
  readonly #made: ClusterParts;
  #isNetworkThere = false;
  #stopped: Promise<void> | undefined;

  constructor(made: ClusterParts) {
    const { facts, namespaces, controlPlane } = made;
    this.#made = made;
    this.kubeconfigPath = controlPlane.kubeconfigPath;
    this.nodeName = facts.name;
    this.nodeAddress = facts.addresses.node;
    this.hostAddress = facts.addresses.host;
    this.folder = facts.folder;
    this.nodePid = namespaces.pid;
    this.controlPlane = controlPlane;
    this.kubectl = made.kubectl;
  }

  loadImage(tarPath: string): Promise<readonly string[]> {
    return this.#made.parts.loadImage(tarPath);
  }

  nodeExec(command: readonly [string, ...string[]], input?: string): Promise<string> {
    return this.#made.namespaces.run(command, input);
  }

  async installNetwork(): Promise<void> {
    await this.#made.parts.installNetwork();
    this.#isNetworkThere = true;
  }

  async removeNetwork(): Promise<void> {
    await this.#made.parts.removeNetwork();
    this.#isNetworkThere = false;
  }

  async restartKubelet(): Promise<void> {
    await this.#made.parts.stopKubelet();
    await this.#made.parts.startKubelet();
  }

  async resetNode(): Promise<void> {
    await this.#made.parts.stopKubelet();
    const { status } = await this.controlPlane.request({ method: 'DELETE', path: this.#path });
    if (status !== 200 && status !== 404)
      throw new Error(`the Node ${this.nodeName} was not deleted: status ${status}`);
    await this.start();
  }

  /** Starts the kubelet; resolves when it has registered its Node, and the Node is ready where nothing else has to come. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#made.parts.startKubelet();
    await until('the kubelet registers its Node', () => signal?.aborted === true || this.#label());
    signal?.throwIfAborted();
    if (this.#made.facts.cloudProvider === 'external' || !this.#isNetworkThere) return;
    await until('the Node is ready', async () => signal?.aborted === true || (await this.#isReady()));
    signal?.throwIfAborted();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#made.stop();
    return this.#stopped;
  }

  get #path(): string {
    return `/api/v1/nodes/${this.nodeName}`;
  }

  // A kubelet may not give itself a role.
  async #label(): Promise<boolean> {
    const body = { metadata: { labels: { [ROLE]: '' } } };
    const contentType = 'application/merge-patch+json';
    const { status } = await this.controlPlane.request({ method: 'PATCH', path: this.#path, body, contentType });
    return status === 200;
  }

  async #isReady(): Promise<boolean> {
    const { body } = await this.controlPlane.request({ path: this.#path });
    const { status } = body as { status: { conditions?: readonly { type: string; status: string }[] } };
    return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
  }
}
