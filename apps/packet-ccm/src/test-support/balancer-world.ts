// A simulated Packet over HTTP and a cluster in memory, with load balancers on elastic IPs between them, all on one clock that the test
// moves. Who announces is a double that keeps what is announced.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import type { LoadBalancerResult, LoadBalancerStatus, RemovalResult } from '@longshore/cloud-provider';
import { FINALIZER_LOAD_BALANCER } from '@longshore/cloud-provider';
import { resourceType, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode, KubeObject, KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { createPacketApi } from '@longshore/packet-api';
import type { PacketApi, ProjectId } from '@longshore/packet-api';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { parseConfig } from '../config.ts';
import type { Config } from '../config.ts';
import type { Announcement, Announcer, ServiceName, Speakers } from '../load-balancer/announcer.ts';
import { ElasticIpLoadBalancers } from '../load-balancer/elastic-ip-load-balancers.ts';
import { aNode } from './builders.ts';

const namespaces = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});

/** UID of the first cluster. */
export const CLUSTER = 'c0000000-1111-4222-8333-444444444444';

/** What can be different about a Service. */
export interface ServiceWish {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** By what follows `metal.equinix.com/eip-`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports?: readonly number[];
  readonly spec?: Partial<KubeService['spec']>;
  readonly shows?: readonly string[];
  readonly createdAt?: string;
}

/** A Service of type LoadBalancer with port 80, as the service controller has it: with its finalizer. */
export function aService(wish: ServiceWish = {}): KubeService {
  const { name = 'web', namespace = 'shop', annotations = {}, ports = [80], shows = [] } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      uid: wish.uid ?? `uid-${namespace}-${name}`,
      creationTimestamp: wish.createdAt ?? '2026-01-01T00:00:00Z',
      finalizers: [FINALIZER_LOAD_BALANCER],
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`metal.equinix.com/eip-${key}`, value]),
      ),
    },
    spec: { type: 'LoadBalancer', ports: ports.map((port) => ({ port, protocol: 'TCP' })), ...wish.spec },
    status: { loadBalancer: { ingress: shows.map((ip) => ({ ip })) } },
  };
}

/** Keeps what is announced, and whether each address was reserved when it was withdrawn. */
export class FakeAnnouncer implements Announcer {
  readonly announced = new Map<string, Announcement>();
  /** What happened, in order: `announce shop/web 198.19.0.0`. */
  readonly history: string[] = [];
  /** Runs before each change. */
  before: (what: 'announce' | 'withdraw', service: ServiceName) => void = () => {};

  announce(announcement: Announcement): Promise<readonly string[]> {
    const { service, addresses } = announcement;
    this.before('announce', service);
    const key = `${service.namespace}/${service.name}`;
    const isSame = this.announced.get(key)?.addresses.join() === addresses.join();
    this.announced.set(key, announcement);
    if (!isSame) this.history.push(`announce ${key} ${addresses.join()}`);
    return Promise.resolve(isSame ? [] : [`announce ${addresses.join()}`]);
  }

  withdraw(service: ServiceName): Promise<readonly string[]> {
    this.before('withdraw', service);
    const key = `${service.namespace}/${service.name}`;
    if (!this.announced.delete(key)) return Promise.resolve([]);
    this.history.push(`withdraw ${key}`);
    return Promise.resolve([`withdraw ${key}`]);
  }

  withdrawAddresses(addresses: readonly string[]): Promise<readonly string[]> {
    this.history.push(`withdraw ${addresses.join()}`);
    for (const [key, announcement] of this.announced) {
      if (announcement.addresses.some((one) => addresses.includes(one))) this.announced.delete(key);
    }
    return Promise.resolve([]);
  }

  preview({ service, addresses }: Announcement): Promise<readonly string[]> {
    const isSame = this.announced.get(`${service.namespace}/${service.name}`)?.addresses.join() === addresses.join();
    return Promise.resolve(isSame ? [] : [`announce ${addresses.join()}`]);
  }
}

/** A cluster with its program. */
export class Cluster {
  readonly world: World;
  readonly kube = new FakeKubeClient();
  readonly announcer = new FakeAnnouncer();
  /** Warning events. */
  readonly warnings: string[] = [];
  readonly config: Config;
  readonly speakers: Speakers;
  maxPrefixes: number | undefined;
  notReady: readonly { readonly nodeName: string; readonly reason: string }[] = [];
  balancers: ElasticIpLoadBalancers;
  readonly #uid: string;
  readonly #signal = new AbortController().signal;

  constructor(world: World, uid: string, settings: Readonly<Record<string, string>>) {
    this.world = world;
    this.#uid = uid;
    this.maxPrefixes = world.maxPrefixes;
    this.kube.put(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
    this.config = configOf(world.cloud, settings);
    this.speakers = {
      ready: (names) => {
        const missing = new Set(this.notReady.map(({ nodeName }) => nodeName));
        const speakers = names
          .filter((name) => !missing.has(name))
          .map((nodeName) => ({
            nodeName,
            localAsn: 65_000,
            sourceAddress: '10.0.0.1',
            peers: [],
            password: undefined,
          }));
        return Promise.resolve({ speakers, notReady: this.notReady, changes: [] });
      },
      preview: (names, signal) => this.speakers.ready(names, signal),
      maxPrefixes: () => Promise.resolve(this.maxPrefixes),
    };
    this.balancers = this.#make();
  }

  /** A second process: nothing remembered. */
  restart(): void {
    this.balancers = this.#make();
  }

  put(service: KubeService): KubeService {
    return this.kube.put(services, service);
  }

  get(name = 'web', namespace = 'shop'): KubeService {
    const service = this.kube.object(services, `${namespace}/${name}`);
    if (!service) throw new Error(`no Service ${namespace}/${name}`);
    return service;
  }

  all(): readonly KubeService[] {
    return this.kube.objects(services);
  }

  /** The Service with another spec or other metadata. */
  edit(name: string, change: (service: KubeService) => KubeService): KubeService {
    return this.put(change(this.get(name)));
  }

  /** `ensure` once; what it answers is shown on the Service, as the controller does. */
  async ensure(name = 'web', nodes: readonly KubeNode[] = [aNode('node-1')]): Promise<LoadBalancerResult> {
    const result = await this.balancers.ensure(this.get(name), nodes, this.#signal);
    if (result.kind === 'ready') this.#show(name, result.status);
    return result;
  }

  /** The code of the refusal, or the kind of the answer. */
  codeOf(name = 'web'): Promise<string> {
    return this.ensure(name).then(
      ({ kind }) => kind,
      ({ code }: { code: string }) => code,
    );
  }

  /** The addresses that a Service shows. */
  shows(name = 'web'): readonly string[] {
    return (this.get(name).status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
  }

  /** Deletion is asked for; its finalizer still holds the Service. */
  leave(name = 'web'): KubeService {
    const before = this.get(name);
    this.kube.delete(services, { name, namespace: 'shop' });
    return this.kube.object(services, `shop/${name}`) ?? before;
  }

  /** Deletes a Service as the controller does: the finalizer goes last. */
  async remove(name = 'web'): Promise<RemovalResult> {
    const result = await this.balancers.remove(this.leave(name), this.#signal);
    if (result.kind === 'removed') this.vanish(name);
    return result;
  }

  /** The Service is gone at once. */
  vanish(name = 'web'): void {
    this.edit(name, (service) => ({ ...service, metadata: { ...service.metadata, finalizers: [] } }));
    if (this.all().some(({ metadata }) => metadata?.name === name)) {
      this.kube.delete(services, { name, namespace: 'shop' });
    }
  }

  #show(name: string, loadBalancer: LoadBalancerStatus): void {
    const shown = JSON.stringify(this.shows(name)) === JSON.stringify(loadBalancer.ingress.map(({ ip }) => ip));
    if (!shown) this.edit(name, (service) => ({ ...service, status: { loadBalancer } }));
  }

  // The API server in memory gives out UIDs of its own.
  readonly #get: KubeClient['get'] = async (type, key, options) => {
    const found = await this.kube.get(type, key, options);
    return found && type.plural === 'namespaces'
      ? { ...found, metadata: { ...found.metadata, uid: this.#uid } }
      : found;
  };

  #make(): ElasticIpLoadBalancers {
    const { api, clock } = this.world;
    const made = new ElasticIpLoadBalancers({ api, config: this.config, clock, log: recordingLogger() });
    const warning = (_about: unknown, reason: string, message: string): void =>
      void this.warnings.push(`${reason} ${message}`);
    made.start(
      {
        client: { get: this.#get, patch: this.kube.patch.bind(this.kube) },
        services: { list: () => this.all() },
        events: { warning },
      },
      { speakers: this.speakers, announcer: this.announcer },
    );
    return made;
  }
}

/** Everything that a component test needs. */
export interface World {
  readonly cloud: PacketSimulator;
  readonly clock: FakeClock;
  readonly api: PacketApi;
  /** What clusters hear of their limit. */
  readonly maxPrefixes: number | undefined;
  /** A cluster in the project. */
  cluster(uid?: string, settings?: Readonly<Record<string, string>>): Cluster;
  /** Addresses that the project holds, but for those of devices. */
  addresses(): readonly string[];
  /** Makes a reservation by the API, as a person would. */
  reserve(wish?: {
    readonly quantity?: number;
    readonly tags?: readonly string[];
    readonly metro?: string;
  }): Promise<string>;
  /** Writes to the cloud since the last call of this. */
  writes(): readonly string[];
  close(): Promise<void>;
}

/** Starts one; failures are not repeated by the HTTP client, so a test sees each of them. */
export async function aWorld(options: PacketOptions & { readonly limit?: number } = {}): Promise<World> {
  const clock = new FakeClock();
  const cloud = await simulatePacket({ clock, ...options });
  const token = (): string => cloud.token;
  const api = createPacketApi({ baseUrl: cloud.url, token, clock, userAgent: 'test', maxAttempts: 1 });
  const world: World = {
    cloud,
    clock,
    api,
    maxPrefixes: options.limit ?? 100,
    cluster: (uid = CLUSTER, settings = { METAL_METRO_NAME: 'da' }) => new Cluster(world, uid, settings),
    addresses: () =>
      [...cloud.state.reservations.values()].flatMap(({ management, address }) =>
        management || address === undefined ? [] : [address],
      ),
    async reserve({ quantity = 1, tags = [], metro = 'da' } = {}) {
      const wish = { type: 'public_ipv4', quantity, tags, metro };
      return (await api.reservations.reserve(cloud.projectId as ProjectId, wish, new AbortController().signal)).id;
    },
    writes() {
      const found = cloud.calls.writes().map(({ method, template }) => `${method} ${template}`);
      cloud.calls.clear();
      return found;
    },
    async close() {
      api.http.close();
      await cloud.close();
    },
  };
  return world;
}

function configOf(cloud: PacketSimulator, settings: Readonly<Record<string, string>>): Config {
  const env = { PACKET_AUTH_TOKEN: cloud.token, PACKET_PROJECT_ID: cloud.projectId, PACKET_API_URL: cloud.url };
  const reading = parseConfig({ env: { ...env, METAL_LOAD_BALANCER: 'empty://', ...settings } });
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}
