// What the service controller would do about one Service now: finalizer, balancer, status. Pure. It decides as right after a restart:
// what is remembered between reconciles only concerns events, and Services that have vanished.
import { messageOf } from '@longshore/reconciler-core';
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerPlan, Problem } from '../provider.ts';
import { describeStatus, hasOtherStatus, statusPatch, storedIngress, toIngress } from '../service/balancer-status.ts';
import { planAfterRemoval } from '../service/service-aftermath.ts';
import { serviceEvents } from '../service/service-events.ts';
import { hasCleanupFinalizer, isBeingDeleted } from '../service/service-ownership.ts';
import { planService } from '../service/service-plan.ts';
import type { EnsurePlan, ProviderTraits, RemovePlan, ServicePlan, ServiceStep } from '../service/service-steps.ts';
import type { Targets } from '../service/targets.ts';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';
import { emptyReport, serviceReference } from './plan-report.ts';
import type { PlanReport, ReportedProblem, ReportedStep } from './plan-report.ts';

/** What the provider answered when it was asked for its plan. */
export type BalancerAnswer =
  { readonly kind: 'planned'; readonly plan: LoadBalancerPlan } | { readonly kind: 'failed'; readonly error: unknown };

/** One Service with the decision about it; `answer` is there where the decision needs the cloud. */
export interface ServicePlanFacts {
  readonly service: KubeService;
  readonly decision: ServicePlan;
  readonly problems: readonly Problem[];
  readonly answer: BalancerAnswer | undefined;
}

const controller = 'service-lb-controller';

/** The service controller's decision about a Service that it does not remember. */
export function decideService(
  service: KubeService,
  targets: Targets,
  problems: readonly Problem[],
  traits?: ProviderTraits,
): ServicePlan {
  const rules = { removesDoomedAtOnce: true };
  return planService({ service, remembered: undefined, targets, rules, problems, traits });
}

/** Steps and problems of one Service. */
export function planOneService(facts: ServicePlanFacts): PlanReport {
  const { service, decision, problems, answer } = facts;
  const settings = problems.map(({ severity, message }) => problem(service, severity, message));
  switch (decision.kind) {
    case 'leave':
    case 'forget':
    case 'disown':
      return emptyReport;
    case 'refuse':
      return { ...emptyReport, problems: settings };
    case 'ensure':
      return addProblems(settings, planEnsured(decision, answer));
    case 'remove':
      return planRemoved(decision, answer);
  }
}

function planEnsured(decision: EnsurePlan, answer: BalancerAnswer | undefined): PlanReport {
  const { service } = decision;
  const finalizer = patchesOf(decision.steps).map((step) =>
    patch(
      service,
      step,
      `add the finalizer ${FINALIZER_LOAD_BALANCER}`,
      'the Service must not go before its load balancer',
    ),
  );
  if (answer?.kind !== 'planned') return { ...unanswered(service, answer), steps: finalizer };
  const { plan } = answer;
  const why = plan.found === undefined ? 'there is no load balancer for it' : 'the load balancer is not as wanted';
  const noTargets = decision.nodes.length === 0 && plan.wanted !== undefined;
  const [, , unavailable] = serviceEvents.unavailable(decision.dropped);
  return {
    steps: [...finalizer, ...balancerSteps(service, plan, why), ...statusSteps(service, plan)],
    problems: [
      ...(noTargets ? [problem(service, 'warning', unavailable)] : []),
      ...plan.blockedBy.map((message) => problem(service, 'waiting', message)),
    ],
    unknown: [],
  };
}

function planRemoved(decision: RemovePlan, answer: BalancerAnswer | undefined): PlanReport {
  const { service } = decision;
  if (answer?.kind !== 'planned') return unanswered(service, answer);
  const { plan } = answer;
  const why = isBeingDeleted(service)
    ? 'the Service is being deleted'
    : 'the Service is not of type LoadBalancer any more';
  const released = planAfterRemoval(decision, { kind: 'removed', changes: [] }).steps;
  const releases = plan.blockedBy.length > 0 ? [] : patchesOf(released);
  return {
    steps: [
      ...balancerSteps(service, plan, why),
      ...releases.map((step) => patch(service, step, releaseSummary(service), `${why}; no load balancer is left then`)),
    ],
    problems: plan.blockedBy.map((message) => problem(service, 'waiting', message)),
    unknown: [],
  };
}

function balancerSteps(service: KubeService, { steps }: LoadBalancerPlan, why: string): readonly ReportedStep[] {
  const object = serviceReference(service);
  return steps.map(({ kind, summary, detail }) => ({
    object,
    controller,
    step: { kind, ...(detail === undefined ? {} : { detail }) },
    summary,
    why,
  }));
}

// A provider need not know the status beforehand; then only a Service that shows none is sure to get one.
function statusSteps(service: KubeService, { wanted, status, blockedBy }: LoadBalancerPlan): readonly ReportedStep[] {
  if (wanted === undefined || blockedBy.length > 0) return [];
  const shown = storedIngress(service);
  const about = { object: serviceReference(service), controller } as const;
  if (status === undefined) {
    if (shown.length > 0) return [];
    const summary = 'show the addresses of the load balancer in the status, once it is ready';
    return [{ ...about, step: { kind: 'write-status' }, summary, why: 'the Service shows none' }];
  }
  if (!hasOtherStatus(service, status)) return [];
  const ingress = toIngress(status);
  const summary = `show ${describeStatus(ingress)} in the status`;
  const why = `the Service shows ${describeStatus(shown)}`;
  return [{ ...about, step: { kind: 'write-status', body: statusPatch(status) }, summary, why }];
}

function releaseSummary(service: KubeService): string {
  return [
    ...(hasCleanupFinalizer(service) ? [`remove the finalizer ${FINALIZER_LOAD_BALANCER}`] : []),
    ...(storedIngress(service).length > 0 ? ['clear the status'] : []),
  ].join(' and ');
}

function patchesOf(steps: readonly ServiceStep[]): readonly Extract<ServiceStep, { kind: 'patch-service' }>[] {
  return steps.filter((step) => step.kind === 'patch-service');
}

function patch(
  service: KubeService,
  { what, body }: Extract<ServiceStep, { kind: 'patch-service' }>,
  summary: string,
  why: string,
): ReportedStep {
  return { object: serviceReference(service), controller, step: { kind: what, body }, summary, why };
}

function unanswered(service: KubeService, answer: BalancerAnswer | undefined): PlanReport {
  const reason = answer?.kind === 'failed' ? messageOf(answer.error) : 'nobody asked for it';
  const message = `planning its load balancer failed: ${reason}`;
  return { ...emptyReport, unknown: [{ object: serviceReference(service), controller, message }] };
}

function problem(service: KubeService, severity: ReportedProblem['severity'], message: string): ReportedProblem {
  return { object: serviceReference(service), controller, severity, message };
}

function addProblems(problems: readonly ReportedProblem[], report: PlanReport): PlanReport {
  return { ...report, problems: [...problems, ...report.problems] };
}
