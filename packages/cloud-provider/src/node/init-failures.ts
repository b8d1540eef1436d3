// Tells people, by an event on the Node, why it cannot be initialized (I9). What needs a person is told at once, what may pass by itself
// (a cloud that cannot be asked, a machine that is not known yet) when it has lasted for a minute. Each message once.
import type { Clock } from '@longshore/reconciler-core';
import type { EventRecorder, KubeNode } from '@longshore/k8s-runtime';
import { nameOf } from './node-facts.ts';
import { SaidBefore } from './said-before.ts';

/** Reason of the event. */
export const NODE_INIT_FAILED = 'CloudNodeInitFailed';
// Shorter troubles of a cloud are not worth an event on each of a thousand Nodes.
const PATIENCE_MS = 60_000;

/** A failure in words; `isLasting` ones are told at once. */
export interface InitFailure {
  readonly message: string;
  readonly isLasting: boolean;
}

/** Failures by Node, and what was said about them. */
export class InitFailures {
  readonly #events: EventRecorder;
  readonly #clock: Clock;
  readonly #sinceMs = new Map<string, number>();
  readonly #said = new SaidBefore();

  constructor({ events, clock }: { readonly events: EventRecorder; readonly clock: Clock }) {
    this.#events = events;
    this.#clock = clock;
  }

  /** One more failed try. */
  report(node: KubeNode, { message, isLasting }: InitFailure): void {
    const name = nameOf(node);
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#sinceMs.get(name) ?? nowMs;
    this.#sinceMs.set(name, sinceMs);
    if (!isLasting && nowMs - sinceMs < PATIENCE_MS) return;
    if (this.#said.isNew(name, message)) this.#events.warning(node, NODE_INIT_FAILED, message);
  }

  /** The Node is initialized, or gone. */
  forget(name: string): void {
    this.#sinceMs.delete(name);
    this.#said.forget(name);
  }
}
