// What a Service needs now: a balancer, its removal, a change by its owner, or nothing. Level-based: only the present state and the
// memory count, never which event came. The steps of a plan run before its cloud call; service-aftermath.ts plans what follows.
import type { KubeService } from '@longshore/k8s-runtime';
import { relevantFingerprint } from './relevant-change.ts';
import { serviceEvents, tell } from './service-events.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { hasCleanupFinalizer, isBeingDeleted, isWanted, needsCleanup } from './service-ownership.ts';
import { plainTraits } from './service-steps.ts';
import type { ProviderTraits, RemovePlan, ServiceFacts, ServicePlan } from './service-steps.ts';
import { planDisowned, planWanted } from './wanted-plan.ts';

/** Decides what one Service needs. */
export function planService(facts: ServiceFacts): ServicePlan {
  const { service, remembered, traits = plainTraits } = facts;
  const vanished = { known: remembered, hasVanished: true, traits };
  if (!service) return remembered?.mayHaveBalancer ? planRemoval(remembered.service, vanished) : { kind: 'forget' };
  if (!remembered || remembered.uid === service.metadata?.uid) return planPresent(service, remembered, facts);
  if (remembered.mayHaveBalancer) return planRemoval(remembered.service, vanished);
  return planPresent(service, undefined, facts);
}

function planPresent(service: KubeService, known: Remembered | undefined, facts: ServiceFacts): ServicePlan {
  const isReleased = known?.progress === 'released';
  // A cache that does not show yet that this process took the finalizer off must not bring a second removal.
  const { traits = plainTraits } = facts;
  const leaving = { known, hasVanished: false, traits };
  if (needsCleanup(service)) return isReleased ? { kind: 'leave' } : planRemoval(service, leaving);
  if (isWanted(service) && !isBeingDeleted(service)) {
    return planLasting(service, isReleased ? undefined : known, { ...facts, isReleased, traits });
  }
  return known?.mayHaveBalancer ? planRemoval(service, leaving) : { kind: 'forget' };
}

function planLasting(
  service: KubeService,
  known: Remembered | undefined,
  facts: ServiceFacts & { readonly isReleased: boolean; readonly traits: ProviderTraits },
): ServicePlan {
  const hasFinalizer = hasCleanupFinalizer(service) && !facts.isReleased;
  const wanted = { ...facts, service, hasFinalizer, known };
  return facts.traits.isDisowned(service) ? planDisowned(wanted) : planWanted(wanted);
}

interface Leaving {
  readonly known: Remembered | undefined;
  readonly hasVanished: boolean;
  readonly traits: ProviderTraits;
}

function planRemoval(service: KubeService, { known, hasVanished, traits }: Leaving): RemovePlan {
  const told = known?.goal === 'absent' ? known.told : nothingTold;
  const isDisowned = traits.isDisowned(service);
  return {
    kind: 'remove',
    hasVanished,
    isDisowned,
    service,
    steps: told.isDeletingTold || isDisowned ? [] : [tell(service, serviceEvents.deleting())],
    remember: {
      uid: service.metadata?.uid ?? '',
      service,
      fingerprint: relevantFingerprint(service, traits.ownAnnotations),
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
