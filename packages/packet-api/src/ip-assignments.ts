// Calls about addresses on devices. Taking one off a device leaves the project's reservation as it is.
import { requiredListOf, withoutAbsent } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import type { AssignmentId, DeviceId } from './ids.ts';
import { parseAssignment } from './ip-address.ts';
import type { IpAssignment } from './ip-address.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, removing, route } from './routes.ts';
import type { Removal } from './routes.ts';

const OF_DEVICE = '/devices/{id}/ips';
const ONE = '/ips/{id}';
const INCLUDE = including('parent_block');

/** Calls about assignments. */
export class IpAssignments {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All addresses of a device; `undefined` only when the API itself says that there is no such device. */
  listOfDevice(id: DeviceId, signal: AbortSignal): Promise<readonly IpAssignment[] | undefined> {
    const parse = (body: unknown): readonly IpAssignment[] => requiredListOf(body, 'ip_addresses', parseAssignment);
    return this.#http.send(getting(route(OF_DEVICE, id), parse, INCLUDE), signal);
  }

  /** One assignment; `undefined` only when the API itself says that there is none. */
  get(id: AssignmentId, signal: AbortSignal): Promise<IpAssignment | undefined> {
    return this.#http.send(getting(route(ONE, id), parseAssignment, INCLUDE), signal);
  }

  /**
   * Puts an address of the project on a device. One that is on another device has to be taken off there first. When the answer is
   * lost, look at the device's addresses before assigning again.
   */
  assign(
    deviceId: DeviceId,
    { address, customdata }: { readonly address: string; readonly customdata?: JsonObject },
    signal: AbortSignal,
  ): Promise<IpAssignment> {
    const body = withoutAbsent({ address, customdata });
    return this.#http.send(creating(route(OF_DEVICE, deviceId), body, parseAssignment), signal);
  }

  /** Takes the address off its device. */
  async unassign(id: AssignmentId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}
