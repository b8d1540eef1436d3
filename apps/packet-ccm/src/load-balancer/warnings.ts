// What the owner of a Service should know although the Service has its address. Pure. Told by an event, once.
import type { IpReservation } from '@longshore/packet-api';
import { addressOf } from './address-block.ts';
import type { AddressFacts, AddressPlan } from './resolve.ts';

type Found = Extract<AddressPlan, { kind: 'found' }>;

/** The warnings. */
export function warningsOf(
  plans: readonly AddressPlan[],
  own: readonly IpReservation[],
  facts: AddressFacts,
): readonly string[] {
  const found = plans.filter((plan) => plan.kind === 'found');
  return [...found.flatMap((plan) => aboutAddress(plan, facts)), ...aboutUnused(plans, own)];
}

function aboutAddress({ address, reservation, origin, family }: Found, { settings }: AddressFacts): readonly string[] {
  if (reservation === undefined) {
    return [
      `address ${address} is in no reservation of the project: it is announced all the same, which works for address space of your own only`,
    ];
  }
  if (origin !== 'own') return [];
  const { metro, facility, type } = reservation;
  return [
    ...keptAsItIs(address, settings.metro, metro?.code),
    ...(settings.metro === undefined ? keptAsItIs(address, settings.facility, facility?.code) : []),
    ...(family === 4 ? keptAsItIs(address, settings.type, type) : []),
  ];
}

function keptAsItIs(address: string, wanted: string | undefined, present: string | undefined): readonly string[] {
  if (wanted === undefined || present === undefined || wanted === present) return [];
  return [
    `address ${address} is of ${present} and stays so, although ${wanted} is asked for: make a new Service for another address`,
  ];
}

// It may be what a DNS name points to, so a change of the Service does not give it away.
function aboutUnused(plans: readonly AddressPlan[], own: readonly IpReservation[]): readonly string[] {
  const used = new Set(plans.flatMap((plan) => (plan.kind === 'found' ? [plan.reservation?.id] : [])));
  const isReplaced = ({ family }: IpReservation): boolean =>
    plans.every((plan) => plan.family !== family || (plan.kind === 'found' && plan.origin !== 'own'));
  return own
    .filter((one) => !used.has(one.id) && isReplaced(one))
    .map(
      (one) =>
        `address ${addressOf(one) ?? one.id} was reserved for the Service and is not in use: it is kept until the Service goes`,
    );
}
