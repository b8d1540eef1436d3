// The plan for a Service that wants a balancer: what is new about it, whom to tell what, and whether its settings forbid the sync.
// Called by service-plan.ts only. Surprising: after a restart nothing counts as new, so that unchanged Services get no event.
import type { KubeService } from '@longshore/k8s-runtime';
import type { Problem } from '../provider.ts';
import { addFinalizerPatch } from './finalizer-patch.ts';
import { relevantFingerprint } from './relevant-change.ts';
import { serviceEvents, tell } from './service-events.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { plainTraits } from './service-steps.ts';
import type { DisownPlan, EnsurePlan, Occasion, RefusePlan, ServiceFacts, ServiceStep } from './service-steps.ts';
import { isOtherTargetSet } from './targets.ts';

/** A wanted Service with what is known of it. */
export interface WantedFacts extends ServiceFacts {
  readonly service: KubeService;
  readonly known: Remembered | undefined;
  /** The finalizer is on it, as far as this process knows. */
  readonly hasFinalizer: boolean;
}

/** Ensure, or refuse because of the Service's settings. */
export function planWanted(facts: WantedFacts): EnsurePlan | RefusePlan {
  const fingerprint = fingerprintOf(facts);
  const remembered = rememberWanted(facts, fingerprint);
  const errors = facts.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return planRefusal(facts.service, remembered, errors);
  return planEnsure(facts, remembered, occasionOf(facts, fingerprint));
}

/** Leave alone, and say nothing. Without our finalizer nothing of ours is left to clean up later. */
export function planDisowned(facts: WantedFacts): DisownPlan {
  const remembered = rememberWanted(facts, fingerprintOf(facts));
  const mayHaveBalancer = facts.hasFinalizer;
  return { kind: 'disown', remember: { ...remembered, mayHaveBalancer, progress: 'not-mine', owes: 'nothing' } };
}

function fingerprintOf({ service, traits = plainTraits }: WantedFacts): string {
  return relevantFingerprint(service, traits.ownAnnotations);
}

function planEnsure(facts: WantedFacts, remembered: Remembered, occasion: Occasion): EnsurePlan {
  const { service, targets, hasFinalizer } = facts;
  const isUnavailable = targets.nodes.length === 0;
  const tellsUnavailable = isUnavailable && occasion !== 'unchanged' && !remembered.told.isUnavailableTold;
  const warnings = facts.problems.map(({ message }) => message);
  return {
    kind: 'ensure',
    occasion,
    service,
    nodes: targets.nodes,
    dropped: targets.dropped,
    steps: [
      ...(hasFinalizer ? [] : [addFinalizer(service)]),
      ...untoldWarnings(facts, warnings).map((text) => tell(service, serviceEvents.warning(text))),
      ...(isNewToUsers(occasion) ? [tell(service, serviceEvents.ensuring())] : []),
      ...(tellsUnavailable ? [tell(service, serviceEvents.unavailable(targets.dropped))] : []),
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

function planRefusal(service: KubeService, remembered: Remembered, errors: readonly Problem[]): RefusePlan {
  const refusal = errors.map(({ message }) => message).join('; ');
  const isTold = remembered.told.refusal === refusal;
  return {
    kind: 'refuse',
    steps: isTold ? [] : [tell(service, serviceEvents.syncFailed(refusal))],
    remember: { ...remembered, progress: 'refused', told: { ...remembered.told, refusal } },
  };
}

function occasionOf({ known, hasFinalizer, targets, rules }: WantedFacts, fingerprint: string): Occasion {
  if (!known) return hasFinalizer ? 'unchanged' : 'created';
  if (known.fingerprint !== fingerprint) return 'changed';
  return isOtherTargetSet(known.targets, targets, rules) ? 'targets' : 'unchanged';
}

function isNewToUsers(occasion: Occasion): boolean {
  return occasion === 'created' || occasion === 'changed';
}

/** Each text once. On the first look after a restart they count as told: `explain` still shows them. */
function untoldWarnings({ known, hasFinalizer }: WantedFacts, warnings: readonly string[]): readonly string[] {
  if (!known) return hasFinalizer ? [] : warnings;
  return warnings.filter((text) => !known.told.warnings.includes(text));
}

/** The memory before anything is done. A changed Service gets a fresh say: what was refused once may be told again. */
function rememberWanted(facts: WantedFacts, fingerprint: string): Remembered {
  const { service, targets, hasFinalizer } = facts;
  const known = facts.known ?? firstMemory(service);
  const { refusal, ...told } = known.goal === 'absent' ? nothingTold : known.told;
  const keepsRefusal = refusal !== undefined && known.fingerprint === fingerprint;
  return {
    ...known,
    service,
    fingerprint,
    targets: targets.set,
    goal: 'present',
    mayHaveBalancer: known.mayHaveBalancer || hasFinalizer,
    told: keepsRefusal ? { ...told, refusal } : told,
  };
}

function firstMemory(service: KubeService): Remembered {
  return {
    uid: service.metadata?.uid ?? '',
    service,
    fingerprint: '',
    targets: new Map(),
    progress: 'pending',
    goal: 'present',
    mayHaveBalancer: false,
    owes: 'nothing',
    told: nothingTold,
    isStatusSeen: false,
    repairs: 0,
  };
}

function owedBy(occasion: Occasion, owes: Remembered['owes'], isUnavailable: boolean): Remembered['owes'] {
  if (isNewToUsers(occasion)) return 'ensured';
  if (occasion === 'targets' && owes === 'nothing') return isUnavailable ? 'nothing' : 'updated';
  return owes;
}

function addFinalizer(service: KubeService): ServiceStep {
  return { kind: 'patch-service', service, what: 'add-finalizer', body: addFinalizerPatch(service) };
}
