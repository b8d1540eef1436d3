// What a provider would do beside balancers and routes: its own plans as parts of the report. Pure.
import { messageOf } from '@longshore/reconciler-core';
import type { OtherPlan } from '../provider.ts';
import { emptyReport, mergeReports, serviceReference } from './plan-report.ts';
import type { PlanReport } from './plan-report.ts';

/** What the provider answered when it was asked for them. */
export type OthersAnswer =
  | { readonly kind: 'planned'; readonly plans: readonly OtherPlan[] }
  | { readonly kind: 'failed'; readonly provider: string; readonly error: unknown };

/** Steps, problems and what is unknown, in the order of the plans. */
export function planOthers(answer: OthersAnswer): PlanReport {
  if (answer.kind === 'planned') return mergeReports(answer.plans.map(planOne));
  const object = { kind: 'Cloud', name: answer.provider };
  const message = `planning what is neither a balancer nor a route failed: ${messageOf(answer.error)}`;
  return { ...emptyReport, unknown: [{ object, controller: answer.provider, message }] };
}

function planOne({ subject, controller, steps, problems = [], unknown = [] }: OtherPlan): PlanReport {
  const about = { object: subject, controller };
  return {
    steps: steps.map(({ kind, summary, why, detail }) => ({
      ...about,
      step: { kind, ...(detail === undefined ? {} : { detail }) },
      summary,
      why,
    })),
    problems: problems.map(({ service, severity, message }) => ({
      object: serviceReference(service),
      controller,
      severity,
      message,
    })),
    unknown: unknown.map((message) => ({ ...about, message })),
  };
}
