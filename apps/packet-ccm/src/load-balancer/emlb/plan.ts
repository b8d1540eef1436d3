// Wanted and found balancer to steps. Pure. Only differences become steps, and a pool is never emptied while there is somebody to send to:
// new origins come first, surplus ones go last. The Go program makes all origins anew in each pass.
import type { EmlbBalancerId, EmlbOrigin, EmlbOriginId, EmlbPoolId, EmlbPort, EmlbPortId } from '@longshore/packet-api';
import { balancerOfPool } from './balancer-name.ts';
import type { WantedBalancer, WantedOrigin, WantedPort } from './desired.ts';
import type { OwnBalancer } from './identity.ts';

/** A pool that a step is about: one that is there, or one that an earlier step of the plan makes. */
export type PoolRef =
  { readonly kind: 'found'; readonly id: EmlbPoolId } | { readonly kind: 'planned'; readonly name: string };

/** A pool with its origins. */
export interface FoundPool {
  readonly id: EmlbPoolId;
  readonly name: string;
  readonly protocol: string | undefined;
  readonly origins: readonly EmlbOrigin[];
}

/** A balancer with the pools of its ports, and those that have its names. */
export interface FoundBalancer extends OwnBalancer {
  readonly pools: readonly FoundPool[];
}

/** One change. */
export type Step =
  | { readonly kind: 'create-balancer'; readonly wanted: WantedBalancer }
  | { readonly kind: 'rename-balancer'; readonly id: EmlbBalancerId; readonly name: string }
  | { readonly kind: 'delete-balancer'; readonly id: EmlbBalancerId; readonly name: string }
  | { readonly kind: 'create-pool'; readonly name: string }
  | { readonly kind: 'set-pool-protocol'; readonly id: EmlbPoolId; readonly name: string }
  | { readonly kind: 'delete-pool'; readonly id: EmlbPoolId; readonly name: string }
  | { readonly kind: 'create-origin'; readonly pool: PoolRef; readonly origin: WantedOrigin }
  | { readonly kind: 'activate-origin'; readonly id: EmlbOriginId; readonly target: string }
  | { readonly kind: 'delete-origin'; readonly id: EmlbOriginId; readonly target: string; readonly portNumber: number }
  | {
      readonly kind: 'create-port';
      readonly balancer: EmlbBalancerId;
      readonly number: number;
      readonly name: string;
      readonly pool: PoolRef;
    }
  | {
      readonly kind: 'set-port-pools';
      readonly id: EmlbPortId;
      readonly number: number;
      readonly add: readonly PoolRef[];
      readonly remove: readonly EmlbPoolId[];
    }
  | { readonly kind: 'delete-port'; readonly id: EmlbPortId; readonly number: number }
  | { readonly kind: 'note-identity'; readonly annotations: Readonly<Record<string, string>> };

interface Parts {
  readonly additions: readonly Step[];
  readonly removals: readonly Step[];
  /** Pools that are in use from now on. */
  readonly used: readonly EmlbPoolId[];
}

const nothing: Parts = { additions: [], removals: [], used: [] };

/** The way from found to wanted. */
export function planBalancer(wanted: WantedBalancer, found: FoundBalancer): readonly Step[] {
  const { balancer, isOurs, pools } = found;
  const parts = wanted.ports.map((port) => planPort(port, found));
  const numbers = new Set(wanted.ports.map(({ number }) => number));
  const leavingPorts = ownPorts(found, wanted.name).filter(({ number }) => !numbers.has(number));
  const used = new Set(parts.flatMap((part) => part.used));
  const leavingPools = pools.filter(({ id, name }) => !used.has(id) && balancerOfPool(name) === wanted.name);
  return [
    ...(isOurs && balancer.name !== wanted.name
      ? [{ kind: 'rename-balancer', id: balancer.id, name: wanted.name } as const]
      : []),
    ...parts.flatMap(({ additions }) => additions),
    ...parts.flatMap(({ removals }) => removals),
    ...leavingPorts.map(({ id, number }) => ({ kind: 'delete-port', id, number }) as const),
    ...leavingPools.map(({ id, name }) => ({ kind: 'delete-pool', id, name }) as const),
  ];
}

/** The way to nothing: traffic ends first, then what it went to is removed. A balancer that is lent loses our ports only. */
export function planRemoval(name: string, found: FoundBalancer): readonly Step[] {
  const { balancer, isOurs, pools } = found;
  const ports = isOurs
    ? []
    : ownPorts(found, name).map(({ id, number }) => ({ kind: 'delete-port', id, number }) as const);
  return [
    ...ports,
    ...(isOurs ? [{ kind: 'delete-balancer', id: balancer.id, name: balancer.name } as const] : []),
    ...pools
      .filter((pool) => balancerOfPool(pool.name) === name)
      .map((pool) => ({ kind: 'delete-pool', id: pool.id, name: pool.name }) as const),
  ];
}

/** Ports of a lent balancer whose number the Service wants and that somebody else made: they are left as they are. */
export function foreignPorts(wanted: WantedBalancer, { balancer, isOurs }: OwnBalancer): readonly EmlbPort[] {
  if (isOurs) return [];
  return balancer.ports.filter((port) =>
    wanted.ports.some(({ number, name }) => number === port.number && name !== port.name),
  );
}

function ownPorts({ balancer, isOurs }: OwnBalancer, name: string): readonly EmlbPort[] {
  return balancer.ports.filter((port) => isOurs || port.name.startsWith(`${name}-port-`));
}

function planPort(wanted: WantedPort, found: FoundBalancer): Parts {
  const port = found.balancer.ports.find(({ number }) => number === wanted.number);
  if (port !== undefined && !found.isOurs && port.name !== wanted.name) return nothing;
  const pool = poolFor(wanted, port, found.pools);
  const ref: PoolRef = pool ? { kind: 'found', id: pool.id } : { kind: 'planned', name: wanted.poolName };
  const origins = planOrigins(wanted.origins, pool?.origins ?? [], ref);
  const attachment = planAttachment(wanted, { balancer: found.balancer.id, port, ref });
  return {
    additions: [...planPool(wanted, pool), ...origins.additions, ...attachment],
    removals: origins.removals,
    used: pool ? [pool.id] : [],
  };
}

// Two pools of one name are left over from a lost answer: the one that serves is kept.
function poolFor(
  { poolName }: WantedPort,
  port: EmlbPort | undefined,
  pools: readonly FoundPool[],
): FoundPool | undefined {
  const named = pools.filter(({ name }) => name === poolName);
  return named.find(({ id }) => port?.poolIds.includes(id)) ?? named[0];
}

function planPool({ poolName }: WantedPort, pool: FoundPool | undefined): readonly Step[] {
  if (pool === undefined) return [{ kind: 'create-pool', name: poolName }];
  return pool.protocol === 'tcp' ? [] : [{ kind: 'set-pool-protocol', id: pool.id, name: pool.name }];
}

// Last: a port never shows a pool that is not filled yet.
function planAttachment(
  { number, name }: WantedPort,
  {
    balancer,
    port,
    ref,
  }: { readonly balancer: EmlbBalancerId; readonly port: EmlbPort | undefined; readonly ref: PoolRef },
): readonly Step[] {
  if (port === undefined) return [{ kind: 'create-port', balancer, number, name, pool: ref }];
  const isOn = ref.kind === 'found' && port.poolIds.includes(ref.id);
  const remove = port.poolIds.filter((id) => ref.kind !== 'found' || id !== ref.id);
  if (isOn && remove.length === 0) return [];
  return [{ kind: 'set-port-pools', id: port.id, number, add: isOn ? [] : [ref], remove }];
}

function planOrigins(
  wanted: readonly WantedOrigin[],
  found: readonly EmlbOrigin[],
  pool: PoolRef,
): Pick<Parts, 'additions' | 'removals'> {
  const kept = new Set<EmlbOrigin>();
  const missing = wanted.filter(({ target, portNumber }) => {
    const same = found.filter((one) => one.target === target && one.portNumber === portNumber);
    const keep = same.find(({ isActive }) => isActive) ?? same[0];
    if (keep) kept.add(keep);
    return keep === undefined;
  });
  const inactive = [...kept].filter(({ isActive }) => !isActive);
  return {
    additions: [
      ...missing.map((origin) => ({ kind: 'create-origin', pool, origin }) as const),
      ...inactive.map(({ id, target }) => ({ kind: 'activate-origin', id, target }) as const),
    ],
    removals: found
      .filter((one) => !kept.has(one))
      .map(({ id, target, portNumber = 0 }) => ({ kind: 'delete-origin', id, target, portNumber }) as const),
  };
}
