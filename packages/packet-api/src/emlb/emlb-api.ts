// The load balancer service of Equinix Metal ("EMLB", beta) as one object. It ran beside the API, on hosts of its own, and ended with it:
// both addresses are settings.
import { EmlbBalancers, EmlbPorts } from './emlb-balancers.ts';
import { EmlbHttp } from './emlb-http.ts';
import type { EmlbHttpOptions } from './emlb-http.ts';
import { EmlbOrigins, EmlbPools } from './emlb-pools.ts';

/** All calls. */
export class EmlbApi {
  readonly balancers: EmlbBalancers;
  readonly ports: EmlbPorts;
  readonly pools: EmlbPools;
  readonly origins: EmlbOrigins;
  /** For closing. */
  readonly http: EmlbHttp;

  constructor(http: EmlbHttp) {
    this.http = http;
    this.balancers = new EmlbBalancers(http);
    this.ports = new EmlbPorts(http);
    this.pools = new EmlbPools(http);
    this.origins = new EmlbOrigins(http);
  }
}

/** A client of its own for one API key. */
export function createEmlbApi(options: EmlbHttpOptions): EmlbApi {
  return new EmlbApi(new EmlbHttp(options));
}
