// A service controller with everything around it in memory: API server, caches, clock, cloud, events. Component tests drive it by
// changing objects and time, and look at the state that results.
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { FakeMetrics } from '@longshore/reconciler-core/testing';
import { Informer, nodes, parseKey, services } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeNode, KubeObject, KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { CloudController } from '../instances/health-report.ts';
import { createServiceController } from '../service/service-controller.ts';
import type { ServiceControllerOptions } from '../service/service-controller.ts';
import { FakeLoadBalancers } from '../testing/fake-load-balancers.ts';
import type { FakeLoadBalancersOptions } from '../testing/fake-load-balancers.ts';

/** One event as it was written. */
export interface BenchEvent {
  readonly about: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What a bench may be told. */
export interface ServiceBenchOptions {
  readonly cloud?: Omit<FakeLoadBalancersOptions, 'clock'>;
  readonly controller?: Partial<ServiceControllerOptions>;
}

/** One controller process; `restart` starts the next one on the same cluster and cloud. */
export class ServiceBench {
  readonly clock = new FakeClock();
  readonly client = new FakeKubeClient({ now: () => this.clock.nowMs() });
  readonly cloud: FakeLoadBalancers;
  readonly events: BenchEvent[] = [];
  readonly metrics: FakeMetrics = fakeMetrics();
  readonly log: RecordingLogger = recordingLogger();
  controller: CloudController | undefined;
  readonly #options: ServiceBenchOptions;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceBenchOptions = {}) {
    this.#options = options;
    this.cloud = new FakeLoadBalancers({ ...options.cloud, clock: this.clock });
  }

  /** Starts caches and controller, and lets them settle. */
  async start(instead: Partial<ServiceControllerOptions> = {}): Promise<this> {
    const { clock, client, log, metrics, cloud } = this;
    const shared = { client, clock, log, metrics };
    const caches = {
      services: new Informer({ ...shared, type: services }),
      nodes: new Informer({ ...shared, type: nodes }),
    };
    const events = recorderInto(this.events);
    const options = {
      ...shared,
      ...caches,
      events,
      loadBalancers: cloud,
      syncPeriodMs: 0,
      ...this.#options.controller,
      ...instead,
    };
    const controller = createServiceController(options);
    this.controller = controller;
    const { signal } = this.#stop;
    this.#running = Promise.all([caches.services.run(signal), caches.nodes.run(signal), controller.run(signal)]);
    this.#running.catch(() => {});
    await clock.settle();
    return this;
  }

  /** Ends the process, waiting for what runs; rejects with what ended it before. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    let isOver = false;
    const over = this.#running.finally(() => (isOver = true));
    over.catch(() => {});
    await this.clock.settle();
    for (let step = 0; !isOver && step < 200; step += 1) await this.clock.advance(100);
    if (!isOver) throw new Error('the controller did not end within 20 s');
    await over;
  }

  /** A new process on the same cluster and cloud; the recorded calls and events start over. */
  async restart(): Promise<void> {
    await this.stop();
    this.forgetCalls();
    this.#stop = new AbortController();
    await this.start();
  }

  /** Calls and events so far do not count any more. */
  forgetCalls(): void {
    this.cloud.calls.length = 0;
    this.client.calls.length = 0;
    this.events.length = 0;
  }

  /** Puts an object into the cluster and lets the controller react (not the pause for Node changes). */
  async put(object: KubeService | KubeNode): Promise<void> {
    if (object.kind === 'Node') this.client.put(nodes, object as KubeNode);
    else this.client.put(services, object as KubeService);
    await this.clock.settle();
  }

  /** Changes the present Service as a user would, leaving to it what others have written. */
  async edit(key: string, change: (service: KubeService) => KubeService): Promise<void> {
    const present = this.service(key);
    if (!present) throw new Error(`no Service ${key} to edit`);
    await this.put(change(present));
  }

  /** Deletes as a user would: finalizers hold the object. */
  async remove(kind: 'Service' | 'Node', key: string): Promise<void> {
    if (kind === 'Node') this.client.delete(nodes, parseKey(key));
    else this.client.delete(services, parseKey(key));
    await this.clock.settle();
  }

  service(key = 'shop/web'): KubeService | undefined {
    return this.client.object(services, key);
  }

  /** Reasons of the events about one object, oldest first. */
  reasons(about = 'shop/web'): readonly string[] {
    return this.events.filter((event) => event.about === about).map(({ reason }) => reason);
  }

  /** Writes to the cluster so far. */
  writes(): number {
    return this.client.callsOf().length;
  }
}

function recorderInto(events: BenchEvent[]): EventRecorder {
  const write =
    (type: BenchEvent['type']) =>
    (about: KubeObject, reason: string, message: string): void => {
      const { namespace, name = '' } = about.metadata ?? {};
      events.push({ about: namespace ? `${namespace}/${name}` : name, type, reason, message });
    };
  return { normal: write('Normal'), warning: write('Warning') };
}
