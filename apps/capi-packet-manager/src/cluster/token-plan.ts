// The bootstrap token of a cluster: one for all machines, made with the Cluster, and replaced when a machine asks for one and less than an
// hour of it is left. So a cluster in which nothing joins has no token that lets machines in, and nobody writes for it; one that was given
// out stays valid until its end, which a machine that is still booting relies on. Pure.
import { generateToken, parseToken } from '../bootstrap/token.ts';
import { openIfSealed, seal } from '../bootstrap/seal.ts';
import type { SealingKeys } from '../bootstrap/seal.ts';
import type { JoinToken } from './contract.ts';
import { dataOf, textIn } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';

/** How long a new token lets machines in. */
export const TOKEN_LIFETIME_MS = 2 * 60 * 60_000;
/** A token with less than this is not given out any more: a machine may take half of it to boot. */
export const TOKEN_RESERVE_MS = 60 * 60_000;

interface TokenPlace {
  readonly namespace: string;
  readonly name: string;
}

/** The token of the Secret; `undefined` when there is none that is worth giving out. Throws when it cannot be opened. */
export function usableToken(
  secret: KubeSecret | undefined,
  sealing: SealingKeys,
  { place, nowMs }: { readonly place: TokenPlace; readonly nowMs: number },
): JoinToken | undefined {
  const text = textIn(secret, 'token');
  const endsMs = Date.parse(textIn(secret, 'expiration') ?? '');
  if (text === undefined || !(endsMs - nowMs >= TOKEN_RESERVE_MS)) return undefined;
  const token = openIfSealed(text, sealing, { ...place, field: 'token' });
  return parseToken(token) === undefined ? undefined : { token, expiresAt: new Date(endsMs).toISOString() };
}

/** A new token. */
export function newToken(nowMs: number): JoinToken {
  return { token: generateToken(), expiresAt: new Date(nowMs + TOKEN_LIFETIME_MS).toISOString() };
}

/** `data` of its Secret. */
export function tokenData(
  { token, expiresAt }: JoinToken,
  sealing: SealingKeys,
  place: TokenPlace,
): Readonly<Record<string, string>> {
  return dataOf({ token: seal(token, sealing, { ...place, field: 'token' }), expiration: expiresAt });
}
