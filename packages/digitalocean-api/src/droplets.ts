// Droplets: what a cloud controller manager has to know of them, no more (a cluster has thousands). Read only.
import { listOf, optionalObject, optionalText, parseObject, parseText, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseDropletNumber } from './ids.ts';
import type { DropletId, VpcId } from './ids.ts';
import { parseVpcId } from './ids.ts';
import { listAll } from './lists.ts';

/** States that are known; others are passed on as they are. */
export type DropletStatus = 'new' | 'active' | 'off' | 'archive' | (string & {});

/** One address of a droplet. */
export interface DropletAddress {
  readonly family: 'v4' | 'v6';
  readonly type: 'public' | 'private' | (string & {});
  readonly address: string;
}

/** A virtual machine. */
export interface Droplet {
  readonly id: DropletId;
  readonly name: string;
  readonly status: DropletStatus;
  readonly sizeSlug: string;
  readonly region: string;
  /** In the API's order, IPv4 before IPv6; empty when the API says null. */
  readonly addresses: readonly DropletAddress[];
  /** Empty also when the token may not read tags. */
  readonly tags: readonly string[];
  /** Absent also when the token may not read VPCs. */
  readonly vpcId: VpcId | undefined;
  /** Has GPUs; such droplets are only listed when asked for. */
  readonly hasGpu: boolean;
}

/** What to list; the API does not combine `tag` with the others. Without a filter: all droplets but those with GPUs. */
export type DropletFilter =
  { readonly name: string } | { readonly tag: string } | { readonly type: 'droplets' | 'gpus'; readonly name?: string };

/** Calls about droplets. */
export class Droplets {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All droplets that match. The API's `name` is the whole name, in any case. */
  list(signal: AbortSignal, filter?: DropletFilter): Promise<readonly Droplet[]> {
    return listAll(
      this.#http,
      { path: '/v2/droplets', key: 'droplets', query: queryOf(filter), parse: parseDroplet, idOf: ({ id }) => id },
      signal,
    );
  }

  /** One droplet; `undefined` only when the API itself says that there is none. */
  get(id: DropletId, signal: AbortSignal): Promise<Droplet | undefined> {
    return this.#http.send(
      {
        method: 'GET',
        path: `/v2/droplets/${id}`,
        name: '/v2/droplets/{id}',
        parse: (body) => parseDroplet(parseObject(body, 'the answer')['droplet']),
        absentOn404: true,
      },
      signal,
    );
  }
}

/** A droplet as the API writes it. */
export function parseDroplet(raw: unknown): Droplet {
  const droplet = parseObject(raw, 'droplet');
  const networks = optionalObject(droplet['networks']) ?? {};
  const region = optionalObject(droplet['region']) ?? {};
  const vpcId = optionalText(droplet, 'vpc_uuid');
  return {
    id: parseDropletNumber(droplet['id']),
    name: requiredText(droplet, 'name'),
    status: requiredText(droplet, 'status'),
    sizeSlug: optionalText(droplet, 'size_slug') ?? '',
    region: optionalText(region, 'slug') ?? '',
    addresses: [
      ...listOf(networks, 'v4', (entry) => parseAddress(entry, 'v4')),
      ...listOf(networks, 'v6', (entry) => parseAddress(entry, 'v6')),
    ],
    tags: listOf(droplet, 'tags', parseText),
    vpcId: vpcId === undefined ? undefined : parseVpcId(vpcId),
    hasGpu: optionalObject(droplet['gpu_info']) !== undefined,
  };
}

function parseAddress(raw: unknown, family: 'v4' | 'v6'): DropletAddress {
  const entry = parseObject(raw, 'network');
  return { family, type: optionalText(entry, 'type') ?? '', address: requiredText(entry, 'ip_address') };
}

function queryOf(filter: DropletFilter | undefined): Readonly<Record<string, string | undefined>> {
  if (filter === undefined) return {};
  if ('tag' in filter) return { tag_name: filter.tag };
  return { name: filter.name, type: 'type' in filter ? filter.type : undefined };
}
