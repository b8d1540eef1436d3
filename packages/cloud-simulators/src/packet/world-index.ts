// Look-ups into a world by other keys than ids; made once per world, because each request of a busy test asks again.
import type { AddressRecord, DeviceRecord, World } from './world.ts';

/** An address and whose it is. */
export interface Assigned {
  readonly device: DeviceRecord;
  readonly address: AddressRecord;
}

interface Index {
  readonly byId: ReadonlyMap<string, Assigned>;
  readonly byReservation: ReadonlyMap<string, readonly Assigned[]>;
}

const indexes = new WeakMap<World['devices'], Index>();

/** The address with an assignment's id. */
export function findAssigned({ devices }: World, id: string): Assigned | undefined {
  return indexOf(devices).byId.get(id);
}

/** The addresses that devices have out of a block. */
export function assignedOf({ devices }: World, reservationId: string): readonly Assigned[] {
  return indexOf(devices).byReservation.get(reservationId) ?? [];
}

function indexOf(devices: World['devices']): Index {
  const known = indexes.get(devices);
  if (known !== undefined) return known;
  const byId = new Map<string, Assigned>();
  const byReservation = new Map<string, Assigned[]>();
  for (const device of devices.values()) {
    for (const address of device.addresses) {
      const one = { device, address };
      byId.set(address.id, one);
      const others = byReservation.get(address.reservationId);
      if (others === undefined) byReservation.set(address.reservationId, [one]);
      else others.push(one);
    }
  }
  const index = { byId, byReservation };
  indexes.set(devices, index);
  return index;
}
