// How the load balancer service shows what it has. Pure.
import { EMLB_LOCATIONS, EMLB_PROVIDER_ID } from './emlb-world.ts';
import type { BalancerPortRecord, BalancerRecord, EmlbWorld, OriginRecord, PoolRecord } from './emlb-world.ts';

/** A balancer; its lists of pools are parallel to its ports. */
export interface WireEmlbBalancer {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly provider: { readonly id: string; readonly name: string };
  readonly location: { readonly id: string; readonly name: string };
  readonly ports: readonly WireEmlbPort[];
  readonly pools: readonly (readonly WireEmlbPool[])[];
  /** Empty until it is ready. */
  readonly ips: readonly string[];
}

/** A port. */
export interface WireEmlbPort {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly pool_ids: readonly string[];
}

/** A pool. */
export interface WireEmlbPool {
  readonly id: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly origins: readonly WireEmlbOrigin[];
}

/** An origin. */
export interface WireEmlbOrigin {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly port_number: number;
  readonly active: boolean;
  readonly pool_id: string;
}

/** A balancer as it is now. */
export function viewBalancer(world: EmlbWorld, record: BalancerRecord, nowMs: number): WireEmlbBalancer {
  const ports = [...world.ports.values()].filter(({ balancerId }) => balancerId === record.id);
  const metro = Object.entries(EMLB_LOCATIONS).find(([, id]) => id === record.locationId)?.[0] ?? '';
  return {
    id: record.id,
    name: record.name,
    created_at: record.createdAt,
    updated_at: record.updatedAt,
    provider: { id: EMLB_PROVIDER_ID, name: 'Equinix Metal' },
    location: { id: record.locationId, name: metro },
    ports: ports.map(viewPort),
    pools: ports.map(({ poolIds }) => poolIds.flatMap((id) => poolOf(world, id))),
    ips: nowMs >= record.readyAtMs ? record.ips : [],
  };
}

/** A port. */
export function viewPort({ id, name, number, poolIds }: BalancerPortRecord): WireEmlbPort {
  return { id, name, number, pool_ids: poolIds };
}

/** A pool with its origins. */
export function viewPool({ origins }: EmlbWorld, { id, name, protocol }: PoolRecord): WireEmlbPool {
  const mine = [...origins.values()].filter(({ poolId }) => poolId === id);
  return { id, name, protocol, origins: mine.map(viewOrigin) };
}

/** An origin. */
export function viewOrigin({ id, name, target, portNumber, isActive, poolId }: OriginRecord): WireEmlbOrigin {
  return { id, name, target, port_number: portNumber, active: isActive, pool_id: poolId };
}

function poolOf(world: EmlbWorld, id: string): readonly WireEmlbPool[] {
  const pool = world.pools.get(id);
  return pool === undefined ? [] : [viewPool(world, pool)];
}
