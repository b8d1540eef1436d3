// A small world for component tests of the controllers: an API server in memory, an informer on its Nodes, a scripted cloud, one clock.
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { FakeMetrics, RecordingLogger } from '@longshore/reconciler-core/testing';
import type { Runnable } from '@longshore/reconciler-core';
import { Informer, nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { BatchedInstances } from '../instances/batched-instances.ts';
import { FakeInstances } from '../testing/fake-instances.ts';
import { RecordedEvents } from '../testing/recorded-events.ts';

/** Everything that a controller is given, and what a test looks at. */
export class NodeWorld {
  readonly clock = new FakeClock();
  readonly client = new FakeKubeClient({ now: () => this.clock.nowMs() });
  readonly cloud = new FakeInstances({ clock: this.clock, latencyMs: 20 });
  readonly instances = new BatchedInstances({ instances: this.cloud, clock: this.clock });
  readonly events = new RecordedEvents();
  readonly metrics: FakeMetrics = fakeMetrics();
  readonly log: RecordingLogger = recordingLogger(2);
  readonly nodes: Informer<KubeNode>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(...nodes: readonly KubeNode[]) {
    for (const node of nodes) this.client.put(nodeType, node);
    this.nodes = new Informer({ client: this.client, type: nodeType, clock: this.clock, log: this.log });
  }

  /** Starts the informer and these loops. */
  async start(...loops: readonly Runnable[]): Promise<void> {
    for (const loop of [this.nodes, ...loops]) this.#running.push(loop.run(this.#stop.signal));
    await this.clock.settle();
  }

  /** Ends all loops; rejects if one of them failed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    // Draining needs time, which here only passes by hand.
    await this.clock.advance(10_000);
    await Promise.all(this.#running);
  }

  /** The Node as the API server has it; throws when there is none. */
  node(name = 'node-1'): KubeNode {
    const node = this.client.object(nodeType, name);
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** Whether the API server has the Node. */
  has(name: string): boolean {
    return this.client.object(nodeType, name) !== undefined;
  }

  /** Somebody else changes the Node. */
  change(name: string, change: (node: KubeNode) => KubeNode): void {
    this.client.put(nodeType, change(this.node(name)));
  }

  /** Writes to Nodes so far, as `patch node-1 status`. */
  get writes(): readonly string[] {
    return this.client.callsOf().map(({ verb, key = '', subresource = '' }) => `${verb} ${key} ${subresource}`.trim());
  }
}
