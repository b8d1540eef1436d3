// What a balancer and its members show when. Pure. The API has no word for "the data plane has followed": a member is `changing` until
// its monitor has an opinion, and a balancer whose monitored members are all down is in `error` until one is up.
import type { WireCloudscaleLoadBalancer, WireCloudscaleMember } from './wire.ts';
import type { LoadBalancerRecord, MemberRecord, PoolRecord, World } from './world.ts';

/** Status of a balancer. */
export function statusOfBalancer(
  balancer: LoadBalancerRecord,
  world: World,
  nowMs: number,
): WireCloudscaleLoadBalancer['status'] {
  if (balancer.goneAtMs !== undefined) return 'changing';
  if (balancer.forcedStatus !== undefined) return balancer.forcedStatus;
  if (nowMs < balancer.runningAtMs) return 'changing';
  const statuses = membersOf(balancer, world).map((member) => memberStatus(member, world, nowMs));
  const monitored = statuses.filter((status) => status !== 'no_monitor');
  return monitored.length > 0 && monitored.every((status) => status === 'down') ? 'error' : 'running';
}

/** What the monitor of its pool thinks of a member. */
export function memberStatus(
  member: MemberRecord,
  world: World,
  nowMs: number,
): WireCloudscaleMember['monitor_status'] {
  const isMonitored = [...world.monitors.values()].some(({ poolUuid }) => poolUuid === member.poolUuid);
  if (!isMonitored || !member.enabled) return 'no_monitor';
  if (nowMs < member.settledAtMs) return 'changing';
  return world.sickAddresses.has(member.address) ? 'down' : 'up';
}

/** The pools of a balancer. */
export function poolsOf({ uuid }: { readonly uuid: string }, world: World): readonly PoolRecord[] {
  return [...world.pools.values()].filter(({ loadBalancerUuid }) => loadBalancerUuid === uuid);
}

function membersOf(balancer: LoadBalancerRecord, world: World): readonly MemberRecord[] {
  const pools = new Set(poolsOf(balancer, world).map(({ uuid }) => uuid));
  return [...world.members.values()].filter(({ poolUuid }) => pools.has(poolUuid));
}

/** The world without these pools and what hangs on them. */
export function withoutPools(world: World, gone: ReadonlySet<string>): Partial<World> {
  const left = <T extends { readonly poolUuid: string }>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...map].filter(([, { poolUuid }]) => !gone.has(poolUuid)));
  return {
    pools: new Map([...world.pools].filter(([uuid]) => !gone.has(uuid))),
    members: left(world.members),
    listeners: left(world.listeners),
    monitors: left(world.monitors),
  };
}

/** The world without a balancer. Floating IPs that pointed at it stay, pointing nowhere. */
export function withoutBalancer(world: World, uuid: string): Partial<World> {
  const loadBalancers = new Map(world.loadBalancers);
  loadBalancers.delete(uuid);
  const floatingIps = new Map(
    [...world.floatingIps].map(([key, ip]) => [key, ip.target?.uuid === uuid ? { ...ip, target: undefined } : ip]),
  );
  const pools = new Set(poolsOf({ uuid }, world).map((pool) => pool.uuid));
  return { ...withoutPools(world, pools), loadBalancers, floatingIps };
}
