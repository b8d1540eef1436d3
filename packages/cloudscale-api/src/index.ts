// The public surface of @longshore/cloudscale-api.
export * from './cloudscale-api.ts';
export * from './base-url.ts';
export * from './ids.ts';
export type { Change, Removal, TagFilter, Tags } from './calls.ts';
export type { SubnetRef } from './refs.ts';
export * from './servers.ts';
export * from './load-balancers.ts';
export * from './pools.ts';
export * from './listeners.ts';
export * from './health-monitors.ts';
export * from './floating-ips.ts';
export * from './networks.ts';
