// Servers: what a cloud controller manager has to know of them, and what helpers do with them.
import { listOf, optionalText, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { NetworkId, ServerId, SubnetId } from './ids.ts';
import { parseRef, parseSlug, parseSubnetRef, parseVersion } from './refs.ts';
import type { SubnetRef } from './refs.ts';

/** States that are known; others are passed on as they are. */
export type ServerStatus = 'running' | 'stopped' | 'changing' | (string & {});

/** An address of an interface. */
export interface ServerAddress {
  readonly version: 4 | 6;
  readonly address: string;
  readonly subnet: SubnetRef | undefined;
}

/** An interface. */
export interface ServerInterface {
  readonly type: 'public' | 'private' | (string & {});
  readonly networkId: NetworkId | undefined;
  /** In the API's order. */
  readonly addresses: readonly ServerAddress[];
}

/** A virtual machine. */
export interface Server {
  readonly id: ServerId;
  readonly name: string;
  readonly status: ServerStatus;
  readonly zone: string;
  readonly flavor: string;
  /** In the API's order: the public one first. */
  readonly interfaces: readonly ServerInterface[];
  readonly tags: Tags;
}

/** A server that shall be. */
export interface ServerSpec {
  readonly name: string;
  readonly flavor: string;
  readonly image: string;
  readonly zone?: string;
  readonly volumeSizeGb?: number;
  /** `public`, or addresses in subnets of private networks. Absent: a public one. */
  readonly interfaces?: readonly ('public' | { readonly subnet: SubnetId; readonly address?: string })[];
  readonly sshKeys?: readonly string[];
  readonly userData?: string;
  readonly tags?: Tags;
}

/** Calls about servers. */
export class Servers {
  readonly #calls: ResourceCalls<Server>;

  constructor(http: CloudHttp) {
    this.#calls = new ResourceCalls(http, { path: '/v1/servers', name: '/v1/servers', parse: parseServer });
  }

  /** All servers of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly Server[]> {
    return this.#calls.list(signal, tags);
  }

  /** One server; undefined only when the API itself says that there is none. */
  get(id: ServerId, signal: AbortSignal): Promise<Server | undefined> {
    return this.#calls.get(id, signal);
  }

  /** Creates one, which is `changing` for a while. */
  create(spec: ServerSpec, signal: AbortSignal): Promise<Server> {
    return this.#calls.create(toBody(spec), signal);
  }

  start(id: ServerId, signal: AbortSignal): Promise<Change> {
    return this.#calls.act(id, 'start', signal);
  }

  stop(id: ServerId, signal: AbortSignal): Promise<Change> {
    return this.#calls.act(id, 'stop', signal);
  }

  rename(id: ServerId, name: string, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, { name }, signal);
  }

  setTags(id: ServerId, tags: Tags, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, { tags }, signal);
  }

  remove(id: ServerId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

function toBody(spec: ServerSpec): object {
  const { volumeSizeGb, interfaces, sshKeys, userData, ...rest } = spec;
  return {
    ...rest,
    ...(volumeSizeGb === undefined ? {} : { volume_size_gb: volumeSizeGb }),
    ...(sshKeys === undefined ? {} : { ssh_keys: sshKeys }),
    ...(userData === undefined ? {} : { user_data: userData }),
    ...(interfaces === undefined
      ? {}
      : { interfaces: interfaces.map((one) => (one === 'public' ? { network: 'public' } : { addresses: [one] })) }),
  };
}

/** A server as the API writes it. */
export function parseServer(raw: unknown): Server {
  const server = parseObject(raw, 'server');
  return {
    id: parseId<ServerId>(server['uuid']),
    name: requiredText(server, 'name'),
    status: requiredText(server, 'status'),
    zone: parseSlug(server['zone']),
    flavor: parseSlug(server['flavor']),
    interfaces: listOf(server, 'interfaces', parseInterface),
    tags: parseTags(server['tags']),
  };
}

function parseInterface(raw: unknown): ServerInterface {
  const entry = parseObject(raw, 'interface');
  return {
    type: optionalText(entry, 'type') ?? '',
    networkId: parseRef<NetworkId>(entry['network']),
    addresses: listOf(entry, 'addresses', (item) => {
      const address = parseObject(item, 'address');
      return {
        version: parseVersion(address, 'version'),
        address: requiredText(address, 'address'),
        subnet: parseSubnetRef(address['subnet']),
      };
    }),
  };
}
