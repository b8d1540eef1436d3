// What this process is giving to Services just now: addresses that no status shows yet, and places for those that are being reserved. Kept in
// memory only; after a start the statuses and tags say the same.
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { AddressPlan } from './resolve.ts';

/** The claims, by Service. */
export class Claims {
  readonly #claims = new Map<string, readonly string[]>();
  // Services whose addresses are withdrawn; their statuses may still show them.
  readonly #withdrawn = new Set<string>();

  /** Addresses claimed by all Services but one. */
  ofOthers(service: KubeService): ReadonlySet<string> {
    const others = [...this.#claims].filter(([key]) => key !== keyOf(service));
    return new Set(others.flatMap(([, addresses]) => addresses));
  }

  /** Decided: from now on these are taken. */
  set(service: KubeService, plans: readonly AddressPlan[]): void {
    const key = keyOf(service);
    this.#withdrawn.delete(service.metadata?.uid ?? '');
    this.#claims.set(
      key,
      plans.map((plan) =>
        plan.kind === 'found' || plan.kind === 'take' ? plan.address : plannedName(key, plan.family),
      ),
    );
  }

  /** The addresses are known now. */
  settle(service: KubeService, addresses: readonly string[]): void {
    this.#claims.set(keyOf(service), addresses);
  }

  /** Nothing came of it. */
  drop(service: KubeService): void {
    this.#claims.delete(keyOf(service));
  }

  /** Withdrawn for good. */
  end(service: KubeService): void {
    this.drop(service);
    this.#withdrawn.add(service.metadata?.uid ?? '');
  }

  /** Whether the Service's addresses are withdrawn already. */
  isWithdrawn(service: KubeService): boolean {
    return this.#withdrawn.has(service.metadata?.uid ?? '');
  }
}

// The colons make it of the family IPv6, as in addresses.
function plannedName(key: string, family: number): string {
  return `planned ${key}${family === 6 ? ' ::' : ''}`;
}
