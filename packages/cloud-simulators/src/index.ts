// The public surface of @longshore/cloud-simulators.
export * from './simulator.ts';
export { CallLog } from './call-log.ts';
export type { CallRecord } from './call-log.ts';
export type { Fault, FaultHandle, FaultKind } from './faults.ts';
export type { QuotaLimits } from './quota.ts';
export type { SchemaProblem } from './schema-check.ts';
export { simulateDigitalOcean } from './digitalocean/simulate-digitalocean.ts';
export type { DigitalOceanOptions, DigitalOceanSimulator, DoState } from './digitalocean/simulate-digitalocean.ts';
export type { DropletWish } from './digitalocean/droplet-factory.ts';
export type * from './digitalocean/wire.ts';
