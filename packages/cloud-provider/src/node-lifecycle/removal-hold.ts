// Tells people, once per occasion, that Nodes are not removed, or later, because too many machines are gone at once, and when that is
// over (I10).
import type { Logger } from '@longshore/reconciler-core';
import type { EventRecorder } from '@longshore/k8s-runtime';
import { nameOf } from '../node/node-facts.ts';
import type { LifecycleMetrics } from './lifecycle-metrics.ts';
import type { PassPlan } from './lifecycle-pass-plan.ts';

/** Reason of the event. */
export const NODE_REMOVALS_HELD = 'NodeRemovalsHeld';
// The same text on more Nodes helps nobody and drowns other events.
const MOST_EVENTS = 20;

interface HoldFacts extends Record<string, unknown> {
  readonly gone: number;
  readonly nodes: number;
  readonly mostGone: number;
}

/** Whether removals are held, as told so far. */
export class RemovalHold {
  readonly #deps: { readonly events: EventRecorder; readonly log: Logger; readonly metrics: LifecycleMetrics };
  #isTold = false;
  #isSlowTold = false;

  constructor(deps: { readonly events: EventRecorder; readonly log: Logger; readonly metrics: LifecycleMetrics }) {
    this.#deps = deps;
  }

  /** Looks at a pass; `mostGone` is the limit, `nodeCount` the number of Nodes. */
  tell(pass: PassPlan, mostGone: number, nodeCount: number): void {
    const { log, metrics } = this.#deps;
    const { goneCount, isHeld, isSlow } = pass;
    metrics.gone.set(goneCount);
    metrics.held.set(isHeld ? 1 : 0);
    const facts = { gone: goneCount, nodes: nodeCount, mostGone };
    if (isSlow && !isHeld && !this.#isSlowTold)
      log.warn('nodes are removed later: several machines are gone at once', facts);
    this.#isSlowTold = isSlow;
    if (isHeld !== this.#isTold) this.#tellHold(pass, facts);
    this.#isTold = isHeld;
  }

  #tellHold({ planned, isHeld }: PassPlan, facts: HoldFacts): void {
    const { events, log } = this.#deps;
    const { gone: goneCount, nodes: nodeCount, mostGone } = facts;
    if (!isHeld) return log.info('nodes are removed again', facts);
    log.error('no node is removed: too many machines are gone at once', facts);
    const message =
      `Not deleting nodes: the cloud says that the machines of ${goneCount} of ${nodeCount} nodes do not exist, more than the ` +
      `${mostGone} that may be gone at once. Check the account and the credentials; delete the nodes by hand if it is true`;
    const gone = planned.filter(({ finding }) => finding?.state === 'gone').slice(0, MOST_EVENTS);
    for (const { node } of gone) events.warning(node, NODE_REMOVALS_HELD, message);
    log.warn('nodes whose machines are gone', { nodes: gone.map(({ node }) => nameOf(node)) });
  }
}
