// `--dry-run` for load balancers and for the provider's own loops: the provider plans instead of acting, and each step is a log line. The
// node and route controllers have a dry run of their own; writes to the cluster are stopped by k8s-runtime's dryRunClient.
import { periodic } from '@longshore/reconciler-core';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeNode, KubeObject, KubeService, Lister } from '@longshore/k8s-runtime';
import type { CloudProvider, LoadBalancerPlan, LoadBalancers, LoadBalancerStatus, OtherPlan } from './provider.ts';
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
    ...(balancers.ownAnnotations ? { ownAnnotations: balancers.ownAnnotations } : {}),
    ...(balancers.isDisowned ? { isDisowned: (service) => balancers.isDisowned?.(service) ?? false } : {}),
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

const OTHERS_EVERY_MS = 60_000;

/** In place of the provider's own loops: says each minute what they would do, and says again only what has changed. */
export function dryRunOtherPlans(options: {
  readonly provider: CloudProvider;
  readonly nodes: Pick<Lister<KubeNode>, 'list'>;
  readonly services: Pick<Lister<KubeService>, 'list'>;
  readonly clock: Clock;
  readonly log: Logger;
}): Runnable {
  const { provider, nodes, services, clock, log } = options;
  const told = new Map<string, string>();
  const work = async (signal: AbortSignal): Promise<void> => {
    const cluster = { nodes: nodes.list(), services: services.list() };
    for (const plan of (await provider.otherPlans?.(cluster, signal)) ?? []) {
      const subject = `${plan.subject.kind} ${plan.subject.name}`;
      const content = JSON.stringify([plan.steps, plan.unknown, plan.problems?.map(({ message }) => message)]);
      if (told.get(subject) !== content) sayOtherPlan(plan, subject, log);
      told.set(subject, content);
    }
  };
  const rhythm = { everyMs: OTHERS_EVERY_MS, countFrom: 'end', clock, log } as const;
  return periodic({ name: 'dry run of the other plans', ...rhythm, work });
}

function sayOtherPlan(
  { controller, steps, problems = [], unknown = [] }: OtherPlan,
  subject: string,
  log: Logger,
): void {
  for (const { kind, summary, why } of steps)
    log.info('would change it', { subject, controller, step: kind, summary, why });
  for (const { service, message } of problems)
    log.warn('Service is left out', { controller, service: keyOf(service), message });
  for (const reason of unknown) log.warn('cannot tell what to change', { subject, controller, reason });
  if (steps.length === 0 && unknown.length === 0) log.verbose(1, 'needs no change', { subject, controller });
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
