// What `spec.providerID` of a Node says. Pure; asked by the look-up of Nodes and by everything that must know a Node's device.
import { parseDeviceId } from '@longshore/packet-api';
import type { DeviceId } from '@longshore/packet-api';

/** The scheme of the provider IDs that are written. */
export const PROVIDER_NAME = 'packet';

/** Schemes that are read, for ever: a provider ID cannot be changed once it is set, and clusters have lived through both names. */
export const PROVIDER_ID_SCHEMES: readonly string[] = [PROVIDER_NAME, 'equinixmetal'];

/** A provider ID as far as it concerns us. */
export type ParsedProviderId =
  | { readonly kind: 'absent' }
  | { readonly kind: 'device'; readonly id: DeviceId }
  /** Another cloud's: leave the Node alone. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads a provider ID. A bare UUID was accepted by the Go programs since v1.0.1. */
export function parseProviderId(text: string | undefined): ParsedProviderId {
  if (text === undefined || text === '') return { kind: 'absent' };
  const [scheme, rest, ...more] = text.split('://');
  if (scheme === undefined || rest === undefined) return parseUuid(text, text);
  if (!PROVIDER_ID_SCHEMES.includes(scheme)) return foreignOrMalformed(scheme, text);
  return more.length > 0 ? malformed(text) : parseUuid(rest, text);
}

/** The provider ID of a device. */
export function toProviderId(id: DeviceId): string {
  return `${PROVIDER_NAME}://${id}`;
}

function parseUuid(uuid: string, text: string): ParsedProviderId {
  const id = parseDeviceId(uuid);
  return id === undefined ? malformed(text) : { kind: 'device', id };
}

// Our own scheme in other letters is a slip of somebody, not another cloud.
function foreignOrMalformed(scheme: string, text: string): ParsedProviderId {
  const isOurs = PROVIDER_ID_SCHEMES.includes(scheme.toLowerCase());
  return isOurs || !/^[a-z][a-z0-9+.-]*$/i.test(scheme) ? malformed(text) : { kind: 'foreign' };
}

function malformed(text: string): ParsedProviderId {
  return { kind: 'malformed', reason: `provider ID ${JSON.stringify(text)} is not packet://<UUID of a device>` };
}
