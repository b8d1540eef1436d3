// Listeners: the open ports of a balancer.
import { listOf, parseObject, parseText, requiredNumber, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { ListenerId, LoadBalancerId, PoolId } from './ids.ts';
import { parseRef, parseRequiredRef } from './refs.ts';

/** What a listener can wait for, in ms. */
export interface ListenerTimeouts {
  readonly timeoutClientDataMs: number;
  readonly timeoutMemberConnectMs: number;
  readonly timeoutMemberDataMs: number;
}

/** What can be changed about a listener. */
export interface ListenerSettings extends ListenerTimeouts {
  readonly name: string;
  /** Empty: everybody. */
  readonly allowedCidrs: readonly string[];
  readonly tags: Tags;
}

/** A listener. */
export interface Listener extends ListenerSettings {
  readonly id: ListenerId;
  /** Absent: it belongs to no pool. */
  readonly poolId: PoolId | undefined;
  readonly loadBalancerId: LoadBalancerId;
  readonly protocol: 'tcp' | 'udp' | (string & {});
  readonly protocolPort: number;
}

/** A listener that shall be. */
export interface ListenerSpec extends ListenerTimeouts {
  readonly name: string;
  readonly poolId: PoolId;
  readonly protocol: string;
  readonly protocolPort: number;
  readonly allowedCidrs: readonly string[];
  readonly tags?: Tags;
}

/** Calls about listeners. */
export class Listeners {
  readonly #calls: ResourceCalls<Listener>;

  constructor(http: CloudHttp) {
    const path = '/v1/load-balancers/listeners';
    this.#calls = new ResourceCalls(http, { path, name: path, parse: parseListener });
  }

  /** All listeners of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly Listener[]> {
    return this.#calls.list(signal, tags);
  }

  get(id: ListenerId, signal: AbortSignal): Promise<Listener | undefined> {
    return this.#calls.get(id, signal);
  }

  create({ poolId, protocolPort, ...settings }: ListenerSpec, signal: AbortSignal): Promise<Listener> {
    const body = { pool: poolId, protocol: settings.protocol, protocol_port: protocolPort, ...toBody(settings) };
    return this.#calls.create(body, signal);
  }

  /** Changes one attribute. */
  set(id: ListenerId, change: Partial<ListenerSettings>, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, toBody(change), signal);
  }

  remove(id: ListenerId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

const FIELDS: Readonly<Record<keyof ListenerSettings, string>> = {
  name: 'name',
  tags: 'tags',
  allowedCidrs: 'allowed_cidrs',
  timeoutClientDataMs: 'timeout_client_data_ms',
  timeoutMemberConnectMs: 'timeout_member_connect_ms',
  timeoutMemberDataMs: 'timeout_member_data_ms',
};

function toBody(settings: Partial<ListenerSettings>): object {
  const names = Object.keys(FIELDS) as (keyof ListenerSettings)[];
  return Object.fromEntries(
    names.filter((name) => settings[name] !== undefined).map((name) => [FIELDS[name], settings[name]]),
  );
}

/** A listener as the API writes it. */
export function parseListener(raw: unknown): Listener {
  const listener = parseObject(raw, 'listener');
  return {
    id: parseId<ListenerId>(listener['uuid']),
    name: requiredText(listener, 'name'),
    poolId: parseRef<PoolId>(listener['pool']),
    loadBalancerId: parseRequiredRef<LoadBalancerId>(listener['load_balancer']),
    protocol: requiredText(listener, 'protocol'),
    protocolPort: requiredNumber(listener, 'protocol_port'),
    allowedCidrs: listOf(listener, 'allowed_cidrs', parseText),
    timeoutClientDataMs: requiredNumber(listener, 'timeout_client_data_ms'),
    timeoutMemberConnectMs: requiredNumber(listener, 'timeout_member_connect_ms'),
    timeoutMemberDataMs: requiredNumber(listener, 'timeout_member_data_ms'),
    tags: parseTags(listener['tags']),
  };
}
