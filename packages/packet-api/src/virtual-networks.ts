// Virtual networks: VLANs of a project in one metro (or facility, as Packet had it).
import { optionalText, parseObject, withoutAbsent } from '@longshore/cloud-http';
import { optionalCount, optionalTime, parseLocation, referencesOf, tagsOf } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { DeviceId, ProjectId, VirtualNetworkId } from './ids.ts';
import { listWhole } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';

/** A VLAN. */
export interface VirtualNetwork {
  readonly id: VirtualNetworkId;
  /** The number in the frames. */
  readonly vxlan: number | undefined;
  readonly description: string | undefined;
  readonly metro: string | undefined;
  readonly facility: string | undefined;
  readonly projectId: ProjectId | undefined;
  readonly deviceIds: readonly DeviceId[];
  readonly tags: readonly string[];
  readonly createdAt: string | undefined;
}

/** A VLAN to make, at a metro or facility (codes). */
export interface VirtualNetworkSpec {
  readonly description?: string | undefined;
  readonly metro?: string | undefined;
  readonly facility?: string | undefined;
  readonly vxlan?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

const ALL = '/projects/{id}/virtual-networks';
const ONE = '/virtual-networks/{id}';
const INCLUDE = including('facility', 'metro');

/** Calls about VLANs. */
export class VirtualNetworks {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All VLANs of the project. */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly VirtualNetwork[]> {
    const list = { at: route(ALL, projectId), key: 'virtual_networks', query: INCLUDE, parse: parseVirtualNetwork };
    return listWhole(this.#http, list, signal);
  }

  /** One VLAN; `undefined` only when the API itself says that there is none. */
  get(id: VirtualNetworkId, signal: AbortSignal): Promise<VirtualNetwork | undefined> {
    return this.#http.send(getting(route(ONE, id), parseVirtualNetwork, INCLUDE), signal);
  }

  /** Makes a VLAN. When the answer is lost, look for its description or tags before making another. */
  create(projectId: ProjectId, spec: VirtualNetworkSpec, signal: AbortSignal): Promise<VirtualNetwork> {
    const { description, metro, facility, vxlan, tags } = spec;
    const body = withoutAbsent({ project_id: projectId, description, metro, facility, vxlan, tags });
    return this.#http.send(creating(route(ALL, projectId), body, parseVirtualNetwork, INCLUDE), signal);
  }

  /** Changes what is given; `undefined` when there is no such VLAN. */
  update(
    id: VirtualNetworkId,
    { description, tags }: Pick<VirtualNetworkSpec, 'description' | 'tags'>,
    signal: AbortSignal,
  ): Promise<VirtualNetwork | undefined> {
    const body = withoutAbsent({ description, tags });
    const call = setting('PUT', route(ONE, id), { body, parse: parseVirtualNetwork, query: INCLUDE });
    return this.#http.send(call, signal);
  }

  /** Removes a VLAN that is on no port. */
  async remove(id: VirtualNetworkId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}

/** A VLAN as the API writes it. */
export function parseVirtualNetwork(raw: unknown): VirtualNetwork {
  const network = parseObject(raw, 'virtual network');
  const { metro, facility } = parseLocation(network);
  return {
    id: parseOwnId<VirtualNetworkId>(network, 'virtual network'),
    vxlan: optionalCount(network, 'vxlan'),
    description: optionalText(network, 'description'),
    metro: optionalText(network, 'metro_code') ?? metro?.code,
    facility: optionalText(network, 'facility_code') ?? facility?.code,
    projectId: parseReference<ProjectId>(network['assigned_to']),
    deviceIds: referencesOf<DeviceId>(network, 'instances'),
    tags: tagsOf(network),
    createdAt: optionalTime(network, 'created_at'),
  };
}
