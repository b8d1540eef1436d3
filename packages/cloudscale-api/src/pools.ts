// Pools of a balancer and their members. Only names and tags of a pool can be changed, of a member also whether it is enabled.
import { isTrue, optionalNumber, optionalText, parseObject, requiredNumber, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { LoadBalancerId, MemberId, PoolId, SubnetId } from './ids.ts';
import { parseRequiredRef, parseSubnetRef } from './refs.ts';
import type { SubnetRef } from './refs.ts';

/** How a pool chooses a member. */
export type PoolAlgorithm = 'round_robin' | 'least_connections' | 'source_ip' | (string & {});
/** How a pool speaks to its members. */
export type PoolProtocol = 'tcp' | 'proxy' | 'proxyv2' | 'udp' | (string & {});

/** A pool. */
export interface Pool {
  readonly id: PoolId;
  readonly name: string;
  readonly loadBalancerId: LoadBalancerId;
  readonly algorithm: PoolAlgorithm;
  readonly protocol: PoolProtocol;
  readonly tags: Tags;
}

/** A pool that shall be. */
export interface PoolSpec {
  readonly name: string;
  readonly loadBalancerId: LoadBalancerId;
  readonly algorithm: PoolAlgorithm;
  readonly protocol: PoolProtocol;
  readonly tags?: Tags;
}

/** A member. */
export interface Member {
  readonly id: MemberId;
  readonly poolId: PoolId;
  readonly name: string;
  readonly enabled: boolean;
  readonly address: string;
  readonly subnet: SubnetRef | undefined;
  readonly protocolPort: number;
  /** Absent: the protocol port. */
  readonly monitorPort: number | undefined;
  readonly monitorStatus: 'up' | 'down' | 'changing' | 'no_monitor' | 'unknown' | (string & {});
  readonly tags: Tags;
}

/** A member that shall be. */
export interface MemberSpec {
  readonly name: string;
  readonly address: string;
  readonly subnet: SubnetId;
  readonly protocolPort: number;
  readonly monitorPort?: number;
  readonly tags?: Tags;
}

/** Calls about pools. */
export class Pools {
  readonly #calls: ResourceCalls<Pool>;

  constructor(http: CloudHttp) {
    const path = '/v1/load-balancers/pools';
    this.#calls = new ResourceCalls(http, { path, name: path, parse: parsePool });
  }

  /** All pools of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly Pool[]> {
    return this.#calls.list(signal, tags);
  }

  get(id: PoolId, signal: AbortSignal): Promise<Pool | undefined> {
    return this.#calls.get(id, signal);
  }

  create({ loadBalancerId, ...spec }: PoolSpec, signal: AbortSignal): Promise<Pool> {
    return this.#calls.create({ ...spec, load_balancer: loadBalancerId }, signal);
  }

  rename(id: PoolId, name: string, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, { name }, signal);
  }

  /** Removes it with its members, listeners and monitor. */
  remove(id: PoolId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

/** Calls about members of pools. */
export class Members {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All members of a pool; undefined when the API itself says that there is no such pool. */
  list(poolId: PoolId, signal: AbortSignal): Promise<readonly Member[] | undefined> {
    return this.#of(poolId).listIfParentExists(signal);
  }

  create(poolId: PoolId, spec: MemberSpec, signal: AbortSignal): Promise<Member> {
    const { protocolPort, monitorPort, ...rest } = spec;
    const ports = { protocol_port: protocolPort, ...(monitorPort === undefined ? {} : { monitor_port: monitorPort }) };
    return this.#of(poolId).create({ ...rest, ...ports }, signal);
  }

  setEnabled(poolId: PoolId, id: MemberId, enabled: boolean, signal: AbortSignal): Promise<Change> {
    return this.#of(poolId).patch(id, { enabled }, signal);
  }

  remove(poolId: PoolId, id: MemberId, signal: AbortSignal): Promise<Removal> {
    return this.#of(poolId).remove(id, signal);
  }

  #of(poolId: PoolId): ResourceCalls<Member> {
    const at = { path: `/v1/load-balancers/pools/${poolId}/members`, name: '/v1/load-balancers/pools/{id}/members' };
    return new ResourceCalls(this.#http, { ...at, parse: parseMember });
  }
}

/** A pool as the API writes it. */
export function parsePool(raw: unknown): Pool {
  const pool = parseObject(raw, 'pool');
  return {
    id: parseId<PoolId>(pool['uuid']),
    name: requiredText(pool, 'name'),
    loadBalancerId: parseRequiredRef<LoadBalancerId>(pool['load_balancer']),
    algorithm: requiredText(pool, 'algorithm'),
    protocol: requiredText(pool, 'protocol'),
    tags: parseTags(pool['tags']),
  };
}

/** A member as the API writes it. */
export function parseMember(raw: unknown): Member {
  const member = parseObject(raw, 'member');
  return {
    id: parseId<MemberId>(member['uuid']),
    poolId: parseRequiredRef<PoolId>(member['pool']),
    name: requiredText(member, 'name'),
    enabled: isTrue(member, 'enabled'),
    address: requiredText(member, 'address'),
    subnet: parseSubnetRef(member['subnet']),
    protocolPort: requiredNumber(member, 'protocol_port'),
    monitorPort: optionalNumber(member, 'monitor_port'),
    monitorStatus: optionalText(member, 'monitor_status') ?? 'unknown',
    tags: parseTags(member['tags']),
  };
}
