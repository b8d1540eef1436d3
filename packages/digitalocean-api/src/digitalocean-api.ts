// The DigitalOcean API as one object, one property per resource. Knows nothing of Kubernetes.
import { CloudHttp } from '@longshore/cloud-http';
import type { CloudHttpOptions } from '@longshore/cloud-http';
import { Accounts } from './account.ts';
import { Certificates } from './certificates.ts';
import { classifyDigitalOceanBody } from './classify.ts';
import { Droplets } from './droplets.ts';
import { Firewalls } from './firewalls.ts';
import { LoadBalancers } from './load-balancers.ts';
import { Projects } from './projects.ts';
import { Regions } from './regions.ts';
import { Tags } from './tags.ts';
import { Vpcs } from './vpcs.ts';

/** Where the API lives. */
export const DIGITALOCEAN_URL = 'https://api.digitalocean.com';

/** All calls. */
export class DigitalOceanApi {
  readonly droplets: Droplets;
  readonly loadBalancers: LoadBalancers;
  readonly regions: Regions;
  readonly account: Accounts;
  readonly certificates: Certificates;
  readonly tags: Tags;
  readonly firewalls: Firewalls;
  readonly vpcs: Vpcs;
  readonly projects: Projects;
  /** For the rate limit's state and for closing. */
  readonly http: CloudHttp;

  constructor(http: CloudHttp) {
    this.http = http;
    this.droplets = new Droplets(http);
    this.loadBalancers = new LoadBalancers(http);
    this.regions = new Regions(http);
    this.account = new Accounts(http);
    this.certificates = new Certificates(http);
    this.tags = new Tags(http);
    this.firewalls = new Firewalls(http);
    this.vpcs = new Vpcs(http);
    this.projects = new Projects(http);
  }
}

/** Options of `createDigitalOceanApi`: those of CloudHttp, with the cloud's own parts filled in. */
export type DigitalOceanApiOptions = Omit<
  CloudHttpOptions,
  'provider' | 'baseUrl' | 'classifyBody' | 'nextLink' | 'authorize'
> & {
  /** Default: the public API. */
  readonly baseUrl?: string;
};

/** A client of its own for one token. */
export function createDigitalOceanApi(options: DigitalOceanApiOptions): DigitalOceanApi {
  const baseUrl = options.baseUrl ?? DIGITALOCEAN_URL;
  return new DigitalOceanApi(
    new CloudHttp({ ...options, baseUrl, provider: 'digitalocean', classifyBody: classifyDigitalOceanBody }),
  );
}
