// Hardware reservations: machines that a project has paid for in advance.
import { isTrue, optionalText, parseObject } from '@longshore/cloud-http';
import { optionalSlug, optionalTime, parseLocation } from './fields.ts';
import type { Location } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { DeviceId, HardwareReservationId, ProjectId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, route } from './routes.ts';

/** A machine kept for a project. */
export interface HardwareReservation extends Location {
  readonly id: HardwareReservationId;
  readonly plan: string | undefined;
  readonly projectId: ProjectId | undefined;
  /** The device that runs on it. */
  readonly deviceId: DeviceId | undefined;
  /** A device can be ordered on it now. */
  readonly isProvisionable: boolean;
  readonly isSpare: boolean;
  readonly needsService: boolean;
  readonly shortId: string | undefined;
  readonly createdAt: string | undefined;
}

const ONE = '/hardware-reservations/{id}';
const INCLUDE = including('facility', 'metro', 'plan', 'device');

/** Calls about hardware reservations. */
export class HardwareReservations {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All of the project. */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly HardwareReservation[]> {
    const at = route('/projects/{id}/hardware-reservations', projectId);
    const idOf = ({ id }: HardwareReservation): string => id;
    const list = { at, key: 'hardware_reservations', query: INCLUDE, parse: parseHardwareReservation, idOf };
    return listPaged(this.#http, list, signal);
  }

  /** One; `undefined` only when the API itself says that there is none. */
  get(id: HardwareReservationId, signal: AbortSignal): Promise<HardwareReservation | undefined> {
    return this.#http.send(getting(route(ONE, id), parseHardwareReservation, INCLUDE), signal);
  }

  /** Gives it to another project. */
  move(id: HardwareReservationId, projectId: ProjectId, signal: AbortSignal): Promise<HardwareReservation> {
    const body = { project_id: projectId };
    const call = creating(route(`${ONE}/move`, id), body, parseHardwareReservation, INCLUDE);
    return this.#http.send({ ...call, idempotent: true }, signal);
  }

  /** Puts a spare machine into use. */
  activate(id: HardwareReservationId, description: string, signal: AbortSignal): Promise<HardwareReservation> {
    const call = creating(route(`${ONE}/activate`, id), { description }, parseHardwareReservation, INCLUDE);
    return this.#http.send(call, signal);
  }
}

/** A hardware reservation as the API writes it. */
export function parseHardwareReservation(raw: unknown): HardwareReservation {
  const reservation = parseObject(raw, 'hardware reservation');
  return {
    id: parseOwnId<HardwareReservationId>(reservation, 'hardware reservation'),
    plan: optionalSlug(reservation['plan']),
    projectId: parseReference<ProjectId>(reservation['project']),
    deviceId: parseReference<DeviceId>(reservation['device']),
    isProvisionable: isTrue(reservation, 'provisionable'),
    isSpare: isTrue(reservation, 'spare'),
    needsService: isTrue(reservation, 'need_of_service'),
    shortId: optionalText(reservation, 'short_id'),
    createdAt: optionalTime(reservation, 'created_at'),
    ...parseLocation(reservation),
  };
}
