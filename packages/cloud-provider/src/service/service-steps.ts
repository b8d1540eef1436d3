// The vocabulary of decisions about one Service: the facts they are made of, the plans, and the steps that carry them out.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancers, Problem } from '../provider.ts';
import type { EventStep } from './service-events.ts';
import type { Remembered } from './service-memory.ts';
import type { TargetRules, Targets } from './targets.ts';

type Traits = Pick<LoadBalancers, 'ownAnnotations' | 'isDisowned'>;

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

/**
 * Remove the balancer. `hasVanished`: the Service is not in the cluster any more, or another one has its name. `isDisowned`: only our
 * finalizer goes, which is nothing to tell.
 */
export interface RemovePlan {
  readonly kind: 'remove';
  readonly hasVanished: boolean;
  readonly isDisowned: boolean;
  readonly service: KubeService;
  readonly steps: readonly ServiceStep[];
  readonly remember: Remembered;
}

/** Tell the owner what to change; a running balancer stays as it is. */
export interface RefusePlan {
  readonly kind: 'refuse';
  readonly steps: readonly ServiceStep[];
  readonly remember: Remembered;
}

/** The owner has taken the Service out of the provider's hands: nothing is done, and nothing said. */
export interface DisownPlan {
  readonly kind: 'disown';
  readonly remember: Remembered;
}

/** The whole decision. `leave`: nothing to do, the memory stays. */
export type ServicePlan =
  EnsurePlan | RemovePlan | RefusePlan | DisownPlan | { readonly kind: 'leave' } | { readonly kind: 'forget' };

/** What a provider says of itself that decisions depend on. */
export interface ProviderTraits {
  /** Annotations that it writes itself. */
  readonly ownAnnotations: ReadonlySet<string>;
  readonly isDisowned: (service: KubeService) => boolean;
}

/** A provider that writes nothing into Services and leaves none alone. */
export const plainTraits: ProviderTraits = { ownAnnotations: new Set(), isDisowned: () => false };

/** The traits of a provider's balancers. */
export function traitsOf(balancers: Traits): ProviderTraits {
  return {
    ownAnnotations: new Set(balancers.ownAnnotations),
    isDisowned: (service) => balancers.isDisowned?.(service) ?? false,
  };
}

/** All that a decision is made of. */
export interface ServiceFacts {
  readonly service: KubeService | undefined;
  readonly remembered: Remembered | undefined;
  readonly targets: Targets;
  readonly rules: TargetRules;
  /** What the provider says of the Service's settings. */
  readonly problems: readonly Problem[];
  /** Absent: `plainTraits`. */
  readonly traits?: ProviderTraits | undefined;
}
