// The service controller over this program's balancers and a simulated cloud, all on one clock that the test moves: for what depends on
// time, such as polling, quotas and back-off. The API server is in memory; the cloud is asked over real HTTP.
import { createServiceController } from '@longshore/cloud-provider';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanOptions, DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { createDigitalOceanApi } from '@longshore/digitalocean-api';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import { Informer, nodes, services } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeObject, KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import { DropletInstances } from '../instances/instances.ts';
import { DigitalOceanLoadBalancers } from '../load-balancer/load-balancer.ts';
import { aNode } from './builders.ts';

/** One event as it was written. */
export interface WrittenEvent {
  readonly about: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

// Time moves in steps of this size; between two steps everything that is under way over HTTP gets done.
const STEP_MS = 10;
const LONGEST_WAIT_MS = 180_000;
// So many looks at the event loop without any news count as quiet.
const QUIET_LOOKS = 8;

/** One process with its cluster and its cloud. */
export class ControllerWorld {
  readonly clock: FakeClock;
  readonly client: FakeKubeClient;
  readonly cloud: DigitalOceanSimulator;
  readonly events: WrittenEvent[] = [];
  /** Clock time at which each Service first showed an address. */
  readonly addressAtMs = new Map<string, number>();
  readonly #api: DigitalOceanApi;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(clock: FakeClock, cloud: DigitalOceanSimulator) {
    this.clock = clock;
    this.cloud = cloud;
    this.client = new FakeKubeClient({ now: () => clock.nowMs() });
    const token = (): string => cloud.token;
    this.#api = createDigitalOceanApi({ baseUrl: cloud.url, token, clock, userAgent: 'do-ccm/test' });
  }

  /** Starts everything with a Node for each droplet. */
  static async start(options: DigitalOceanOptions, workers = 5): Promise<ControllerWorld> {
    const clock = new FakeClock();
    const world = new ControllerWorld(clock, await simulateDigitalOcean({ clock, ...options }));
    for (const { id, name } of world.cloud.state.droplets.values()) {
      world.client.put(nodes, aNode(name, { providerId: `digitalocean://${id}` }));
    }
    await world.#run(workers);
    return world;
  }

  put(service: KubeService): void {
    this.client.put(services, service);
  }

  /** Deletes as a user would: the finalizer holds the Service. */
  remove(name: string): void {
    this.client.delete(services, { namespace: 'shop', name });
  }

  get services(): readonly KubeService[] {
    return this.client.objects(services);
  }

  /** The name that the balancer of a Service has; the API server chose the UID. */
  balancerName(name: string): string {
    const service = this.services.find(({ metadata }) => metadata?.name === name);
    return `a${(service?.metadata?.uid ?? 'none').replaceAll('-', '')}`.slice(0, 32);
  }

  /** Moves time; addresses are noted on the way. */
  async advance(ms: number, stepMs = STEP_MS): Promise<void> {
    for (let done = 0; done < ms; done += stepMs) {
      await this.clock.advance(stepMs);
      await this.settle();
    }
  }

  /** Moves time until the condition holds, for at most three minutes. */
  async until(what: string, condition: () => boolean, stepMs = STEP_MS): Promise<void> {
    const endMs = this.clock.monotonicMs() + LONGEST_WAIT_MS;
    while (!condition()) {
      if (this.clock.monotonicMs() >= endMs) throw new Error(`waited three minutes in vain for ${what}`);
      await this.advance(stepMs, stepMs);
    }
  }

  /** Lets everything happen that can happen without time. */
  async settle(): Promise<void> {
    for (let looks = 0, last = ''; looks < QUIET_LOOKS; looks += 1) {
      await this.clock.settle();
      const now = this.#fingerprint();
      if (now !== last) looks = 0;
      last = now;
    }
    this.#noteAddresses();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    let isOver = false;
    const over = this.#running.catch(() => undefined).finally(() => (isOver = true));
    while (!isOver) await this.advance(100);
    await over;
    this.#api.http.close();
    await this.cloud.close();
  }

  async #run(workers: number): Promise<void> {
    const { clock, client, cloud } = this;
    const log = recordingLogger();
    const shared = { client, clock, log, metrics: fakeMetrics() };
    const caches = {
      services: new Informer({ ...shared, type: services }),
      nodes: new Informer({ ...shared, type: nodes }),
    };
    const instances = new DropletInstances({ droplets: this.#api.droplets, clock, vpcId: undefined });
    const loadBalancers = new DigitalOceanLoadBalancers({
      calls: this.#api.loadBalancers,
      certificates: this.#api.certificates,
      projects: this.#api.projects,
      instances,
      config: { vpcId: undefined, clusterTag: 'k8s:c1', defaultType: 'REGIONAL_NETWORK' },
      clock,
      log,
    });
    loadBalancers.start({ client, services: caches.services, region: cloud.region });
    const controller = createServiceController({
      ...shared,
      ...caches,
      loadBalancers,
      events: recorderInto(this.events),
      workers,
      syncPeriodMs: 0,
    });
    const { signal } = this.#stop;
    this.#running = Promise.all([caches.services.run(signal), caches.nodes.run(signal), controller.run(signal)]);
    this.#running.catch(() => {});
    await this.settle();
  }

  #fingerprint(): string {
    const { calls } = this.cloud;
    const open = calls.records.filter(({ status }) => status === undefined).length;
    return [calls.total, open, this.clock.pendingTimers, this.client.calls.length].join('/');
  }

  #noteAddresses(): void {
    for (const { metadata, status } of this.services) {
      const name = metadata?.name ?? '';
      if (!status?.loadBalancer?.ingress?.length || this.addressAtMs.has(name)) continue;
      this.addressAtMs.set(name, this.clock.monotonicMs());
    }
  }
}

function recorderInto(events: WrittenEvent[]): EventRecorder {
  const write =
    (type: WrittenEvent['type']) =>
    (about: KubeObject, reason: string, message: string): void => {
      events.push({ about: about.metadata?.name ?? '', type, reason, message });
    };
  return { normal: write('Normal'), warning: write('Warning') };
}
