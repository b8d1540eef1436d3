// What of a device and of its routers counts for BGP. Pure.
import type { BgpNeighbor, Device, DeviceId } from '@longshore/packet-api';
import type { BgpPeer } from '../load-balancer/announcer.ts';

/** A device that may announce addresses. */
export interface SpeakerDevice {
  readonly id: DeviceId;
  /** Sessions must come from it: the routers know no other address of the device. */
  readonly privateAddress: string | undefined;
  /** Of the block that the private address is from: `10.1.0.0/25`. Absent where the API sent a link only. */
  readonly privateNetwork: string | undefined;
}

/** A device as it is kept. */
export function toSpeakerDevice({ id, addresses }: Device): SpeakerDevice {
  const own = addresses.find(({ family, isPublic, isManagement }) => family === 4 && !isPublic && isManagement);
  const { network, cidr } = own?.parentBlock ?? {};
  const privateNetwork = network === undefined || cidr === undefined ? undefined : `${network}/${cidr}`;
  return { id, privateAddress: own?.address, privateNetwork };
}

/** The routers of IPv4 in the order that is contract; empty when there are none yet. */
export function peersOf(neighbors: readonly BgpNeighbor[], usualAsn: number): readonly BgpPeer[] {
  const neighbor = neighbors.find(({ family }) => family === 4);
  const addresses = [...new Set(neighbor?.peerIps)].toSorted();
  return addresses.map((address) => ({ asn: neighbor?.peerAsn ?? usualAsn, address }));
}
