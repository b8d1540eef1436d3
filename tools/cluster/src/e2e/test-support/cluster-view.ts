// A cluster as the specs look at it and change it.
import { writeFile } from 'node:fs/promises';
import { kubectlFor } from '@longshore/embedded-control-plane';
import type { Kubectl } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import type { RunningCluster } from '../../cluster.ts';
import { runCommand } from '../../node/run-command.ts';
import type { KubeObject } from './workloads.ts';

const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager';

/** The Node, as far as specs look at it. */
export interface SeenNode {
  readonly spec: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

/** A pod, as far as specs look at it. */
export interface SeenPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** What can be seen of a cluster, and done to it. */
export class ClusterView {
  readonly #cluster: RunningCluster;
  #kubectl: Kubectl | undefined;

  constructor(cluster: RunningCluster) {
    this.#cluster = cluster;
  }

  /** Server-side apply: what was there before and is there again changes nothing. */
  async apply(objects: readonly KubeObject[]): Promise<void> {
    await this.#run(['apply', '--server-side'], objects);
  }

  /** Deletes objects and waits until they and their pods are gone. */
  async remove(objects: readonly KubeObject[]): Promise<void> {
    await this.#run(['delete', '--ignore-not-found', '--cascade=foreground'], objects);
  }

  async get<T>(path: string): Promise<T | undefined> {
    const { status, body } = await this.#cluster.controlPlane.request({ path });
    return status === 200 ? (body as T) : undefined;
  }

  async node(): Promise<SeenNode> {
    const found = await this.get<SeenNode>(`/api/v1/nodes/${this.#cluster.nodeName}`);
    if (!found) throw new Error('there is no Node');
    return found;
  }

  /** Resolves with the Node once a cloud controller manager has initialized it. */
  untilInitialized(): Promise<SeenNode> {
    return until('the Node is initialized', async () => {
      const node = await this.node();
      const isWaiting = node.spec.taints?.some(({ key }) => key === UNINITIALIZED);
      return isWaiting ? undefined : node;
    });
  }

  /** Resolves when the Node is ready, or is not. */
  async untilReady(status: 'True' | 'False'): Promise<void> {
    await until(`the Node's condition Ready is ${status}`, async () =>
      (await this.node()).status.conditions.some((one) => one.type === 'Ready' && one.status === status),
    );
  }

  /** Pods of kube-system. */
  async pods(): Promise<readonly SeenPod[]> {
    return (await this.get<{ items: readonly SeenPod[] }>('/api/v1/namespaces/kube-system/pods'))?.items ?? [];
  }

  /** Resolves with the names of as many pods of kube-system, once they are ready. */
  untilPodsReady(count: number): Promise<readonly string[]> {
    return until(`${count} pods are ready`, async () => {
      const all = await this.pods();
      const ready = all.filter(
        ({ metadata, status }) =>
          metadata.deletionTimestamp === undefined &&
          status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
      );
      return all.length === count && ready.length === count ? ready.map(({ metadata }) => metadata.name) : undefined;
    });
  }

  async untilNoPods(): Promise<void> {
    await until('no pod is left', async () => (await this.pods()).length === 0);
  }

  /** Who holds the Lease: the part of the identity that is new in each start. */
  async leader(): Promise<string> {
    const lease = await this.get<{ spec: { holderIdentity?: string } }>(LEASE);
    return lease?.spec.holderIdentity ?? '';
  }

  async forgetLeader(): Promise<void> {
    await this.#cluster.controlPlane.request({ method: 'DELETE', path: LEASE });
  }

  logs(pod: string): Promise<string> {
    return this.#cluster.kubectl('-n', 'kube-system', 'logs', pod);
  }

  /** Gives the node its addresses of the simulated cloud's private network: whoever calls it there reaches it. */
  async takeAddresses(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      await this.#cluster.nodeExec(['ip', 'addr', 'replace', `${address}/32`, 'dev', 'lo']);
      await runCommand(['ip', 'route', 'replace', address, 'via', this.#cluster.nodeAddress]);
    }
  }

  /** Makes a Service and resolves with the address that it shows. */
  async serve(name: string): Promise<string> {
    const spec = { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] };
    await this.apply([{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }]);
    return until(`the Service ${name} shows an address`, async () => {
      const path = `/api/v1/namespaces/default/services/${name}`;
      type Shown = { status?: { loadBalancer?: { ingress?: readonly { ip?: string }[] } } };
      return (await this.get<Shown>(path))?.status?.loadBalancer?.ingress?.[0]?.ip;
    });
  }

  async #run(args: readonly string[], objects: readonly KubeObject[]): Promise<void> {
    this.#kubectl ??= await kubectlFor(this.#cluster.controlPlane, {
      expectedWarning: /node-role.kubernetes.io\/master/,
    });
    const file = `${this.#cluster.folder}/objects.json`;
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await this.#kubectl(...args, '-f', file);
  }
}
