// What the simulated load balancer service of Equinix Metal has. A world never changes; each change makes a new one.

/** A balancer. */
export interface BalancerRecord {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly locationId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Monotonic time from which it shows its addresses. */
  readonly readyAtMs: number;
  readonly ips: readonly string[];
}

/** A port of a balancer. */
export interface BalancerPortRecord {
  readonly id: string;
  readonly balancerId: string;
  readonly name: string;
  readonly number: number;
  readonly poolIds: readonly string[];
}

/** A pool: who answers for a port. */
export interface PoolRecord {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
}

/** One address and port in a pool. */
export interface OriginRecord {
  readonly id: string;
  readonly poolId: string;
  readonly name: string;
  readonly target: string;
  readonly portNumber: number;
  readonly isActive: boolean;
}

/** Everything at one moment; keys are ids. */
export interface EmlbWorld {
  readonly balancers: ReadonlyMap<string, BalancerRecord>;
  readonly ports: ReadonlyMap<string, BalancerPortRecord>;
  readonly pools: ReadonlyMap<string, PoolRecord>;
  readonly origins: ReadonlyMap<string, OriginRecord>;
}

/** The provider of all balancers, and where they can be, by metro. */
export const EMLB_PROVIDER_ID = 'loadpvd-gOB_-byp5ebFo7A3LHv2B';
export const EMLB_LOCATIONS: Readonly<Record<string, string>> = {
  da: 'lctnloc--uxs0GLeAELHKV8GxO_AI',
  ny: 'lctnloc-Vy-1Qpw31mPi6RJQwVf9A',
  sv: 'lctnloc-H5rl2M2VL5dcFmdxhbEKx',
};
