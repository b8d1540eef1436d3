// The service controller: a load balancer for each Service that wants one (spec §4). Every trigger (a change of the Service, of the
// target Nodes, of the shown status, the sweep) only adds the key to one queue; a key is never worked on twice at once,
// so calls for one Service never overlap (I15). run.ts wires it.
import { Controller, exponentialBackoff, periodic } from '@longshore/reconciler-core';
import type { Change, Clock, Logger, Metrics, Reconcile, Source } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeNode, KubeService, Lister } from '@longshore/k8s-runtime';
import type { CloudController, HealthReport } from '../instances/health-report.ts';
import type { LoadBalancers } from '../provider.ts';
import { judgeStatus } from './balancer-drift.ts';
import { ChangeWindow } from './change-window.ts';
import { orphanReport } from './orphan-report.ts';
import { reconcileService } from './reconcile-service.ts';
import type { ServiceTools } from './reconcile-service.ts';
import { isRelevantUpdate } from './relevant-change.ts';
import { ServiceMemory } from './service-memory.ts';
import { NodeSyncMeter, serviceMetrics } from './service-metrics.ts';
import { isWanted, needsCleanup } from './service-ownership.ts';
import { TargetView } from './target-view.ts';
import { isOtherTargetSet, isTargetUpdate } from './targets.ts';

/** What the service controller needs. */
export interface ServiceControllerOptions {
  readonly services: Source<KubeService> & Lister<KubeService>;
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly loadBalancers: LoadBalancers;
  readonly client: KubeClient;
  /** Component `service-controller`. */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** `--concurrent-service-syncs`; 5 by default (I16). */
  readonly workers?: number | undefined;
  /** `--load-balancer-sync-period`: every balancer is compared with its Service this often; 600000 by default, 0 = never. */
  readonly syncPeriodMs?: number | undefined;
  /** `--drain-nodes-before-scale-down` (I27); true by default. */
  readonly removesDoomedAtOnce?: boolean | undefined;
}

const RETRY = { baseMs: 5_000, capMs: 300_000 };
const NODE_CHANGES = { quietMs: 1_000, longestMs: 5_000 };
/** A reconcile that takes longer is stuck: providers answer `in-progress` instead of waiting. */
const STUCK_MS = 600_000;

/** Makes the service controller. */
export function createServiceController(options: ServiceControllerOptions): CloudController {
  return new ServiceController(options);
}

class ServiceController implements CloudController {
  readonly name = 'service-lb-controller';
  readonly #options: ServiceControllerOptions;
  readonly #tools: ServiceTools;
  readonly #controller: Controller<string>;
  readonly #window: ChangeWindow;

  constructor(options: ServiceControllerOptions) {
    const { clock, log, metrics, services, nodes } = options;
    this.#options = options;
    const memory = new ServiceMemory();
    const meter = serviceMetrics(metrics, memory);
    this.#tools = {
      ...options,
      memory,
      targets: new TargetView(nodes),
      rules: { removesDoomedAtOnce: options.removesDoomedAtOnce ?? true },
      meter,
      nodeSync: new NodeSyncMeter(clock, (ms) => meter.nodeSyncEnded(ms)),
    };
    const limiter = exponentialBackoff<string>(RETRY);
    const reconcile: Reconcile<string> = reconcileService(this.#tools);
    const workers = options.workers ?? 5;
    this.#controller = new Controller({
      name: this.name,
      queueName: 'service',
      reconcile,
      workers,
      clock,
      log,
      metrics,
      limiter,
      // When calls to the cloud are scarce, what frees something goes first.
      isUrgent: (key) => {
        const service = services.get(key);
        return service === undefined || needsCleanup(service);
      },
    })
      .watch(services, (change) => this.#keysOfService(change))
      .watch(nodes, (change) => this.#keysOfNode(change));
    this.#window = new ChangeWindow({ clock, ...NODE_CHANGES, fire: () => this.#targetsChanged() });
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const sweep = this.#sweep(AbortSignal.any([signal, ended.signal]));
    try {
      await this.#controller.run(signal);
    } finally {
      ended.abort();
      this.#window.close();
      await sweep;
    }
  }

  check(): HealthReport {
    const ageMs = this.#controller.oldestItemAgeMs();
    const seconds = Math.round(ageMs / 1000);
    return { isHealthy: ageMs < STUCK_MS, message: seconds === 0 ? 'idle' : `oldest Service waits for ${seconds} s` };
  }

  *#keysOfService(change: Change<KubeService>): Iterable<string> {
    const { object } = change;
    const key = keyOf(object);
    if (change.kind !== 'updated') {
      if (isWanted(object) || needsCleanup(object) || this.#tools.memory.get(key)) yield key;
      return;
    }
    if (isRelevantUpdate(change.before, object)) yield key;
    this.#watchStatus(key, object);
  }

  #watchStatus(key: string, service: KubeService): void {
    const { memory } = this.#tools;
    const remembered = memory.get(key);
    const verdict = judgeStatus(service, remembered);
    if (verdict.kind === 'drifted') this.#controller.enqueueAfter(key, verdict.repairMs);
    if (verdict.kind === 'as-wanted' && remembered) memory.set(key, { ...remembered, isStatusSeen: true });
  }

  #keysOfNode(change: Change<KubeNode>): Iterable<string> {
    this.#tools.targets.invalidate();
    if (change.kind !== 'updated' || isTargetUpdate(change.before, change.object)) this.#window.extend();
    return [];
  }

  #targetsChanged(): void {
    const { memory, targets, rules, nodeSync } = this.#tools;
    const now = targets.current();
    const keys = [...memory.entries()]
      .filter(
        ([, { goal, progress, mayHaveBalancer }]) => goal === 'present' && mayHaveBalancer && progress !== 'not-mine',
      )
      .filter(([, remembered]) => isOtherTargetSet(remembered.targets, now, rules))
      .map(([key]) => key);
    nodeSync.begin(keys);
    for (const key of keys) this.#controller.enqueue(key);
  }

  /** Looks for orphans after the start, then compares every balancer with its Service now and then: clouds change by other hands. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { services, nodes, clock, log, syncPeriodMs = 600_000 } = this.#options;
    await Promise.all([services.synced(signal), nodes.synced(signal)]).catch(() => {});
    const report = orphanReport({ ...this.#options, count: (orphans) => this.#tools.meter.orphans(orphans) });
    if (!signal.aborted) await report(signal);
    if (syncPeriodMs === 0) return;
    const work = async (round: AbortSignal): Promise<void> => {
      for (const service of services.list(isWanted)) this.#controller.enqueue(keyOf(service));
      await report(round);
    };
    await periodic({
      name: 'load balancer sweep',
      everyMs: syncPeriodMs,
      countFrom: 'end',
      immediately: false,
      clock,
      log,
      work,
    }).run(signal);
  }
}
