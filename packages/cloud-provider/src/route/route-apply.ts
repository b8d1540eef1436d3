// Steps of the route planners as calls of the cloud and the API server. No decisions.
import type { KubeClient } from '@longshore/k8s-runtime';
import { nodes } from '@longshore/k8s-runtime';
import { assertNever } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { withDeadline } from '../instances/with-deadline.ts';
import { nameOf } from '../node/node-facts.ts';
import type { Routes } from '../provider.ts';
import { NETWORK_CONDITION } from './network-condition-plan.ts';
import type { NetworkConditionStep } from './network-condition-plan.ts';
import { describeRouteStep } from './route-plan.ts';
import type { RouteStep } from './route-plan.ts';

const CALL_TIMEOUT_MS = 60_000;

/** What applying needs. */
export interface RouteApplyDeps {
  readonly routes: Routes;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly clusterName: string;
}

/** Makes the step's call to the cloud. */
export function applyRouteStep(step: RouteStep, deps: RouteApplyDeps, signal: AbortSignal): Promise<void> {
  const { routes, clock, clusterName } = deps;
  return withDeadline({ what: describeRouteStep(step), timeoutMs: CALL_TIMEOUT_MS, clock }, signal, (either) => {
    switch (step.kind) {
      case 'remove-route':
        return routes.remove(clusterName, step.route, either);
      case 'create-route':
        return routes.create(clusterName, step.nameHint, step.route, either);
      default:
        return assertNever(step);
    }
  });
}

/** Writes the condition; the others are merged by type and stay. */
export async function applyNetworkCondition(
  { node, hasRoutes }: NetworkConditionStep,
  { client, clock }: RouteApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  // Kubernetes' times have whole seconds.
  const now = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const values = hasRoutes ? NETWORK_CONDITION.routed : NETWORK_CONDITION.missing;
  const condition = { type: 'NetworkUnavailable', ...values, lastTransitionTime: now, lastHeartbeatTime: now };
  const body = { status: { conditions: [condition] } };
  await client.patch(nodes, { name: nameOf(node) }, { kind: 'strategic', body }, { subresource: 'status', signal });
}
