// The simulated load balancer service over HTTP with this back end on top, all on one clock that the test moves.
import type { LoadBalancerResult, RemovalResult } from '@longshore/cloud-provider';
import { simulateMetalLoadBalancers } from '@longshore/cloud-simulators';
import type { EmlbOptions, EmlbSimulator } from '@longshore/cloud-simulators';
import { services } from '@longshore/k8s-runtime';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { createEmlbApi, parseProjectId } from '@longshore/packet-api';
import type { EmlbApi, ProjectId } from '@longshore/packet-api';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { EmlbLoadBalancers } from '../load-balancer/emlb/emlb-load-balancers.ts';
import { aNode, uuidOf } from './builders.ts';

/** UID of namespace kube-system in these tests. */
export const CLUSTER_ID = 'c1c1c1c1-0000-4000-8000-000000000000';

/** Everything that a test of this back end needs. */
export interface EmlbTestWorld {
  readonly cloud: EmlbSimulator;
  readonly clock: FakeClock;
  readonly api: EmlbApi;
  readonly projectId: ProjectId;
  readonly client: FakeKubeClient;
  /** Reasons and messages of warning events. */
  readonly warnings: string[];
  balancers: EmlbLoadBalancers;
  put(service: KubeService): Promise<KubeService>;
  get(name?: string): Promise<KubeService>;
  /** `ensure` once, for the Service as it is now. */
  ensure(name?: string, nodes?: readonly KubeNode[]): Promise<LoadBalancerResult>;
  remove(name?: string): Promise<RemovalResult>;
  /** A second process: nothing remembered. */
  restart(options?: { readonly servesControlPlane?: boolean; readonly clusterId?: string }): void;
  /** Writes since the last call of this. */
  writes(): readonly string[];
  close(): Promise<void>;
}

const signal = new AbortController().signal;

/** Nodes with external addresses 198.51.100.1 and so on. */
export function someNodes(count: number): readonly KubeNode[] {
  return Array.from({ length: count }, (_, index) =>
    aNode(`node-${index + 1}`, {
      internal: [`10.0.0.${index + 1}`],
      external: [`198.51.100.${index + 1}`, `2604:1380::${index + 1}`],
    }),
  );
}

/** What can be different about a Service. */
export interface ServiceWish {
  readonly name?: string;
  readonly namespace?: string;
  readonly ports?: readonly { readonly port: number; readonly nodePort?: number; readonly protocol?: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<KubeService['spec']>;
}

/** A Service of type LoadBalancer. */
export function aBalancedService(wish: ServiceWish = {}): KubeService {
  const { name = 'web', namespace = 'shop', ports = [{ port: 80, nodePort: 30_080 }], annotations = {}, spec } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, uid: `uid-${name}`, annotations },
    spec: { type: 'LoadBalancer', ports: ports.map((port) => ({ protocol: 'TCP', ...port })), ...spec },
  };
}

/** Starts one; failures are not repeated by the HTTP client, so a test sees each of them. */
export async function anEmlbWorld(options: EmlbOptions = {}): Promise<EmlbTestWorld> {
  const clock = new FakeClock();
  const cloud = await simulateMetalLoadBalancers({ clock, ...options });
  const { url: baseUrl, exchangeUrl: tokenUrl } = cloud;
  const token = (): string => cloud.token;
  const api = createEmlbApi({ baseUrl, tokenUrl, token, clock, userAgent: 'test', maxAttempts: 1 });
  const projectId = parseProjectId(uuidOf(99)) as ProjectId;
  const client = new FakeKubeClient();
  const warnings: string[] = [];
  const make = ({ servesControlPlane = false, clusterId = CLUSTER_ID } = {}): EmlbLoadBalancers => {
    const made = new EmlbLoadBalancers({ api, projectId, metro: 'da', servesControlPlane, log: recordingLogger() });
    const warning = (_about: unknown, reason: string, message: string): void =>
      void warnings.push(`${reason} ${message}`);
    made.start({ client, events: { normal: () => {}, warning }, clusterId: () => Promise.resolve(clusterId) });
    return made;
  };
  const world: EmlbTestWorld = {
    cloud,
    clock,
    api,
    projectId,
    client,
    warnings,
    balancers: make(),
    async put(service) {
      await client.remove(services, keyOfService(service), {});
      return client.create(services, service);
    },
    async get(name = 'web') {
      const found = (await client.list(services)).items.find(({ metadata }) => metadata?.name === name);
      if (!found) throw new Error(`no Service ${name}`);
      return found;
    },
    ensure: async (name, nodes = someNodes(3)) => world.balancers.ensure(await world.get(name), nodes, signal),
    remove: async (name) => world.balancers.remove(await world.get(name), signal),
    restart: (again) => void (world.balancers = make(again)),
    writes: () => writesOf(cloud),
    async close() {
      api.http.close();
      await cloud.close();
    },
  };
  return world;
}

function keyOfService({ metadata }: KubeService): { readonly name: string; readonly namespace: string } {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' };
}

function writesOf(cloud: EmlbSimulator): readonly string[] {
  const found = cloud.calls
    .writes()
    .filter(({ template }) => template !== '/api-keys/exchange')
    .map(({ method, template }) => `${method} ${template.replace('/v1/', '')}`);
  cloud.calls.clear();
  return found;
}
