// The outline of a device: what its Node shows of it. A device's JSON has ten times as much, and lists of thousands of devices are read
// often, so the rest is neither asked for (as far as the API lets one leave things out) nor kept.
import { optionalText, parseObject, requiredText } from '@longshore/cloud-http';
import type { Device } from './device.ts';
import { optionalSlug, parseLocation } from './fields.ts';
import { parseOwnId } from './ids.ts';
import type { DeviceId } from './ids.ts';
import { parseAddressOutlines } from './ip-address.ts';
import type { AddressOutline } from './ip-address.ts';

/** A device as its Node shows it. */
export interface DeviceOutline extends Pick<Device, 'id' | 'hostname' | 'state' | 'plan' | 'facility' | 'metro'> {
  /** In the API's order. */
  readonly addresses: readonly AddressOutline[];
}

/** Parts of a device that an outline does without: a sixth of its JSON. They come as links. */
export const NOT_IN_OUTLINE = ['network_ports', 'operating_system'] as const;

/** A device as the API writes it, whole or without what an outline leaves out. */
export function parseDeviceOutline(raw: unknown): DeviceOutline {
  const device = parseObject(raw, 'device');
  return {
    id: parseOwnId<DeviceId>(device, 'device'),
    // A device may have no name while it is being made.
    hostname: optionalText(device, 'hostname') ?? '',
    state: requiredText(device, 'state'),
    plan: optionalSlug(device['plan']),
    ...parseLocation(device),
    addresses: parseAddressOutlines(device),
  };
}
