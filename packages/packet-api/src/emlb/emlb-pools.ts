// Calls about pools and the origins in them. Pools belong to the project, ports of balancers name them.
import { withoutAbsent } from '@longshore/cloud-http';
import type { ProjectId } from '../ids.ts';
import { listPaged } from '../lists.ts';
import { creating, getting, removing, route, setting } from '../routes.ts';
import type { Removal } from '../routes.ts';
import type { EmlbHttp } from './emlb-http.ts';
import type { EmlbOriginId, EmlbPoolId } from './emlb-ids.ts';
import { parseMade } from './emlb-made.ts';
import { parseEmlbOrigin, parseEmlbPool } from './emlb-model.ts';
import type { EmlbOrigin, EmlbPool, EmlbProtocol } from './emlb-model.ts';

/** A pool to make. */
export interface EmlbPoolSpec {
  readonly name: string;
  readonly protocol: EmlbProtocol;
}

/** An origin to make. */
export interface EmlbOriginSpec {
  readonly name: string;
  /** An address. */
  readonly target: string;
  readonly portNumber: number;
  /** Default true. */
  readonly isActive?: boolean;
}

const ALL = '/v1/projects/{id}/loadbalancers/pools';
const ONE = '/v1/loadbalancers/pools/{id}';
const ORIGINS = '/v1/loadbalancers/pools/{id}/origins';
const ORIGIN = '/v1/loadbalancers/pools/origins/{id}';

/** Calls about pools. */
export class EmlbPools {
  readonly #http: EmlbHttp;

  constructor(http: EmlbHttp) {
    this.#http = http;
  }

  /** All pools of the project. */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly EmlbPool[]> {
    const idOf = ({ id }: EmlbPool): string => id;
    return listPaged(this.#http, { at: route(ALL, projectId), key: 'pools', parse: parseEmlbPool, idOf }, signal);
  }

  /** One pool; `undefined` only when the service itself says that there is none. */
  get(id: EmlbPoolId, signal: AbortSignal): Promise<EmlbPool | undefined> {
    return this.#http.send(getting(route(ONE, id), parseEmlbPool), signal);
  }

  /** Makes a pool. When the answer is lost, look for its name before making another: names are not unique. */
  create(projectId: ProjectId, { name, protocol }: EmlbPoolSpec, signal: AbortSignal): Promise<EmlbPoolId> {
    const call = creating(route(ALL, projectId), { name, protocol }, parseMade<EmlbPoolId>);
    return this.#http.send(call, signal);
  }

  /** Changes what is given; `undefined` when there is no such pool. */
  update(id: EmlbPoolId, change: Partial<EmlbPoolSpec>, signal: AbortSignal): Promise<EmlbPoolId | undefined> {
    const body = withoutAbsent({ name: change.name, protocol: change.protocol });
    return this.#http.send(setting('PATCH', route(ONE, id), { body, parse: parseMade<EmlbPoolId> }), signal);
  }

  /** Removes a pool and its origins. */
  async remove(id: EmlbPoolId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}

/** Calls about origins. */
export class EmlbOrigins {
  readonly #http: EmlbHttp;

  constructor(http: EmlbHttp) {
    this.#http = http;
  }

  /** All origins of a pool. Rejects when there is no such pool. */
  list(poolId: EmlbPoolId, signal: AbortSignal): Promise<readonly EmlbOrigin[]> {
    const idOf = ({ id }: EmlbOrigin): string => id;
    return listPaged(this.#http, { at: route(ORIGINS, poolId), key: 'origins', parse: parseEmlbOrigin, idOf }, signal);
  }

  /** One origin; `undefined` only when the service itself says that there is none. */
  get(id: EmlbOriginId, signal: AbortSignal): Promise<EmlbOrigin | undefined> {
    return this.#http.send(getting(route(ORIGIN, id), parseEmlbOrigin), signal);
  }

  /** Puts an origin into a pool. Nothing keeps two of one address and port apart: look before you ask again. */
  create(poolId: EmlbPoolId, spec: EmlbOriginSpec, signal: AbortSignal): Promise<EmlbOriginId> {
    const { name, target, portNumber, isActive = true } = spec;
    const body = { name, target, port_number: portNumber, active: isActive, pool_id: poolId };
    return this.#http.send(creating(route(ORIGINS, poolId), body, parseMade<EmlbOriginId>), signal);
  }

  /** Changes what is given; `undefined` when there is no such origin. */
  update(id: EmlbOriginId, change: Partial<EmlbOriginSpec>, signal: AbortSignal): Promise<EmlbOriginId | undefined> {
    const { name, target, portNumber, isActive } = change;
    const body = withoutAbsent({ name, target, port_number: portNumber, active: isActive });
    return this.#http.send(setting('PATCH', route(ORIGIN, id), { body, parse: parseMade<EmlbOriginId> }), signal);
  }

  /** Takes an origin out of its pool. */
  async remove(id: EmlbOriginId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ORIGIN, id)), signal)) ?? 'absent';
  }
}
