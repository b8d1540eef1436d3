// BGP: whether a project may announce addresses, and which of its devices do.
import {
  isTrue,
  listOf,
  optionalText,
  parseObject,
  parseText,
  requiredListOf,
  withoutAbsent,
} from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { refusalOf } from './classify.ts';
import { optionalCount } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { BgpSessionId, DeviceId, ProjectId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, ordering, removing, route, setting } from './routes.ts';
import type { Removal } from './routes.ts';

/** BGP of a project that has, or had, it. */
export interface BgpConfig {
  readonly id: string;
  readonly status: 'requested' | 'enabled' | 'disabled' | (string & {}) | undefined;
  readonly deploymentType: 'local' | 'global' | (string & {}) | undefined;
  readonly asn: number | undefined;
  /** A password: never to be shown. */
  readonly md5: string | undefined;
  /** Announcing more prefixes than this drops all sessions until support resets them. */
  readonly maxPrefix: number | undefined;
}

/** How to switch BGP on. */
export interface BgpWish {
  readonly deploymentType: 'local' | 'global';
  readonly asn: number;
  readonly md5?: string | undefined;
  readonly useCase?: string | undefined;
}

/** Address families of sessions. */
export type BgpFamily = 'ipv4' | 'ipv6';

/** A device's session with the routers. */
export interface BgpSession {
  readonly id: BgpSessionId;
  readonly family: BgpFamily;
  /** One word per router: `up`, `down`, `unknown`. */
  readonly status: readonly string[];
  readonly hasDefaultRoute: boolean;
  readonly deviceId: DeviceId | undefined;
  readonly learnedRoutes: readonly string[];
}

/** What a device must know to talk to its routers. */
export interface BgpNeighbor {
  readonly family: 4 | 6;
  readonly customerAsn: number | undefined;
  /** The device's own address for the session. */
  readonly customerIp: string | undefined;
  readonly peerAsn: number | undefined;
  readonly peerIps: readonly string[];
  readonly isMultihop: boolean;
  /** A password: never to be shown. */
  readonly md5: string | undefined;
}

/** A session that was made, or was there already (its details are in the list of the device's sessions). */
export type BgpSessionResult =
  { readonly state: 'created'; readonly session: BgpSession } | { readonly state: 'exists' };

const SESSION = '/bgp/sessions/{id}';
const OF_DEVICE = '/devices/{id}/bgp/sessions';

/** Calls about BGP. */
export class Bgp {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** BGP of the project; `undefined` when it was never switched on. One that was switched off has the status `disabled`. */
  config(projectId: ProjectId, signal: AbortSignal): Promise<BgpConfig | undefined> {
    // The API answers 200 with an empty object where BGP was never on, so a 404 is about the project and stays an error.
    const at = route('/projects/{id}/bgp-config', projectId);
    return this.#http.send({ method: 'GET', ...at, parse: parseBgpConfig }, signal);
  }

  /** Switches BGP on: `local` at once, `global` after approval. When the answer is lost, read the configuration before trying again. */
  async enable(projectId: ProjectId, wish: BgpWish, signal: AbortSignal): Promise<void> {
    const body = withoutAbsent({
      deployment_type: wish.deploymentType,
      asn: wish.asn,
      md5: wish.md5,
      use_case: wish.useCase,
    });
    await this.#http.send(ordering(route('/projects/{id}/bgp-configs', projectId), body), signal);
  }

  /** All sessions of the project's devices. */
  sessionsOfProject(projectId: ProjectId, signal: AbortSignal): Promise<readonly BgpSession[]> {
    const at = route('/projects/{id}/bgp/sessions', projectId);
    const idOf = ({ id }: BgpSession): string => id;
    return listPaged(this.#http, { at, key: 'bgp_sessions', parse: parseBgpSession, idOf }, signal);
  }

  /** The sessions of a device; `undefined` only when the API itself says that there is no such device. */
  sessionsOfDevice(id: DeviceId, signal: AbortSignal): Promise<readonly BgpSession[] | undefined> {
    const parse = (body: unknown): readonly BgpSession[] => requiredListOf(body, 'bgp_sessions', parseBgpSession);
    return this.#http.send(getting(route(OF_DEVICE, id), parse), signal);
  }

  /** One session; `undefined` only when the API itself says that there is none. */
  session(id: BgpSessionId, signal: AbortSignal): Promise<BgpSession | undefined> {
    return this.#http.send(getting(route(SESSION, id), parseBgpSession), signal);
  }

  /** Makes the device's session of a family. May be repeated: a second one is refused, which is told as `exists`. */
  async createSession(
    id: DeviceId,
    { family, hasDefaultRoute = false }: { readonly family: BgpFamily; readonly hasDefaultRoute?: boolean },
    signal: AbortSignal,
  ): Promise<BgpSessionResult> {
    const body = { address_family: family, default_route: hasDefaultRoute };
    const call = { ...creating(route(OF_DEVICE, id), body, parseBgpSession), idempotent: true };
    try {
      return { state: 'created', session: await this.#http.send(call, signal) };
    } catch (error) {
      if (refusalOf(error) === 'bgp-session-exists') return { state: 'exists' };
      throw error;
    }
  }

  /** Sets whether the routers announce a default route to the device; `undefined` when there is no such session. */
  async updateSession(
    id: BgpSessionId,
    { hasDefaultRoute }: { readonly hasDefaultRoute: boolean },
    signal: AbortSignal,
  ): Promise<'updated' | 'absent'> {
    const parse = (): 'updated' => 'updated';
    const body = { default_route: hasDefaultRoute };
    return (await this.#http.send(setting('PUT', route(SESSION, id), { body, parse }), signal)) ?? 'absent';
  }

  /** Ends a session. */
  async removeSession(id: BgpSessionId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(SESSION, id)), signal)) ?? 'absent';
  }

  /** The routers that the device talks to; `undefined` only when the API itself says that there is no such device. */
  neighbors(id: DeviceId, signal: AbortSignal): Promise<readonly BgpNeighbor[] | undefined> {
    const parse = (body: unknown): readonly BgpNeighbor[] => requiredListOf(body, 'bgp_neighbors', parseBgpNeighbor);
    return this.#http.send(getting(route('/devices/{id}/bgp/neighbors', id), parse), signal);
  }
}

/** A configuration as the API writes it; `undefined` for the empty object. */
export function parseBgpConfig(raw: unknown): BgpConfig | undefined {
  const config = parseObject(raw, 'BGP configuration');
  const id = optionalText(config, 'id');
  if (id === undefined) return undefined;
  return {
    id,
    status: optionalText(config, 'status'),
    deploymentType: optionalText(config, 'deployment_type'),
    asn: optionalCount(config, 'asn'),
    md5: optionalText(config, 'md5'),
    maxPrefix: optionalCount(config, 'max_prefix'),
  };
}

/** A session as the API writes it. */
export function parseBgpSession(raw: unknown): BgpSession {
  const session = parseObject(raw, 'BGP session');
  return {
    id: parseOwnId<BgpSessionId>(session, 'BGP session'),
    family: parseFamily(session),
    status: (optionalText(session, 'status') ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
    hasDefaultRoute: isTrue(session, 'default_route'),
    deviceId: parseReference<DeviceId>(session['device']),
    learnedRoutes: listOf(session, 'learned_routes', parseText),
  };
}

/** A neighbour as the API writes it. */
export function parseBgpNeighbor(raw: unknown): BgpNeighbor {
  const neighbor = parseObject(raw, 'BGP neighbour');
  return {
    family: optionalCount(neighbor, 'address_family') === 6 ? 6 : 4,
    customerAsn: optionalCount(neighbor, 'customer_as'),
    customerIp: optionalText(neighbor, 'customer_ip'),
    peerAsn: optionalCount(neighbor, 'peer_as'),
    peerIps: listOf(neighbor, 'peer_ips', parseText),
    isMultihop: isTrue(neighbor, 'multihop'),
    md5: isTrue(neighbor, 'md5_enabled') ? optionalText(neighbor, 'md5_password') : undefined,
  };
}

function parseFamily(session: JsonObject): BgpFamily {
  const family = session['address_family'];
  if (family === 'ipv4' || family === 'ipv6') return family;
  throw new Error('field "address_family" of a BGP session is neither ipv4 nor ipv6');
}
