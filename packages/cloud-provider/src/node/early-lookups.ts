// Looks machines up as soon as their Nodes appear, before a worker has time for them. Ten workers that each wait for their own look-up
// would otherwise cost a burst of 1,000 Nodes a hundred windows of the batcher; so it costs one. An early answer is used once: a
// retry asks again.
import type { Clock } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding, Instances } from '../provider.ts';
import { nameOf, providerIdOf, uidOf } from './node-facts.ts';
import type { NodeFinding } from './node-plan.ts';

// An answer that waited longer for a worker is asked for again.
const MAX_AGE_MS = 30_000;

interface EarlyAnswer {
  readonly identity: string;
  readonly startedMs: number;
  readonly answer: Promise<ReadonlyMap<string, InstanceFinding>>;
}

/** Look-ups that run ahead of the workers. `signal` ends them all. */
export class EarlyLookups {
  readonly #instances: Instances;
  readonly #clock: Clock;
  readonly #early = new Map<string, EarlyAnswer>();

  constructor({ instances, clock }: { readonly instances: Instances; readonly clock: Clock }) {
    this.#instances = instances;
    this.#clock = clock;
  }

  /** Starts the look-up of a Node that a worker will want soon; nothing happens if it was started already. */
  start(node: KubeNode, signal: AbortSignal): void {
    if (this.#usable(node)) return;
    const answer = this.#instances.lookup([node], signal);
    // The worker that takes the answer deals with a failure.
    answer.catch(() => {});
    const startedMs = this.#clock.monotonicMs();
    this.#early.set(nameOf(node), { identity: identityOf(node), startedMs, answer });
  }

  /** The finding about the Node, from an early look-up if there is a young one. */
  async finding(node: KubeNode, signal: AbortSignal): Promise<NodeFinding> {
    const early = this.#usable(node);
    this.forget(nameOf(node));
    const answer = await (early?.answer ?? this.#instances.lookup([node], signal));
    return answer.get(nameOf(node)) ?? { state: 'not-mine' };
  }

  /** The Node is gone, or needs no answer any more. */
  forget(name: string): void {
    this.#early.delete(name);
  }

  #usable(node: KubeNode): EarlyAnswer | undefined {
    const early = this.#early.get(nameOf(node));
    if (early?.identity !== identityOf(node)) return undefined;
    return this.#clock.monotonicMs() - early.startedMs <= MAX_AGE_MS ? early : undefined;
  }
}

function identityOf(node: KubeNode): string {
  return `${uidOf(node)} ${providerIdOf(node)}`;
}
