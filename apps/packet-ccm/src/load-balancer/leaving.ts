// What of a Service that leaves is in use by others. Pure. Services that are leaving as well count until their own withdrawal is done:
// the last one releases.
import { mayOwnBalancer } from '@longshore/cloud-provider';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { IpReservation } from '@longshore/packet-api';
import { readSettings } from '../annotations.ts';
import type { RenamedKeys } from '../annotations.ts';
import { ownerOf } from './desired.ts';
import type { LeavingFacts } from './plan.ts';
import { blocksOfPool } from './pools.ts';
import { ownReservations } from './reservation-tags.ts';
import { addressUses, nameOf } from './service-addresses.ts';

/** What is known of the cluster and the project. */
export interface LeavingInputs {
  readonly service: KubeService;
  readonly reservations: readonly IpReservation[];
  readonly services: readonly KubeService[];
  readonly clusterId: string;
  readonly keys: RenamedKeys;
  readonly isWithdrawn: (service: KubeService) => boolean;
}

/** The facts of a removal. */
export function leavingFacts(inputs: LeavingInputs): LeavingFacts {
  const { service, reservations, clusterId, keys } = inputs;
  const others = inputs.services.filter((other) => keyOf(other) !== keyOf(service) && !inputs.isWithdrawn(other));
  const { settings } = readSettings(service.metadata?.annotations, keys);
  const owners = sharesWithNobody(service, others, keys)
    ? [nameOf(service), ownerOf(service, settings)]
    : [nameOf(service)];
  const own = owners.flatMap((owner) => ownReservations(reservations, owner, clusterId));
  return {
    service,
    own: [...new Set(own)],
    poolBlocks: settings.pool === undefined ? [] : blocksOfPool(reservations, settings.pool, clusterId),
    usedByOthers: new Set(addressUses(others, service, keys).map(({ address }) => address)),
  };
}

function sharesWithNobody(service: KubeService, others: readonly KubeService[], keys: RenamedKeys): boolean {
  const nameOfShare = ({ metadata }: KubeService): string | undefined =>
    readSettings(metadata?.annotations, keys).settings.shared;
  const mine = nameOfShare(service);
  return !others.some(
    (other) =>
      mayOwnBalancer(other) &&
      other.metadata?.namespace === service.metadata?.namespace &&
      mine !== undefined &&
      nameOfShare(other) === mine,
  );
}
