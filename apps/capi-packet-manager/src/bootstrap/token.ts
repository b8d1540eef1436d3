// Bootstrap tokens: how they are drawn, and the Secret by which an API server knows one. Used for `kubeadm init` and for joins.
import { randomBytes } from 'node:crypto';

/** `abcdef.0123456789abcdef` in two parts. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** The Secret of a token, to be written into `kube-system` of the cluster that machines join. */
export interface TokenSecret {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly namespace: 'kube-system' };
  readonly type: 'bootstrap.kubernetes.io/token';
  /** Base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** What a token is for and until when. */
export interface TokenWish {
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** Shown by `kubeadm token list`. */
  readonly description: string;
}

/** Group of machines that join; kubeadm gives it the rights that a join needs. */
export const JOINERS_GROUP = 'system:bootstrappers:kubeadm:default-node-token';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 6;
const SECRET_LENGTH = 16;
// The largest multiple of 36 that fits a byte: bytes above it would make some characters more likely than others.
const FAIR_LIMIT = 252;

/** A new token. `draw` is the source of random bytes; only tests give another. */
export function generateToken(draw: (size: number) => Uint8Array = randomBytes): string {
  let characters = '';
  while (characters.length < ID_LENGTH + SECRET_LENGTH) {
    for (const byte of draw(32)) if (byte < FAIR_LIMIT) characters += ALPHABET[byte % ALPHABET.length];
  }
  return `${characters.slice(0, ID_LENGTH)}.${characters.slice(ID_LENGTH, ID_LENGTH + SECRET_LENGTH)}`;
}

/** The parts of a token; `undefined` when it is none. */
export function parseToken(text: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text);
  return match === null ? undefined : { id: match[1] ?? '', secret: match[2] ?? '' };
}

/** Name of a token's Secret in `kube-system`. */
export function tokenSecretName(id: string): string {
  return `bootstrap-token-${id}`;
}

/** The Secret by which an API server knows the token; `undefined` when the text is no token. */
export function tokenSecret({ token, expiresAt, description }: TokenWish): TokenSecret | undefined {
  const parts = parseToken(token);
  if (parts === undefined) return undefined;
  const fields = {
    'token-id': parts.id,
    'token-secret': parts.secret,
    // Without fractions: that is how kubeadm writes it.
    expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    description,
    'usage-bootstrap-signing': 'true',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': JOINERS_GROUP,
  };
  const encoded = Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: tokenSecretName(parts.id), namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(encoded) as Record<string, string>,
  };
}
