// A management cluster and a workload cluster in memory, a simulated Packet over HTTP, and the programs in between, on one clock that the
// test moves. What the API servers and Packet know survives a kill; everything else is a new process.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { InformerSet, nodes } from '@longshore/k8s-runtime';
import type { Informer, KubeNode, KubeObject } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { PacketApi, PacketHttp } from '@longshore/packet-api';
import type { PacketHttpOptions } from '@longshore/packet-api';
import { noMetrics } from '@longshore/reconciler-core';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { annotations } from '../../api/names.ts';
import type { Cluster, Machine } from '../../api/objects.ts';
import { clusters, machines } from '../../api/resources.ts';
import type { ClusterKeys } from '../../bootstrap/contract.ts';
import { parseMachineConfigs } from '../../bootstrap/machine-configs.ts';
import type { MachineSetup } from '../../bootstrap/machine-configs.ts';
import { generateClusterKeys } from '../../bootstrap/pki.ts';
import type { ClusterMaterials, WorkloadClusters } from '../../cluster/contract.ts';
import { createNodeLinkController } from '../../node-link/node-link-controller.ts';
import type { ControllerParts } from '../../process/parts.ts';
import { PacketServers } from '../../servers/packet-servers.ts';
import { createMachineController } from '../machine-controller.ts';
import type { EtcdMembers } from '../etcd-members.ts';
import type { MachineSettings } from '../machine-settings.ts';
import { aCluster, CONFIGS } from './builders.ts';
import { Fuse } from './fuse.ts';

/** What can be different about a world. */
export interface MachineWorldOptions extends PacketOptions {
  readonly settings?: Partial<MachineSettings>;
  readonly cluster?: Cluster;
  readonly etcd?: EtcdMembers;
  /** Processes at the same time. Default 1. */
  readonly processes?: number;
}

/** An event as it was recorded. */
export interface SeenEvent {
  readonly about: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const TOKEN = 'abcdef.0123456789abcdef';
const QUIET_TURNS = 16;
let sharedKeys: Promise<ClusterKeys> | undefined;

/** The world. */
export class MachineWorld {
  readonly clock: FakeClock;
  readonly cloud: PacketSimulator;
  readonly kube: FakeKubeClient;
  readonly workload: FakeKubeClient;
  readonly events: SeenEvent[] = [];
  readonly log = recordingLogger();
  readonly keys: ClusterKeys;
  token: string;
  /** The API server of the workload cluster takes tokens and shows Nodes. */
  isUp = true;
  /** There is a kubeconfig. */
  hasKubeconfig = true;
  areKeysThere = true;
  /** The pairs are not those of the masters. */
  mastersObstacle: string | undefined;
  setups: readonly MachineSetup[] = parseMachineConfigs(CONFIGS, 'test').setups;
  /** Kubelets start on active devices and register their Nodes. */
  hasKubelets = true;
  readonly #options: MachineWorldOptions;
  readonly #http: CountedHttp[] = [];
  #life = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(
    parts: { readonly clock: FakeClock; readonly cloud: PacketSimulator; readonly keys: ClusterKeys },
    options: MachineWorldOptions,
  ) {
    this.clock = parts.clock;
    this.cloud = parts.cloud;
    this.keys = parts.keys;
    this.token = parts.cloud.token;
    this.kube = new FakeKubeClient({ now: () => this.clock.nowMs() });
    this.workload = new FakeKubeClient({ now: () => this.clock.nowMs() });
    this.#options = options;
    this.kube.put(clusters, options.cluster ?? aCluster(this));
  }

  /** Everything is there and nothing runs. */
  static async make(options: MachineWorldOptions = {}): Promise<MachineWorld> {
    const clock = new FakeClock();
    const { settings: _s, cluster: _c, etcd: _e, processes: _p, ...ofCloud } = options;
    const cloud = await simulatePacket({ quota: 'off', clock, ...ofCloud });
    sharedKeys ??= generateClusterKeys({ cluster: 'blue', nowMs: clock.nowMs(), algorithm: 'ecdsa-p256' });
    return new MachineWorld({ clock, cloud, keys: await sharedKeys }, options);
  }

  /** The programs run. */
  static async start(options: MachineWorldOptions = {}): Promise<MachineWorld> {
    const world = await MachineWorld.make(options);
    world.startProcess();
    await world.settle();
    return world;
  }

  get projectId(): string {
    return this.cloud.projectId;
  }

  /** Starts the processes. The fuse may end them at a call. */
  startProcess(fuse = new Fuse()): void {
    this.#life = new AbortController();
    const count = this.#options.processes ?? 1;
    this.#ended = Promise.all(Array.from({ length: count }, () => this.#startOne(fuse, this.#life.signal)));
  }

  /** The process ends, and with it all that it had not stored. */
  async kill(): Promise<void> {
    const { signal } = this.#life;
    if (signal.aborted) return;
    this.#life.abort(new Error('killed'));
    for (const http of this.#http.splice(0)) http.close();
    // Running reconciles are given their time to end, on the clock that nobody else moves.
    let isOver = false;
    const ended = this.#ended.finally(() => (isOver = true));
    while (!isOver) await this.clock.advance(1_000);
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    await this.cloud.close();
  }

  /** For tests in which calls wait for the clock: after so long without a new call nobody waits for them any more. */
  stallMs = Number.POSITIVE_INFINITY;

  /** Until nothing moves without the clock. */
  async settle(): Promise<void> {
    let movedMs = performance.now();
    let total = this.cloud.calls.total;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await nextTurn();
      if (total !== this.cloud.calls.total) movedMs = performance.now();
      total = this.cloud.calls.total;
      const isStalled = performance.now() - movedMs > this.stallMs;
      if (!isStalled && this.#http.some(({ underWay }) => underWay > 0)) quiet = 0;
    }
  }

  /** Time passes; kubelets and the garbage collector do their part. */
  async pass(ms: number, everyMs = 1_000): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += everyMs) {
      await this.clock.advance(Math.min(everyMs, ms - passedMs));
      for (const { id, userdata } of this.living) if (userdata !== '') this.ordered.set(id, userdata);
      this.others();
      await this.settle();
    }
  }

  /** Time passes until it is so; fails when it does not come to that. */
  async until(what: string, isSo: () => boolean, forMs = 10 * 60_000): Promise<void> {
    await this.settle();
    for (let passedMs = 0; !isSo(); passedMs += 1_000) {
      if (passedMs >= forMs) throw new Error(`not within ${forMs / 1000} s: ${what}\n${this.describe()}`);
      await this.pass(1_000);
    }
  }

  machine(name: string): Machine | undefined {
    return this.kube.object(machines, `default/${name}`);
  }

  reasonOf(name: string): string | undefined {
    return this.machine(name)?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  }

  messageOf(name: string): string {
    return this.machine(name)?.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  }

  /** Devices that are not on their way out. */
  get living(): readonly {
    readonly id: string;
    readonly hostname: string;
    readonly tags: readonly string[];
    readonly userdata: string;
  }[] {
    return [...this.cloud.state.devices.values()].filter(({ state }) => state !== 'deprovisioning');
  }

  get posts(): number {
    return this.cloud.callsByRoute()['POST /projects/{id}/devices'] ?? 0;
  }

  reasons(type?: SeenEvent['type']): readonly string[] {
    return this.events.filter((event) => type === undefined || event.type === type).map(({ reason }) => reason);
  }

  /** User data of devices as they were ordered, before it was emptied. */
  readonly ordered = new Map<string, string>();

  get mostPostsAtOnce(): number {
    return Math.max(0, ...this.#http.map(({ mostPosts }) => mostPosts));
  }

  /** The body of the last POST for a device. */
  lastOrder(): Readonly<Record<string, unknown>> {
    const last = this.cloud.calls.records.findLast(
      ({ method, path }) => method === 'POST' && path.endsWith('/devices'),
    );
    return (last?.body ?? {}) as Readonly<Record<string, unknown>>;
  }

  describe(): string {
    const shown = this.kube
      .objects(machines)
      .map(({ metadata, spec, status }) => ({ metadata, providerID: spec?.providerID, status }));
    const failures = this.log.lines.filter(({ level }) => level === 'warn' || level === 'error').slice(-5);
    return JSON.stringify({ shown, devices: this.living, events: this.events, failures }, undefined, 1);
  }

  /** What kubelets do. No garbage collector runs. */
  others(): void {
    if (this.hasKubelets && this.isUp) this.#kubelets();
  }

  #kubelets(): void {
    for (const { id, hostname, state } of this.cloud.state.devices.values()) {
      if (state !== 'active' || this.booted.has(id)) continue;
      this.booted.add(id);
      this.addNode(hostname, { providerID: `packet://${id}` });
    }
  }

  /** Devices whose kubelet has registered its Node: it does so once. */
  readonly booted = new Set<string>();

  /** A Node, ready unless it is said otherwise. */
  addNode(
    name: string,
    wish: { providerID?: string; ready?: string; machine?: string; since?: string } = {},
  ): KubeNode {
    const { providerID, ready = 'True', machine, since } = wish;
    const lastTransitionTime = since ?? new Date(this.clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    return this.workload.put(nodes, {
      metadata: { name, ...(machine && { annotations: { [annotations.machineOfNode]: machine } }) },
      spec: { ...(providerID && { providerID }) },
      status: {
        nodeInfo: { kubeletVersion: 'v1.36.0' },
        conditions: [{ type: 'Ready', status: ready, lastTransitionTime, reason: 'Kubelet', message: 'says so' }],
      },
    } as unknown as KubeNode);
  }

  async #startOne(fuse: Fuse, signal: AbortSignal): Promise<void> {
    const { clock, log, kube } = this;
    const http = new CountedHttp(
      { baseUrl: this.cloud.url, token: () => this.token, clock, userAgent: 'test', maxAttempts: 1 },
      fuse,
    );
    this.#http.push(http);
    const servers = new PacketServers({ api: new PacketApi(http), clock, log });
    const informers = new InformerSet({ client: kube, clock, log });
    const client = fuse.on(kube);
    const events = {
      normal: (about: KubeObject, reason: string, message: string) =>
        this.#note(about, { type: 'Normal', reason, message }),
      warning: (about: KubeObject, reason: string, message: string) =>
        this.#note(about, { type: 'Warning', reason, message }),
    };
    const parts: ControllerParts = { client, informers, events, clock, log, metrics: noMetrics, concurrency: 5 };
    const nodeInformers = new InformerSet({ client: this.workload, clock, log });
    const workloads = this.#workloads(nodeInformers, fuse);
    const { settings, etcd } = this.#options;
    const configs = { setups: async () => this.setups };
    const machine = createMachineController(parts, {
      servers,
      materials: this.#materials(),
      workloads,
      configs,
      ...(settings && { settings }),
      ...(etcd && { etcd }),
    });
    const link = createNodeLinkController(parts, { workloads });
    await Promise.all([servers, informers, nodeInformers, machine, link].map((one) => one.run(signal)));
  }

  #note({ metadata }: KubeObject, event: Omit<SeenEvent, 'about'>): void {
    this.events.push({ about: metadata?.name ?? '', ...event });
  }

  #materials(): ClusterMaterials {
    const expiresAt = new Date(this.clock.nowMs() + 24 * 3600_000).toISOString();
    return {
      keysOf: async () => (this.areKeysThere ? this.keys : undefined),
      mastersObstacle: async () => this.mastersObstacle,
      initToken: async () => ({ token: TOKEN, expiresAt }),
      joinToken: async () => (this.isUp ? { token: TOKEN, expiresAt } : undefined),
    };
  }

  #workloads(informers: InformerSet, fuse: Fuse): WorkloadClusters {
    const informer: Informer<KubeNode> = informers.for(nodes);
    return {
      clientOf: async () => (this.hasKubeconfig ? fuse.on(this.workload) : undefined),
      nodesOf: async () => (this.hasKubeconfig ? informer : undefined),
      subscribe: (listener) =>
        informer.subscribe(({ object }) =>
          listener({ namespace: 'default', name: 'blue' }, object.metadata?.name ?? ''),
        ),
    };
  }
}

/** Knows how many calls are under way, and passes them by the fuse. */
class CountedHttp extends PacketHttp {
  underWay = 0;
  mostPosts = 0;
  #posts = 0;
  readonly #fuse: Fuse;

  constructor(options: PacketHttpOptions, fuse: Fuse) {
    super(options);
    this.#fuse = fuse;
  }

  override async send<T>(...call: Parameters<PacketHttp['send']>): Promise<T> {
    this.underWay += 1;
    const isPost = call[0].method === 'POST';
    if (isPost) this.mostPosts = Math.max(this.mostPosts, (this.#posts += 1));
    try {
      return await this.#fuse.pass(`packet ${call[0].method}`, () => super.send(...call) as Promise<T>);
    } finally {
      this.underWay -= 1;
      if (isPost) this.#posts -= 1;
    }
  }
}
