// Floating IPs. In paths they go by their bare address, without prefix length; they survive what they point to.
import { optionalText, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import type { LoadBalancerId, ServerId } from './ids.ts';
import { parseRef, parseSlug, parseVersion } from './refs.ts';

/** A floating IP. */
export interface FloatingIp {
  /** With prefix length: `192.0.2.123/32`. */
  readonly network: string;
  /** Without: its key in paths. */
  readonly address: string;
  readonly version: 4 | 6;
  readonly serverId: ServerId | undefined;
  readonly loadBalancerId: LoadBalancerId | undefined;
  /** Absent for a global one. */
  readonly region: string | undefined;
  readonly nextHop: string | undefined;
  readonly tags: Tags;
}

/** A floating IP that shall be. */
export interface FloatingIpSpec {
  readonly version: 4 | 6;
  readonly region?: string;
  readonly type?: 'regional' | 'global';
  readonly loadBalancerId?: LoadBalancerId;
  readonly serverId?: ServerId;
  readonly tags?: Tags;
}

/** Calls about floating IPs. */
export class FloatingIps {
  readonly #calls: ResourceCalls<FloatingIp>;

  constructor(http: CloudHttp) {
    const path = '/v1/floating-ips';
    this.#calls = new ResourceCalls(http, { path, name: path, parse: parseFloatingIp });
  }

  /** All floating IPs of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly FloatingIp[]> {
    return this.#calls.list(signal, tags);
  }

  get(address: string, signal: AbortSignal): Promise<FloatingIp | undefined> {
    return this.#calls.get(address, signal);
  }

  create({ version, loadBalancerId, serverId, ...rest }: FloatingIpSpec, signal: AbortSignal): Promise<FloatingIp> {
    const target = {
      ...(loadBalancerId === undefined ? {} : { load_balancer: loadBalancerId }),
      ...(serverId === undefined ? {} : { server: serverId }),
    };
    return this.#calls.create({ ip_version: version, ...target, ...rest }, signal);
  }

  /** Points it at a balancer, wherever it pointed before. */
  assignToLoadBalancer(address: string, id: LoadBalancerId, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(address, { load_balancer: id }, signal);
  }

  /** Points it at a server. */
  assignToServer(address: string, id: ServerId, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(address, { server: id }, signal);
  }

  remove(address: string, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(address, signal);
  }
}

/** A floating IP as the API writes it. */
export function parseFloatingIp(raw: unknown): FloatingIp {
  const ip = parseObject(raw, 'floating IP');
  const network = requiredText(ip, 'network');
  const { region } = ip;
  return {
    network,
    address: network.split('/')[0] ?? network,
    version: parseVersion(ip, 'ip_version'),
    serverId: parseRef<ServerId>(ip['server']),
    loadBalancerId: parseRef<LoadBalancerId>(ip['load_balancer']),
    region: region === undefined || region === null ? undefined : parseSlug(region),
    nextHop: optionalText(ip, 'next_hop'),
    tags: parseTags(ip['tags']),
  };
}
