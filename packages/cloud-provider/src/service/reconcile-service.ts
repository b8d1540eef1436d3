// One Service, once: observe, plan, apply, call the cloud, plan what follows, apply that. Everything is read from caches and memory;
// the key is all that is given.
import { OperatorError, backoff, settled } from '@longshore/reconciler-core';
import type { Clock, Logger, Outcome, Reconcile } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeService, Lister } from '@longshore/k8s-runtime';
import type { LoadBalancerResult, LoadBalancers } from '../provider.ts';
import { planAfterEnsure, planAfterFailure, planAfterRemoval } from './service-aftermath.ts';
import type { Aftermath, Stage } from './service-aftermath.ts';
import { applyServiceSteps } from './service-apply.ts';
import type { ServiceMemory } from './service-memory.ts';
import type { NodeSyncMeter, ServiceMetrics } from './service-metrics.ts';
import { isWanted } from './service-ownership.ts';
import { planService } from './service-plan.ts';
import { traitsOf } from './service-steps.ts';
import type { EnsurePlan, RemovePlan, ServicePlan } from './service-steps.ts';
import type { TargetView } from './target-view.ts';
import type { TargetRules } from './targets.ts';

/** What a reconcile works with. */
export interface ServiceTools {
  readonly services: Lister<KubeService>;
  readonly targets: TargetView;
  readonly rules: TargetRules;
  readonly memory: ServiceMemory;
  readonly loadBalancers: LoadBalancers;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly meter: ServiceMetrics;
  readonly nodeSync: NodeSyncMeter;
}

// Providers answer `in-progress` instead of waiting: a call that takes this long hangs.
const LONGEST_CALL_MS = 300_000;

interface Run {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** The reconcile of the service controller. */
export function reconcileService(tools: ServiceTools): Reconcile<string> {
  return async (key, { signal, log }) => {
    try {
      const plan = observeAndPlan(key, tools);
      return await carryOut(plan, tools, { key, signal, log });
    } finally {
      tools.nodeSync.end(key);
    }
  };
}

function observeAndPlan(key: string, { services, memory, targets, rules, loadBalancers }: ServiceTools): ServicePlan {
  const service = services.get(key);
  const problems = service && isWanted(service) ? loadBalancers.problems(service) : [];
  const traits = traitsOf(loadBalancers);
  return planService({ service, remembered: memory.get(key), targets: targets.current(), rules, problems, traits });
}

async function carryOut(plan: ServicePlan, tools: ServiceTools, run: Run): Promise<Outcome> {
  switch (plan.kind) {
    case 'leave':
      return settled;
    case 'forget':
      tools.memory.set(run.key, undefined);
      return settled;
    case 'disown':
      tools.memory.set(run.key, plan.remember);
      return settled;
    case 'refuse':
      tools.memory.set(run.key, plan.remember);
      await applyServiceSteps(plan.steps, { ...tools, log: run.log }, run.signal);
      return settled;
    case 'ensure':
      return ensure(plan, tools, run);
    case 'remove':
      return remove(plan, tools, run);
  }
}

async function ensure(plan: EnsurePlan, tools: ServiceTools, run: Run): Promise<Outcome> {
  const startedMs = tools.clock.monotonicMs();
  return attempt(plan, tools, run, async () => {
    const result = await patiently(tools, run, (signal) =>
      tools.loadBalancers.ensure(plan.service, plan.nodes, signal),
    );
    if (plan.occasion === 'targets') tools.meter.targetsTold(tools.clock.monotonicMs() - startedMs);
    return planAfterEnsure(plan, parseResult(result, plan.service));
  });
}

async function remove(plan: RemovePlan, tools: ServiceTools, run: Run): Promise<Outcome> {
  return attempt(plan, tools, run, async () => {
    return planAfterRemoval(
      plan,
      await patiently(tools, run, (signal) => tools.loadBalancers.remove(plan.service, signal)),
    );
  });
}

/**
 * Steps, call, steps. The memory is written before each step that others can see the effect of: the watch event of our own
 * patch must meet what we know already.
 */
async function attempt(
  plan: EnsurePlan | RemovePlan,
  tools: ServiceTools,
  run: Run,
  call: () => Promise<Aftermath>,
): Promise<Outcome> {
  const stepTools = { ...tools, log: run.log };
  let stage: Stage = 'prepare';
  try {
    const state = await applyServiceSteps(plan.steps, stepTools, run.signal);
    // The Service is gone; the cache will say so.
    if (state === 'gone') return settled;
    tools.memory.set(run.key, plan.remember);
    stage = 'call';
    const after = await call();
    tools.memory.set(run.key, after.remember);
    stage = 'record';
    await applyServiceSteps(after.steps, stepTools, run.signal);
    return after.outcome;
  } catch (error) {
    if (!run.signal.aborted) await fail(planAfterFailure(plan, error, stage), stage, tools, run);
    if (plan.kind === 'ensure' && plan.occasion === 'targets') tools.meter.targetsFailed();
    throw error;
  }
}

async function fail(after: Omit<Aftermath, 'outcome'>, stage: Stage, tools: ServiceTools, run: Run): Promise<void> {
  if (stage !== 'prepare') tools.memory.set(run.key, after.remember);
  await applyServiceSteps(after.steps, { ...tools, log: run.log }, run.signal);
}

/**
 * The call's signal aborts after a while. Whoever ignores it keeps this worker, and the health check tells: going on without the
 * answer could put two calls for one Service side by side.
 */
async function patiently<T>({ clock }: ServiceTools, run: Run, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const cancel = clock.after(LONGEST_CALL_MS, () =>
    late.abort(new OperatorError('CLOUD_CALL_TIMEOUT', tookTooLong(run.key), backoff)),
  );
  try {
    return await call(AbortSignal.any([run.signal, late.signal]));
  } finally {
    cancel();
  }
}

function tookTooLong(key: string): string {
  return `the call for the load balancer of ${key} took longer than ${LONGEST_CALL_MS / 1000} s and was given up`;
}

/** A provider without types may forget the status; that is a failure, never an empty status. */
function parseResult(result: LoadBalancerResult, service: KubeService): LoadBalancerResult {
  const status: unknown = result.kind === 'ready' ? result.status : true;
  if (status) return result;
  const message = `service status returned by ensure is missing for ${keyOf(service)}: the provider must return one`;
  throw new OperatorError('LOAD_BALANCER_STATUS_MISSING', message, backoff);
}
