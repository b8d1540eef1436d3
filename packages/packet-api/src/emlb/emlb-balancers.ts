// Calls about load balancers and their ports.
import { withoutAbsent } from '@longshore/cloud-http';
import type { ProjectId } from '../ids.ts';
import { listPaged } from '../lists.ts';
import { creating, getting, removing, route, setting } from '../routes.ts';
import type { Removal } from '../routes.ts';
import type { EmlbHttp } from './emlb-http.ts';
import type { EmlbBalancerId, EmlbPoolId, EmlbPortId } from './emlb-ids.ts';
import { EMLB_LOCATION_IDS, parseEmlbBalancer, parseEmlbPort } from './emlb-model.ts';
import type { EmlbBalancer, EmlbPort } from './emlb-model.ts';
import { parseMade } from './emlb-made.ts';

/** A balancer to make. */
export interface EmlbBalancerSpec {
  readonly name: string;
  /** A key of `EMLB_LOCATION_IDS`. */
  readonly metro: string;
}

/** A port to make. */
export interface EmlbPortSpec {
  readonly name: string;
  readonly number: number;
  readonly poolIds: readonly EmlbPoolId[];
}

/** What of a port can be changed; what is absent stays. */
export interface EmlbPortChange {
  readonly name?: string | undefined;
  readonly addPoolIds?: readonly EmlbPoolId[] | undefined;
  readonly removePoolIds?: readonly EmlbPoolId[] | undefined;
}

// The one provider of all balancers.
const PROVIDER_ID = 'loadpvd-gOB_-byp5ebFo7A3LHv2B';
const ALL = '/v1/projects/{id}/loadbalancers';
const ONE = '/v1/loadbalancers/{id}';
const PORTS = '/v1/loadbalancers/{id}/ports';
const PORT = '/v1/loadbalancers/ports/{id}';

/** Calls about balancers. */
export class EmlbBalancers {
  readonly #http: EmlbHttp;

  constructor(http: EmlbHttp) {
    this.#http = http;
  }

  /** All balancers of the project. */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly EmlbBalancer[]> {
    const idOf = ({ id }: EmlbBalancer): string => id;
    const list = { at: route(ALL, projectId), key: 'loadbalancers', parse: parseEmlbBalancer, idOf };
    return listPaged(this.#http, list, signal);
  }

  /** One balancer with its ports; `undefined` only when the service itself says that there is none. */
  get(id: EmlbBalancerId, signal: AbortSignal): Promise<EmlbBalancer | undefined> {
    return this.#http.send(getting(route(ONE, id), parseEmlbBalancer), signal);
  }

  /** Makes a balancer. When the answer is lost, look for its name before making another: names are not unique. */
  create(projectId: ProjectId, { name, metro }: EmlbBalancerSpec, signal: AbortSignal): Promise<EmlbBalancerId> {
    const locationId = EMLB_LOCATION_IDS[metro];
    if (locationId === undefined) throw new RangeError(`metro ${metro} has no load balancers`);
    const body = { name, location_id: locationId, provider_id: PROVIDER_ID };
    return this.#http.send(creating(route(ALL, projectId), body, parseMade<EmlbBalancerId>), signal);
  }

  /** Gives it a name; `undefined` when there is no such balancer. */
  rename(id: EmlbBalancerId, name: string, signal: AbortSignal): Promise<EmlbBalancerId | undefined> {
    const call = setting('PATCH', route(ONE, id), { body: { name }, parse: parseMade<EmlbBalancerId> });
    return this.#http.send(call, signal);
  }

  /** Removes a balancer and its ports; its pools stay. */
  async remove(id: EmlbBalancerId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}

/** Calls about ports of balancers. */
export class EmlbPorts {
  readonly #http: EmlbHttp;

  constructor(http: EmlbHttp) {
    this.#http = http;
  }

  /** All ports of a balancer. Rejects when there is no such balancer. */
  list(id: EmlbBalancerId, signal: AbortSignal): Promise<readonly EmlbPort[]> {
    const idOf = (port: EmlbPort): string => port.id;
    return listPaged(this.#http, { at: route(PORTS, id), key: 'ports', parse: parseEmlbPort, idOf }, signal);
  }

  /** The port of this number. */
  get(id: EmlbBalancerId, number: number, signal: AbortSignal): Promise<EmlbPort | undefined> {
    const at = route('/v1/loadbalancers/{id}/ports/{number}', id, String(number));
    return this.#http.send(getting(at, parseEmlbPort), signal);
  }

  /** Makes a port. A second one of its number is refused. */
  create(id: EmlbBalancerId, { name, number, poolIds }: EmlbPortSpec, signal: AbortSignal): Promise<EmlbPortId> {
    const body = { name, number, pool_ids: poolIds };
    return this.#http.send(creating(route(PORTS, id), body, parseMade<EmlbPortId>), signal);
  }

  /** Changes what is given; `undefined` when there is no such port. */
  update(id: EmlbPortId, change: EmlbPortChange, signal: AbortSignal): Promise<EmlbPortId | undefined> {
    const { name, addPoolIds, removePoolIds } = change;
    const body = withoutAbsent({ name, add_pool_ids: addPoolIds, remove_pool_ids: removePoolIds });
    return this.#http.send(setting('PATCH', route(PORT, id), { body, parse: parseMade<EmlbPortId> }), signal);
  }

  /** Removes a port; its pools stay. */
  async remove(id: EmlbPortId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(PORT, id)), signal)) ?? 'absent';
  }
}
