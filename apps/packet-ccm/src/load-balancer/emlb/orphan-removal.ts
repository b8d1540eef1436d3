// `orphans --delete` for one balancer or pool: looks again right before, keeps what belongs to somebody by now.
import type { OrphanRemoval } from '@longshore/cloud-provider';
import type { EmlbBalancerId, EmlbPoolId } from '@longshore/packet-api';
import { applySteps } from './apply.ts';
import type { ApplyContext } from './apply.ts';
import { balancerOfPool, isOfThisCluster } from './balancer-name.ts';
import type { OwnedNames } from './identity.ts';
import { observeOwnPools } from './observe.ts';
import { planRemoval } from './plan.ts';

/** One of the two is there. */
export interface OrphanedPart {
  readonly id: string;
  readonly balancerId: EmlbBalancerId | undefined;
  readonly poolId: EmlbPoolId | undefined;
}

const CHECK_AGAIN_MS = 2_000;
const removed: OrphanRemoval = { kind: 'removed' };

/** Removes it, or says why not. */
export async function removeOrphanedPart(
  { id, balancerId, poolId }: OrphanedPart,
  owned: OwnedNames,
  context: ApplyContext,
): Promise<OrphanRemoval> {
  if (balancerId !== undefined) return removeBalancer(balancerId, owned, context);
  if (poolId !== undefined) return removePool(poolId, owned, context);
  return { kind: 'kept', reason: `${id} is the ID of neither a load balancer nor a pool` };
}

/** Why what has this name is not an orphan; undefined when nothing shows an owner. Pure. */
export function reasonToKeep(name: string, id: string, { owned, noted, clusterId }: OwnedNames): string | undefined {
  if (!isOfThisCluster(name, clusterId)) return 'its name does not say that it was made in this cluster';
  return owned.has(name) || noted.has(id) ? 'a Service owns it' : undefined;
}

async function removeBalancer(id: EmlbBalancerId, owned: OwnedNames, context: ApplyContext): Promise<OrphanRemoval> {
  const { api, signal } = context;
  const balancer = await api.balancers.get(id, signal);
  if (balancer === undefined) return removed;
  const reason = reasonToKeep(balancer.name, id, owned);
  if (reason !== undefined) return { kind: 'kept', reason };
  const pools = await observeOwnPools(balancer.name, context);
  await applySteps(planRemoval(balancer.name, { balancer, isOurs: true, pools }), [], context);
  if ((await api.balancers.get(id, signal)) === undefined) return removed;
  return { kind: 'in-progress', checkAgainMs: CHECK_AGAIN_MS, waitingFor: 'the load balancer service removes it' };
}

async function removePool(id: EmlbPoolId, owned: OwnedNames, context: ApplyContext): Promise<OrphanRemoval> {
  const { api, signal, projectId } = context;
  const pool = await api.pools.get(id, signal);
  if (pool === undefined) return removed;
  const name = balancerOfPool(pool.name) ?? '';
  const balancers = await api.balancers.list(projectId, signal);
  const isInUse = balancers.some(({ ports }) => ports.some(({ poolIds }) => poolIds.includes(id)));
  const reason = isInUse ? 'a port of a load balancer uses it' : reasonToKeep(name, id, owned);
  if (reason !== undefined) return { kind: 'kept', reason };
  await applySteps([{ kind: 'delete-pool', id, name: pool.name }], [], context);
  return removed;
}
