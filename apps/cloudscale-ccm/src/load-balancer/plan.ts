// Wanted and found balancer to steps. Pure. Identity keys (a change of any part = delete and create) are those of the Go program. A pool is
// never emptied: new members come first, members that keep their address are replaced one by one, surplus ones go last.
import type {
  HealthMonitorChange,
  HealthMonitorId,
  ListenerId,
  ListenerSettings,
  LoadBalancer,
  LoadBalancerId,
  MemberId,
  PoolId,
} from '@longshore/cloudscale-api';
import type { WantedBalancer, WantedListener, WantedMember, WantedMonitor, WantedPool } from './desired.ts';
import type { FoundBalancer, FoundPool } from './observe.ts';
import { planPart } from './plan-part.ts';

/** A pool that a step is about: one that is there, or one that an earlier step of the plan makes. */
export type PoolRef =
  { readonly kind: 'found'; readonly id: PoolId } | { readonly kind: 'planned'; readonly name: string };

/** One change. */
export type Step =
  | { readonly kind: 'create-balancer'; readonly wanted: WantedBalancer }
  | { readonly kind: 'rename-balancer'; readonly id: LoadBalancerId; readonly name: string }
  | { readonly kind: 'create-pool'; readonly balancer: LoadBalancerId; readonly pool: WantedPool }
  | { readonly kind: 'delete-pool'; readonly id: PoolId; readonly name: string }
  | { readonly kind: 'create-member'; readonly pool: PoolRef; readonly member: WantedMember }
  | { readonly kind: 'delete-member'; readonly pool: PoolId; readonly id: MemberId; readonly name: string }
  | { readonly kind: 'create-listener'; readonly pool: PoolRef; readonly listener: WantedListener }
  | { readonly kind: 'delete-listener'; readonly id: ListenerId; readonly name: string }
  | { readonly kind: 'set-listener'; readonly id: ListenerId; readonly change: Partial<ListenerSettings> }
  | { readonly kind: 'create-monitor'; readonly pool: PoolRef; readonly monitor: WantedMonitor }
  | { readonly kind: 'delete-monitor'; readonly id: HealthMonitorId; readonly type: string }
  | { readonly kind: 'set-monitor'; readonly id: HealthMonitorId; readonly change: HealthMonitorChange }
  | { readonly kind: 'assign-floating-ip'; readonly address: string; readonly balancer: LoadBalancerId }
  | { readonly kind: 'note-identity'; readonly annotations: Readonly<Record<string, string>> };

/** The way from found to wanted. The balancer itself is there and not `changing`. */
export function planBalancer(wanted: WantedBalancer, found: FoundBalancer): readonly Step[] {
  const { balancer } = found;
  const matches = matchPools(wanted.pools, found.pools);
  const fresh = matches.filter((match) => match.found === undefined).map(({ wanted: pool }) => pool);
  const kept = matches.flatMap((match) => (match.found ? [{ wanted: match.wanted, found: match.found }] : []));
  const keptIds = new Set(kept.map((match) => match.found.pool.id));
  const parts = kept.map((match) => planPart(match.wanted, match.found));
  return [
    ...(balancer.name === wanted.name
      ? []
      : [{ kind: 'rename-balancer', id: balancer.id, name: wanted.name } as const]),
    ...fresh.flatMap((pool) => planNewPool(pool, balancer)),
    ...parts.flatMap(({ members }) => members),
    // A port belongs to one listener: what is in the way goes right before what takes its place.
    ...found.pools
      .filter(({ pool }) => !keptIds.has(pool.id))
      .map(({ pool: { id, name } }) => ({ kind: 'delete-pool', id, name }) as const),
    ...parts.flatMap(({ removals }) => removals),
    ...fresh.map((pool) => ({ kind: 'create-listener', pool: planned(pool), listener: pool.listener }) as const),
    ...parts.flatMap(({ creations }) => creations),
    ...parts.flatMap(({ changes }) => changes),
  ];
}

function planNewPool(pool: WantedPool, { id }: LoadBalancer): readonly Step[] {
  return [
    { kind: 'create-pool', balancer: id, pool },
    ...pool.members.map((member) => ({ kind: 'create-member', pool: planned(pool), member }) as const),
    { kind: 'create-monitor', pool: planned(pool), monitor: pool.monitor },
  ];
}

function planned({ name }: WantedPool): PoolRef {
  return { kind: 'planned', name };
}

interface Match {
  readonly wanted: WantedPool;
  readonly found: FoundPool | undefined;
}

// Two pools of one key are left over from a lost answer: the one that serves is kept.
function matchPools(wanted: readonly WantedPool[], found: readonly FoundPool[]): readonly Match[] {
  const byKey = Map.groupBy(found, ({ pool }) => keyOfPool(pool));
  return wanted.map((pool) => {
    const candidates = byKey.get(keyOfPool(pool)) ?? [];
    return { wanted: pool, found: candidates.find(({ listeners }) => listeners.length > 0) ?? candidates[0] };
  });
}

function keyOfPool(pool: { readonly name: string; readonly algorithm: string; readonly protocol: string }): string {
  return JSON.stringify([pool.name, pool.algorithm, pool.protocol]);
}
