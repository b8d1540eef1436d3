// What the node controller remembers between reconciles, so that it neither acts on a cache that lags behind its own writes nor asks the
// cloud the same question at every heartbeat. All of it may be lost: it only saves calls.
import type { Clock } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { isUninitialized, nameOf, uidOf } from './node-facts.ts';
import { SaidBefore } from './said-before.ts';

// The watch usually delivers our own write within milliseconds; after this long a taint that is still there is somebody else's doing.
const SETTLING_MS = 5000;

interface Mark {
  readonly uid: string;
  readonly atMs: number;
}

/** Marks by Node name. */
export class NodeMemory {
  readonly #clock: Clock;
  readonly #answerLastsMs: number;
  readonly #writes = new Map<string, Mark>();
  readonly #answers = new Map<string, Mark>();
  readonly #dryRun = new SaidBefore();

  /** `answerLastsMs`: for how long an initialized Node without provider ID is not asked about again. */
  constructor({ clock, answerLastsMs }: { readonly clock: Clock; readonly answerLastsMs: number }) {
    this.#clock = clock;
    this.#answerLastsMs = answerLastsMs;
  }

  /** A write to this Node begins. */
  writing(node: KubeNode): void {
    this.#writes.set(nameOf(node), this.#mark(node));
  }

  /** The write did not happen, or nobody knows. */
  writeFailed(node: KubeNode): void {
    this.#writes.delete(nameOf(node));
  }

  /** For how long the Node, as the cache has it, may still be older than our own write; 0 when it is not. */
  settlingMs(node: KubeNode): number {
    const mark = this.#writes.get(nameOf(node));
    if (mark?.uid === uidOf(node) && isUninitialized(node)) {
      const leftMs = mark.atMs + SETTLING_MS - this.#clock.monotonicMs();
      if (leftMs > 0) return leftMs;
    }
    this.#writes.delete(nameOf(node));
    return 0;
  }

  /** The cloud had nothing that would help this initialized Node. */
  answered(node: KubeNode): void {
    this.#answers.set(nameOf(node), this.#mark(node));
  }

  /** True when an initialized Node was asked about not long ago. */
  isAnsweredRecently(node: KubeNode): boolean {
    const mark = this.#answers.get(nameOf(node));
    if (mark?.uid !== uidOf(node) || isUninitialized(node)) return false;
    return this.#clock.monotonicMs() - mark.atMs < this.#answerLastsMs;
  }

  /** True when the dry run has not printed this about the Node yet. */
  isNewInDryRun(node: KubeNode, text: string): boolean {
    return this.#dryRun.isNew(nameOf(node), text);
  }

  /** The Node is gone. */
  forget(name: string): void {
    this.#writes.delete(name);
    this.#answers.delete(name);
    this.#dryRun.forget(name);
  }

  #mark(node: KubeNode): Mark {
    return { uid: uidOf(node), atMs: this.#clock.monotonicMs() };
  }
}
