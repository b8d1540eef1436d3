// A simulated cloudscale.ch over HTTP with the parts of this program on top, all on one clock that the test moves.
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleOptions, CloudscaleSimulator } from '@longshore/cloud-simulators';
import type { LoadBalancerResult, RemovalResult } from '@longshore/cloud-provider';
import { createCloudscaleApi } from '@longshore/cloudscale-api';
import type { CloudscaleApi } from '@longshore/cloudscale-api';
import type { KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { ServerInstances } from '../instances/instances.ts';
import { CloudscaleLoadBalancers } from '../load-balancer/load-balancer.ts';
import { aNode } from './builders.ts';

/** Everything that a component test needs. */
export interface World {
  readonly cloud: CloudscaleSimulator;
  readonly clock: FakeClock;
  readonly api: CloudscaleApi;
  /** Reasons and messages of warning events. */
  readonly warnings: string[];
  balancers: CloudscaleLoadBalancers;
  /** A Node for each server. */
  readonly nodes: () => readonly KubeNode[];
  put(service: KubeService): KubeService;
  get(name?: string): KubeService;
  services(): readonly KubeService[];
  /** The Service is gone from the cluster. */
  forget(name: string): void;
  /** `ensure` once, for the Service as it is now. */
  ensure(name?: string, nodes?: readonly KubeNode[]): Promise<LoadBalancerResult>;
  /** `ensure` until it is ready, moving the clock as it asks. */
  settle(name?: string, nodes?: readonly KubeNode[]): Promise<LoadBalancerResult>;
  remove(name?: string): Promise<RemovalResult>;
  /** A second process: nothing remembered. */
  restart(): void;
  /** Writes since the last call of this. */
  writes(): readonly string[];
  close(): Promise<void>;
}

const signal = new AbortController().signal;

/** The Services of a cluster; patches of annotations are applied as the API server would. */
class FakeServices {
  readonly #services = new Map<string, KubeService>();

  readonly patch: KubeClient['patch'] = async (_type, { name }, { body }) => {
    const service = this.#services.get(name);
    if (!service) return undefined;
    const { annotations } = (body as { metadata: { annotations: Record<string, string> } }).metadata;
    const changed = { ...service.metadata?.annotations, ...annotations };
    this.put({ ...service, metadata: { ...service.metadata, annotations: changed } });
    return undefined;
  };

  put(service: KubeService): KubeService {
    this.#services.set(service.metadata?.name ?? '', service);
    return service;
  }

  get(name = 'web'): KubeService {
    const service = this.#services.get(name);
    if (!service) throw new Error(`no Service ${name}`);
    return service;
  }

  forget(name: string): void {
    this.#services.delete(name);
  }

  list(): readonly KubeService[] {
    return [...this.#services.values()];
  }
}

/** Starts one; failures are not repeated by the HTTP client, so a test sees each of them. */
export async function aWorld(options: CloudscaleOptions & { readonly maxAttempts?: number } = {}): Promise<World> {
  const { maxAttempts = 1, ...simulated } = options;
  const clock = new FakeClock();
  const cloud = await simulateCloudscale({ clock, timeToRunningMs: 0, dataPlaneMs: 0, servers: 3, ...simulated });
  const token = (): string => cloud.token;
  const api = createCloudscaleApi({ baseUrl: cloud.url, token, clock, userAgent: 'test', maxAttempts });
  const services = new FakeServices();
  const warnings: string[] = [];
  const make = (): CloudscaleLoadBalancers => {
    const log = recordingLogger();
    const instances = new ServerInstances({ servers: api.servers, clock, log });
    const made = new CloudscaleLoadBalancers({ api, instances, clusterId: 'c1', clock, log });
    const warning = (_about: unknown, reason: string, message: string): void =>
      void warnings.push(`${reason} ${message}`);
    made.start({ client: services, services, events: { normal: () => {}, warning } });
    return made;
  };
  const world: World = {
    cloud,
    clock,
    api,
    warnings,
    balancers: make(),
    put: (service) => services.put(service),
    get: (name) => services.get(name),
    services: () => services.list(),
    forget: (name) => services.forget(name),
    nodes: () =>
      [...cloud.state.servers.values()].map(({ uuid, name }) => aNode(name, { providerId: `cloudscale://${uuid}` })),
    ensure: (name, nodes = world.nodes()) => world.balancers.ensure(world.get(name), nodes, signal),
    async settle(name, nodes) {
      for (;;) {
        const result = await world.ensure(name, nodes);
        if (result.kind !== 'in-progress') return result;
        await clock.advance(result.checkAgainMs);
      }
    },
    remove: (name) => world.balancers.remove(world.get(name), signal),
    restart: () => void (world.balancers = make()),
    writes: () => writesOf(cloud),
    async close() {
      api.http.close();
      await cloud.close();
    },
  };
  return world;
}

function writesOf(cloud: CloudscaleSimulator): readonly string[] {
  const found = cloud.calls.writes().map(({ method, template, body }) => {
    const what = template.replace('/v1/load-balancers', 'lb').replace('/v1/', '');
    return method === 'PATCH' ? `PATCH ${what} ${JSON.stringify(body)}` : `${method} ${what}`;
  });
  cloud.calls.clear();
  return found;
}
