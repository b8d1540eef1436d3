// What a Cluster says of devices that carry its tags and belong to no Machine: a condition that names them, and a warning for each, once.
// Pure. The condition is the memory of what was said, so that neither the next sweep nor the next process says it again.
import type { Device } from '@longshore/packet-api';
import type { Condition } from '../api/objects.ts';

/** A device without a Machine. */
export type StrayDevice = Pick<Device, 'id' | 'hostname'>;

/** Part of a condition. */
type State = Pick<Condition, 'status' | 'reason' | 'message'>;

/** More are counted, not named. */
const MOST_NAMED = 50;

/** The condition. */
export function ownedState(strays: readonly StrayDevice[]): State {
  if (strays.length === 0) {
    return { status: 'True', reason: 'AllOwned', message: 'every device of this cluster belongs to a Machine' };
  }
  const names = named(strays).map(nameOf).join(', ');
  const more = strays.length > MOST_NAMED ? ` and ${strays.length - MOST_NAMED} more` : '';
  const message = `no Machine owns ${names}${more}: they cost money, and nobody deletes them`;
  return { status: 'False', reason: 'StrayServers', message };
}

/** A warning for each that the condition does not name yet. */
export function strayWarnings(shown: Condition | undefined, strays: readonly StrayDevice[]): readonly State[] {
  const said = shown?.status === 'False' ? shown.message : '';
  return named(strays)
    .filter(({ id }) => !said.includes(id))
    .map((stray) => {
      const message = `Device ${nameOf(stray)} carries the tags of this cluster and belongs to no Machine: delete it in the Packet portal if it is not needed, nobody else does`;
      return { status: 'False', reason: 'StrayServer', message };
    });
}

function named(strays: readonly StrayDevice[]): readonly StrayDevice[] {
  return strays.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_NAMED);
}

function nameOf({ id, hostname }: StrayDevice): string {
  return hostname === '' ? id : `${id} (${hostname})`;
}
