// A real API server with an informer on its Nodes, a scripted cloud and real events, for integration tests of the controllers. One per
// spec file; each test has Nodes of its own and a scene that ends with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import {
  connect,
  createEventRecorder,
  events as eventType,
  Informer,
  nodes as nodeType,
  trimNode,
} from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeEvent, KubeNode } from '@longshore/k8s-runtime';
import { systemClock } from '@longshore/reconciler-core';
import type { Clock, Runnable } from '@longshore/reconciler-core';
import { fakeMetrics, recordingLogger, waitFor } from '@longshore/reconciler-core/testing';
import type { FakeMetrics, RecordingLogger } from '@longshore/reconciler-core/testing';
import { BatchedInstances } from '../instances/batched-instances.ts';
import { FakeInstances } from '../testing/fake-instances.ts';

/** A running API server and an administrator's client. */
export class LiveCluster {
  readonly admin: KubeClient;
  readonly #plane: ControlPlane;

  private constructor(plane: ControlPlane, admin: KubeClient) {
    this.#plane = plane;
    this.admin = admin;
  }

  /** Starts one; `users` have tokens and no rights. */
  static async start(users: readonly string[] = []): Promise<LiveCluster> {
    const plane = await startControlPlane({ users: users.map((name) => ({ name })) });
    const admin = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'cloud-provider-test', env: {} });
    return new LiveCluster(plane, admin);
  }

  /** A client of a user that may do with Nodes and Events what `verbs` says. */
  async clientOf(userName: string, verbs: readonly string[]): Promise<KubeClient> {
    const rules = [
      { apiGroups: [''], resources: ['nodes', 'nodes/status'], verbs },
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ];
    await this.#grant(userName, rules);
    const folder = await mkdtemp(join(tmpdir(), 'longshore-user-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await this.#plane.writeKubeconfig(kubeconfig, { userName });
    const client = await connect({ kubeconfig, userAgent: 'cloud-provider-test', env: {} });
    await rm(folder, { recursive: true });
    return client;
  }

  /** Creates a Node, status included. */
  async create(node: KubeNode): Promise<KubeNode> {
    const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = node.metadata ?? {};
    return this.admin.create(nodeType, { ...node, metadata });
  }

  /** The Node as it is now. */
  async node(name: string): Promise<KubeNode> {
    const node = await this.admin.get(nodeType, { name });
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  async has(name: string): Promise<boolean> {
    return (await this.admin.get(nodeType, { name })) !== undefined;
  }

  /** Somebody changes the Node by a merge patch. */
  async change(name: string, body: object, subresource?: 'status'): Promise<void> {
    await this.admin.patch(nodeType, { name }, { kind: 'merge', body }, subresource ? { subresource } : {});
  }

  /** Deletes all Nodes: the next test starts with none. */
  async removeNodes(): Promise<void> {
    const { items } = await this.admin.list(nodeType);
    await Promise.all(items.map(({ metadata }) => this.admin.remove(nodeType, { name: metadata?.name ?? '' })));
  }

  /** Events about the Node, in the order of their creation. */
  async eventsOf(name: string): Promise<readonly KubeEvent[]> {
    const fieldSelector = `involvedObject.kind=Node,involvedObject.name=${name}`;
    return (await this.admin.list(eventType, { namespace: 'default', fieldSelector })).items;
  }

  /** Resolves when the Node is as wanted. */
  async until(name: string, what: string, condition: (node: KubeNode) => boolean): Promise<void> {
    const isSo = async (): Promise<boolean> => condition(await this.node(name));
    await waitFor(isSo, { what: `node ${name} ${what}` });
  }

  stop(): Promise<void> {
    return this.#plane.stop();
  }

  async #grant(userName: string, rules: readonly object[]): Promise<void> {
    const path = '/apis/rbac.authorization.k8s.io/v1';
    const role = { metadata: { name: userName }, rules };
    await this.admin.raw({ method: 'POST', path: `${path}/clusterroles`, body: role });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: userName };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: userName }];
    const binding = { metadata: { name: userName }, roleRef, subjects };
    await this.admin.raw({ method: 'POST', path: `${path}/clusterrolebindings`, body: binding });
  }
}

/** What a controller is given in one test, with real time. */
export class LiveScene {
  readonly clock: Clock = systemClock;
  readonly client: KubeClient;
  readonly nodes: Informer<KubeNode>;
  readonly cloud = new FakeInstances({ clock: systemClock });
  readonly instances = new BatchedInstances({ instances: this.cloud, clock: systemClock, windowMs: 5 });
  readonly events: EventRecorder;
  readonly metrics: FakeMetrics = fakeMetrics();
  readonly log: RecordingLogger = recordingLogger(2);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor({ client, component }: { readonly client: KubeClient; readonly component: string }) {
    this.client = client;
    const { clock, log } = this;
    this.nodes = new Informer({ client, type: nodeType, clock, log, select: trimNode });
    const recorder = createEventRecorder({ client, component, clock, log });
    this.events = recorder;
    this.#run(this.nodes, recorder);
  }

  /** Starts these loops and waits until the cache is complete. */
  async start(...loops: readonly Runnable[]): Promise<void> {
    this.#run(...loops);
    await this.nodes.synced(this.#stop.signal);
  }

  /** Ends all loops; rejects if one of them failed. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await Promise.all(this.#running);
  }

  /** Log lines of this level. */
  lines(level: 'error' | 'warn' | 'info'): readonly string[] {
    return this.log.lines
      .filter((line) => line.level === level)
      .map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`);
  }

  #run(...loops: readonly Runnable[]): void {
    for (const loop of loops) this.#running.push(loop.run(this.#stop.signal));
  }
}

/** The client with some of its methods replaced: to let others write at the worst moment. */
export function interferingClient(client: KubeClient, methods: Partial<KubeClient>): KubeClient {
  return new Proxy(client, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const own: unknown = Reflect.get(target, name);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}
