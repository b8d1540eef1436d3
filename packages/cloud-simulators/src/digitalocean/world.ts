// What the simulated account has. A world never changes: each change makes a new one that shares the rest with the last, which makes
// stale reads, cached JSON and cheap snapshots possible.
import { WorldStore as AnyWorldStore } from '../world-store.ts';
import type {
  LoadBalancerFields,
  WireCertificate,
  WireDroplet,
  WireFirewall,
  WireProject,
  WireRegion,
  WireVpc,
} from './wire.ts';

/** A load balancer with what decides about its state; what is served is computed from it and the clock (load-balancer-life.ts). */
export interface LoadBalancerRecord {
  readonly fields: LoadBalancerFields;
  /** Monotonic times. */
  readonly activeAtMs: number;
  readonly busyUntilMs: number;
  readonly resizedAtMs: number;
  readonly isErrored: boolean;
  /** Addresses that it shows once active. */
  readonly ip: string;
  readonly ipv6: string;
}

/** Everything in the account at one moment. */
export interface World {
  readonly regions: ReadonlyMap<string, WireRegion>;
  readonly vpcs: ReadonlyMap<string, WireVpc>;
  readonly droplets: ReadonlyMap<number, WireDroplet>;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerRecord>;
  readonly certificates: ReadonlyMap<string, WireCertificate>;
  readonly firewalls: ReadonlyMap<string, WireFirewall>;
  readonly tags: ReadonlySet<string>;
  readonly projects: ReadonlyMap<string, WireProject>;
}

/** The current world and the one before. */
export class WorldStore extends AnyWorldStore<World> {
  /** A UUID that no other object of this world has; the same in every run. */
  newUuid(): string {
    return `5eed0000-0000-4000-8000-${this.newNumber().toString(16).padStart(12, '0')}`;
  }
}

export { withEntry, withoutEntry } from '../world-store.ts';
