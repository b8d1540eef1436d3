// Load balancers, ports, pools and origins as the service writes them.
import { isTrue, listOf, optionalText, optionalObject, parseObject, parseText } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { optionalCount, optionalTime } from '../fields.ts';
import { ownEmlbId } from './emlb-ids.ts';
import type { EmlbBalancerId, EmlbOriginId, EmlbPoolId, EmlbPortId } from './emlb-ids.ts';

/** Metros that the service was in, with the IDs of its locations. */
export const EMLB_LOCATION_IDS: Readonly<Record<string, string>> = {
  da: 'lctnloc--uxs0GLeAELHKV8GxO_AI',
  ny: 'lctnloc-Vy-1Qpw31mPi6RJQwVf9A',
  sv: 'lctnloc-H5rl2M2VL5dcFmdxhbEKx',
};

/** Protocols of pools. */
export type EmlbProtocol = 'tcp' | 'udp' | (string & {});

/** A load balancer. */
export interface EmlbBalancer {
  readonly id: EmlbBalancerId;
  /** '' for the nameless ones that some programs made. */
  readonly name: string;
  readonly createdAt: string | undefined;
  /** ID of its location. */
  readonly locationId: string | undefined;
  /** Code of its metro, where the location is a known one. */
  readonly metro: string | undefined;
  readonly ports: readonly EmlbBalancerPort[];
  /** None until it is ready. */
  readonly ips: readonly string[];
}

/** A port, and what of its pools the balancer shows with it. */
export interface EmlbBalancerPort extends EmlbPort {
  readonly pools: readonly EmlbPool[];
}

/** A port of a balancer. */
export interface EmlbPort {
  readonly id: EmlbPortId;
  readonly name: string;
  readonly number: number;
  readonly poolIds: readonly EmlbPoolId[];
}

/** A pool: who answers for a port. */
export interface EmlbPool {
  readonly id: EmlbPoolId;
  readonly name: string;
  readonly protocol: EmlbProtocol | undefined;
  /** Absent where an answer names the pool only: ask for them. */
  readonly origins: readonly EmlbOrigin[] | undefined;
}

/** One address and port in a pool. */
export interface EmlbOrigin {
  readonly id: EmlbOriginId;
  readonly name: string;
  /** An address. */
  readonly target: string;
  readonly portNumber: number | undefined;
  readonly isActive: boolean;
}

/** A balancer as the service writes it. */
export function parseEmlbBalancer(raw: unknown): EmlbBalancer {
  const balancer = parseObject(raw, 'load balancer');
  const location = optionalObject(balancer['location']);
  const locationId = location && optionalText(location, 'id');
  const pools = listOf(balancer, 'pools', parsePoolsOfPort);
  return {
    id: ownEmlbId<EmlbBalancerId>(balancer),
    name: optionalText(balancer, 'name') ?? '',
    createdAt: optionalTime(balancer, 'created_at'),
    locationId,
    metro: Object.entries(EMLB_LOCATION_IDS).find(([, id]) => id === locationId)?.[0],
    ports: listOf(balancer, 'ports', parseEmlbPort).map((port, index) => withPools(port, pools[index] ?? [])),
    ips: listOf(balancer, 'ips', parseText),
  };
}

/** A port as the service writes it. */
export function parseEmlbPort(raw: unknown): EmlbPort {
  const port = parseObject(raw, 'port of a load balancer');
  const number = optionalCount(port, 'number');
  if (number === undefined) throw new Error('field "number" of a port is not a number');
  return {
    id: ownEmlbId<EmlbPortId>(port),
    name: optionalText(port, 'name') ?? '',
    number,
    poolIds: listOf(port, 'pool_ids', parseText) as readonly EmlbPoolId[],
  };
}

/** A pool as the service writes it. */
export function parseEmlbPool(raw: unknown): EmlbPool {
  const pool = parseObject(raw, 'pool');
  return {
    id: ownEmlbId<EmlbPoolId>(pool),
    name: optionalText(pool, 'name') ?? '',
    protocol: optionalText(pool, 'protocol'),
    origins: Array.isArray(pool['origins']) ? originsIn(pool) : undefined,
  };
}

/** An origin as the service writes it. */
export function parseEmlbOrigin(raw: unknown): EmlbOrigin {
  const origin = parseObject(raw, 'origin');
  return {
    id: ownEmlbId<EmlbOriginId>(origin),
    name: optionalText(origin, 'name') ?? '',
    target: optionalText(origin, 'target') ?? '',
    portNumber: optionalCount(origin, 'port_number'),
    isActive: isTrue(origin, 'active'),
  };
}

// A list with something in it that is no origin (an ID, a link) tells nothing about them.
function originsIn(pool: JsonObject): readonly EmlbOrigin[] | undefined {
  const isWhole = listOf(pool, 'origins', (item) => optionalObject(item)?.['target'] !== undefined).every(Boolean);
  return isWhole ? listOf(pool, 'origins', parseEmlbOrigin) : undefined;
}

function parsePoolsOfPort(raw: unknown): readonly EmlbPool[] {
  return Array.isArray(raw) ? raw.map(parseEmlbPool) : [];
}

// The list of pools is parallel to the ports; a port's own list of IDs is the better source where both are there.
function withPools(port: EmlbPort, pools: readonly EmlbPool[]): EmlbBalancerPort {
  const ids = port.poolIds.length > 0 ? port.poolIds : pools.map(({ id }) => id);
  return { ...port, poolIds: ids, pools: pools.filter(({ id }) => ids.includes(id)) };
}
