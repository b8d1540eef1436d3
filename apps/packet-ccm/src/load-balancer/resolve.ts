// A wanted address and what there is: the address is found, has to be reserved or taken from a pool, or cannot be had. Pure; called by
// decide.ts. Nothing of another cluster is ever used, and nothing of another Service unless both share it.
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { IpReservation, ReservationWish } from '@longshore/packet-api';
import type { Family } from '../annotation-values.ts';
import { keyOfAnnotation } from '../annotations.ts';
import type { RenamedKeys, Settings } from '../annotations.ts';
import { addressOf, contains } from './address-block.ts';
import type { AddressWish, FoundForService } from './desired.ts';
import { ownerOf } from './desired.ts';
import { chosenPlace, placeMissing } from './place.ts';
import type { DefaultPlace } from './place.ts';
import { freeAddress } from './pools.ts';
import { foreignAddress, poolEmpty, portTaken, reservationDenied } from './refusals.ts';
import { DETAILS, isAutomatic, isForeign, isOfCluster, ownerTag, tagsFor } from './reservation-tags.ts';
import { isStaying, nameOf, shownAddresses } from './service-addresses.ts';
import type { AddressUse } from './service-addresses.ts';

/** What a decision is made of. */
export interface AddressFacts {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly keys: RenamedKeys;
  readonly clusterId: string;
  readonly reservations: readonly IpReservation[];
  /** All Services of the cluster. */
  readonly services: readonly KubeService[];
  /** By other Services. */
  readonly uses: readonly AddressUse[];
  /** Addresses that this process is giving to other Services. */
  readonly claimed: ReadonlySet<string>;
  readonly place: DefaultPlace;
}

/** What becomes of one wanted address. */
export type AddressPlan =
  | {
      readonly kind: 'found';
      readonly family: Family;
      readonly address: string;
      /** Absent: the project holds none that has the address. */
      readonly reservation: IpReservation | undefined;
      readonly origin: AddressWish['kind'];
    }
  | { readonly kind: 'reserve'; readonly family: Family; readonly wish: ReservationWish }
  | { readonly kind: 'take'; readonly family: Family; readonly address: string; readonly block: IpReservation }
  | { readonly kind: 'waiting'; readonly family: Family; readonly reservation: IpReservation };

/** Decides about one address. Throws where the Service cannot have it. */
export function resolveAddress(wish: AddressWish, found: FoundForService, facts: AddressFacts): AddressPlan {
  switch (wish.kind) {
    case 'given':
      return resolveGiven(wish, facts);
    case 'pool':
      return resolvePool(wish, found, facts);
    case 'own':
      return resolveOwn(wish, found, facts);
  }
}

function resolveOwn(
  wish: Extract<AddressWish, { kind: 'own' }>,
  { own }: FoundForService,
  facts: AddressFacts,
): AddressPlan {
  const { family } = wish;
  const reservation = chooseOwn(own, wish);
  if (reservation === undefined) return { kind: 'reserve', family, wish: reservationWish(wish, facts) };
  if (reservation.state === 'denied') throw reservationDenied(reservation.id);
  const address = addressOf(reservation);
  if (address === undefined) return { kind: 'waiting', family, reservation };
  refuseTakenPorts(address, facts);
  return { kind: 'found', family, address, reservation, origin: 'own' };
}

// What the Service names, else what fits best, else the oldest: an address stays with its Service whatever the annotations say later.
function chooseOwn(
  own: readonly IpReservation[],
  { family, type, noted }: Extract<AddressWish, { kind: 'own' }>,
): IpReservation | undefined {
  const fitting = own.filter((one) => one.family === family);
  const usable = fitting.filter((one) => addressOf(one) !== undefined);
  return (
    usable.find((one) => addressOf(one) === noted) ??
    usable.find((one) => one.type === type) ??
    usable[0] ??
    fitting.find(({ state }) => state !== 'denied') ??
    fitting[0]
  );
}

function reservationWish({ type }: Extract<AddressWish, { kind: 'own' }>, facts: AddressFacts): ReservationWish {
  const { service, settings, keys, clusterId } = facts;
  const tags = tagsFor(ownerOf(service, settings), clusterId);
  const wish = { type, quantity: 1, details: DETAILS, tags, failOnApprovalRequired: true };
  if (type === 'global_ipv4') return wish;
  const place = chosenPlace(settings, facts.place);
  if (place === undefined) throw placeMissing(keys);
  return { ...wish, ...place };
}

function resolveGiven({ family, address }: Extract<AddressWish, { kind: 'given' }>, facts: AddressFacts): AddressPlan {
  const reservation = facts.reservations
    .filter((one) => contains(one, address))
    .toSorted((a, b) => (b.cidr ?? 0) - (a.cidr ?? 0))[0];
  if (reservation !== undefined) refuseForeign(address, reservation, facts);
  refuseTakenPorts(address, facts);
  return { kind: 'found', family, address, reservation, origin: 'given' };
}

function refuseForeign(address: string, reservation: IpReservation, facts: AddressFacts): void {
  const { service, clusterId, keys } = facts;
  if (reservation.isManagement) {
    throw foreignAddress(address, 'is one that devices were born with', 'choose an elastic IP');
  }
  if (isForeign(reservation, clusterId)) {
    throw foreignAddress(address, 'is reserved for another cluster', 'choose another address');
  }
  const owner = ownerAmong(reservation, facts);
  // Who shows it has had it before: programs before this one let Services share like that.
  if (owner === undefined || shownAddresses(service).includes(address)) return;
  const remedy = `choose another address, or give both the annotation ${keyOfAnnotation('shared', keys)} instead`;
  throw foreignAddress(address, `was reserved for service ${keyOf(owner)}`, remedy);
}

function ownerAmong(
  reservation: IpReservation,
  { service, services, clusterId }: AddressFacts,
): KubeService | undefined {
  if (!isAutomatic(reservation) || !isOfCluster(reservation, clusterId)) return undefined;
  return services.find(
    (other) =>
      keyOf(other) !== keyOf(service) && isStaying(other) && reservation.tags.includes(ownerTag(nameOf(other))),
  );
}

function resolvePool(
  { family, pool, noted }: Extract<AddressWish, { kind: 'pool' }>,
  { poolBlocks }: FoundForService,
  facts: AddressFacts,
): AddressPlan {
  const taken = new Set([...facts.uses.map(({ address }) => address), ...facts.claimed]);
  const reservation = noted === undefined ? undefined : poolBlocks.find((block) => contains(block, noted));
  const isMine = noted !== undefined && (!taken.has(noted) || shownAddresses(facts.service).includes(noted));
  if (isMine) return { kind: 'found', family, address: noted, reservation, origin: 'pool' };
  const free = freeAddress(poolBlocks, family, (address) => taken.has(address));
  if (free !== undefined) return { kind: 'take', family, ...free };
  const reason =
    poolBlocks.length === 0
      ? 'no reservation of the project has this tag or UUID and is free of tags of other clusters'
      : `all its IPv${family} addresses are in use`;
  throw poolEmpty(pool, reason);
}

/** Of two Services with one address and one port, the one that shows the address has it, else the older one. */
function refuseTakenPorts(address: string, facts: AddressFacts): void {
  const { service, uses } = facts;
  const isShown = shownAddresses(service).includes(address);
  for (const other of uses.filter((use) => use.address === address)) {
    const port = commonPort(service, other.service);
    const isFirst = other.isShown === isShown ? isOlder(other.service, service) : other.isShown;
    if (port !== undefined && isFirst) throw portTaken(address, port, other.service);
  }
}

function commonPort(one: KubeService, other: KubeService): string | undefined {
  const portsOf = ({ spec }: KubeService): readonly string[] =>
    (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
  const taken = new Set(portsOf(other));
  return portsOf(one).find((port) => taken.has(port));
}

function isOlder(one: KubeService, other: KubeService): boolean {
  const keyOfAge = ({ metadata }: KubeService): string => `${metadata?.creationTimestamp ?? ''} ${metadata?.uid ?? ''}`;
  return keyOfAge(one) < keyOfAge(other);
}
