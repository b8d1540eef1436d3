// What the service has of one balancer. The balancer itself tells nearly all; lists are read only where something has to be found by name.
import type { EmlbApi, EmlbPool, EmlbPoolId, ProjectId } from '@longshore/packet-api';
import type { OwnBalancer } from './identity.ts';
import { poolsOf } from './identity.ts';
import type { FoundBalancer, FoundPool } from './plan.ts';

/** The calls that are needed. */
export type EmlbCalls = Pick<EmlbApi, 'balancers' | 'ports' | 'pools' | 'origins'>;

/** Whom to ask, and about what. */
export interface Observation {
  readonly api: EmlbCalls;
  readonly projectId: ProjectId;
  readonly signal: AbortSignal;
}

/** The pools of the balancer's ports; with `names`, pools of these names too, should one of them not be on a port. */
export async function observeBalancer(
  own: OwnBalancer,
  { name, poolNames }: { readonly name: string; readonly poolNames: readonly string[] },
  at: Observation,
): Promise<FoundBalancer> {
  const shown = new Map(own.balancer.ports.flatMap(({ pools }) => pools).map((pool) => [pool.id, pool]));
  const attached = [...new Set(own.balancer.ports.flatMap(({ poolIds }) => poolIds))];
  const lookUp = async (id: EmlbPoolId): Promise<EmlbPool | undefined> =>
    shown.get(id) ?? at.api.pools.get(id, at.signal);
  const onPorts = await Promise.all(attached.map(lookUp));
  const known = onPorts.filter((pool) => pool !== undefined);
  const isComplete = poolNames.every((poolName) => known.some((pool) => pool.name === poolName));
  const listed = isComplete ? [] : poolsOf(name, await at.api.pools.list(at.projectId, at.signal));
  const all = new Map<EmlbPoolId, EmlbPool>([...listed, ...known].map((pool) => [pool.id, pool]));
  const pools = await Promise.all([...all.values()].map((pool) => withOrigins(pool, at)));
  return { ...own, pools };
}

/** All pools that were made for a balancer of that name; their origins do not count. */
export async function observeOwnPools(
  name: string,
  { api, projectId, signal }: Observation,
): Promise<readonly FoundPool[]> {
  const pools = poolsOf(name, await api.pools.list(projectId, signal));
  return pools.map(({ id, name: own, protocol }) => ({ id, name: own, protocol, origins: [] }));
}

async function withOrigins(pool: EmlbPool, { api, signal }: Observation): Promise<FoundPool> {
  const { id, name, protocol } = pool;
  return { id, name, protocol, origins: pool.origins ?? (await api.origins.list(id, signal)) };
}
