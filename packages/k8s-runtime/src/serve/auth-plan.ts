// Who asks, and may they: the decisions of delegated authentication and authorization, without the calls. delegated-auth.ts asks the API server.
import { createHash } from 'node:crypto';
import type { ClientCertificate, PageRequest } from './page.ts';

/** A user as Kubernetes sees one. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Whose certificates are trusted, and which headers an authenticating proxy sets. */
export interface AuthenticationConfig {
  /** SHA-256 fingerprints of the CA certificates that sign users. */
  readonly clientCas: ReadonlySet<string>;
  /** The same of the CAs that sign proxies. */
  readonly proxyCas: ReadonlySet<string>;
  /** Common names of proxies; empty: any that the CA signed. */
  readonly proxyNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** What the request itself says about its sender. */
export type Claim =
  | { readonly kind: 'user'; readonly user: UserInfo }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'refused' };

/** Nobody in particular. */
export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
/** Members may do everything. */
export const MASTERS = 'system:masters';
const AUTHENTICATED = 'system:authenticated';

/** In the API server's order: proxy headers, client certificate, bearer token, nobody. A certificate that no CA of ours vouches for is refused. */
export function planIdentity(request: PageRequest, config: AuthenticationConfig): Claim {
  const { clientCertificate: certificate, headers } = request;
  const proxied = certificate && isProxy(certificate, config) ? userFromHeaders(headers, config) : undefined;
  if (proxied) return { kind: 'user', user: authenticated(proxied) };
  const user = certificate && userFromCertificate(certificate, config);
  if (user) return { kind: 'user', user: authenticated(user) };
  const token = bearerToken(headers);
  if (token !== undefined) return { kind: 'token', token };
  const mustKnow = config.clientCas.size + config.proxyCas.size > 0;
  return certificate && mustKnow ? { kind: 'refused' } : { kind: 'anonymous' };
}

function isProxy(certificate: ClientCertificate, config: AuthenticationConfig): boolean {
  if (!certificate.isTrusted || !leadsTo(certificate, config.proxyCas)) return false;
  return config.proxyNames.length === 0 || config.proxyNames.includes(certificate.commonName);
}

function userFromCertificate(certificate: ClientCertificate, config: AuthenticationConfig): UserInfo | undefined {
  if (!certificate.isTrusted || !leadsTo(certificate, config.clientCas) || certificate.commonName === '')
    return undefined;
  return { name: certificate.commonName, groups: certificate.organizations };
}

function leadsTo(certificate: ClientCertificate, cas: ReadonlySet<string>): boolean {
  return certificate.chain.some((fingerprint) => cas.has(fingerprint));
}

function userFromHeaders(headers: PageRequest['headers'], config: AuthenticationConfig): UserInfo | undefined {
  const name = valuesOf(headers, config.usernameHeaders)[0];
  if (name === undefined) return undefined;
  const uid = valuesOf(headers, config.uidHeaders)[0];
  const extra = extraFromHeaders(headers, config.extraHeaderPrefixes);
  return { name, groups: valuesOf(headers, config.groupHeaders), extra, ...(uid === undefined ? {} : { uid }) };
}

function valuesOf(headers: PageRequest['headers'], names: readonly string[]): readonly string[] {
  return names.flatMap((name) => headers[name.toLowerCase()] ?? []).filter((value) => value !== '');
}

function extraFromHeaders(
  headers: PageRequest['headers'],
  prefixes: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  for (const prefix of prefixes.map((text) => text.toLowerCase())) {
    for (const name of Object.keys(headers).filter((header) => header.startsWith(prefix))) {
      extra[decodeKey(name.slice(prefix.length))] = valuesOf(headers, [name]);
    }
  }
  return extra;
}

/** Keys are percent-encoded by proxies; one that is not stays as it is. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bearerToken(headers: PageRequest['headers']): string | undefined {
  const match = /^bearer +(\S+)$/i.exec(headers['authorization']?.[0]?.trim() ?? '');
  return match?.[1];
}

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

/** The user of a TokenReview's answer; undefined when the token is not good. */
export function userFromTokenReview(body: unknown): UserInfo | undefined {
  const { status } = body as { readonly status?: { readonly authenticated?: boolean; readonly user?: unknown } };
  if (!status?.authenticated) return undefined;
  const {
    username = '',
    uid = '',
    groups = [],
    extra = {},
  } = (status.user ?? {}) as {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  return authenticated({ name: username, uid, groups, extra });
}

/** What can be said without asking the API server. */
export function planAuthorization(
  user: UserInfo,
  request: Pick<PageRequest, 'path'>,
  alwaysAllowPaths: readonly string[],
): 'allowed' | 'ask' {
  if (user.groups.includes(MASTERS)) return 'allowed';
  return alwaysAllowPaths.some((allowed) => coversPath(allowed, request.path)) ? 'allowed' : 'ask';
}

function coversPath(allowed: string, path: string): boolean {
  return allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : allowed === path;
}

/** The question to the API server: may this user use this verb on this path? */
export function toAccessReview(user: UserInfo, request: Pick<PageRequest, 'method' | 'path'>): object {
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.name,
      groups: user.groups,
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
      nonResourceAttributes: { path: request.path, verb: request.method.toLowerCase() },
    },
  };
}

/** True when a SubjectAccessReview's answer allows. */
export function isAccessAllowed(body: unknown): boolean {
  const { status } = body as { readonly status?: { readonly allowed?: boolean; readonly denied?: boolean } };
  return status?.allowed === true && status.denied !== true;
}

/** Answers are remembered by this, never by the secret itself. */
export function cacheKeyOf(secretOrQuestion: string): string {
  return createHash('sha256').update(secretOrQuestion).digest('base64');
}
