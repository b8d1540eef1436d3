// Merges the look-ups of single Nodes that arrive close together into few calls of the provider (I2), and shares the answer with
// everybody who asks for the same Node meanwhile. All controllers of a process should share one.
import { Batcher } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { nameOf, providerIdOf, uidOf } from '../node/node-facts.ts';
import type { InstanceFinding, Instances } from '../provider.ts';
import { withDeadline } from './with-deadline.ts';

/** Window and deadline of the merged look-ups. */
export interface BatchedInstancesOptions {
  readonly instances: Instances;
  readonly clock: Clock;
  /** 50 by default. */
  readonly windowMs?: number | undefined;
  /** A look-up that takes longer is given up; 60000 by default. */
  readonly timeoutMs?: number | undefined;
}

/** Instances that asks the provider for many Nodes at once. Failures come back as `unknown` findings. */
export class BatchedInstances implements Instances {
  readonly #options: BatchedInstancesOptions;
  readonly #batcher: Batcher<string, InstanceFinding>;
  // The Nodes behind the keys, for as long as anybody waits for them.
  readonly #wanted = new Map<string, { readonly node: KubeNode; callers: number }>();

  constructor(options: BatchedInstancesOptions) {
    this.#options = options;
    const { clock, windowMs = 50 } = options;
    this.#batcher = new Batcher({ load: (keys, signal) => this.#load(keys, signal), clock, windowMs });
  }

  /** Rejects only when `signal` aborts. Nodes that are not this cloud's have no entry. */
  async lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const entries = await Promise.all(
      nodes.map(async (node) => [nameOf(node), await this.#find(node, signal)] as const),
    );
    return new Map(entries.filter((entry): entry is readonly [string, InstanceFinding] => entry[1] !== undefined));
  }

  async #find(node: KubeNode, signal: AbortSignal): Promise<InstanceFinding | undefined> {
    const key = JSON.stringify([nameOf(node), uidOf(node), providerIdOf(node)]);
    const wanted = this.#wanted.get(key) ?? { node, callers: 0 };
    this.#wanted.set(key, wanted);
    wanted.callers += 1;
    try {
      return await this.#batcher.get(key, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { state: 'unknown', error };
    } finally {
      wanted.callers -= 1;
      if (wanted.callers === 0) this.#wanted.delete(key);
    }
  }

  async #load(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const found = new Map<string, InstanceFinding>();
    for (const round of rounds(keys, (key) => this.#wanted.get(key)?.node)) {
      const answer = await this.#ask([...round.values()], signal);
      for (const [key, node] of round) {
        const finding = answer.get(nameOf(node));
        if (finding) found.set(key, finding);
      }
    }
    return found;
  }

  #ask(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const { instances, clock, timeoutMs = 60_000 } = this.#options;
    const what = `looking up the machines of ${nodes.length} nodes`;
    return withDeadline({ what, timeoutMs, clock }, signal, (either) => instances.lookup(nodes, either));
  }
}

// A provider answers by name, so two Nodes of one name (one was re-created just now) must not be in one call.
function rounds(
  keys: readonly string[],
  nodeOf: (key: string) => KubeNode | undefined,
): readonly Map<string, KubeNode>[] {
  const made: { readonly names: Set<string>; readonly nodes: Map<string, KubeNode> }[] = [];
  for (const key of keys) {
    const node = nodeOf(key);
    if (!node) continue;
    let round = made.find(({ names }) => !names.has(nameOf(node)));
    if (!round) made.push((round = { names: new Set(), nodes: new Map() }));
    round.names.add(nameOf(node));
    round.nodes.set(key, node);
  }
  return made.map(({ nodes }) => nodes);
}
