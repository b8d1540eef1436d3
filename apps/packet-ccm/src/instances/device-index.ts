// All devices of the project, found by ID, hostname and address. Made once per list, used for thousands of Nodes.
import { canonicalIp } from '@longshore/cloud-provider';
import type { AddressOutline, DeviceId, DeviceOutline, DeviceState } from '@longshore/packet-api';

/** What of a device counts for its Node. */
export interface NodeDevice {
  readonly id: DeviceId;
  readonly hostname: string;
  readonly state: DeviceState;
  /** Slug; '' where the API does not say. */
  readonly plan: string;
  /** Codes; '' where there is none. */
  readonly metro: string;
  readonly facility: string;
  /** UUID; '' where there is none. */
  readonly facilityId: string;
  /** In the API's order. */
  readonly addresses: readonly AddressOutline[];
}

/** A list of devices that can be asked. */
export interface DeviceIndex {
  readonly size: number;
  byId(id: DeviceId): NodeDevice | undefined;
  /** The whole hostname, in any case: kubelet makes it lower case. */
  byHostname(hostname: string): readonly NodeDevice[];
  /** By the addresses that devices are born with; elastic ones move. Canonical form. */
  byAddress(address: string): readonly NodeDevice[];
}

/** A device as it is kept. */
export function toNodeDevice(device: DeviceOutline): NodeDevice {
  return {
    id: device.id,
    hostname: device.hostname,
    state: device.state,
    plan: device.plan ?? '',
    metro: device.metro?.code ?? '',
    facility: device.facility?.code ?? '',
    facilityId: device.facility?.id ?? '',
    addresses: device.addresses,
  };
}

/** Makes an index. */
export function indexDevices(devices: readonly NodeDevice[]): DeviceIndex {
  const ids = new Map(devices.map((device) => [device.id, device]));
  const hostnames = Map.groupBy(devices, ({ hostname }) => hostname.toLowerCase());
  let addresses: ReadonlyMap<string, readonly NodeDevice[]> | undefined;
  return {
    size: devices.length,
    byId: (id) => ids.get(id),
    byHostname: (hostname) => hostnames.get(hostname.toLowerCase()) ?? [],
    // Made for the first Node that is asked for by its addresses: most have a provider ID, or the name of their device.
    byAddress: (address) => (addresses ??= byOwnAddress(devices)).get(address) ?? [],
  };
}

function byOwnAddress(devices: readonly NodeDevice[]): ReadonlyMap<string, readonly NodeDevice[]> {
  const found = new Map<string, NodeDevice[]>();
  for (const device of devices) {
    for (const key of ownAddresses(device)) found.set(key, [...(found.get(key) ?? []), device]);
  }
  return found;
}

function ownAddresses({ addresses }: NodeDevice): ReadonlySet<string> {
  const own = addresses.filter(({ isManagement }) => isManagement).map(({ address }) => canonicalIp(address));
  return new Set(own.filter((address) => address !== undefined));
}
