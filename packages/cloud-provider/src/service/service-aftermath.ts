// What follows from a provider's answer: steps, memory, outcome. The second half of the decision that service-plan.ts begins.
// Waiting is an outcome with one Normal event; a Warning is written only for what went wrong (I18).
import { checkAgain, dispositionOf, messageOf, settled } from '@longshore/reconciler-core';
import type { Outcome } from '@longshore/reconciler-core';
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerResult, LoadBalancerStatus, RemovalResult } from '../provider.ts';
import { hasOtherStatus, statusPatch, storedIngress } from './balancer-status.ts';
import { removeFinalizerPatch } from './finalizer-patch.ts';
import { serviceEvents, tell } from './service-events.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { hasCleanupFinalizer } from './service-ownership.ts';
import type { EnsurePlan, RemovePlan, ServiceStep } from './service-steps.ts';

/** What to do after the call; `remember: undefined` forgets the Service. */
export interface Aftermath {
  readonly steps: readonly ServiceStep[];
  readonly remember: Remembered | undefined;
  readonly outcome: Outcome;
}

// A provider that says 0 must not turn the worker into a busy loop.
const SHORTEST_WAIT_MS = 100;

type Waiting = Pick<Extract<LoadBalancerResult, { kind: 'in-progress' }>, 'waitingFor' | 'checkAgainMs'>;
type Ready = Extract<LoadBalancerResult, { kind: 'ready' }>;

/** After `ensure` answered. */
export function planAfterEnsure(plan: EnsurePlan, result: LoadBalancerResult): Aftermath {
  switch (result.kind) {
    case 'ready':
      return afterReady(plan, result);
    case 'in-progress':
      return afterWaiting(plan, result);
    case 'not-mine':
      return { steps: [], remember: { ...plan.remember, progress: 'not-mine', owes: 'nothing' }, outcome: settled };
  }
}

/** After `remove` answered. */
export function planAfterRemoval(plan: RemovePlan, result: RemovalResult): Aftermath {
  if (result.kind === 'in-progress') return afterWaiting(plan, result);
  const done: readonly ServiceStep[] = plan.isDisowned ? [] : [tell(plan.service, serviceEvents.deleted())];
  if (plan.hasVanished) {
    return { steps: done, remember: undefined, outcome: checkAgain(0, 'another Service may have its name now') };
  }
  return {
    steps: [...releaseSteps(plan.service), ...done],
    remember: { ...plan.remember, progress: 'released', mayHaveBalancer: false, told: nothingTold },
    outcome: settled,
  };
}

/** Where a failure happened: before the cloud was asked, in the cloud, or when its answer was written down. */
export type Stage = 'prepare' | 'call' | 'record';

/** After something failed: the error is thrown on, its disposition decides about the retry. */
export function planAfterFailure(
  plan: EnsurePlan | RemovePlan,
  error: unknown,
  stage: Stage,
): Omit<Aftermath, 'outcome'> {
  const disposition = dispositionOf(error);
  const reason = messageOf(error);
  if (stage !== 'call') return afterClusterFailure(plan, reason, stage);
  if (disposition.retry === 'after') return afterWaiting(plan, { waitingFor: reason, checkAgainMs: disposition.ms });
  const { refusal: refusedBefore, ...told } = plan.remember.told;
  const isRefusal = disposition.retry === 'on-change';
  const isTold = isRefusal && refusedBefore === reason;
  return {
    steps: isTold ? [] : [failureEvent(plan, reason)],
    remember: {
      ...plan.remember,
      progress: isRefusal ? 'refused' : 'failed',
      told: isRefusal ? { ...told, refusal: reason } : told,
    },
  };
}

function afterReady(plan: EnsurePlan, { status, changes, unfinished }: Ready): Aftermath {
  const { service, remember } = plan;
  const isOtherStatus = hasOtherStatus(service, status);
  const { refusal: _settled, ...told } = remember.told;
  const lacksTargets = plan.nodes.length === 0 && changes.length > 0 && !told.isUnavailableTold;
  const written = isOtherStatus ? [writeStatus(service, status)] : [];
  const warning = lacksTargets ? [tell(service, serviceEvents.unavailable(plan.dropped))] : [];
  const events = unfinished ? pendingEvents(plan, unfinished.waitingFor) : successEvents(plan, changes, isOtherStatus);
  return {
    steps: [...written, ...warning, ...events],
    remember: {
      ...remember,
      progress: 'ready',
      // Who was told to wait is told when it is over.
      owes: unfinished ? 'ensured' : 'nothing',
      told: { ...told, isWaitingTold: Boolean(unfinished), isUnavailableTold: told.isUnavailableTold || lacksTargets },
      status,
      isStatusSeen: !isOtherStatus,
      repairs: repairsAfter(remember, isOtherStatus),
    },
    outcome: unfinished ? laterLook(unfinished) : settled,
  };
}

function repairsAfter({ status, repairs }: Remembered, isOtherStatus: boolean): number {
  return isOtherStatus && status ? repairs + 1 : 0;
}

/** Success that nobody waits for is told only when it changed something: else a restart would write an event per Service. */
function successEvents(plan: EnsurePlan, changes: readonly string[], isOtherStatus: boolean): readonly ServiceStep[] {
  const { service, remember } = plan;
  if (remember.owes === 'ensured') return [tell(service, serviceEvents.ensured())];
  if (remember.owes === 'updated') return [tell(service, serviceEvents.updated())];
  // A balancer that was told to have no targets: the warning about it says all.
  if (plan.occasion === 'targets') return [];
  if (changes.length > 0) return [tell(service, serviceEvents.repaired(changes))];
  const isRelieved = remember.told.refusal !== undefined;
  return isOtherStatus || isRelieved ? [tell(service, serviceEvents.ensured())] : [];
}

function afterWaiting(plan: EnsurePlan | RemovePlan, waiting: Waiting): Aftermath {
  const { remember } = plan;
  const isRemoval = plan.kind === 'remove';
  return {
    steps: pendingEvents(plan, waiting.waitingFor),
    remember: {
      ...remember,
      progress: isRemoval ? 'leaving' : 'pending',
      // Who was told to wait is told when it is over.
      owes: isRemoval || remember.owes !== 'nothing' ? remember.owes : 'ensured',
      told: { ...remember.told, isWaitingTold: true },
    },
    outcome: laterLook(waiting),
  };
}

function pendingEvents({ service, remember }: EnsurePlan | RemovePlan, waitingFor: string): readonly ServiceStep[] {
  return remember.told.isWaitingTold ? [] : [tell(service, serviceEvents.pending(waitingFor))];
}

function laterLook({ checkAgainMs, waitingFor }: Waiting): Outcome {
  return checkAgain(Math.max(SHORTEST_WAIT_MS, checkAgainMs), waitingFor);
}

/** The cluster refused a patch. Before the call nothing has happened yet, so the memory stays as it was (`undefined` there). */
function afterClusterFailure(
  plan: EnsurePlan | RemovePlan,
  reason: string,
  stage: Exclude<Stage, 'call'>,
): Omit<Aftermath, 'outcome'> {
  const what = plan.kind === 'remove' ? 'remove load balancer cleanup finalizer' : 'update load balancer status';
  const failed = stage === 'prepare' ? 'add load balancer cleanup finalizer' : what;
  const steps = [tell(plan.service, serviceEvents.syncFailed(`failed to ${failed}: ${reason}`))];
  return { steps, remember: stage === 'prepare' ? undefined : { ...plan.remember, progress: 'failed' } };
}

function failureEvent(plan: EnsurePlan | RemovePlan, reason: string): ServiceStep {
  const { service } = plan;
  if (plan.kind === 'remove') {
    const texts = plan.hasVanished
      ? serviceEvents.deleteFailed(reason)
      : serviceEvents.syncFailed(`failed to delete load balancer: ${reason}`);
    return tell(service, texts);
  }
  if (plan.occasion !== 'targets') {
    return tell(service, serviceEvents.syncFailed(`failed to ensure load balancer: ${reason}`));
  }
  const names = plan.nodes.map(({ metadata }) => metadata?.name ?? '');
  return tell(service, serviceEvents.updateFailed(names, reason));
}

function writeStatus(service: KubeService, status: LoadBalancerStatus): ServiceStep {
  return { kind: 'patch-service', service, what: 'write-status', body: statusPatch(status) };
}

/** Finalizer and status go in one write; a Service that is gone by then is as good. */
function releaseSteps(service: KubeService): readonly ServiceStep[] {
  const hasStatus = storedIngress(service).length > 0;
  if (!hasStatus && !hasCleanupFinalizer(service)) return [];
  const finalizers = hasCleanupFinalizer(service) ? removeFinalizerPatch(service) : {};
  const body = { ...finalizers, ...(hasStatus ? statusPatch(undefined) : {}) };
  return [{ kind: 'patch-service', service, what: 'release', body }];
}
