// A simulated DigitalOcean over HTTP with the parts of this program on top, all on one clock that the test moves.
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanOptions, DigitalOceanSimulator } from '@longshore/cloud-simulators';
import type { LoadBalancerStatus } from '@longshore/cloud-provider';
import type { KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import { createDigitalOceanApi, parseVpcId } from '@longshore/digitalocean-api';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import { DropletInstances } from '../instances/instances.ts';
import { DigitalOceanLoadBalancers } from '../load-balancer/load-balancer.ts';
import type { BalancerConfig } from '../load-balancer/placement.ts';
import { aNode } from './builders.ts';

/** Services of a cluster as a provider sees them; patches of annotations are applied as the API server would. */
export class FakeCluster {
  readonly #services = new Map<string, KubeService>();
  readonly patches: object[] = [];
  readonly client: Pick<KubeClient, 'patch'>;
  readonly region = 'fra1';
  readonly services = { list: (): readonly KubeService[] => [...this.#services.values()] };

  constructor() {
    const patch: KubeClient['patch'] = async (_type, { namespace, name }, { body }) => {
      const service = this.#services.get(`${namespace}/${name}`);
      this.patches.push(body);
      if (!service) return undefined;
      const { annotations } = (body as { metadata: { annotations: Record<string, string> } }).metadata;
      const changed = { ...service.metadata?.annotations, ...annotations };
      this.put({ ...service, metadata: { ...service.metadata, annotations: changed } });
      return undefined;
    };
    this.client = { patch };
  }

  /** Adds or replaces a Service. */
  put(service: KubeService): KubeService {
    this.#services.set(`${service.metadata?.namespace}/${service.metadata?.name}`, service);
    return service;
  }

  /** The Service as it is now. */
  get(name: string): KubeService {
    const service = this.#services.get(`shop/${name}`);
    if (!service) throw new Error(`no Service ${name}`);
    return service;
  }

  /** Writes the status, as the controller does. */
  show(name: string, loadBalancer: LoadBalancerStatus): void {
    this.put({ ...this.get(name), status: { loadBalancer } });
  }

  /** Takes a Service out. */
  remove(name: string): void {
    this.#services.delete(`shop/${name}`);
  }
}

/** Everything that a component test needs. */
export interface World {
  readonly cloud: DigitalOceanSimulator;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly api: DigitalOceanApi;
  readonly cluster: FakeCluster;
  readonly instances: DropletInstances;
  readonly balancers: DigitalOceanLoadBalancers;
  /** A Node for each droplet. */
  readonly nodes: () => readonly KubeNode[];
  /** A second process: the same cloud and cluster, nothing remembered. */
  restart(): DigitalOceanLoadBalancers;
  close(): Promise<void>;
}

/** Options of `aWorld`. */
export interface WorldOptions {
  readonly cloud?: DigitalOceanOptions;
  readonly config?: Partial<Omit<BalancerConfig, 'region'>>;
  readonly vpcId?: string;
}

/** Starts one; failures are not repeated by the HTTP client, so a test sees each of them. */
export async function aWorld(options: WorldOptions = {}): Promise<World> {
  const clock = new FakeClock();
  const log = recordingLogger();
  const cloud = await simulateDigitalOcean({
    clock,
    quota: 'off',
    timeToActiveMs: 5_000,
    droplets: 3,
    ...options.cloud,
  });
  const token = (): string => cloud.token;
  const api = createDigitalOceanApi({ baseUrl: cloud.url, token, clock, userAgent: 'do-ccm/test', maxAttempts: 1 });
  const cluster = new FakeCluster();
  const vpcId = options.vpcId === undefined ? undefined : parseVpcId(options.vpcId);
  const clusterTag = options.config?.clusterTag;
  const instances = new DropletInstances({ droplets: api.droplets, clock, vpcId, clusterTag });
  const config: Omit<BalancerConfig, 'region'> = {
    vpcId,
    clusterTag: undefined,
    defaultType: 'REGIONAL_NETWORK',
    ...options.config,
  };
  const restart = (): DigitalOceanLoadBalancers => {
    const parts = {
      calls: api.loadBalancers,
      certificates: api.certificates,
      projects: api.projects,
      instances,
      config,
      clock,
      log,
    };
    const balancers = new DigitalOceanLoadBalancers(parts);
    balancers.start(cluster);
    return balancers;
  };
  return {
    cloud,
    clock,
    log,
    api,
    cluster,
    instances,
    balancers: restart(),
    restart,
    nodes: () =>
      [...cloud.state.droplets.values()].map(({ id, name }) => aNode(name, { providerId: `digitalocean://${id}` })),
    close: async () => {
      api.http.close();
      await cloud.close();
    },
  };
}
