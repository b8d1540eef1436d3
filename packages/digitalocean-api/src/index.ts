// The public surface of @longshore/digitalocean-api.
export * from './digitalocean-api.ts';
export * from './ids.ts';
export * from './droplets.ts';
export * from './load-balancer.ts';
export { parseLoadBalancer, toForwardingRuleBody, toLoadBalancerBody } from './load-balancer-json.ts';
export * from './load-balancers.ts';
export * from './regions.ts';
export * from './account.ts';
export * from './certificates.ts';
export * from './tags.ts';
export * from './firewalls.ts';
export * from './vpcs.ts';
export * from './projects.ts';
export { isLoadBalancerBusy } from './classify.ts';
export * from './droplet-metadata.ts';
export type { JsonObject } from '@longshore/cloud-http';
