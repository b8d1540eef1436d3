// The BGPAdvertisement that MetalLB needs to announce pools: a default one while there are pools and nobody else made one. Pure.
import { DEFAULT_ADVERTISEMENT, isOurs, OWN_LABEL } from './resources.ts';
import type { BgpAdvertisement } from './resources.ts';

/** One change; objects are whole, as they shall be. */
export type AdvertisementStep =
  | { readonly kind: 'create-advertisement'; readonly object: BgpAdvertisement }
  | { readonly kind: 'update-advertisement'; readonly object: BgpAdvertisement }
  | { readonly kind: 'remove-advertisement'; readonly object: BgpAdvertisement };

/** Names of pools. */
export interface PoolNames {
  /** Of those that are announced by us. */
  readonly ours: readonly string[];
  /** Of those that users made; they may stand in our advertisement. */
  readonly others: readonly string[];
}

/**
 * Steps after which the default advertisement has exactly our pools, and those of users that were put into it. An advertisement with our
 * label and another name is a user's own: it stays as it is, and no default one is made beside it.
 */
export function planAdvertisement(
  { ours, others }: PoolNames,
  found: readonly BgpAdvertisement[],
): readonly AdvertisementStep[] {
  const labelled = found.filter(isOurs);
  const existing = labelled.find(({ metadata }) => metadata.name === DEFAULT_ADVERTISEMENT);
  if (existing === undefined) {
    const isWanted = labelled.length === 0 && ours.length > 0;
    return isWanted ? [{ kind: 'create-advertisement', object: newAdvertisement(ours.toSorted()) }] : [];
  }
  const listed = existing.spec.ipAddressPools ?? [];
  const ipAddressPools = [...new Set([...ours, ...listed.filter((name) => others.includes(name))])].toSorted();
  if (ipAddressPools.length === 0) return [{ kind: 'remove-advertisement', object: existing }];
  if (listed.toSorted().join() === ipAddressPools.join()) return [];
  return [{ kind: 'update-advertisement', object: { ...existing, spec: { ...existing.spec, ipAddressPools } } }];
}

function newAdvertisement(ipAddressPools: readonly string[]): BgpAdvertisement {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPAdvertisement',
    metadata: { name: DEFAULT_ADVERTISEMENT, labels: { [OWN_LABEL.key]: OWN_LABEL.value } },
    spec: { ipAddressPools },
  };
}

/** The step in words. */
export function describeAdvertisementStep({ kind }: AdvertisementStep): string {
  const words = {
    'create-advertisement': 'added',
    'update-advertisement': 'updated',
    'remove-advertisement': 'removed',
  } as const;
  return `MetalLB advertisement ${DEFAULT_ADVERTISEMENT} ${words[kind]}`;
}
