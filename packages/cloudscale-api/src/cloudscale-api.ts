// The cloudscale.ch API as one object, one property per resource. Knows nothing of Kubernetes.
import { CloudHttp } from '@longshore/cloud-http';
import type { CloudHttpOptions } from '@longshore/cloud-http';
import { CLOUDSCALE_URL, toBaseUrl } from './base-url.ts';
import { classifyCloudscaleBody } from './classify.ts';
import { FloatingIps } from './floating-ips.ts';
import { HealthMonitors } from './health-monitors.ts';
import { Listeners } from './listeners.ts';
import { LoadBalancers } from './load-balancers.ts';
import { Catalog, Networks, Subnets } from './networks.ts';
import { Members, Pools } from './pools.ts';
import { Servers } from './servers.ts';

/** Time for one exchange: calls about balancers are slow. */
export const DEFAULT_TIMEOUT_MS = 20_000;

/** All calls. */
export class CloudscaleApi {
  readonly servers: Servers;
  readonly loadBalancers: LoadBalancers;
  readonly pools: Pools;
  readonly members: Members;
  readonly listeners: Listeners;
  readonly healthMonitors: HealthMonitors;
  readonly floatingIps: FloatingIps;
  readonly networks: Networks;
  readonly subnets: Subnets;
  readonly catalog: Catalog;
  /** For closing. */
  readonly http: CloudHttp;

  constructor(http: CloudHttp) {
    this.http = http;
    this.servers = new Servers(http);
    this.loadBalancers = new LoadBalancers(http);
    this.pools = new Pools(http);
    this.members = new Members(http);
    this.listeners = new Listeners(http);
    this.healthMonitors = new HealthMonitors(http);
    this.floatingIps = new FloatingIps(http);
    this.networks = new Networks(http);
    this.subnets = new Subnets(http);
    this.catalog = new Catalog(http);
  }
}

/** Options of `createCloudscaleApi`: those of CloudHttp, with the cloud's own parts filled in. */
export type CloudscaleApiOptions = Omit<
  CloudHttpOptions,
  'provider' | 'baseUrl' | 'classifyBody' | 'nextLink' | 'authorize'
> & {
  /** As in CLOUDSCALE_API_URL: with or without `/v1`. Default: the public API. */
  readonly baseUrl?: string;
};

/** A client of its own for one token. */
export function createCloudscaleApi(options: CloudscaleApiOptions): CloudscaleApi {
  const http = new CloudHttp({
    timeoutMs: DEFAULT_TIMEOUT_MS,
    ...options,
    baseUrl: toBaseUrl(options.baseUrl ?? CLOUDSCALE_URL),
    provider: 'cloudscale',
    classifyBody: classifyCloudscaleBody,
  });
  return new CloudscaleApi(http);
}
