// A cluster whose machines are devices of a simulated Packet and whose API server is the one that keeps the objects: its CA is given as a
// user's own pair, kubelets that register Nodes and the signer of bootstrap tokens are played.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { configMaps, nodes } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import type { Cluster, Machine } from '../../api/objects.ts';
import { clusters, machines } from '../../api/resources.ts';
import { foundPairs } from '../../bootstrap/key-check.ts';
import { generateClusterKeys } from '../../bootstrap/pki.ts';
import { dataOf, secrets } from '../../cluster/kube-secret.ts';
import { pairNames, pairSecretName } from '../../cluster/stored-keys.ts';
import { clientFor } from '../../test-support/site/cluster-view.ts';
import { Objects } from './manager-run.ts';

/** Where things are. */
export const NAMESPACE = 'default';
const CLUSTER_INFO = { namespace: 'kube-public', name: 'cluster-info' };
const TOKENS = { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' };
const PATIENCE_MS = 180_000;

/** The world around the manager. */
export class PlayedCluster {
  readonly name: string;
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly cloud: PacketSimulator;
  readonly objects: Objects;
  /** The most devices of one hostname at a time. */
  mostOfOne = 0;
  readonly #registered = new Set<string>();
  readonly #signed = new Set<string>();

  private constructor(parts: Pick<PlayedCluster, 'name' | 'plane' | 'client' | 'cloud'>) {
    this.name = parts.name;
    this.plane = parts.plane;
    this.client = parts.client;
    this.cloud = parts.cloud;
    this.objects = new Objects(parts.plane, () => parts.cloud.projectId);
  }

  /** The types have to be installed. */
  static async start(plane: ControlPlane, name: string): Promise<PlayedCluster> {
    const client = await clientFor(plane.kubeconfigPath);
    const times = { queuedMs: 20, provisioningMs: 100, deprovisioningMs: 50, listLagMs: 300 };
    const cloud = await simulatePacket({ pathPrefix: '/metal/v1', quota: 'off', ...times });
    return new PlayedCluster({ name, plane, client, cloud });
  }

  stop(): Promise<void> {
    return this.cloud.close();
  }

  /** The Cluster; its API server is reached at the port. */
  async begin(port: number): Promise<void> {
    await this.#bringPairs();
    await this.client.create(configMaps, { metadata: CLUSTER_INFO, data: { kubeconfig: '{}' } });
    await this.objects.addCluster(this.name);
    const body = { status: { apiEndpoints: [{ host: '127.0.0.1', port }] } };
    await this.client.patch(clusters, this.key(this.name), { kind: 'merge', body }, { subresource: 'status' });
  }

  /** A user's own pairs: the CA of this API server, and quick ones for what nobody looks at. */
  async #bringPairs(): Promise<void> {
    const { caCertPem, caKeyPem } = this.plane;
    const made = await generateClusterKeys({ cluster: this.name, nowMs: Date.now(), algorithm: 'ecdsa-p256' });
    const pairs = foundPairs({ ...made, ca: { certPem: caCertPem, keyPem: caKeyPem } });
    for (const name of pairNames) {
      const { publicPem = '', keyPem = '' } = pairs[name];
      const metadata = { namespace: NAMESPACE, name: pairSecretName(name, this.name) };
      await this.client.create(secrets, { metadata, data: dataOf({ 'tls.crt': publicPem, 'tls.key': keyPem }) });
    }
  }

  key(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: NAMESPACE, name };
  }

  cluster(): Promise<Cluster | undefined> {
    return this.client.get(clusters, this.key(this.name));
  }

  machine(name: string): Promise<Machine | undefined> {
    return this.client.get(machines, this.key(name));
  }

  /** Devices that are not on their way out. */
  get living(): readonly { readonly id: string; readonly hostname: string; readonly userdata: string }[] {
    return [...this.cloud.state.devices.values()].filter(({ state }) => state !== 'deprovisioning');
  }

  /** How many devices each hostname ever had. */
  get devicesEver(): Readonly<Record<string, number>> {
    const { deviceHistory } = this.cloud.state;
    const groups = Object.entries(Object.groupBy(deviceHistory, ({ hostname }) => hostname));
    return Object.fromEntries(groups.map(([hostname, list]) => [hostname, list?.length ?? 0]));
  }

  /** Waits while kubelets and the signer do their part. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const look = async (): Promise<boolean> => {
      const most = Object.values(Object.groupBy(this.living, ({ hostname }) => hostname)).map(
        (list) => list?.length ?? 0,
      );
      this.mostOfOne = Math.max(this.mostOfOne, ...most);
      await this.#kubelets();
      await this.#signer();
      return isSo();
    };
    await waitFor(look, { what, timeoutMs: PATIENCE_MS, everyMs: 100 });
  }

  async #kubelets(): Promise<void> {
    for (const { id, hostname, state } of this.cloud.state.devices.values()) {
      if (state !== 'active' || this.#registered.has(id)) continue;
      this.#registered.add(id);
      await this.client.remove(nodes, { name: hostname });
      const node = { metadata: { name: hostname }, spec: { providerID: `packet://${id}` } };
      await this.client.create(nodes, node);
      const conditions = [{ type: 'Ready', status: 'True', reason: 'Kubelet', message: 'ready' }] as const;
      const body = { status: { conditions, nodeInfo: { kubeletVersion: 'v1.36.3' } } };
      await this.client.patch(nodes, { name: hostname }, { kind: 'merge', body }, { subresource: 'status' });
    }
  }

  async #signer(): Promise<void> {
    const { items } = await this.client.list(secrets, TOKENS);
    const ids = items.map(({ metadata }) => (metadata?.name ?? '').replace(/^bootstrap-token-/, ''));
    for (const id of ids.filter((one) => !this.#signed.has(one))) {
      const body = { data: { [`jws-kubeconfig-${id}`]: 'signed' } };
      await this.client.patch(configMaps, CLUSTER_INFO, { kind: 'merge', body });
      this.#signed.add(id);
    }
  }
}
