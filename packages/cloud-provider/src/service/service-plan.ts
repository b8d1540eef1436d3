// What a Service needs now: a balancer, its removal, a change by its owner, or nothing. Level-based: only the present state and the
// memory count, never which event came. The steps of a plan run before its cloud call; service-aftermath.ts plans what follows.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { Problem } from '../provider.ts';
import { addFinalizerPatch } from './finalizer-patch.ts';
import { relevantFingerprint } from './relevant-change.ts';
import { serviceEvents, tell } from './service-events.ts';
import type { EventStep } from './service-events.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { hasCleanupFinalizer, isBeingDeleted, isWanted, needsCleanup } from './service-ownership.ts';
import { isOtherTargetSet } from './targets.ts';
import type { TargetRules, Targets } from './targets.ts';

/** A strategic merge patch of the Service's `status` subresource. */
export interface PatchStep {
  readonly kind: 'patch-service';
  readonly service: KubeService;
  readonly what: 'add-finalizer' | 'release' | 'write-status';
  readonly body: object;
}

/** One call to the cluster. */
export type ServiceStep = PatchStep | EventStep;

/** Why a balancer is looked at. `unchanged`: first look after a start, retry, waiting, sweep or drift: only changes are told. */
export type Occasion = 'created' | 'changed' | 'targets' | 'unchanged';

/** Bring the balancer into line. */
export interface EnsurePlan {
  readonly kind: 'ensure';
  readonly occasion: Occasion;
  readonly service: KubeService;
  readonly nodes: readonly KubeNode[];
  readonly dropped: Targets['dropped'];
  readonly steps: readonly ServiceStep[];
  readonly remember: Remembered;
}

/** Remove the balancer. `hasVanished`: the Service is not in the cluster any more, or another one has its name. */
export interface RemovePlan {
  readonly kind: 'remove';
  readonly hasVanished: boolean;
  readonly service: KubeService;
  readonly steps: readonly ServiceStep[];
  readonly remember: Remembered;
}

/** The whole decision. `refuse`: tell the owner, leave a running balancer as it is. `leave`: nothing to do, memory stays. */
export type ServicePlan =
  | EnsurePlan
  | RemovePlan
  | { readonly kind: 'refuse'; readonly steps: readonly ServiceStep[]; readonly remember: Remembered }
  | { readonly kind: 'leave' }
  | { readonly kind: 'forget' };

/** All that a decision is made of. */
export interface ServiceFacts {
  readonly service: KubeService | undefined;
  readonly remembered: Remembered | undefined;
  readonly targets: Targets;
  readonly rules: TargetRules;
  /** What the provider says of the Service's settings. */
  readonly problems: readonly Problem[];
}

/** Decides what one Service needs. */
export function planService(facts: ServiceFacts): ServicePlan {
  const { service, remembered } = facts;
  const known = service && remembered?.uid === service.metadata?.uid ? remembered : undefined;
  if (remembered?.mayHaveBalancer && !known) return planRemoval(remembered.service, remembered, true);
  if (!service) return { kind: 'forget' };
  if (isLeaving(service, known)) return planRemoval(service, known, false);
  // A cache that does not show yet what this process has patched must not bring a second removal.
  if (needsCleanup(service)) return { kind: 'leave' };
  if (!isWanted(service) || isBeingDeleted(service)) return { kind: 'forget' };
  return planWanted(service, known?.progress === 'released' ? undefined : known, facts);
}

function isLeaving(service: KubeService, known: Remembered | undefined): boolean {
  if (needsCleanup(service)) return known?.progress !== 'released';
  return (!isWanted(service) || isBeingDeleted(service)) && known?.mayHaveBalancer === true;
}

function planRemoval(service: KubeService, known: Remembered | undefined, hasVanished: boolean): RemovePlan {
  const told = known?.told ?? nothingTold;
  return {
    kind: 'remove',
    hasVanished,
    service,
    steps: told.isDeletingTold ? [] : [tell(service, serviceEvents.deleting())],
    remember: {
      uid: service.metadata?.uid ?? '',
      service,
      fingerprint: relevantFingerprint(service),
      targets: known?.targets ?? new Map(),
      progress: 'leaving',
      mayHaveBalancer: true,
      owes: 'nothing',
      told: { ...told, isDeletingTold: true, isWaitingTold: told.isWaitingTold && told.isDeletingTold },
      repairs: 0,
    },
  };
}

function planWanted(service: KubeService, known: Remembered | undefined, facts: ServiceFacts): ServicePlan {
  const hasFinalizer = hasCleanupFinalizer(service) && facts.remembered?.progress !== 'released';
  const occasion = occasionOf(service, known, { ...facts, hasFinalizer });
  const errors = facts.problems.filter(({ severity }) => severity === 'error');
  const base = rememberWanted(service, known, facts);
  const remembered = { ...base, mayHaveBalancer: base.mayHaveBalancer || hasFinalizer };
  if (errors.length > 0) return planRefusal(service, remembered, errors);

  const warnings = facts.problems.map(({ message }) => message);
  // After a restart nothing is new, so nothing is told: `explain` still shows the warnings.
  const isFirstLook = known === undefined && occasion === 'unchanged';
  const untold = isFirstLook ? [] : warnings.filter((text) => !remembered.told.warnings.includes(text));
  const isUnavailable = facts.targets.nodes.length === 0;
  const tellsUnavailable = isUnavailable && occasion !== 'unchanged' && !remembered.told.isUnavailableTold;
  return {
    kind: 'ensure',
    occasion,
    service,
    nodes: facts.targets.nodes,
    dropped: facts.targets.dropped,
    steps: [
      ...(hasFinalizer ? [] : [addFinalizerStep(service)]),
      ...untold.map((text) => tell(service, serviceEvents.warning(text))),
      ...(occasion === 'created' || occasion === 'changed' ? [tell(service, serviceEvents.ensuring())] : []),
      ...(tellsUnavailable ? [tell(service, serviceEvents.unavailable(facts.targets.dropped))] : []),
    ],
    remember: {
      ...remembered,
      mayHaveBalancer: true,
      owes: owedBy(occasion, remembered.owes, isUnavailable),
      told: {
        ...remembered.told,
        warnings,
        isUnavailableTold: isUnavailable && (tellsUnavailable || remembered.told.isUnavailableTold),
      },
    },
  };
}

function planRefusal(service: KubeService, remembered: Remembered, errors: readonly Problem[]): ServicePlan {
  const refusal = errors.map(({ message }) => message).join('; ');
  const isTold = remembered.told.refusal === refusal;
  return {
    kind: 'refuse',
    steps: isTold ? [] : [tell(service, serviceEvents.syncFailed(refusal))],
    remember: { ...remembered, progress: 'refused', told: { ...remembered.told, refusal } },
  };
}

function occasionOf(
  service: KubeService,
  known: Remembered | undefined,
  facts: ServiceFacts & { readonly hasFinalizer: boolean },
): Occasion {
  if (!known) return facts.hasFinalizer ? 'unchanged' : 'created';
  if (known.fingerprint !== relevantFingerprint(service)) return 'changed';
  return isOtherTargetSet(known.targets, facts.targets, facts.rules) ? 'targets' : 'unchanged';
}

/** The memory before anything is done. A changed Service gets a fresh say: what was refused once may be told again. */
function rememberWanted(service: KubeService, known: Remembered | undefined, facts: ServiceFacts): Remembered {
  const fingerprint = relevantFingerprint(service);
  const { refusal, ...told } = known?.told ?? nothingTold;
  const keepsRefusal = refusal !== undefined && known?.fingerprint === fingerprint;
  return {
    uid: service.metadata?.uid ?? '',
    service,
    fingerprint,
    targets: facts.targets.set,
    progress: known?.progress ?? 'pending',
    mayHaveBalancer: known?.mayHaveBalancer ?? false,
    owes: known?.owes ?? 'nothing',
    told: keepsRefusal ? { ...told, refusal } : told,
    ...(known?.status ? { status: known.status } : {}),
    repairs: known?.repairs ?? 0,
  };
}

function owedBy(occasion: Occasion, owes: Remembered['owes'], isUnavailable: boolean): Remembered['owes'] {
  if (occasion === 'created' || occasion === 'changed') return 'ensured';
  if (occasion === 'targets' && owes === 'nothing') return isUnavailable ? 'nothing' : 'updated';
  return owes;
}

function addFinalizerStep(service: KubeService): PatchStep {
  return { kind: 'patch-service', service, what: 'add-finalizer', body: addFinalizerPatch(service) };
}
