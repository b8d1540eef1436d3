// What `spec.providerID` of a Node says. Pure; asked by the look-up of Nodes and for the targets of balancers.
import { parseDropletId } from '@longshore/digitalocean-api';
import type { DropletId } from '@longshore/digitalocean-api';

/** The scheme of our provider IDs. */
export const PROVIDER_NAME = 'digitalocean';

/** A provider ID as far as it concerns us. */
export type ParsedProviderId =
  | { readonly kind: 'absent' }
  | { readonly kind: 'droplet'; readonly id: DropletId }
  /** Another cloud's: leave the Node alone. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads a provider ID. A bare number is what the first releases (2017) wrote. */
export function parseProviderId(text: string | undefined): ParsedProviderId {
  if (text === undefined || text === '') return { kind: 'absent' };
  const prefix = `${PROVIDER_NAME}://`;
  if (/^\d+$/.test(text)) return parseNumber(text, text);
  if (text.startsWith(prefix)) return parseNumber(text.slice(prefix.length), text);
  if (/^[^:/]+:\/\//.test(text) && !/^digitalocean:/i.test(text)) return { kind: 'foreign' };
  return malformed(`provider ID ${JSON.stringify(text)} is missing prefix "${prefix}"`);
}

/** The provider ID of a droplet. */
export function toProviderId(id: DropletId): string {
  return `${PROVIDER_NAME}://${id}`;
}

function parseNumber(digits: string, text: string): ParsedProviderId {
  if (digits === '') return malformed('provider ID number cannot be empty');
  const id = /^\d+$/.test(digits) ? parseDropletId(Number(digits)) : undefined;
  if (id === undefined) return malformed(`provider ID ${JSON.stringify(text)} does not end in the number of a droplet`);
  return { kind: 'droplet', id };
}

function malformed(reason: string): ParsedProviderId {
  return { kind: 'malformed', reason };
}
