// Branded UUIDs: a pool's and a member's cannot be swapped. They cost nothing at run time.

/** UUID of a server. */
export type ServerId = string & { readonly __id: 'server' };
/** UUID of a load balancer. */
export type LoadBalancerId = string & { readonly __id: 'load-balancer' };
/** UUID of a pool. */
export type PoolId = string & { readonly __id: 'pool' };
/** UUID of a member. */
export type MemberId = string & { readonly __id: 'member' };
/** UUID of a listener. */
export type ListenerId = string & { readonly __id: 'listener' };
/** UUID of a health monitor. */
export type HealthMonitorId = string & { readonly __id: 'health-monitor' };
/** UUID of a subnet. */
export type SubnetId = string & { readonly __id: 'subnet' };
/** UUID of a network. */
export type NetworkId = string & { readonly __id: 'network' };

/** Any of them. */
export type AnyId = ServerId | LoadBalancerId | PoolId | MemberId | ListenerId | HealthMonitorId | SubnetId | NetworkId;

/** A UUID in lower case with hyphens; undefined for what is none. Hyphens and case do not matter, as in Go's parser. */
export function canonicalUuid(text: string): string | undefined {
  const bare = text.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  const isUuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(bare) || /^[0-9a-f]{32}$/i.test(bare);
  if (!isUuid) return undefined;
  const digits = bare.replaceAll('-', '').toLowerCase();
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}

/** A UUID as an id; throws for what is none, because it would become part of a path. */
export function parseId<T extends AnyId>(raw: unknown): T {
  const uuid = typeof raw === 'string' ? canonicalUuid(raw) : undefined;
  if (uuid === undefined) throw new Error(`${JSON.stringify(raw)} is not a UUID`);
  return uuid as T;
}

/** A UUID that a user wrote as an id; undefined for what is none. */
export function toId<T extends AnyId>(text: string): T | undefined {
  return canonicalUuid(text) as T | undefined;
}
