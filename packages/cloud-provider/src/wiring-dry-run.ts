// `--dry-run` for load balancers: the provider plans instead of acting, and each step is a log line. The node and route controllers have
// a dry run of their own; writes to the cluster are stopped by k8s-runtime's dryRunClient.
import type { Logger } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeObject, KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerPlan, LoadBalancers, LoadBalancerStatus } from './provider.ts';
import { storedIngress } from './service/balancer-status.ts';

// Long enough that a dry run does not press the cloud, short enough to show what changes.
const LOOK_AGAIN_MS = 600_000;

/** LoadBalancers that only say what they would do. */
export function dryRunLoadBalancers(balancers: LoadBalancers, log: Logger): LoadBalancers {
  return {
    async ensure(service, nodes, signal) {
      sayPlan(await balancers.plan(service, nodes, signal), service, log);
      return { kind: 'ready', status: presentStatus(service), changes: [] };
    },
    async remove(service, signal) {
      sayPlan(await balancers.plan(service, [], signal), service, log);
      return {
        kind: 'in-progress',
        checkAgainMs: LOOK_AGAIN_MS,
        waitingFor: 'nothing: this is a dry run',
        changes: [],
      };
    },
    plan: (...args) => balancers.plan(...args),
    problems: (service) => balancers.problems(service),
    ...(balancers.orphans ? { orphans: async (...args) => (await balancers.orphans?.(...args)) ?? [] } : {}),
  };
}

/** Events as log lines. */
export function dryRunEvents(log: Logger): EventRecorder {
  const say =
    (type: string) =>
    (about: KubeObject, reason: string, message: string): void =>
      log.verbose(1, 'would write an event', { about: keyOf(about), type, reason, text: message });
  return { normal: say('Normal'), warning: say('Warning') };
}

function sayPlan(plan: LoadBalancerPlan, service: KubeService, log: Logger): void {
  const key = keyOf(service);
  for (const { kind, summary } of plan.steps)
    log.info('would change the load balancer', { service: key, step: kind, summary });
  for (const reason of plan.blockedBy) log.info('load balancer waits', { service: key, for: reason });
  if (plan.steps.length === 0) log.verbose(1, 'load balancer needs no change', { service: key });
}

function presentStatus(service: KubeService): LoadBalancerStatus {
  return { ingress: storedIngress(service) };
}
