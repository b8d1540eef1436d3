// Private networks and their subnets, regions and flavors.
import { listOf, optionalNumber, optionalText, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseArray, parseTags, ResourceCalls } from './calls.ts';
import type { Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { NetworkId, SubnetId } from './ids.ts';
import { parseRequiredRef, parseSlug } from './refs.ts';

/** A network. */
export interface Network {
  readonly id: NetworkId;
  readonly name: string;
  readonly zone: string;
  readonly subnetIds: readonly SubnetId[];
  readonly tags: Tags;
}

/** A network that shall be. */
export interface NetworkSpec {
  readonly name: string;
  readonly zone?: string;
  /** The API makes an IPv4 subnet unless told not to. */
  readonly autoCreateIpv4Subnet?: boolean;
  readonly tags?: Tags;
}

/** A subnet. */
export interface Subnet {
  readonly id: SubnetId;
  readonly cidr: string;
  readonly networkId: NetworkId;
  readonly gateway: string | undefined;
  readonly tags: Tags;
}

/** A region and its zones. */
export interface Region {
  readonly slug: string;
  readonly zones: readonly string[];
}

/** A flavor of servers. */
export interface Flavor {
  readonly slug: string;
  readonly vcpuCount: number | undefined;
  readonly memoryGb: number | undefined;
  readonly zones: readonly string[];
}

/** Calls about networks. */
export class Networks {
  readonly #calls: ResourceCalls<Network>;

  constructor(http: CloudHttp) {
    this.#calls = new ResourceCalls(http, { path: '/v1/networks', name: '/v1/networks', parse: parseNetwork });
  }

  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly Network[]> {
    return this.#calls.list(signal, tags);
  }

  get(id: NetworkId, signal: AbortSignal): Promise<Network | undefined> {
    return this.#calls.get(id, signal);
  }

  create({ autoCreateIpv4Subnet: auto, ...spec }: NetworkSpec, signal: AbortSignal): Promise<Network> {
    return this.#calls.create({ ...spec, ...(auto === undefined ? {} : { auto_create_ipv4_subnet: auto }) }, signal);
  }

  remove(id: NetworkId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

/** Calls about subnets. */
export class Subnets {
  readonly #calls: ResourceCalls<Subnet>;

  constructor(http: CloudHttp) {
    this.#calls = new ResourceCalls(http, { path: '/v1/subnets', name: '/v1/subnets', parse: parseSubnet });
  }

  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly Subnet[]> {
    return this.#calls.list(signal, tags);
  }

  get(id: SubnetId, signal: AbortSignal): Promise<Subnet | undefined> {
    return this.#calls.get(id, signal);
  }

  create(spec: { readonly cidr: string; readonly networkId: NetworkId }, signal: AbortSignal): Promise<Subnet> {
    return this.#calls.create({ cidr: spec.cidr, network: spec.networkId }, signal);
  }

  remove(id: SubnetId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

/** Calls about what the cloud offers. The cheapest call of the API is that for its regions. */
export class Catalog {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  regions(signal: AbortSignal): Promise<readonly Region[]> {
    const path = '/v1/regions';
    return this.#http.send(
      { method: 'GET', path, name: path, parse: (body) => parseArray(body).map(parseRegion) },
      signal,
    );
  }

  flavors(signal: AbortSignal): Promise<readonly Flavor[]> {
    const path = '/v1/flavors';
    return this.#http.send(
      { method: 'GET', path, name: path, parse: (body) => parseArray(body).map(parseFlavor) },
      signal,
    );
  }
}

function parseNetwork(raw: unknown): Network {
  const network = parseObject(raw, 'network');
  return {
    id: parseId<NetworkId>(network['uuid']),
    name: requiredText(network, 'name'),
    zone: parseSlug(network['zone']),
    subnetIds: listOf(network, 'subnets', (item) => parseRequiredRef<SubnetId>(item)),
    tags: parseTags(network['tags']),
  };
}

function parseSubnet(raw: unknown): Subnet {
  const subnet = parseObject(raw, 'subnet');
  return {
    id: parseId<SubnetId>(subnet['uuid']),
    cidr: requiredText(subnet, 'cidr'),
    networkId: parseRequiredRef<NetworkId>(subnet['network']),
    gateway: optionalText(subnet, 'gateway_address'),
    tags: parseTags(subnet['tags']),
  };
}

function parseRegion(raw: unknown): Region {
  const region = parseObject(raw, 'region');
  return { slug: requiredText(region, 'slug'), zones: listOf(region, 'zones', parseSlug) };
}

function parseFlavor(raw: unknown): Flavor {
  const flavor = parseObject(raw, 'flavor');
  return {
    slug: requiredText(flavor, 'slug'),
    vcpuCount: optionalNumber(flavor, 'vcpu_count'),
    memoryGb: optionalNumber(flavor, 'memory_gb'),
    zones: listOf(flavor, 'zones', parseSlug),
  };
}
