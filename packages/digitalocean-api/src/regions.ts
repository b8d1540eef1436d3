// Regions: to check a configured slug.
import { isTrue, listOf, optionalText, parseObject, parseText, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { listAll } from './lists.ts';

/** A data centre. */
export interface Region {
  readonly slug: string;
  readonly name: string;
  /** Takes new resources. */
  readonly isAvailable: boolean;
  readonly features: readonly string[];
}

/** Calls about regions. */
export class Regions {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All regions. */
  list(signal: AbortSignal): Promise<readonly Region[]> {
    const list = { path: '/v2/regions', key: 'regions', parse: parseRegion, idOf: ({ slug }: Region) => slug };
    return listAll(this.#http, list, signal);
  }
}

/** A region as the API writes it. */
export function parseRegion(raw: unknown): Region {
  const region = parseObject(raw, 'region');
  return {
    slug: requiredText(region, 'slug'),
    name: optionalText(region, 'name') ?? '',
    isAvailable: isTrue(region, 'available'),
    features: listOf(region, 'features', parseText),
  };
}
