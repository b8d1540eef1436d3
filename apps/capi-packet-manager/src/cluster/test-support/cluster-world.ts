// A world for one reconcile of Clusters: an API server in memory, a simulated Packet over HTTP, an API server in memory for the cluster
// that is made, and a clock that stands still. Caches always have the newest state.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeObject, Lister, ResourceType } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { createPacketApi } from '@longshore/packet-api';
import { silentLogger } from '@longshore/reconciler-core';
import type { Outcome, Reconcile } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { CLUSTER_LABEL } from '../../api/names.ts';
import type { Cluster, Machine } from '../../api/objects.ts';
import { clusters, machineClasses, machines } from '../../api/resources.ts';
import type { CertificatePair, ClusterKeys } from '../../bootstrap/contract.ts';
import { generateClusterKeys } from '../../bootstrap/pki.ts';
import { CredentialGate } from '../../servers/credential-gate.ts';
import { PacketEndpointAddresses } from '../../servers/endpoint-addresses.ts';
import { PacketServers } from '../../servers/packet-servers.ts';
import { clusterTags } from '../../servers/tags.ts';
import { KubeconfigClients } from '../../workload/kubeconfig-clients.ts';
import { AdminKeeper } from '../admin-keeper.ts';
import { CaMemory } from '../ca-memory.ts';
import type { CaFile } from '../ca-memory.ts';
import { ClusterDeletion } from '../cluster-deletion.ts';
import { StatusWriter } from '../cluster-status.ts';
import type { ClusterKey, WorkloadClusters } from '../contract.ts';
import { secrets, textIn } from '../kube-secret.ts';
import type { KubeSecret } from '../kube-secret.ts';
import { KeysKeeper } from '../keys-keeper.ts';
import { SecretMaterials } from '../materials.ts';
import { DeviceObserver } from '../observe-devices.ts';
import { Reachability } from '../reachability.ts';
import { clusterOfLabel, reconcileCluster } from '../reconcile-cluster.ts';
import { SealingKeySource } from '../sealing-key.ts';
import { SecretStore } from '../secret-store.ts';
import { TokenKeeper } from '../token-keeper.ts';

/** What was said to people. */
export interface SaidEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Keys that cost no time. */
export function quickKeys(cluster: string, nowMs: number): Promise<ClusterKeys> {
  return generateClusterKeys({ cluster, nowMs, algorithm: 'ecdsa-p256' });
}

/** The file of `-ca-cache` without a file. */
export class CaFileInMemory implements CaFile {
  readonly pairs = new Map<string, CertificatePair>();

  get(name: string): CertificatePair | undefined {
    return this.pairs.get(name);
  }

  async set(name: string, pair: CertificatePair): Promise<void> {
    this.pairs.set(name, pair);
  }

  async delete(name: string): Promise<void> {
    this.pairs.delete(name);
  }
}

/** One management cluster. */
export class ClusterWorld {
  readonly clock = new FakeClock({ nowMs: Date.UTC(2026, 10, 21) });
  readonly client = new FakeKubeClient({ now: () => this.clock.nowMs() });
  /** The API server of every cluster that is made. */
  readonly workload = new FakeKubeClient({ now: () => this.clock.nowMs() });
  readonly events: SaidEvent[] = [];
  readonly caFile = new CaFileInMemory();
  readonly cloud: PacketSimulator;
  /** Devices that no Machine owns. */
  readonly strays = new Set<string>();
  readonly materials: SecretMaterials;
  readonly servers: PacketServers;
  readonly #reconcile: Reconcile<string>;

  static async start(options: PacketOptions = {}): Promise<ClusterWorld> {
    return new ClusterWorld(await simulatePacket({ quota: 'off', ...options }));
  }

  private constructor(cloud: PacketSimulator) {
    this.cloud = cloud;
    const { client, clock } = this;
    const log = silentLogger;
    const api = createPacketApi({ baseUrl: cloud.url, token: () => cloud.token, userAgent: 'test', maxAttempts: 1 });
    const gate = new CredentialGate({ clock });
    this.servers = new PacketServers({ api, clock, gate, isOwned: ({ id }) => !this.strays.has(id) });
    const addresses = new PacketEndpointAddresses({ api, clock, gate });
    const store = new SecretStore(client, listerOf(client, secrets));
    const sealing = new SealingKeySource({ client, clock, log });
    const ofClusters = listerOf(client, clusters);
    const namespacesOf = (name: string): readonly string[] =>
      ofClusters.list(({ metadata }) => metadata?.name === name).map(({ metadata }) => metadata?.namespace ?? '');
    const memory = new CaMemory({ client, file: this.caFile, namespacesOf });
    const keys = new KeysKeeper({ store, sealing, memory, clock, log, generate: quickKeys });
    const tokens = new TokenKeeper({ store, sealing, clock });
    const events = this.#recorder();
    const status = new StatusWriter({ client, events, clock });
    const classes = listerOf(client, machineClasses);
    const workloads = this.#workloads();
    this.materials = new SecretMaterials({ keys, tokens, workloads, clock, log });
    this.#reconcile = reconcileCluster({
      client,
      clusters: ofClusters,
      machines: listerOf(client, machines, clusterOfLabel),
      store,
      keys,
      tokens,
      admin: new AdminKeeper({ store, sealing, clock, log }),
      devices: new DeviceObserver({
        servers: this.servers,
        addresses,
        classOf: (namespace, name) => classes.get(`${namespace}/${name}`),
        clock,
        log,
      }),
      workloads,
      waitMs: 15_000,
      reachability: new Reachability(clock, () => {}),
      status,
      deletion: new ClusterDeletion({ client, store, memory, addresses, status, events, log }),
    });
  }

  /** One reconcile. */
  reconcile(name = 'test', namespace = 'default'): Promise<Outcome> {
    const signal = new AbortController().signal;
    return this.#reconcile(`${namespace}/${name}`, { signal, log: silentLogger, attempt: 1 });
  }

  /** Some time later the devices were listed anew. */
  async sweepPasses(): Promise<void> {
    await this.clock.advance(61_000);
  }

  /** A valid Cluster, created. */
  addCluster(change: { readonly metadata?: Cluster['metadata']; readonly spec?: Cluster['spec'] } = {}): Cluster {
    const spec: NonNullable<Cluster['spec']> = {
      clusterNetwork: {
        services: { cidrBlocks: ['172.25.0.0/16'] },
        pods: { cidrBlocks: ['172.26.0.0/16'] },
        serviceDomain: 'cluster.local',
      },
      providerSpec: { value: { projectID: this.cloud.projectId } },
      ...change.spec,
    };
    const metadata = { name: 'test', namespace: 'default', ...change.metadata };
    return this.client.put(clusters, { metadata, spec });
  }

  /** The Cluster as it is. */
  cluster(name = 'test', namespace = 'default'): Cluster | undefined {
    return this.client.object(clusters, `${namespace}/${name}`);
  }

  /** A Secret of the namespace. */
  secret(name: string, namespace = 'default'): KubeSecret | undefined {
    return this.client.object(secrets, `${namespace}/${name}`);
  }

  /** The text in a Secret. */
  text(name: string, field: string, namespace = 'default'): string | undefined {
    return textIn(this.secret(name, namespace), field);
  }

  /** A device of the cluster's control plane. */
  addMaster(
    wish: Parameters<PacketSimulator['addDevice']>[0] = {},
    cluster: ClusterKey = KEY,
  ): { readonly id: string } {
    const tags = [...clusterTags(cluster), 'kubernetes.io/role:master'];
    return this.cloud.addDevice({ hostname: 'master-0', tags, ...wish });
  }

  /** A Machine of the cluster. */
  addMachine(
    name: string,
    change: { readonly metadata?: Machine['metadata']; readonly spec?: Machine['spec'] } = {},
  ): Machine {
    const metadata = { name, namespace: 'default', labels: { [CLUSTER_LABEL]: 'test' }, ...change.metadata };
    return this.client.put(machines, { metadata, ...(change.spec && { spec: change.spec }) });
  }

  /** Elastic IPs of clusters. */
  reservations(): readonly { readonly address?: string | null }[] {
    const all = [...this.cloud.state.reservations.values()];
    return all.filter(({ tags }) => tags?.some((tag) => tag.includes(':cluster-id:')));
  }

  /** Ends the simulator. */
  close(): Promise<void> {
    return this.cloud.close();
  }

  #recorder(): EventRecorder {
    const say =
      (type: SaidEvent['type']) =>
      (_about: KubeObject, reason: string, message: string): void =>
        void this.events.push({ type, reason, message });
    return { normal: say('Normal'), warning: say('Warning') };
  }

  #workloads(): WorkloadClusters {
    const clients = new KubeconfigClients({
      kubeconfigOf: async ({ namespace, name }) => this.text(`${name}-kubeconfig`, 'value', namespace),
      userAgent: 'test',
      clock: this.clock,
      log: silentLogger,
      env: {},
      connect: async () => this.workload,
    });
    return {
      clientOf: async (cluster, signal) => (await clients.of(cluster, signal))?.client,
      nodesOf: async () => undefined,
      subscribe: () => () => {},
    };
  }
}

/** The Cluster of most tests. */
export const KEY: ClusterKey = { namespace: 'default', name: 'test' };

/** A cache that is never late. */
function listerOf<T extends KubeObject>(
  client: FakeKubeClient,
  type: ResourceType<T>,
  valuesOf: (object: T) => readonly string[] = () => [],
): Lister<T> {
  return {
    get: (key) => client.object(type, key),
    list: (where) => client.objects(type).filter(where ?? (() => true)),
    byIndex: (_index, value) => client.objects(type).filter((object) => valuesOf(object).includes(value)),
    get size() {
      return client.objects(type).length;
    },
  };
}

/** `namespace/name`. */
export const nameOf = (object: KubeObject): string => keyOf(object);
