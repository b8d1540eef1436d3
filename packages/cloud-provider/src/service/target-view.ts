// The target set of the moment, computed at most once between two Node changes: 200 Services must not filter 5000 Nodes each.
import type { KubeNode, Lister } from '@longshore/k8s-runtime';
import { selectTargets } from './targets.ts';
import type { Targets } from './targets.ts';

/** `current()` is valid until a Node changes. */
export class TargetView {
  readonly #nodes: Lister<KubeNode>;
  #targets: Targets | undefined;
  #latest: Targets | undefined;

  constructor(nodes: Lister<KubeNode>) {
    this.#nodes = nodes;
  }

  /** A Node changed in any way: providers may read more of it than the target set holds. */
  invalidate(): void {
    this.#targets = undefined;
  }

  current(): Targets {
    this.#targets ??= this.#select();
    return this.#targets;
  }

  /** An equal set keeps its identity, so that all Services remember one map, and comparing it costs nothing. */
  #select(): Targets {
    const targets = selectTargets(this.#nodes.list());
    const before = this.#latest;
    this.#latest = before && isSameSet(before.set, targets.set) ? { ...targets, set: before.set } : targets;
    return this.#latest;
  }
}

function isSameSet(before: Targets['set'], after: Targets['set']): boolean {
  return before.size === after.size && [...after].every(([name, facts]) => before.get(name) === facts);
}
