// What the simulated account has. A world never changes: each change makes a new one that shares the rest with the last, which makes
// stale reads, cached JSON and cheap snapshots possible.
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
export class WorldStore {
  #current: World;
  #previous: World;
  #ids = 0;

  constructor(world: World) {
    this.#current = world;
    this.#previous = world;
  }

  get current(): World {
    return this.#current;
  }

  /** As it was before the last change. */
  get previous(): World {
    return this.#previous;
  }

  /** Changes parts of the world. */
  commit(change: Partial<World>): void {
    this.#previous = this.#current;
    this.#current = { ...this.#current, ...change };
  }

  /** A UUID that no other object of this world has; the same in every run. */
  newUuid(): string {
    this.#ids += 1;
    return `5eed0000-0000-4000-8000-${this.#ids.toString(16).padStart(12, '0')}`;
  }

  /** A number that no other object of this world has. */
  newNumber(): number {
    this.#ids += 1;
    return this.#ids;
  }
}

/** The map with one entry more, or another value. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

/** The map with one entry less. */
export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
