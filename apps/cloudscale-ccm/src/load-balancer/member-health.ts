// What the health monitors of cloudscale.ch say of members: as a gauge for alerts, and as an event on the Service when a pool has no healthy
// member left. Reads only, on a loop of its own (`--member-health-period`): members can only be read pool by pool.
import type { EventRecorder, KubeService } from '@longshore/k8s-runtime';
import { keyOf } from '@longshore/k8s-runtime';
import type { LoadBalancer, LoadBalancerId } from '@longshore/cloudscale-api';
import { noMetrics, periodic } from '@longshore/reconciler-core';
import type { Clock, Gauge, Logger, Metrics, Runnable } from '@longshore/reconciler-core';
import { readSettings } from '../annotations.ts';
import type { FoundBalancer, FoundPool, ProjectLists } from './observe.ts';

/** Options of MemberHealth. */
export interface MemberHealthOptions {
  readonly lists: Pick<ProjectLists, 'balancers' | 'observe'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
}

/** The cluster whose Services are looked at. */
export interface HealthCluster {
  readonly services: { list(): readonly KubeService[] };
  readonly events: EventRecorder;
}

/** One series of the gauge. */
export interface HealthSeries {
  readonly labels: Readonly<Record<'namespace' | 'service' | 'pool' | 'status', string>>;
  readonly value: number;
}

type Observed = readonly { readonly service: KubeService; readonly found: FoundBalancer }[];

/** Health of members, on the metrics page and in events. */
export class MemberHealth {
  readonly #options: MemberHealthOptions;
  readonly #gauge: Gauge;
  #shown: readonly HealthSeries[] = [];
  #told: ReadonlySet<string> = new Set();

  constructor(options: MemberHealthOptions) {
    this.#options = options;
    this.#gauge = (options.metrics ?? noMetrics).gauge({
      name: 'cloudscale_load_balancer_members',
      help: 'Members of the pools of a Service by what their health monitor says, as of the last look (--member-health-period).',
      labels: ['namespace', 'service', 'pool', 'status'],
    });
  }

  /** The loop. */
  loop(cluster: HealthCluster, everyMs: number): Runnable {
    const { clock, log } = this.#options;
    const work = (signal: AbortSignal): Promise<void> => this.round(cluster, signal);
    return periodic({ name: 'member-health', everyMs, clock, log, work, countFrom: 'end', immediately: false });
  }

  /** One look at all balancers of the cluster's Services. */
  async round({ services, events }: HealthCluster, signal: AbortSignal): Promise<void> {
    const observed = await this.#observe(services.list().filter(hasBalancer), signal);
    this.#show(observed.flatMap(({ service, found }) => healthSeries(service, found)));
    const sick = observed.flatMap(({ service, found }) =>
      found.pools.filter(hasNoHealthyMember).map(({ pool }) => ({ service, pool: pool.name })),
    );
    for (const { service, pool } of sick) {
      if (this.#told.has(`${keyOf(service)} ${pool}`)) continue;
      const message = `no member of pool ${pool} is healthy: nothing answers its health monitor`;
      events.warning(service, 'NoHealthyMember', message);
    }
    this.#told = new Set(sick.map(({ service, pool }) => `${keyOf(service)} ${pool}`));
  }

  async #observe(services: readonly KubeService[], signal: AbortSignal): Promise<Observed> {
    if (services.length === 0) return [];
    const { lists } = this.#options;
    const balancers = new Map((await lists.balancers(signal)).map((balancer) => [balancer.id, balancer]));
    const observed: { service: KubeService; found: FoundBalancer }[] = [];
    // One after another: nobody waits for it, and others want to call, too.
    for (const service of services) {
      const balancer = balancerOf(service, balancers);
      if (balancer && balancer.status !== 'changing') {
        observed.push({ service, found: await lists.observe(balancer, signal) });
      }
    }
    return observed;
  }

  #show(series: readonly HealthSeries[]): void {
    const keys = new Set(series.map(({ labels }) => JSON.stringify(labels)));
    for (const { labels } of this.#shown) if (!keys.has(JSON.stringify(labels))) this.#gauge.remove(labels);
    for (const { labels, value } of series) this.#gauge.set(value, labels);
    this.#shown = series;
  }
}

function hasBalancer({ metadata, spec }: KubeService): boolean {
  return metadata?.deletionTimestamp === undefined && spec?.type === 'LoadBalancer' && !spec.loadBalancerClass;
}

function balancerOf(
  { metadata }: KubeService,
  balancers: ReadonlyMap<LoadBalancerId, LoadBalancer>,
): LoadBalancer | undefined {
  const { uuid } = readSettings(metadata?.annotations).settings;
  return uuid && balancers.get(uuid);
}

/** The gauge of one Service. Up and down are always there, so that alerts have something to compare. Pure. */
export function healthSeries(service: KubeService, { pools }: FoundBalancer): readonly HealthSeries[] {
  const { namespace = '', name = '' } = service.metadata ?? {};
  return pools.flatMap(({ pool, members }) => {
    const counts = new Map([
      ['up', 0],
      ['down', 0],
    ]);
    for (const { monitorStatus } of members) counts.set(monitorStatus, (counts.get(monitorStatus) ?? 0) + 1);
    return [...counts].map(([status, value]) => ({
      labels: { namespace, service: name, pool: pool.name, status },
      value,
    }));
  });
}

// A pool without members is told elsewhere; one whose monitor has no opinion yet is no news.
function hasNoHealthyMember({ members }: FoundPool): boolean {
  return members.length > 0 && members.every(({ monitorStatus }) => monitorStatus === 'down');
}
