// Load balancers. A new one is `changing` for up to two minutes; its parts (pools, members, listeners, health monitors) can be made once
// it is `running`, and the API works on one change of a balancer at a time.
import { listOf, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { LoadBalancerId, SubnetId } from './ids.ts';
import { parseSlug, parseSubnetRef, parseVersion } from './refs.ts';
import type { SubnetRef } from './refs.ts';

/** States that are known; others are passed on as they are. */
export type LoadBalancerStatus = 'changing' | 'running' | 'error' | 'degraded' | (string & {});

/** An address of a balancer. */
export interface VipAddress {
  readonly version: 4 | 6;
  readonly address: string;
  readonly subnet: SubnetRef | undefined;
}

/** A balancer. */
export interface LoadBalancer {
  readonly id: LoadBalancerId;
  readonly href: string;
  /** Not unique. */
  readonly name: string;
  readonly status: LoadBalancerStatus;
  readonly zone: string;
  readonly flavor: string;
  /** In the API's order. */
  readonly vipAddresses: readonly VipAddress[];
  readonly tags: Tags;
}

/** A wish for an address. */
export interface VipWish {
  readonly subnet: SubnetId;
  readonly address?: string;
}

/** A balancer that shall be. */
export interface LoadBalancerSpec {
  readonly name: string;
  readonly flavor: string;
  readonly zone?: string;
  /** Empty: a public IPv4 and a public IPv6 address. */
  readonly vipAddresses: readonly VipWish[];
  readonly tags?: Tags;
}

/** Calls about balancers. */
export class LoadBalancers {
  readonly #calls: ResourceCalls<LoadBalancer>;

  constructor(http: CloudHttp) {
    const path = '/v1/load-balancers';
    this.#calls = new ResourceCalls(http, { path, name: path, parse: parseLoadBalancer });
  }

  /** All balancers of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly LoadBalancer[]> {
    return this.#calls.list(signal, tags);
  }

  /** One balancer; undefined only when the API itself says that there is none. */
  get(id: LoadBalancerId, signal: AbortSignal): Promise<LoadBalancer | undefined> {
    return this.#calls.get(id, signal);
  }

  /** Creates one. Names are not unique: after a lost answer look for it by tag and name before creating again. */
  create(spec: LoadBalancerSpec, signal: AbortSignal): Promise<LoadBalancer> {
    const { vipAddresses, ...rest } = spec;
    return this.#calls.create({ ...rest, vip_addresses: vipAddresses }, signal);
  }

  rename(id: LoadBalancerId, name: string, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, { name }, signal);
  }

  setTags(id: LoadBalancerId, tags: Tags, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, { tags }, signal);
  }

  /** Removes it with all its parts; floating IPs stay. `busy` while it is being built. */
  remove(id: LoadBalancerId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

/** A balancer as the API writes it. */
export function parseLoadBalancer(raw: unknown): LoadBalancer {
  const balancer = parseObject(raw, 'load balancer');
  return {
    id: parseId<LoadBalancerId>(balancer['uuid']),
    href: requiredText(balancer, 'href'),
    name: requiredText(balancer, 'name'),
    status: requiredText(balancer, 'status'),
    zone: parseSlug(balancer['zone']),
    flavor: parseSlug(balancer['flavor']),
    vipAddresses: listOf(balancer, 'vip_addresses', (item) => {
      const vip = parseObject(item, 'VIP address');
      return {
        version: parseVersion(vip, 'version'),
        address: requiredText(vip, 'address'),
        subnet: parseSubnetRef(vip['subnet']),
      };
    }),
    tags: parseTags(balancer['tags']),
  };
}
