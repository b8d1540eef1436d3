// Keeps the tag `k8s:<cluster id>` on the balancers and droplets of the cluster: every 15 minutes, and only where it is missing. Looks at the
// lists that the other controllers have read anyway. Started by provider.ts when there is a cluster ID; `plan` prints the same steps.
import { checkAgain, Controller, exponentialBackoff, jitter } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Reconcile } from '@longshore/reconciler-core';
import type { ClusterView, OtherPlan } from '@longshore/cloud-provider';
import { hasFreshNode } from '../instances/fresh-node.ts';
import type { DropletInstances } from '../instances/instances.ts';
import type { BalancerView } from '../load-balancer/ownership.ts';
import { applyTagStep } from './apply.ts';
import type { RefusedTarget, TagCalls } from './apply.ts';
import { dropletsOfNodes, taggedServices, untagged } from './desired.ts';
import { describeTagStep, planTags } from './plan.ts';
import type { TagStep } from './plan.ts';
import { partsRefused, roundFailed } from './refusal.ts';

/** What the rounds work with. */
export interface TagSyncOptions {
  readonly clusterTag: string;
  readonly calls: TagCalls;
  readonly instances: Pick<DropletInstances, 'droplets' | 'hasMetNewNode'>;
  readonly loadBalancers: { view(maxAgeMs: number, signal: AbortSignal): Promise<BalancerView> };
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly random?: (() => number) | undefined;
}

/** Name of the loop, in the log and in plans. */
export const TAG_SYNC = 'tag-sync';
const KEY = 'tags';
/** Between rounds; lengthened by up to a tenth. */
export const TAG_SYNC_EVERY_MS = 900_000;
// The start of the program has enough to do, and many clusters may start together.
const FIRST_PAUSE_MS = 60_000;
const FIRST_PAUSE_SPREAD_MS = 540_000;
// Longer than the five minutes in which the address loop comes by, shorter than the time to the next round.
const LIST_MAX_AGE_MS = 400_000;
const RETRY = { baseMs: 5_000, capMs: TAG_SYNC_EVERY_MS };

/** Plans and rounds of one cluster's tag. */
export class TagSync {
  readonly #options: TagSyncOptions;
  #wroteAtMs = -Infinity;

  constructor(options: TagSyncOptions) {
    this.#options = options;
  }

  /** What is missing, unapplied. Reads, never writes. */
  async plan(cluster: ClusterView, signal: AbortSignal): Promise<OtherPlan> {
    const why = `it belongs to this cluster and does not have the tag`;
    const steps = (await this.#plan(cluster, signal)).map((step) => ({ ...describeTagStep(step), why }));
    return { subject: { kind: 'Tag', name: this.#options.clusterTag }, controller: TAG_SYNC, steps };
  }

  /** The loop; `look` reads the cluster at the time of each round. */
  loop(look: () => ClusterView): Controller<string> {
    const { clock, log, metrics, random = Math.random } = this.#options;
    const reconcile: Reconcile<string> = async (_key, { signal }) => {
      await this.#round(look(), signal);
      return checkAgain(jitter(TAG_SYNC_EVERY_MS, 0.1, random), 'the next round');
    };
    const limiter = exponentialBackoff<string>(RETRY);
    const controller = new Controller({ name: TAG_SYNC, reconcile, workers: 1, clock, log, metrics, limiter });
    controller.enqueueAfter(KEY, FIRST_PAUSE_MS + random() * FIRST_PAUSE_SPREAD_MS);
    return controller;
  }

  async #round(cluster: ClusterView, signal: AbortSignal): Promise<void> {
    const { clusterTag, log } = this.#options;
    const refused: RefusedTarget[] = [];
    try {
      for (const step of await this.#plan(cluster, signal)) {
        refused.push(...(await this.#apply(step, signal)));
        log.info('tag step applied', { step: describeTagStep(step).summary });
      }
    } catch (error) {
      signal.throwIfAborted();
      throw roundFailed(clusterTag, error);
    }
    if (refused.length > 0) throw partsRefused(clusterTag, refused);
  }

  async #apply(step: TagStep, signal: AbortSignal): Promise<readonly RefusedTarget[]> {
    try {
      return await applyTagStep(step, this.#options.calls, signal);
    } finally {
      this.#wroteAtMs = this.#options.clock.monotonicMs();
    }
  }

  async #plan(cluster: ClusterView, signal: AbortSignal): Promise<readonly TagStep[]> {
    const { clusterTag, instances, loadBalancers, clock } = this.#options;
    // A list from before our last write would show everything untagged again.
    const maxAgeMs = Math.max(0, Math.min(LIST_MAX_AGE_MS, clock.monotonicMs() - this.#wroteAtMs - 1));
    const services = taggedServices(cluster);
    const ids = dropletsOfNodes(cluster);
    const hasNewNode = instances.hasMetNewNode || hasFreshNode(cluster.nodes);
    const [balancers, droplets] = await Promise.all([
      services.length > 0 ? loadBalancers.view(maxAgeMs, signal) : undefined,
      ids.length > 0 ? instances.droplets(ids, maxAgeMs, signal) : new Map<never, never>(),
    ]);
    return planTags(clusterTag, untagged({ services, balancers, droplets, clusterTag, hasNewNode }));
  }
}
