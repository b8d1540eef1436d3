// Device to the facts that go onto its Node, and what its state means for the Node. Pure. The order of the addresses is documented:
// host name, the IPs that kubelet was told to use, private ones, public ones; those that the device was born with before elastic ones.
import { canonicalIp } from '@longshore/cloud-provider';
import type { InstanceFinding, InstanceMetadata, NodeAddress } from '@longshore/cloud-provider';
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { AddressFamily, RegionLabel } from '../config-values.ts';
import type { NodeDevice } from './device-index.ts';
import { toProviderId } from './provider-id.ts';

/** How devices are shown on Nodes. */
export interface NodeLook {
  readonly addressFamilies: readonly AddressFamily[];
  readonly regionLabel: RegionLabel;
}

/** Without settings: IPv4 only, region and zone as the last releases had them at their best. */
export const DEFAULT_LOOK: NodeLook = { addressFamilies: ['ipv4'], regionLabel: 'metro' };

/**
 * What states mean; all others are running. `powering_off` is not off yet. A device that is being given back will not come up again,
 * but it is there until the API says 404, which alone removes a Node.
 */
const STOPPED: ReadonlySet<string> = new Set(['inactive', 'deprovisioning']);
/** States in which nothing is known about the machine: it failed to come up or to go away. */
const DOUBTFUL: ReadonlySet<string> = new Set(['failed']);

/** What is known of the machine of a Node whose kubelet claims the IPs `provided`. */
export function toFinding(device: NodeDevice, provided: readonly string[], look: NodeLook): InstanceFinding {
  if (device.state === 'deleted') return { state: 'gone' };
  if (DOUBTFUL.has(device.state)) return { state: 'unknown', error: deviceFailed(device) };
  const addresses = addressesOf(device, provided, look.addressFamilies);
  if (!addresses.some(({ type }) => type === 'InternalIP')) return { state: 'unknown', error: addressMissing(device) };
  const state = STOPPED.has(device.state) ? 'stopped' : 'running';
  return { state, metadata: { ...toMetadata(device, look), addresses } };
}

function toMetadata(device: NodeDevice, { regionLabel }: NodeLook): Omit<InstanceMetadata, 'addresses'> {
  return {
    providerId: toProviderId(device.id),
    instanceType: device.plan,
    ...placeOf(device, regionLabel),
    additionalLabels: {},
  };
}

// Packet had facilities only, so there the facility is the region and there is no zone, as v1 to v3.3 had it.
function placeOf({ metro, facility, facilityId }: NodeDevice, label: RegionLabel): { region: string; zone: string } {
  if (label === 'facility-id') return { region: facilityId, zone: '' };
  if (label === 'facility' || metro === '') return { region: facility, zone: '' };
  return { region: metro, zone: facility };
}

function addressesOf(
  device: NodeDevice,
  provided: readonly string[],
  families: readonly AddressFamily[],
): readonly NodeAddress[] {
  const ips = families.flatMap((family) => ofFamily(device, family));
  const internal = [...provided, ...ips.filter(({ isPublic }) => !isPublic).map(({ address }) => address)];
  const external = ips.filter(({ isPublic }) => isPublic).map(({ address }) => address);
  return [
    { type: 'Hostname', address: device.hostname },
    ...distinct(internal).map((address) => ({ type: 'InternalIP' as const, address })),
    ...distinct(external).map((address) => ({ type: 'ExternalIP' as const, address })),
  ];
}

function ofFamily({ addresses }: NodeDevice, family: AddressFamily): NodeDevice['addresses'] {
  const known = addresses.filter((address) => address.family === (family === 'ipv4' ? 4 : 6));
  return [...known.filter(({ isManagement }) => isManagement), ...known.filter(({ isManagement }) => !isManagement)];
}

function distinct(addresses: readonly string[]): readonly string[] {
  const byForm = new Map<string, string>();
  for (const address of addresses) {
    const form = canonicalIp(address) ?? address;
    if (!byForm.has(form)) byForm.set(form, address);
  }
  return [...byForm.values()];
}

function addressMissing({ id, hostname }: NodeDevice): OperatorError {
  const message = `could not get at least one private ip of device ${id} (${hostname}): give it a private address, or start kubelet with --node-ip`;
  return new OperatorError('DEVICE_ADDRESS_MISSING', message, backoff);
}

function deviceFailed({ id, hostname }: NodeDevice): OperatorError {
  const message = `device ${id} (${hostname}) is in state failed: nothing is concluded about its node; delete the device, or the node by hand`;
  return new OperatorError('DEVICE_FAILED', message, backoff);
}
