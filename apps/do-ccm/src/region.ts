// Which region balancers are made in: the configured one if DigitalOcean has it, else the one that this machine runs in.
import type { DropletMetadata, Region, Regions } from '@longshore/digitalocean-api';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';

/** Whom to ask. */
export interface RegionSources {
  readonly regions: Pick<Regions, 'list'>;
  readonly metadata: Pick<DropletMetadata, 'region'>;
}

/** The region's slug; rejects when the configured one does not exist, or when nobody says which it is. */
export async function determineRegion(
  configured: string | undefined,
  { regions, metadata }: RegionSources,
  signal: AbortSignal,
): Promise<string> {
  try {
    if (configured === undefined) return await metadata.region(signal);
    requireRegion(configured, await regions.list(signal));
    return configured;
  } catch (error) {
    signal.throwIfAborted();
    const hint =
      configured === undefined ? ' (set the environment variable REGION where there is no metadata service)' : '';
    const message = `failed to determine region: ${messageOf(error)}${hint}`;
    throw new OperatorError('REGION_UNKNOWN', message, never, { cause: error });
  }
}

function requireRegion(slug: string, regions: readonly Region[]): void {
  if (regions.some((region) => region.slug === slug)) return;
  const known = regions.map((region) => region.slug).sort();
  throw new Error(
    `invalid region specified: ${slug}; DigitalOcean has ${known.join(', ')}: correct the environment variable REGION`,
  );
}
