// Elastic IPs that a program like this one made for this cluster, and that none of its Services owns or names. Pure. Who only shows the
// address, or asks for it by name, owns it here: releasing gives an address away for good.
import { canonicalIp } from '@longshore/cloud-provider';
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { IpReservation } from '@longshore/packet-api';
import { readSettings } from '../annotations.ts';
import type { RenamedKeys } from '../annotations.ts';
import { addressOf } from './address-block.ts';
import { ownerOf } from './desired.ts';
import { isAutomatic, isOfCluster, ownerTag } from './reservation-tags.ts';
import { askedAddresses, nameOf, shownAddresses } from './service-addresses.ts';

/** What decides about orphans. */
export interface OrphanFacts {
  readonly services: readonly KubeService[];
  readonly clusterId: string;
  readonly keys: RenamedKeys;
}

/** Whether the program may give a reservation back at all: made by itself, for this cluster and for no other. */
export function mayBeReleased(reservation: IpReservation, clusterId: string): boolean {
  return isAutomatic(reservation) && isOfCluster(reservation, clusterId) && !reservation.isManagement;
}

/** The orphans. */
export function orphansAmong(reservations: readonly IpReservation[], facts: OrphanFacts): readonly OrphanedBalancer[] {
  return reservations
    .filter((one) => reasonToKeep(one, facts) === undefined)
    .map((one) => ({
      id: one.id,
      name: `elastic IP ${addressOf(one) ?? 'without address'}`,
      reason: 'it was reserved for a Service that is not there',
    }));
}

/** Why a reservation is no orphan; `undefined` when nothing shows an owner. */
export function reasonToKeep(
  reservation: IpReservation,
  { services, clusterId, keys }: OrphanFacts,
): string | undefined {
  if (!mayBeReleased(reservation, clusterId))
    return 'it does not have the tags of this cluster’s elastic IPs, and no others';
  if (reservation.assignments.length > 0) return 'it is assigned to a device';
  const owner = services.find((service) => refersTo(service, reservation, keys));
  return owner && `Service ${keyOf(owner)} refers to it`;
}

function refersTo(service: KubeService, reservation: IpReservation, keys: RenamedKeys): boolean {
  const { settings } = readSettings(service.metadata?.annotations, keys);
  const owners = [nameOf(service), ownerOf(service, settings)].map(ownerTag);
  if (owners.some((tag) => reservation.tags.includes(tag))) return true;
  const address = addressOf(reservation);
  const named = [...shownAddresses(service), ...askedAddresses(service, settings), noted(service)];
  return address !== undefined && named.includes(address);
}

function noted({ spec }: KubeService): string | undefined {
  return canonicalIp(spec?.loadBalancerIP ?? '');
}
