// What a Service needs now: a balancer, its removal, a change by its owner, or nothing. Level-based: only the present state and the
// memory count, never which event came. The steps of a plan run before its cloud call; service-aftermath.ts plans what follows.
import type { KubeService } from '@longshore/k8s-runtime';
import { relevantFingerprint } from './relevant-change.ts';
import { serviceEvents, tell } from './service-events.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { hasCleanupFinalizer, isBeingDeleted, isWanted, needsCleanup } from './service-ownership.ts';
import type { RemovePlan, ServiceFacts, ServicePlan } from './service-steps.ts';
import { planWanted } from './wanted-plan.ts';

/** Decides what one Service needs. */
export function planService(facts: ServiceFacts): ServicePlan {
  const { service, remembered } = facts;
  if (!service)
    return remembered?.mayHaveBalancer ? planRemoval(remembered.service, remembered, true) : { kind: 'forget' };
  if (!remembered || remembered.uid === service.metadata?.uid) return planPresent(service, remembered, facts);
  if (remembered.mayHaveBalancer) return planRemoval(remembered.service, remembered, true);
  return planPresent(service, undefined, facts);
}

function planPresent(service: KubeService, known: Remembered | undefined, facts: ServiceFacts): ServicePlan {
  const isReleased = known?.progress === 'released';
  // A cache that does not show yet that this process took the finalizer off must not bring a second removal.
  if (needsCleanup(service)) return isReleased ? { kind: 'leave' } : planRemoval(service, known, false);
  if (isWanted(service) && !isBeingDeleted(service)) {
    const hasFinalizer = hasCleanupFinalizer(service) && !isReleased;
    return planWanted({ ...facts, service, hasFinalizer, known: isReleased ? undefined : known });
  }
  return known?.mayHaveBalancer ? planRemoval(service, known, false) : { kind: 'forget' };
}

function planRemoval(service: KubeService, known: Remembered | undefined, hasVanished: boolean): RemovePlan {
  const told = known?.goal === 'absent' ? known.told : nothingTold;
  return {
    kind: 'remove',
    hasVanished,
    service,
    steps: told.isDeletingTold ? [] : [tell(service, serviceEvents.deleting())],
    remember: {
      uid: service.metadata?.uid ?? '',
      service,
      fingerprint: relevantFingerprint(service),
      targets: new Map(),
      progress: 'leaving',
      goal: 'absent',
      mayHaveBalancer: true,
      owes: 'nothing',
      told: { ...told, isDeletingTold: true },
      isStatusSeen: false,
      repairs: 0,
    },
  };
}
