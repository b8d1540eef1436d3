// Calls about devices. Everything about them is asynchronous: `create` answers with state `queued` and no address.
import type { Query } from '@longshore/cloud-http';
import { isForbidden } from './classify.ts';
import { planDeviceLook } from './device-look.ts';
import type { DeviceAnswer, DeviceLook } from './device-look.ts';
import { NOT_IN_OUTLINE, parseDeviceOutline } from './device-outline.ts';
import type { DeviceOutline } from './device-outline.ts';
import { parseDevice, toActionBody, toDeviceBody, toDeviceChangeBody } from './device.ts';
import type { Device, DeviceAction, DeviceChange, DeviceSpec } from './device.ts';
import type { DeviceId, ProjectId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import type { Projects } from './projects.ts';
import { creating, getting, including, ordering, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';

/** What to list. `hostname` is the whole name; the API's own filter also finds names that contain it, which are left out here. */
export interface DeviceFilter {
  readonly hostname?: string;
  readonly tag?: string;
  /** Text in almost any field, as the API sees fit. */
  readonly search?: string;
  readonly metro?: string;
  readonly facility?: string;
  /** Parts that should come whole, beyond facility, metro, plan and operating system. */
  readonly include?: readonly DeviceInclude[];
}

/** Parts of a device that come as links unless asked for. */
export type DeviceInclude = 'ip_addresses.parent_block' | 'hardware_reservation' | 'project' | 'ssh_keys';

const ALL = '/projects/{id}/devices';
const ONE = '/devices/{id}';
const WHOLE = ['facility', 'metro', 'plan', 'operating_system'] as const;

/** Calls about devices. */
export class Devices {
  readonly #http: PacketHttp;
  readonly #projects: Projects;

  constructor(http: PacketHttp, projects: Projects) {
    this.#http = http;
    this.#projects = projects;
  }

  /** All devices of the project that match. */
  async list(projectId: ProjectId, signal: AbortSignal, filter: DeviceFilter = {}): Promise<readonly Device[]> {
    const list = { at: route(ALL, projectId), key: 'devices', query: queryOf(filter), parse: parseDevice };
    const devices = await listPaged(this.#http, { ...list, idOf: ({ id }) => id }, signal);
    return devices.filter((device) => filter.hostname === undefined || device.hostname === filter.hostname);
  }

  /** Outlines of all devices of the project: for lists of thousands. */
  outlines(projectId: ProjectId, signal: AbortSignal): Promise<readonly DeviceOutline[]> {
    const query = { ...including('facility', 'metro', 'plan'), exclude: NOT_IN_OUTLINE.join(',') };
    const list = { at: route(ALL, projectId), key: 'devices', query, parse: parseDeviceOutline };
    return listPaged(this.#http, { ...list, idOf: ({ id }) => id }, signal);
  }

  /** One device of any project; `undefined` when the API itself says that there is none. `look` tells more. */
  get(id: DeviceId, signal: AbortSignal, include: readonly DeviceInclude[] = []): Promise<Device | undefined> {
    return this.#http.send(getting(route(ONE, id), parseDevice, including(...WHOLE, ...include)), signal);
  }

  /**
   * One device, and what its absence is worth: a 404 counts only when the project can be read with the same token, a 403 is told apart
   * from a token that may do nothing. Costs one more call, or two, when there is no device.
   */
  async look(id: DeviceId, projectId: ProjectId, signal: AbortSignal): Promise<DeviceLook> {
    const answer = await this.#answer(id, signal);
    if (answer.kind === 'device') return planDeviceLook(answer, projectId);
    // Throws when the project is not there or not readable: then nothing is known about its devices.
    await this.#projects.verify(projectId, signal);
    if (answer.kind === 'not-found') return planDeviceLook(answer, projectId);
    // The short ID is one of the few things that the API's search is documented to find.
    const found = await this.list(projectId, signal, { search: id.slice(0, 8) });
    const listed = found.find((device) => device.id === id);
    return planDeviceLook({ kind: 'forbidden', listed }, projectId);
  }

  /** Orders a device. When the answer is lost (`isLostAnswer`), look for it by its tags before ordering again. */
  create(projectId: ProjectId, spec: DeviceSpec, signal: AbortSignal): Promise<Device> {
    return this.#http.send(
      creating(route(ALL, projectId), toDeviceBody(spec), parseDevice, including(...WHOLE)),
      signal,
    );
  }

  /** Changes what is given; `undefined` when there is no such device. */
  update(id: DeviceId, change: DeviceChange, signal: AbortSignal): Promise<Device | undefined> {
    const body = toDeviceChangeBody(change);
    return this.#http.send(
      setting('PUT', route(ONE, id), { body, parse: parseDevice, query: including(...WHOLE) }),
      signal,
    );
  }

  /** Gives the device back; its disks are wiped. `force` detaches volumes that are still in use. A locked one is refused. */
  async remove(id: DeviceId, { force = false }: { readonly force?: boolean }, signal: AbortSignal): Promise<Removal> {
    const query: Query = force ? { force_delete: true } : {};
    const call = { ...removing(route(ONE, id), query), ...(force ? { body: { force_delete: true } } : {}) };
    return (await this.#http.send(call, signal)) ?? 'absent';
  }

  /** Switches on or off, restarts or installs anew. Done when the device's state says so. */
  async act(id: DeviceId, action: DeviceAction, signal: AbortSignal): Promise<void> {
    const call = ordering(route(`${ONE}/actions`, id), toActionBody(action));
    // Switching on what is on changes nothing; a second restart or installation would.
    await this.#http.send({ ...call, idempotent: action.type === 'power_on' || action.type === 'power_off' }, signal);
  }

  async #answer(id: DeviceId, signal: AbortSignal): Promise<DeviceAnswer> {
    try {
      const device = await this.get(id, signal);
      return device === undefined ? { kind: 'not-found' } : { kind: 'device', device };
    } catch (error) {
      if (isForbidden(error)) return { kind: 'forbidden', listed: undefined };
      throw error;
    }
  }
}

function queryOf(filter: DeviceFilter): Query {
  const { hostname, tag, search, metro, facility, include = [] } = filter;
  return { hostname, tag, search, metro, facility, ...including(...WHOLE, ...include) };
}
