// What `spec.providerID` of a Node says. Pure; asked by the look-up of Nodes and for the members of pools.
import { toId } from '@longshore/cloudscale-api';
import type { ServerId } from '@longshore/cloudscale-api';

/** The scheme of our provider IDs, and the provider's name. */
export const PROVIDER_NAME = 'cloudscale';

/** A provider ID as far as it concerns us. */
export type ParsedProviderId =
  | { readonly kind: 'absent' }
  | { readonly kind: 'server'; readonly id: ServerId }
  /** Another cloud's: leave the Node alone. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads a provider ID. Blanks around both parts do not count, nor do case and hyphens of the UUID, as in the Go program. */
export function parseProviderId(text: string | undefined): ParsedProviderId {
  if (text === undefined || text === '') return { kind: 'absent' };
  const at = text.indexOf('://');
  const scheme = text.slice(0, Math.max(0, at)).trim();
  if (at < 0 || scheme === '') return malformed(text, 'has no scheme');
  if (scheme !== PROVIDER_NAME) return { kind: 'foreign' };
  const id = toId<ServerId>(text.slice(at + 3).trim());
  return id === undefined ? malformed(text, 'does not end in the UUID of a server') : { kind: 'server', id };
}

/** The provider ID of a server. */
export function toProviderId(id: ServerId): string {
  return `${PROVIDER_NAME}://${id}`;
}

function malformed(text: string, what: string): ParsedProviderId {
  const reason = `provider ID ${JSON.stringify(text)} ${what}: it has the form ${PROVIDER_NAME}://<uuid>`;
  return { kind: 'malformed', reason };
}
