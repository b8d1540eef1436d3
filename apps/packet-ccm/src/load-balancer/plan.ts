// Resolved addresses to steps. Pure. The order is the safety: an address is reserved, noted on the Service, announced, and only then
// is a duplicate released; on the way out all is withdrawn first, the note is taken back, and the release comes last.
import type { KubeService } from '@longshore/k8s-runtime';
import type { IpReservation, ReservationId, ReservationWish } from '@longshore/packet-api';
import type { Family } from '../annotation-values.ts';
import { addressOf, contains } from './address-block.ts';
import type { FoundForService } from './desired.ts';
import { clusterTag } from './reservation-tags.ts';
import type { AddressFacts, AddressPlan } from './resolve.ts';
import { isStaying, notedAddress, shownAddresses } from './service-addresses.ts';

/** An address that a step is about: one that is known, or the one that an earlier step of the plan reserves for the family. */
export type AddressRef =
  | { readonly kind: 'known'; readonly family: Family; readonly address: string }
  | { readonly kind: 'planned'; readonly family: Family };

/** One change. Announcing and withdrawing are the announcer's, who finds out by himself what there is to change. */
export type Step =
  | { readonly kind: 'claim-block'; readonly id: ReservationId; readonly address: string }
  | { readonly kind: 'reserve'; readonly family: Family; readonly wish: ReservationWish }
  | { readonly kind: 'note-address'; readonly address: AddressRef }
  | { readonly kind: 'clear-note'; readonly address: string }
  | { readonly kind: 'release'; readonly id: ReservationId; readonly address: string };

/** Steps of a Service that stays. */
export interface EnsurePlan {
  readonly before: readonly Step[];
  readonly announce: readonly AddressRef[];
  readonly after: readonly Step[];
}

/** The way to the wanted addresses; none of the plans is `waiting`. */
export function planEnsure(plans: readonly AddressPlan[], { own }: FoundForService, facts: AddressFacts): EnsurePlan {
  const refs = plans.map(refOf);
  const noted = refs.find(({ family }) => family === 4) ?? refs[0];
  const isNoted = noted?.kind === 'known' && noted.address === notedAddress(facts.service);
  return {
    before: [
      ...plans.flatMap((plan) => preparation(plan, facts)),
      ...(noted === undefined || isNoted ? [] : [{ kind: 'note-address', address: noted } as const]),
    ],
    announce: refs,
    after: isNoted ? duplicates(plans, own, facts).map(releaseOf) : [],
  };
}

function refOf(plan: AddressPlan): AddressRef {
  const { family } = plan;
  return plan.kind === 'found' || plan.kind === 'take'
    ? { kind: 'known', family, address: plan.address }
    : { kind: 'planned', family };
}

function preparation(plan: AddressPlan, { clusterId }: AddressFacts): readonly Step[] {
  if (plan.kind === 'reserve') return [{ kind: 'reserve', family: plan.family, wish: plan.wish }];
  if (plan.kind !== 'take' || plan.block.tags.includes(clusterTag(clusterId))) return [];
  const { block, address } = plan;
  return [{ kind: 'claim-block', id: block.id, address }];
}

// Two reservations for one wish come from an answer that was lost and came late, or from two leaders. Only what was never shown goes.
function duplicates(
  plans: readonly AddressPlan[],
  own: readonly IpReservation[],
  facts: AddressFacts,
): readonly IpReservation[] {
  const kept = plans.flatMap((plan) => (plan.kind === 'found' && plan.origin === 'own' ? [plan.reservation] : []));
  const shown = shownAddresses(facts.service);
  return own.filter((one) => {
    const address = addressOf(one);
    const isSame = kept.some(
      (other) => other !== undefined && other !== one && other.type === one.type && other.family === one.family,
    );
    const isUsed = facts.uses.some((use) => use.address === address) || one.assignments.length > 0;
    return isSame && !kept.includes(one) && address !== undefined && !shown.includes(address) && !isUsed;
  });
}

/** What is known of a Service that leaves. */
export interface LeavingFacts {
  readonly service: KubeService;
  readonly own: readonly IpReservation[];
  readonly poolBlocks: readonly IpReservation[];
  /** Addresses that other Services of the cluster use. */
  readonly usedByOthers: ReadonlySet<string>;
}

/** The way out, after the withdrawal. Addresses that others use stay. */
export function planRemoval({ service, own, poolBlocks, usedByOthers }: LeavingFacts): readonly Step[] {
  const noted = notedAddress(service);
  const isOurs =
    noted !== undefined &&
    (own.some((one) => addressOf(one) === noted) || poolBlocks.some((block) => contains(block, noted)));
  // A Service that is deleted takes its note with it; one that only changed its type would ask for the address by name when it returns.
  const clears = isOurs && service.metadata?.deletionTimestamp === undefined && !isStaying(service);
  const released = own.filter((one) => !usedByOthers.has(addressOf(one) ?? ''));
  return [...(clears ? [{ kind: 'clear-note', address: noted } as const] : []), ...released.map(releaseOf)];
}

function releaseOf(one: IpReservation): Step {
  return { kind: 'release', id: one.id, address: addressOf(one) ?? 'without address' };
}
