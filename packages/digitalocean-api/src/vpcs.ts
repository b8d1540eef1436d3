// VPCs. Read only.
import { isTrue, optionalText, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseVpcId } from './ids.ts';
import type { VpcId } from './ids.ts';
import { listAll } from './lists.ts';

/** A private network of one region. */
export interface Vpc {
  readonly id: VpcId;
  readonly name: string;
  readonly region: string;
  readonly ipRange: string | undefined;
  /** Used where a resource of the region names no VPC. */
  readonly isDefault: boolean;
}

/** Calls about VPCs. */
export class Vpcs {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All VPCs. */
  list(signal: AbortSignal): Promise<readonly Vpc[]> {
    return listAll(this.#http, { path: '/v2/vpcs', key: 'vpcs', parse: parseVpc, idOf: ({ id }: Vpc) => id }, signal);
  }

  /** One VPC; `undefined` only when the API itself says that there is none. */
  get(id: VpcId, signal: AbortSignal): Promise<Vpc | undefined> {
    return this.#http.send(
      {
        method: 'GET',
        path: `/v2/vpcs/${encodeURIComponent(id)}`,
        name: '/v2/vpcs/{id}',
        parse: (body) => parseVpc(parseObject(body, 'the answer')['vpc']),
        absentOn404: true,
      },
      signal,
    );
  }
}

/** A VPC as the API writes it. */
export function parseVpc(raw: unknown): Vpc {
  const vpc = parseObject(raw, 'vpc');
  return {
    id: parseVpcId(requiredText(vpc, 'id')),
    name: requiredText(vpc, 'name'),
    region: optionalText(vpc, 'region') ?? '',
    ipRange: optionalText(vpc, 'ip_range'),
    isDefault: isTrue(vpc, 'default'),
  };
}
