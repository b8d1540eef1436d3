// All droplets of the account, found by ID, name and address. Made once per list, used for thousands of Nodes.
import type { Droplet, DropletId } from '@longshore/digitalocean-api';

/** A list of droplets that can be asked. */
export interface DropletIndex {
  readonly size: number;
  byId(id: DropletId): Droplet | undefined;
  /** In any case: the API and DNS names know no case either. */
  byName(name: string): readonly Droplet[];
  /** By any of a droplet's addresses, as text. */
  byAddress(address: string): readonly Droplet[];
}

/** Makes an index. */
export function indexDroplets(droplets: readonly Droplet[]): DropletIndex {
  const ids = new Map(droplets.map((droplet) => [droplet.id, droplet]));
  const names = Map.groupBy(droplets, (droplet) => droplet.name.toLowerCase());
  const addresses = new Map<string, Droplet[]>();
  for (const droplet of droplets) {
    for (const { address } of droplet.addresses) {
      const key = address.toLowerCase();
      addresses.set(key, [...(addresses.get(key) ?? []), droplet]);
    }
  }
  return {
    size: droplets.length,
    byId: (id) => ids.get(id),
    byName: (name) => names.get(name.toLowerCase()) ?? [],
    byAddress: (address) => addresses.get(address.toLowerCase()) ?? [],
  };
}
