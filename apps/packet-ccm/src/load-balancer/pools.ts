// Blocks of reservations that the owner of the project holds, from which Services take addresses. Pure. A block belongs to one cluster,
// shown by its cluster tag: two clusters must not give out the same address. What is taken is what Services of this cluster name or show.
import type { IpReservation } from '@longshore/packet-api';
import type { Family } from '../annotation-values.ts';
import { addressesIn, addressOf } from './address-block.ts';
import { isAutomatic, isForeign } from './reservation-tags.ts';

/** The blocks of a pool that this cluster may use, of all families. `pool` is a tag or the UUID of one. */
export function blocksOfPool(
  reservations: readonly IpReservation[],
  pool: string,
  clusterId: string,
): readonly IpReservation[] {
  return reservations
    .filter(({ id, tags }) => tags.includes(pool) || id === pool.toLowerCase())
    .filter((one) => !one.isManagement && !isAutomatic(one) && addressOf(one) !== undefined)
    .filter((one) => !isForeign(one, clusterId))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The first address of a family that is free. */
export function freeAddress(
  blocks: readonly IpReservation[],
  family: Family,
  isTaken: (address: string) => boolean,
): { readonly address: string; readonly block: IpReservation } | undefined {
  for (const block of blocks.filter((one) => one.family === family)) {
    const assigned = new Set(block.assignments.map((one) => one.address));
    for (const address of addressesIn(block)) {
      if (!assigned.has(address) && !isTaken(address)) return { address, block };
    }
  }
  return undefined;
}
