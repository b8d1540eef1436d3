// Whether a volume that is asked for is there already. Pure.
import type { Volume } from '@longshore/packet-api';
import { isSameSource, readDescription } from './description.ts';
import type { VolumeSource } from './description.ts';
import type { SizeWish } from './size.ts';
import { policyProblem } from './snapshot-policies.ts';
import type { PolicyWish } from './snapshot-policies.ts';
import { planOfVolume } from './storage-plan.ts';
import type { StoragePlan } from './storage-plan.ts';

/** A volume that is asked for. */
export interface VolumeWish {
  readonly name: string;
  readonly size: SizeWish;
  readonly plan: StoragePlan;
  readonly snapshotPolicies: readonly PolicyWish[];
  readonly source: VolumeSource | undefined;
  /** For people: which claim it is for. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What there is under the name. */
export type FoundVolume =
  | { readonly kind: 'none' }
  /** The one to take; `others` have the same name and would do as well. */
  | { readonly kind: 'found'; readonly volume: Volume; readonly others: readonly Volume[] }
  | { readonly kind: 'conflict'; readonly reason: string };

/** Looks among all volumes of the project. */
export function findVolume(wish: VolumeWish, volumes: readonly Volume[]): FoundVolume {
  const named = volumes.filter(({ description }) => readDescription(description)?.name === wish.name);
  const fitting = named.filter((volume) => problemOf(wish, volume) === undefined).sort(byAge);
  const [oldest, ...others] = fitting;
  if (oldest !== undefined) return { kind: 'found', volume: oldest, others };
  const [other] = named;
  if (other === undefined) return { kind: 'none' };
  const reason = `volume ${other.id} has the name ${wish.name} and ${problemOf(wish, other)}`;
  return { kind: 'conflict', reason };
}

/** The oldest first; those without a time last. */
export function byAge(a: Volume, b: Volume): number {
  return (a.createdAt ?? '~').localeCompare(b.createdAt ?? '~') || a.id.localeCompare(b.id);
}

function problemOf(wish: VolumeWish, volume: Volume): string | undefined {
  const { sizeGB, description } = volume;
  if (!isSameSource(readDescription(description)?.source, wish.source)) return 'was made from something else';
  if (planOfVolume(volume) !== wish.plan) return `is not of the plan ${wish.plan}`;
  const ofPolicies = policyProblem(wish.snapshotPolicies, volume.snapshotPolicies);
  if (ofPolicies !== undefined) return ofPolicies;
  if (!wish.size.isGiven) return sizeProblem(sizeGB, wish);
  const { minGiB, maxGiB } = wish.size;
  return sizeGB < minGiB || sizeGB > maxGiB ? `has ${sizeGB} GiB` : undefined;
}

// Without a size in the request the default is meant, or the size of the source.
function sizeProblem(sizeGB: number, { source, size }: VolumeWish): string | undefined {
  return source !== undefined || sizeGB === size.sizeGiB ? undefined : `has ${sizeGB} GiB`;
}
