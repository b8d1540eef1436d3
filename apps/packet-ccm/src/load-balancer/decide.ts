// One decision about one Service, from facts that were gathered before: which addresses, which steps, what to tell. Pure, and without a
// pause in it, so that two Services that are decided at once see each other's claims.
import type { IpReservation } from '@longshore/packet-api';
import { desiredAddresses, ownerOf } from './desired.ts';
import type { AddressWish, FoundForService } from './desired.ts';
import { planEnsure } from './plan.ts';
import type { EnsurePlan } from './plan.ts';
import { blocksOfPool } from './pools.ts';
import { ownReservations } from './reservation-tags.ts';
import { resolveAddress } from './resolve.ts';
import type { AddressFacts, AddressPlan } from './resolve.ts';
import { nameOf, shownAddresses } from './service-addresses.ts';
import { warningsOf } from './warnings.ts';

/** What is to be done for a Service. */
export interface Decision {
  readonly wishes: readonly AddressWish[];
  readonly addresses: readonly AddressPlan[];
  readonly plan: EnsurePlan;
  readonly warnings: readonly string[];
  /** The first reservation that is not granted yet: nothing is done before. */
  readonly waiting: IpReservation | undefined;
  /** An address that the Service does not show yet: the limit of prefixes counts. */
  readonly hasNewAddress: boolean;
}

/** Decides. Throws when the Service cannot have what it asks for. */
export function decideAddresses(facts: AddressFacts): Decision {
  const found = foundFor(facts);
  const wishes = desiredAddresses(facts.service, facts.settings, found);
  const addresses = wishes.map((wish) => resolveAddress(wish, found, facts));
  const shown = shownAddresses(facts.service);
  return {
    wishes,
    addresses,
    plan: planEnsure(addresses, found, facts),
    warnings: warningsOf(addresses, [...found.own, ...formerlyOwn(facts)], facts),
    waiting: addresses.find((one) => one.kind === 'waiting')?.reservation,
    hasNewAddress: addresses.some((one) => one.kind !== 'found' || !shown.includes(one.address)),
  };
}

function foundFor({ service, settings, reservations, clusterId }: AddressFacts): FoundForService {
  return {
    own: ownReservations(reservations, ownerOf(service, settings), clusterId),
    poolBlocks: settings.pool === undefined ? [] : blocksOfPool(reservations, settings.pool, clusterId),
  };
}

// Who shares now had an address alone before.
function formerlyOwn({ service, settings, reservations, clusterId }: AddressFacts): readonly IpReservation[] {
  return settings.shared === undefined ? [] : ownReservations(reservations, nameOf(service), clusterId);
}
