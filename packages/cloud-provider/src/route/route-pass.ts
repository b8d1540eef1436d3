// One pass over all routes, end to end: list, plan, call the cloud, tell the Nodes. Failures of single calls do not end the pass; they
// are told, and the answer says how many there were, so that the controller can come back (I22).
import { messageOf, parallelUntil } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import type { EventRecorder, KubeNode, Lister } from '@longshore/k8s-runtime';
import { withDeadline } from '../instances/with-deadline.ts';
import { nameOf } from '../node/node-facts.ts';
import { reasonToIgnore } from '../node/ownership.ts';
import { SaidBefore } from '../node/said-before.ts';
import type { Cidr } from './cidr.ts';
import { describeNetworkConditionStep, planNetworkConditions } from './network-condition-plan.ts';
import type { NetworkConditionStep } from './network-condition-plan.ts';
import { applyNetworkCondition, applyRouteStep } from './route-apply.ts';
import type { RouteApplyDeps } from './route-apply.ts';
import { describeRouteStep, planRoutes } from './route-plan.ts';
import type { RoutePlan, RouteStep } from './route-plan.ts';

const LIST_TIMEOUT_MS = 60_000;

/** What a pass needs. */
export interface RoutePassDeps extends RouteApplyDeps {
  readonly nodes: Lister<KubeNode>;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly clusterCidrs: readonly Cidr[];
  readonly operationsInFlight: number;
  readonly providerIdSchemes: readonly string[] | undefined;
  readonly isDryRun: boolean;
}

/** Passes; the only thing that one pass remembers for the next is what the dry run has printed. */
export class RoutePass {
  readonly #deps: RoutePassDeps;
  readonly #said = new SaidBefore();

  constructor(deps: RoutePassDeps) {
    this.#deps = deps;
  }

  /** One pass; answers the number of calls that failed. Rejects when the routes cannot be listed: then nothing is known. */
  async run(signal: AbortSignal): Promise<number> {
    const { routes, clusterName, clusterCidrs, clock } = this.#deps;
    const deadline = { what: 'listing the routes', timeoutMs: LIST_TIMEOUT_MS, clock };
    const listed = await withDeadline(deadline, signal, (either) => routes.list(clusterName, either));
    const { own, ignored } = this.#nodes();
    const plan = planRoutes({ nodes: own, ignoredNodes: ignored, routes: listed, clusterCidrs });
    if (this.#deps.isDryRun) return this.#print(plan);
    const { failures, failed } = await this.#apply(plan, signal);
    const conditions = planNetworkConditions({ nodes: own, routes: listed, failed });
    return failures + (await this.#tellNodes(conditions, signal));
  }

  #nodes(): { readonly own: readonly KubeNode[]; readonly ignored: ReadonlySet<string> } {
    const { nodes, providerIdSchemes } = this.#deps;
    const { own = [], ignored = [] } = Object.groupBy(nodes.list(), (node) =>
      reasonToIgnore(node, providerIdSchemes) === undefined ? 'own' : 'ignored',
    );
    return { own, ignored: new Set(ignored.map(nameOf)) };
  }

  async #apply(
    plan: RoutePlan,
    signal: AbortSignal,
  ): Promise<{ readonly failures: number; readonly failed: ReadonlySet<string> }> {
    const failed = new Set<string>();
    let failures = 0;
    const work = async (steps: readonly RouteStep[]): Promise<void> => {
      // What follows a failed step in its group is not tried: the range would lead to two places.
      const done = await this.#applyGroup(steps, signal);
      if (done === steps.length) return;
      failures += 1;
      for (const step of steps.slice(done)) if (step.kind === 'create-route') failed.add(nameOf(step.node));
    };
    await parallelUntil(plan, this.#deps.operationsInFlight, work, signal);
    return { failures, failed };
  }

  // The number of steps that succeeded.
  async #applyGroup(steps: readonly RouteStep[], signal: AbortSignal): Promise<number> {
    const { log, clock } = this.#deps;
    for (const [index, step] of steps.entries()) {
      const startedMs = clock.monotonicMs();
      try {
        await applyRouteStep(step, this.#deps, signal);
        log.info('route changed', { step: describeRouteStep(step) });
      } catch (error) {
        if (!signal.aborted) this.#tellFailure(step, error, clock.monotonicMs() - startedMs);
        return index;
      }
    }
    return steps.length;
  }

  #tellFailure(step: RouteStep, error: unknown, tookMs: number): void {
    const { log, events } = this.#deps;
    log.error('changing a route failed', { step: describeRouteStep(step), error: messageOf(error) });
    if (step.kind !== 'create-route') return;
    const { nameHint, route, node } = step;
    const what = `Could not create route ${nameHint} ${route.destinationCidr} for node ${route.targetNode}`;
    events.warning(node, 'FailedToCreateRoute', `${what} after ${Math.round(tookMs)}ms: ${messageOf(error)}`);
  }

  async #tellNodes(steps: readonly NetworkConditionStep[], signal: AbortSignal): Promise<number> {
    const { log, operationsInFlight } = this.#deps;
    let failures = 0;
    const work = async (step: NetworkConditionStep): Promise<void> => {
      try {
        await applyNetworkCondition(step, this.#deps, signal);
        log.info('node changed', { node: nameOf(step.node), step: describeNetworkConditionStep(step) });
      } catch (error) {
        failures += 1;
        if (!signal.aborted)
          log.error('setting a condition failed', { node: nameOf(step.node), error: messageOf(error) });
      }
    };
    await parallelUntil(steps, operationsInFlight, work, signal);
    return failures;
  }

  // Conditions are not printed: they depend on how the calls would end.
  #print(plan: RoutePlan): number {
    for (const text of plan.flat().map(describeRouteStep)) {
      if (this.#said.isNew(text, text)) this.#deps.log.info('dry run: route is not changed', { step: `would ${text}` });
    }
    return 0;
  }
}
