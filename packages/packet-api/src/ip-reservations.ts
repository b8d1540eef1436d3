// Calls about IP reservations (elastic IPs). Releasing one gives its addresses away for good.
import { withoutAbsent } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import type { ProjectId, ReservationId } from './ids.ts';
import { parseReservation } from './ip-address.ts';
import type { AddressType, IpReservation } from './ip-address.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, including, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';
import { listOf, parseObject, parseText } from '@longshore/cloud-http';

/** What to reserve. `metro` or `facility` (a code) for all types but `global_ipv4`. */
export interface ReservationWish {
  readonly type: AddressType;
  /** Number of addresses: a power of two. */
  readonly quantity: number;
  readonly metro?: string | undefined;
  readonly facility?: string | undefined;
  readonly details?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly customdata?: JsonObject | undefined;
  readonly comments?: string | undefined;
  /** Over quota, refuse (422, `refusalOf` says `quota` or nothing) instead of a `pending` reservation without an address. Default true. */
  readonly failOnApprovalRequired?: boolean;
}

/** What of a reservation can be changed; what is absent stays. */
export interface ReservationChange {
  readonly tags?: readonly string[] | undefined;
  readonly details?: string | undefined;
  readonly customdata?: JsonObject | undefined;
}

const ALL = '/projects/{id}/ips';
const ONE = '/ips/{id}';
const INCLUDE = including('assignments', 'facility', 'metro');
// 250 is the API's default here and 1000 its largest; there may be no second page.
const LARGEST_PAGE = 1000;

/** Calls about reservations. */
export class IpReservations {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /**
   * All reservations of the project with their assignments. Contains blocks that the API made for devices; go by tags and type.
   * A list that the endpoint cuts off is an error, not a shorter list.
   */
  list(projectId: ProjectId, signal: AbortSignal): Promise<readonly IpReservation[]> {
    const at = route(ALL, projectId);
    const idOf = ({ id }: IpReservation): string => id;
    const list = { at, key: 'ip_addresses', query: INCLUDE, parse: parseReservation, idOf, pageSize: LARGEST_PAGE };
    return listPaged(this.#http, list, signal);
  }

  /** One reservation with its assignments; `undefined` only when the API itself says that there is none. */
  get(id: ReservationId, signal: AbortSignal): Promise<IpReservation | undefined> {
    return this.#http.send(getting(route(ONE, id), parseReservation, INCLUDE), signal);
  }

  /** Reserves addresses. When the answer is lost (`isLostAnswer`), look for the tags before asking again. */
  reserve(projectId: ProjectId, wish: ReservationWish, signal: AbortSignal): Promise<IpReservation> {
    return this.#http.send(creating(route(ALL, projectId), toReservationBody(wish), parseReservation, INCLUDE), signal);
  }

  /** Changes what is given; `undefined` when there is no such reservation. */
  update(id: ReservationId, change: ReservationChange, signal: AbortSignal): Promise<IpReservation | undefined> {
    const body = withoutAbsent({ tags: change.tags, details: change.details, customdata: change.customdata });
    return this.#http.send(setting('PATCH', route(ONE, id), { body, parse: parseReservation, query: INCLUDE }), signal);
  }

  /** Gives the block back to the cloud. */
  async release(id: ReservationId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }

  /** Free subnets of a prefix length in the block (`["198.51.100.4/32"]`); `undefined` when there is no such reservation. */
  available(id: ReservationId, cidr: number, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const parse = (body: unknown): readonly string[] => listOf(parseObject(body, 'the answer'), 'available', parseText);
    return this.#http.send(getting(route('/ips/{id}/available', id), parse, { cidr }), signal);
  }
}

function toReservationBody(wish: ReservationWish): JsonObject {
  return withoutAbsent({
    type: wish.type,
    quantity: wish.quantity,
    metro: wish.metro,
    facility: wish.facility,
    details: wish.details,
    tags: wish.tags,
    customdata: wish.customdata,
    comments: wish.comments,
    fail_on_approval_required: wish.failOnApprovalRequired ?? true,
  });
}
