// The address pools of MetalLB's ConfigMap: one for each set of Services that share addresses, named after them. Pure.
import { keyOfService, parseServiceKey } from './markers.ts';
import type { ServiceName } from '../announcer.ts';

/** A pool as far as it matters here; all its other fields stay as they are. */
export interface Pool {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** A pool and where it stands in the text: names may be there twice. */
export interface FoundPool extends Pool {
  readonly position: number;
}

/** One change. */
export type PoolStep =
  | { readonly kind: 'add'; readonly pool: Pool }
  /** A pool gets another name, other addresses, or both. */
  | { readonly kind: 'change'; readonly found: FoundPool; readonly pool: Pool }
  | { readonly kind: 'remove'; readonly found: FoundPool };

const JOINER = ',';

/** `192.0.2.10` as pools have it. */
export function toRange(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** The Services that a pool of ours is for; `undefined` for a pool of somebody else. */
export function servicesOfPool(name: string): readonly string[] | undefined {
  const keys = name.split(JOINER);
  return keys.every((key) => parseServiceKey(key) !== undefined) ? keys : undefined;
}

/** Steps after which the Service has exactly these addresses; none withdraws it. */
export function planPools(
  service: ServiceName,
  addresses: readonly string[],
  found: readonly FoundPool[],
): readonly PoolStep[] {
  const key = keyOfService(service);
  // All of ours: a pool that loses a Service may get the name of another one.
  const ours = found.filter(({ name }) => servicesOfPool(name) !== undefined);
  return planChanges(ours, groupByServices(usersOf(ours, key, new Set(addresses.map(toRange)))));
}

/** Steps after which none of these addresses is in a pool of ours. */
export function planPoolsWithout(addresses: readonly string[], found: readonly FoundPool[]): readonly PoolStep[] {
  const unwanted = new Set(addresses.map(toRange));
  return found.flatMap((pool): readonly PoolStep[] => {
    const left = pool.addresses.filter((address) => !unwanted.has(address));
    if (servicesOfPool(pool.name) === undefined || left.length === pool.addresses.length) return [];
    if (left.length === 0) return [{ kind: 'remove', found: pool }];
    return [{ kind: 'change', found: pool, pool: { name: pool.name, addresses: left } }];
  });
}

/** Address to Services, after the Service got what it wants. */
function usersOf(
  ours: readonly Pool[],
  key: string,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const users = new Map<string, Set<string>>();
  const use = (address: string, services: readonly string[]): void =>
    void users.set(address, new Set([...(users.get(address) ?? []), ...services]));
  for (const { name, addresses } of ours) {
    const others = (servicesOfPool(name) ?? []).filter((service) => service !== key);
    for (const address of addresses) use(address, others);
  }
  for (const address of wanted) use(address, [key]);
  return users;
}

// Two pools never have the same Services, so the names are unique, as MetalLB wants them.
function groupByServices(users: ReadonlyMap<string, ReadonlySet<string>>): readonly Pool[] {
  const used = [...users].filter(([, services]) => services.size > 0);
  const groups = Map.groupBy(used, ([, services]) => [...services].toSorted().join(JOINER));
  return [...groups].map(([name, entries]) => ({ name, addresses: entries.map(([address]) => address).toSorted() }));
}

// A pool that only changes its name or addresses keeps what else its owner wrote into it.
function planChanges(ours: readonly FoundPool[], wanted: readonly Pool[]): readonly PoolStep[] {
  const left = new Set(ours);
  const match = (pool: Pool, isIt: (found: FoundPool) => boolean): readonly PoolStep[] | undefined => {
    const found = [...left].find(isIt);
    if (found === undefined) return undefined;
    left.delete(found);
    return isSame(found, pool) ? [] : [{ kind: 'change', found, pool }];
  };
  const steps: PoolStep[] = [];
  const unmatched = wanted.filter((pool) => {
    const matched = match(pool, ({ name }) => name === pool.name);
    steps.push(...(matched ?? []));
    return matched === undefined;
  });
  for (const pool of unmatched) {
    const former = match(pool, ({ addresses }) => addresses.some((address) => pool.addresses.includes(address)));
    steps.push(...(former ?? [{ kind: 'add', pool } as const]));
  }
  return [...steps, ...[...left].map((found): PoolStep => ({ kind: 'remove', found }))];
}

function isSame(one: Pool, other: Pool): boolean {
  return one.name === other.name && one.addresses.toSorted().join() === other.addresses.toSorted().join();
}

/** The step in words. */
export function describePoolStep(step: PoolStep): string {
  switch (step.kind) {
    case 'add':
      return `MetalLB pool ${step.pool.name} added: ${step.pool.addresses.join(', ')}`;
    case 'change':
      return `MetalLB pool ${step.found.name} changed to ${step.pool.name}: ${step.pool.addresses.join(', ')}`;
    case 'remove':
      return `MetalLB pool ${step.found.name} removed`;
  }
}
