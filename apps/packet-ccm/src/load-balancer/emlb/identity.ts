// Which balancer is a Service's? Pure. By the ID that is noted on the Service, and by name where the note is lost: so a lost note never
// makes a second one. A balancer that the Service names and that has a name of somebody else's giving is lent: its owner keeps it.
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import type { EmlbBalancer, EmlbPool } from '@longshore/packet-api';
import { balancerOfPool, isAutomaticName, isOfThisCluster } from './balancer-name.ts';

/** A balancer of a Service. */
export interface OwnBalancer {
  readonly balancer: EmlbBalancer;
  /** Ours to rename and remove; else only our ports on it are. */
  readonly isOurs: boolean;
}

/** What the noted ID leads to, if it is the Service's. A copied note that leads to another Service's balancer counts for nothing. */
export function ownByNote(noted: EmlbBalancer | undefined, name: string): OwnBalancer | undefined {
  if (noted === undefined) return undefined;
  // Nameless ones were made by the Go program for Services whose note was lost.
  const isOurs = noted.name === name || noted.name === '';
  return isOurs || !isAutomaticName(noted.name) ? { balancer: noted, isOurs } : undefined;
}

/** The balancers of that name, oldest first: the first is used, the others are left over from lost answers. */
export function balancersNamed(name: string, balancers: readonly EmlbBalancer[]): readonly EmlbBalancer[] {
  return balancers.filter((balancer) => balancer.name === name).toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** The pools that were made for a balancer of that name. */
export function poolsOf(name: string, pools: readonly EmlbPool[]): readonly EmlbPool[] {
  return pools.filter((pool) => balancerOfPool(pool.name) === name);
}

/** Balancers, and pools without one, that were made in this cluster for none of its Services. */
export function orphansAmong(
  { balancers, pools }: { readonly balancers: readonly EmlbBalancer[]; readonly pools: readonly EmlbPool[] },
  { owned, noted, clusterId }: OwnedNames,
): readonly OrphanedBalancer[] {
  const isOrphaned = (name: string): boolean => isOfThisCluster(name, clusterId) && !owned.has(name);
  const lost = balancers.filter(({ id, name }) => isOrphaned(name) && !noted.has(id));
  const withBalancer = new Set(balancers.map(({ name }) => name));
  const leftPools = pools.filter(({ name }) => {
    const balancerName = balancerOfPool(name) ?? '';
    return isOrphaned(balancerName) && !withBalancer.has(balancerName);
  });
  const reason = 'it was made for a Service that is not there';
  return [...lost, ...leftPools].map(({ id, name }) => ({ id, name, reason }));
}

/** What Services own. */
export interface OwnedNames {
  /** Names of balancers. */
  readonly owned: ReadonlySet<string>;
  /** IDs that Services note. */
  readonly noted: ReadonlySet<string | undefined>;
  readonly clusterId: string;
}

function sortKey({ createdAt = '', id }: EmlbBalancer): string {
  return `${createdAt} ${id}`;
}
